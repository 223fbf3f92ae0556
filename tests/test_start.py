"""The modules that a start may load, checked without measuring time."""

from __future__ import annotations

import subprocess
import sys

import pytest

# The console without a terminal, which exits after the first paint of the Plan screen.
_CONSOLE = """
import sys
from pathlib import Path
from openhqm_tui.cli import console
from openhqm_tui.store.settings import read_settings
settings = read_settings(Path.cwd(), {}, Path("none.toml"))
from openhqm_tui.tui import app
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.core.backend import Backend
from openhqm_tui.tui.plan.matrix import Matrix
from threading import Event

never = Event()

def wait(*_):
    never.wait()
    raise OSError("the first paint needs none of this")

class Waiting(Backend):
    read_facts = find_source = past = samples = wait

    def source_at_once(self):
        # The inherited one calls `find_source`.
        return Backend(self.folder, self.settings).source_at_once()

loaded = []

class Watched(ConsoleApp):
    CSS_PATH = Path(app.__file__).with_name('app.tcss')

    def _display(self, screen, renderable):
        super()._display(screen, renderable)
        drawn = [screen.query_one(Matrix).render_line(y).text for y in range(20)] if (
            screen.query(Matrix)
        ) else []
        if not loaded and "minimal" in "".join(drawn):
            loaded.extend(sys.modules)
            never.set()
            self.exit(0)

Watched(Waiting(Path.cwd(), settings)).run(headless=True, size=(120, 40))
sys.stderr.write("\\n" + " ".join(loaded))
"""


def _loaded_by(program: str, folder) -> set[str]:
    # A file, because Textual looks for style sheets next to the source of an app.
    file = folder / "program.py"
    file.write_text(program, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, file], cwd=folder, capture_output=True, text=True, check=True
    )
    return set(ran.stderr.split("\n")[-1].split())


@pytest.fixture(scope="module")
def before_first_paint(tmp_path_factory) -> set[str]:
    return _loaded_by(_CONSOLE, tmp_path_factory.mktemp("empty"))


def test_the_first_paint_shows_the_matrix(before_first_paint):
    assert "openhqm_tui.tui.plan.matrix" in before_first_paint


@pytest.mark.parametrize(
    "module",
    [
        *("openhqm_tui.tui.run.screen", "openhqm_tui.tui.checks.screen"),
        *("openhqm_tui.tui.history.screen", "openhqm_tui.tui.doctor.screen"),
        *("openhqm_tui.tui.widgets.dialogs", "openhqm_tui.tui.plan.dialogs"),
        *(
            "openhqm_tui.tui.commands.palette",
            "openhqm_tui.tui.read_only",
        ),
        *(
            "openhqm_tui.domain.run.state",
            "openhqm_tui.domain.history.forecast",
            "openhqm_tui.domain.history.record",
        ),
        *(
            "openhqm_tui.engine.doctor.diagnose",
            "openhqm_tui.engine.docker.facts",
            "openhqm_tui.engine.source.base_image",
        ),
        *(
            "openhqm_tui.run.start.prepare",
            "openhqm_tui.run.follow.follower",
            "openhqm_tui.run.follow.history_index",
        ),
        *(
            "openhqm_tui.store.history.database",
            "openhqm_tui.store.archive",
            "openhqm_tui.report.gather",
        ),
        *("python_on_whales", "sqlite3", "zipfile"),
    ],
)
def test_the_first_paint_loads_no_module_that_it_does_not_need(before_first_paint, module: str):
    assert module not in before_first_paint


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("main(['--help'])", set()),
        ("main(['--version'])", set()),
        ("main(['build', '--help'])", set()),
        # All commands, as for the man page; the help of `report` lists the formats.
        ("build_parser()", {"msgspec", "inspect", "pathlib", "pkgutil", "datetime"}),
    ],
)
def test_help_loads_almost_no_modules(statement: str, allowed: set[str], tmp_path):
    program = f"""
import sys
from openhqm_tui.__main__ import main
from openhqm_tui.cli.main import build_parser
try:
    {statement}
except SystemExit as end:
    assert end.code == 0
sys.stderr.write(chr(10) + " ".join(sys.modules))
"""
    loaded = _loaded_by(program, tmp_path)
    heavy = {"textual", "rich", "asyncio", "python_on_whales", "msgspec", "packaging"}
    heavy |= {"sqlite3", "difflib"}
    # Small modules that together took a third of the time.
    heavy |= {"inspect", "pathlib", "pkgutil", "socket", "datetime", "signal"}
    assert loaded & heavy == allowed
    ours = {name for name in loaded if name.startswith("openhqm_tui.")}
    assert {name.split(".")[1] for name in ours} & {"engine", "store", "run", "tui"} == set()


def test_a_command_imports_no_other_command(tmp_path):
    program = """
import sys
from openhqm_tui.__main__ import main
assert main(["guides"]) == 0
sys.stderr.write(chr(10) + " ".join(sys.modules))
"""
    commands = {
        name.removeprefix("openhqm_tui.cli.commands.")
        for name in _loaded_by(program, tmp_path)
        if name.startswith("openhqm_tui.cli.commands.")
    }
    assert commands == {"guides"}
