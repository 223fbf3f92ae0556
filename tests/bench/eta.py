"""`python -m tests.bench --eta STATE`: the accuracy of the time left for a state folder's runs.

Every run is replayed; at each part of its time, a forecast is made from the earlier runs only. The
error is in seconds, and as a share of the run's whole time.
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


class Prediction(NamedTuple):
    """A forecast for a run at a part of its time, and the actual time left."""

    run: RunRecord
    kind: str
    part: float
    left: float
    guess: Estimate | None

    @property
    def off(self) -> float | None:
        """The error in seconds; None without a forecast."""
        return None if self.guess is None else abs(self.guess.seconds - self.left)

    @property
    def part_off(self) -> float | None:
        """The error as a share of the run's actual or forecast time, whichever is longer."""
        if self.guess is None or self.off is None:
            return None
        forecast = self.run.seconds - self.left + self.guess.seconds
        return self.off / max(self.run.seconds, forecast)


def measure(states: Iterable[Path], out: Path) -> None:
    """Print the error by kind of run and part of its time, and save all forecasts as JSON."""
    predictions = [one for state in states for one in predict_all(state)]
    lines = [
        "| runs | how many | at | unknown | median error s | mean error s | of the run |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in ("all", *dict.fromkeys(one.kind for one in predictions)):
        for part in PARTS:
            some = [a for a in predictions if a.part == part and kind in {"all", a.kind}]
            lines.append(_row(kind, part, some))
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    out.mkdir(exist_ok=True)
    (out / "eta.md").write_text(text, encoding="utf-8")
    saved = [
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
        for one in predictions
    ]
    (out / "eta.json").write_text(json.dumps(saved, indent=2), encoding="utf-8")


def predict_all(state: Path) -> Iterator[Prediction]:
    """Make forecasts for every passed run from the runs before it."""
    known: list[Sample] = []
    for folder in sorted(all_runs(state), key=lambda run: run.info.created):
        record = record_folder(folder)
        if record is None:
            continue
        if record.status == "passed":
            yield from _predict(folder, record, known)
        known += samples_of(record)


def _predict(folder: RunFolder, record: RunRecord, known: list[Sample]) -> Iterator[Prediction]:
    forecast = Forecast(known)
    kind = kind_of(record)
    for part, now, state in moments(folder, PARTS):
        left = max(0.0, record.last - now)
        yield Prediction(record, kind, part, left, forecast.run(state, now))


def kind_of(record: RunRecord) -> str:
    """Return the kind of a run, by its cache hits and emulation."""
    lanes = [lane for target in record.targets for lane in target.lanes]
    rate = hit_rate(sum(lane.cached for lane in lanes), sum(lane.steps for lane in lanes)) or 0.0
    emulated = any(lane.how == "emulated" for lane in lanes)
    warm = "warm" if rate > 0.9 else "cold" if rate < 0.5 else "part cached"
    return f"{warm}, emulated" if emulated else warm


def _row(kind: str, part: float, some: list[Prediction]) -> str:
    offs = [one.off for one in some if one.off is not None]
    unknown = len(some) - len(offs)
    if not offs:
        return f"| {kind} | {len(some)} | {part:.0%} | {unknown} | – | – | – |"
    parts = [one.part_off for one in some if one.part_off is not None]
    return (
        f"| {kind} | {len(some)} | {part:.0%} | {unknown} | {statistics.median(offs):.1f} "
        f"| {statistics.mean(offs):.1f} | {statistics.mean(parts):.0%} |"
    )
