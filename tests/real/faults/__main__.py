"""`python -m tests.real.faults [--only NAME …]`: plant the faults, check them, print the table.

The exit code is 1 if a fault was not found by its check. Faults are made from the good images
called --name, for both platforms (default: those of the tests' main job).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.real.conftest import docker
from tests.real.faults.checking import check_faults
from tests.real.faults.images import Good, build, remove
from tests.real.faults.table import FAULTS
from tests.real.faults.verdict_table import markdown, shortcomings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.real.faults", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[fault.name for fault in FAULTS])
    parser.add_argument("--name", default="openhqm-tui-tests/main:latest", help="NAME:TAG")
    parser.add_argument("--keep", action="store_true", help="keep the images in the store")
    options = parser.parse_args()
    faults = [fault for fault in FAULTS if not options.only or fault.name in options.only]
    good = Good(f"{options.name}-redis", f"{options.name}-mqtt")
    missing = [image for image in (good.redis, good.other) if not docker("images", "-q", image)]
    if missing:
        sys.stderr.write(f"{' and '.join(missing)} are not in the store; use --name NAME:TAG\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-faults-") as place:
        try:
            started = time.monotonic()
            build(faults, good, Path(place))
            built = time.monotonic()
            answers = check_faults(faults, good.redis, Path(place))
        finally:
            if not options.keep:
                remove(faults)
    sys.stdout.write(markdown(faults, answers))
    wrong = [
        f"{fault.name} {platform}: {what}"
        for fault in faults
        for platform in fault.platforms
        for what in shortcomings(fault, platform, answers)
    ]
    took = f"built in {built - started:.0f} s, checked in {time.monotonic() - built:.0f} s"
    sys.stderr.write("\n".join([*wrong, f"{len(faults)} faults, {took}"]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
