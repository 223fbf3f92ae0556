"""`make bench`: each measurement is a row that compares ours with a baseline or a limit.

Everything is measured in one run: on a noisy machine only the ratios are meaningful. Parts can be
named (`make bench PARTS="console history"`); by default, all of them are measured. The part
`builds` needs a real engine **and empties its build cache**; `checks` needs existing images;
`emulation` needs root and temporarily registers other emulators.
"""

from __future__ import annotations

import argparse
import compileall
import sys
from collections.abc import Callable
from pathlib import Path

import openhqm_tui
from tests.bench import (
    builds,
    checks,
    console,
    definition,
    emulation,
    eta,
    growth,
    history,
    start,
    streams,
)
from tests.bench.guide import write_guide
from tests.bench.machine import Machine
from tests.bench.rows import Row, keep, missed, table
from tests.our_variants import VARIANT_NAMES

PARTS: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "start": start.measure,
    "definition": definition.measure,
    "history": history.measure,
    "console": console.measure,
    "streams": streams.measure,
    "growth": growth.measure,
    "builds": builds.measure,
    "checks": checks.measure,
    "emulation": emulation.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument(
        "--full", action="store_true", help="sequential build on both platforms too"
    )
    parser.add_argument("--cold", type=int, default=3, help="cold rounds of builds (3)")
    parser.add_argument("--warm", type=int, default=7, help="warm rounds of builds (7)")
    parser.add_argument("--no-classic", action="store_true", help="skip the sequential build")
    parser.add_argument(
        "--classic-variants",
        nargs="+",
        default=VARIANT_NAMES,
        metavar="V",
        help="variants of the sequential build (for trials)",
    )
    parser.add_argument("--checks-rounds", type=int, default=3, help="rounds of checks (3)")
    parser.add_argument("--checks-variants", nargs="+", default=VARIANT_NAMES, metavar="V")
    parser.add_argument(
        "--images", default="openhqm:latest", help="NAME:TAG of the images to check"
    )
    parser.add_argument(
        "--eta",
        type=Path,
        action="append",
        metavar="STATE",
        help="only measure the accuracy of forecasts for the runs of a state folder",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument(
        "--write-guide", action="store_true", help="only write the last figures to the guide"
    )
    parser.add_argument("--out", type=Path, default=Path("bench-results"))
    options = parser.parse_args()
    if options.write_guide:
        write_guide(options.out)
        return 0
    if options.eta:
        eta.measure(options.eta, options.out)
        return 0
    if wrong := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(wrong))} (valid: {', '.join(PARTS)})")
    # As in an installed package; with PYTHONDONTWRITEBYTECODE set, every start would compile it.
    compileall.compile_dir(Path(openhqm_tui.__file__).parent, quiet=1)
    machine = Machine()
    rows: list[Row] = []
    for name in options.parts or PARTS:
        rows += PARTS[name](options)
        # Saved after each part, in case a later one fails.
        keep(rows, options.out, machine.description())
    sys.stdout.write(f"{machine.description()}\n\n{table(rows)}\n{missed(rows)}\n")
    return int(options.strict and any(row.is_met is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
