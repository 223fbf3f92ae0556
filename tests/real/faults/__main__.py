"""`python -m tests.real.faults [--only NAME …]`: plant the faults, question them, print the table.

It ends with 1 where a fault was not caught by the check meant for it. It is made from the good
images that --name names, of both platforms (default: those that the tests' main job leaves).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.real.conftest import docker
from tests.real.faults.asking import question
from tests.real.faults.images import Good, build, remove
from tests.real.faults.table import FAULTS
from tests.real.faults.verdict_table import markdown, shortcomings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.real.faults", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[fault.name for fault in FAULTS])
    parser.add_argument("--name", default="openhqm-tui-tests/main:latest", help="NAME:TAG")
    parser.add_argument("--keep", action="store_true", help="leave the images in the store")
    asked = parser.parse_args()
    faults = [fault for fault in FAULTS if not asked.only or fault.name in asked.only]
    good = Good(f"{asked.name}-redis", f"{asked.name}-mqtt")
    missing = [image for image in (good.redis, good.other) if not docker("images", "-q", image)]
    if missing:
        sys.stderr.write(f"{' and '.join(missing)} are not in the store: give --name NAME:TAG\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-faults-") as place:
        try:
            begun = time.monotonic()
            build(faults, good, Path(place))
            built = time.monotonic()
            answers = question(faults, good.redis, Path(place))
        finally:
            if not asked.keep:
                remove(faults)
    sys.stdout.write(markdown(faults, answers))
    wrong = [
        f"{fault.name} {platform}: {what}"
        for fault in faults
        for platform in fault.platforms
        for what in shortcomings(fault, platform, answers)
    ]
    took = f"built in {built - begun:.0f} s, questioned in {time.monotonic() - built:.0f} s"
    sys.stderr.write("\n".join([*wrong, f"{len(faults)} faults, {took}"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
