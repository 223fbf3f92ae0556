"""`python -m tests.bench --eta STATE`: how far off the time left was, over a state folder's runs.

Every run is played as it went; at each part of its time the forecast is asked, which knows only
the runs before it. The error is told in seconds, and as a part of the run's whole time.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from openhqm_tui.domain.history.estimate import Estimate, Sample, samples_of
from openhqm_tui.domain.history.forecast import Forecast
from openhqm_tui.domain.history.record import RunRecord, hit_rate
from openhqm_tui.run.follow.history_index import record_folder
from openhqm_tui.store.run_folder import RunFolder, all_runs
from tests.by_time import moments

PARTS = (0.0, 0.25, 0.5, 0.75)


class Asked(NamedTuple):
    """What the forecast said of a run at a part of its time, and what was left in truth."""

    run: RunRecord
    kind: str
    part: float
    left: float
    guess: Estimate | None

    @property
    def off(self) -> float | None:
        """By how many seconds it was wrong; None where it didn't say."""
        return None if self.guess is None else abs(self.guess.seconds - self.left)

    @property
    def part_off(self) -> float | None:
        """The same as a part of the run's time, as it was or as it was told, whichever is more."""
        if self.guess is None or self.off is None:
            return None
        told = self.run.seconds - self.left + self.guess.seconds
        return self.off / max(self.run.seconds, told)


def measure(states: Iterable[Path], out: Path) -> None:
    """Print the error by kind of run and part of its time, and keep all answers as JSON."""
    asked = [one for state in states for one in ask_all(state)]
    lines = [
        "| runs | how many | asked at | unknown | median error s | mean error s | of the run |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in ("all", *dict.fromkeys(one.kind for one in asked)):
        for part in PARTS:
            some = [a for a in asked if a.part == part and kind in {"all", a.kind}]
            lines.append(_row(kind, part, some))
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    out.mkdir(exist_ok=True)
    (out / "eta.md").write_text(text, encoding="utf-8")
    told = [
        {
            "run": one.run.id,
            "kind": one.kind,
            "seconds": one.run.seconds,
            "part": one.part,
            "left": one.left,
            "told": None if one.guess is None else one.guess.seconds,
            "spread": None if one.guess is None else one.guess.spread,
            "whole": None if one.guess is None else one.guess.whole,
        }
        for one in asked
    ]
    (out / "eta.json").write_text(json.dumps(told, indent=2), encoding="utf-8")


def ask_all(state: Path) -> Iterator[Asked]:
    """Ask of every run that passed, with what was known before it."""
    known: list[Sample] = []
    for folder in sorted(all_runs(state), key=lambda run: run.info.created):
        record = record_folder(folder)
        if record is None:
            continue
        if record.status == "passed":
            yield from _ask(folder, record, known)
        known += samples_of(record)


def _ask(folder: RunFolder, record: RunRecord, known: list[Sample]) -> Iterator[Asked]:
    forecast = Forecast(known)
    kind = kind_of(record)
    for part, now, state in moments(folder, PARTS):
        left = max(0.0, record.last - now)
        yield Asked(record, kind, part, left, forecast.run(state, now))


def kind_of(record: RunRecord) -> str:
    """Return what kind of run it was, by what was cached and how it ran."""
    lanes = [lane for target in record.targets for lane in target.lanes]
    rate = hit_rate(sum(lane.cached for lane in lanes), sum(lane.steps for lane in lanes)) or 0.0
    emulated = any(lane.how == "emulated" for lane in lanes)
    warm = "warm" if rate > 0.9 else "cold" if rate < 0.5 else "part cached"
    return f"{warm}, emulated" if emulated else warm


def _row(kind: str, part: float, some: list[Asked]) -> str:
    offs = [one.off for one in some if one.off is not None]
    unknown = len(some) - len(offs)
    if not offs:
        return f"| {kind} | {len(some)} | {part:.0%} | {unknown} | – | – | – |"
    parts = [one.part_off for one in some if one.part_off is not None]
    return (
        f"| {kind} | {len(some)} | {part:.0%} | {unknown} | {statistics.median(offs):.1f} "
        f"| {statistics.mean(offs):.1f} | {statistics.mean(parts):.0%} |"
    )
