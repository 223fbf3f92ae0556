"""`make bench`: one command, and each answer a row: ours beside a peer or a limit.

Everything is measured side by side in one run: on a noisy machine only the ratios mean something.
Parts can be named (`make bench PARTS="console history"`); without a name, all of them. The part
`builds` needs a real engine **and empties its build cache**; `checks` needs images that are there;
`emulation` needs root and registers either emulator for a while.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import builds, checks, console, emulation, eta, growth, history, start, streams
from tests.bench.guide import write_guide
from tests.bench.machine import Machine
from tests.bench.rows import Row, keep, missed, table
from tests.our_variants import VARIANT_NAMES

PARTS: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "start": start.measure,
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
    parser.add_argument("--images", default="openhqm:latest", help="NAME:TAG of those to check")
    parser.add_argument(
        "--eta",
        type=Path,
        action="append",
        metavar="STATE",
        help="only how good the forecasts are, over the runs of a state folder",
    )
    parser.add_argument("--strict", action="store_true", help="end with 1 where a row is missed")
    parser.add_argument(
        "--write-guide", action="store_true", help="only put the last figures into the guide"
    )
    parser.add_argument("--out", type=Path, default=Path("bench-results"))
    asked = parser.parse_args()
    if asked.write_guide:
        write_guide(asked.out)
        return 0
    if asked.eta:
        eta.measure(asked.eta, asked.out)
        return 0
    if wrong := set(asked.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(wrong))}; there are {', '.join(PARTS)}")
    machine = Machine()
    rows: list[Row] = []
    for name in asked.parts or PARTS:
        rows += PARTS[name](asked)
        # Kept after each part: a later one that fails takes nothing away.
        keep(rows, asked.out, machine.words())
    sys.stdout.write(f"{machine.words()}\n\n{table(rows)}\n{missed(rows)}\n")
    return int(asked.strict and any(row.holds is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
