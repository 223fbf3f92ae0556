"""A real run of all variants on both platforms, and what the guide of test results tells of it.

Twice the same: built with nothing in the cache and every check asked, then once more with all of
it there. The first has caches and a script of its own, so that no step of an earlier day counts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from openhqm_tui.report.formats.markdown import (
    architecture,
    block,
    cache,
    code,
    environment,
    failures,
    lanes_table,
    limits,
    performance,
    sizes,
    table,
)
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.model import Report
from openhqm_tui.report.rows import asked_checks, case_of
from openhqm_tui.report.text import MARKS, OUTCOMES, clock, moment
from openhqm_tui.store.paths import STATE_VARIABLE
from openhqm_tui.store.run_folder import find_run
from tests.guides.places import TOP
from tests.our_variants import VARIANTS

NAME = "openhqm-tui-guides"
BOTH = "linux/amd64,linux/arm64"
_HEAD = """\
# Build test results

A real run of all eight variants on both platforms, built from nothing and asked every check, then
built once more from the cache. Written by `make guides`; nothing here is typed by hand. For a
report like this of your own latest run: `openhqm-tui report`.
"""


def measured(folder: Path) -> tuple[Report, Report]:
    """Build all images twice in `folder` and return both reports, this machine's paths taken out.

    Raises CalledProcessError where a run doesn't pass.
    """
    place = folder / "openhqm"
    shutil.copytree(TOP / "assets" / "context", place)
    stamp = f"guides-{time.time_ns()}-"
    dockerfile = (TOP / "Dockerfile").read_text(encoding="utf-8")
    dockerfile = dockerfile.replace("id=openhqm-", f"id={stamp}")
    (place / "Dockerfile").write_text(dockerfile.replace("set -eu\n", f"set -eu\n: {stamp}\n", 1))
    try:
        cold = _run(folder / "cold", place)
        warm = _run(folder / "warm", place, "--no-check")
    finally:
        tags = [f"{NAME}:latest", *(f"{NAME}:latest-{variant.name}" for variant in VARIANTS)]
        subprocess.run(["docker", "image", "rm", *tags], stdout=sys.stderr, check=False)
    return cold, warm


def _run(state: Path, place: Path, *more: str) -> Report:
    command = [sys.executable, "-m", "openhqm_tui", "build", "--build-all", "--platforms", BOTH]
    command += ["--name", NAME, "--format", "plain", *more]
    # A checkout's own Dockerfile is let off some questions: ours is asked all of them.
    command += ["--checks", str(TOP / "assets" / "expectations" / "openhqm.toml")]
    subprocess.run(
        command,
        cwd=place,
        env=os.environ | {STATE_VARIABLE: str(state)},
        stdout=sys.stderr,
        check=True,
    )
    return read_report(find_run(state))


def results_page(cold: Report, warm: Report) -> str:
    """Return the guide of test results."""
    return "\n".join(_lines(cold, warm)).rstrip("\n") + "\n"


def _lines(cold: Report, warm: Report) -> Iterator[str]:
    run = cold.run
    yield _HEAD
    yield f"**{OUTCOMES[run.outcome]}** · {run.sentence}"
    yield ""
    yield f"Run {code(run.id)} of {moment(run.created)}, openhqm-tui {code(run.version)}."
    yield ""
    yield from (*lanes_table(cold), "")
    if cold.failures:
        yield from ("## Failures", "", *failures(cold))
    yield from ("## Environment", "", *_here(environment(cold)), "")
    yield from ("## Every check of every image", "", *_answers(cold))
    yield from ("## Client libraries found", "", *_clients(cold))
    yield from ("## Architecture verification", "", *architecture(cold))
    yield from ("## Built from nothing", "", *performance(cold))
    yield from ("## Built once more, from the cache", "")
    yield from (f"The run took {clock(warm.run.seconds)}, no check asked.", "")
    yield from cache(warm)
    yield from ("## Sizes", "", *_without_folds(sizes(cold)))
    yield from ("## Known limits", "", *limits(cold), "")
    yield from ("## The same once more", "", *block(["make guides"], "sh"), "")


def _here(lines: list[str]) -> list[str]:
    """Leave out what is only this machine's: where the files lay."""
    mine = ("| Dockerfile or bake file", "| context")
    return [line for line in lines if not line.startswith(mine)]


def _answers(report: Report) -> Iterator[str]:
    platforms = list(dict.fromkeys(lane.platform for lane in report.lanes))
    first, second = map(code, platforms)
    yield "✓ pass · ✗ fail · ! warning · ? could not be asked, which is never a pass. Of each pair"
    yield f"the first is the answer of {first}, the second that of {second}."
    yield "What each check covers: [Image checks](checks.md)."
    yield ""
    rows = []
    for check in asked_checks(report):
        asked = [case_of(lane, check) for lane in report.lanes]
        marks = "".join(MARKS[case.answer] if case else "–" for case in asked)
        rows.append((code(check), *(marks[at : at + 2] for at in range(0, len(marks), 2))))
    targets = dict.fromkeys(lane.target for lane in report.lanes)
    yield from (*table(("check", *map(code, targets)), rows), "")


def _clients(report: Report) -> Iterator[str]:
    yield "As Python in a container of the image told them."
    yield ""
    rows = [
        (code(lane.target), code(lane.platform), code(case.seen))
        for lane in report.lanes
        if (case := case_of(lane, "clients"))
    ]
    yield from (*table(("target", "platform", "imported"), rows), "")


def _without_folds(lines: Iterator[str]) -> Iterator[str]:
    """Leave out what would be folded, with its heading: consoles fold nothing."""
    told = list(lines)
    for at, line in enumerate(told):
        if line == "<details>":
            while told and not told[at - 1].startswith("### "):
                at -= 1
            yield from told[: at - 1]
            return
    yield from told
