"""After the first paint all screens are imported, so that switching needs no import."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from openhqm_tui.tui import app
before = {name for name in sys.modules if name.endswith((".screen", ".dialogs"))}
app.import_the_rest()
loaded = set(sys.modules)
from openhqm_tui.tui.command_table import PLACES
from openhqm_tui.tui.app import place_called
for place in PLACES:
    place_called(place)
late = {name for name in set(sys.modules) - loaded if name.startswith("openhqm_tui.")}
print(len(before), sorted(late))
"""


def test_switching_screens_imports_nothing_of_ours() -> None:
    ran = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    number, late = ran.stdout.split(maxsplit=1)
    assert int(number) < 5
    assert late.strip() == "[]"
