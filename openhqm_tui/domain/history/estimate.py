"""Estimates of build times before the start, from past runs.

A *sample* is one earlier build of a target. Only similar samples count: the same variant of the
same source, on the same host and builder. Without any there is no estimate.
"""

from __future__ import annotations

import heapq
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from openhqm_tui.domain.history.record import RunRecord, StepRecord, TargetRecord
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.secrets.redact import masked

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.domain.platforms import Platform

# The number of samples per estimate: the latest of the most similar kind.
MOST_SAMPLES = 5
# Converts a median absolute deviation to a standard deviation for normal data.
_MAD = 1.4826

# A step by platform ('': the target's own) and label.
StepKey = tuple[str, str]


class Estimate(msgspec.Struct, frozen=True):
    """A time in seconds, its spread, and the number of samples.

    Not `whole`: a part is unknown, so this is a lower bound.
    """

    seconds: float
    spread: float = 0.0
    count: int = 1
    whole: bool = True


class EstimateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A target to estimate, by the properties that samples are compared by.

    `place` is what it is built from (see `place_of`), `node` the builder, `concurrency` the number
    of targets built together, including itself.
    """

    variant: str
    platforms: tuple[str, ...]
    place: str = ""
    host: str = ""
    node: str = ""
    concurrency: int = 1


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One earlier build: `build` seconds, and `tail` more seconds until all was checked.

    `at` is its time, `checks` has the seconds of each platform's checks.
    """

    kind: EstimateRequest
    at: float = 0.0
    build: float = 0.0
    tail: float = 0.0
    checks: dict[str, float] = {}
    steps: tuple[StepRecord, ...] = ()


def samples_of(run: RunRecord, targets: int = 0) -> list[Sample]:
    """Return the samples of a run: its successfully built targets, if built on this machine.

    `targets` is the number of targets if the record doesn't have all of them.
    """
    if run.imported:
        return []
    many = targets or len(run.targets)
    concurrency = min(many, run.jobs or many)
    return [_sample(run, target, concurrency) for target in run.targets if _teaches(target)]


def place_of(source: str, context: str, dockerfile: str) -> str:
    """Return a key for what an image is built from."""
    return "\n".join((source, context, dockerfile))


def typical(values: Iterable[float]) -> Estimate | None:
    """Return the median and its robust spread (from the median deviation); None if empty."""
    known = list(values)
    if not known:
        return None
    middle = statistics.median(known)
    spread = _MAD * statistics.median(abs(value - middle) for value in known)
    return Estimate(middle, spread, len(known))


def like(samples: Iterable[Sample], wants: EstimateRequest) -> list[Sample]:
    """Return the most similar samples, latest first.

    They are reduced to the requested platforms; if none has all of those, partial ones are used.
    """
    fit = [sample for sample in samples if _is_of_kind(sample.kind, wants)]
    if not fit:
        return []
    best = min(_strangeness(sample.kind, wants) for sample in fit)
    kind = [sample for sample in fit if _strangeness(sample.kind, wants) == best]
    kind.sort(key=lambda sample: (_concurrency_gap(sample.kind, wants), -sample.at))
    near = [
        s for s in kind if _concurrency_gap(s.kind, wants) == _concurrency_gap(kind[0].kind, wants)
    ]
    # A few with the same parallelism are better than many that had the machine to themselves.
    chosen = near if len(near) >= 2 else kind
    return [_cut(sample, set(wants.platforms)) for sample in chosen]


def before_start(
    samples: Iterable[Sample], wants: EstimateRequest, *, check: bool = True
) -> Estimate | None:
    """Return how long a target will take including its checks; None: unknown.

    Cache hits can't be predicted; the spread reflects them.
    """
    known = like(samples, wants)[:MOST_SAMPLES]
    guess = typical(sample.build + (sample.tail if check else 0.0) for sample in known)
    if guess is None:
        return None
    whole = all(set(wants.platforms) <= set(sample.kind.platforms) for sample in known)
    return msgspec.structs.replace(guess, whole=whole)


def together(
    guesses: Sequence[Estimate | None], jobs: int, *, push: bool = False
) -> Estimate | None:
    """Return how long targets take, `jobs` in parallel (0: all); None if unknown.

    With `push` it isn't whole: the time of a push can't be estimated.
    """
    known = [guess for guess in guesses if guess is not None]
    if not known:
        return None
    slots = [(0.0, 0.0)] * (min(jobs, len(known)) or len(known))
    for guess in known:
        # The next target starts when the first one ends.
        end, spread = slots[0]
        heapq.heapreplace(slots, (end + guess.seconds, spread + guess.spread))
    seconds, spread = max(slots)
    whole = not push and len(known) == len(guesses) and all(guess.whole for guess in known)
    return Estimate(seconds, spread, min(guess.count for guess in known), whole)


def _teaches(target: TargetRecord) -> bool:
    return target.outcome == Outcome.PASSED.value and target.build_seconds > 0


def _sample(run: RunRecord, target: TargetRecord, concurrency: int) -> Sample:
    return Sample(
        kind=EstimateRequest(
            variant=target.variant,
            platforms=tuple(lane.platform for lane in target.lanes),
            place=place_of(run.source, run.context, run.dockerfile),
            host=run.host,
            node=run.builder,
            concurrency=concurrency,
        ),
        at=run.created,
        build=target.build_seconds,
        tail=max(0.0, target.seconds - target.build_seconds),
        checks={lane.platform: lane.check_seconds for lane in target.lanes if lane.check_seconds},
        steps=target.steps,
    )


def _is_of_kind(kind: EstimateRequest, wants: EstimateRequest) -> bool:
    same = (kind.variant, kind.place, kind.host) == (wants.variant, wants.place, wants.host)
    return same and not set(kind.platforms).isdisjoint(wants.platforms)


def _strangeness(kind: EstimateRequest, wants: EstimateRequest) -> tuple[bool, bool, bool]:
    """Return how a sample differs, most important first."""
    asked, had = set(wants.platforms), set(kind.platforms)
    return not asked <= had, kind.node != wants.node, asked != had


def _concurrency_gap(kind: EstimateRequest, wants: EstimateRequest) -> int:
    """Return how the number of targets built together differs: not, up to twice, more."""
    few, many = sorted((max(1, kind.concurrency), max(1, wants.concurrency)))
    return (many // few).bit_length() - 1 if many != few else 0


def _cut(sample: Sample, platforms: set[str]) -> Sample:
    """Return a sample reduced to some of its platforms."""
    if set(sample.kind.platforms) <= platforms:
        return sample
    kept = tuple(step for step in sample.steps if step.platform in platforms | {""})
    lost = [step for step in sample.steps if step.platform not in platforms | {""}]
    last = max((step.end for step in kept if step.platform), default=0.0)
    saved = max((step.end for step in lost), default=0.0) - last if last else 0.0
    saved = max(0.0, min(saved, sample.build))
    if any(step.on_path for step in lost):
        # What the rest waited for is unknown: any step may be critical.
        kept = tuple(msgspec.structs.replace(step, on_path=True) for step in kept)
    # The target's own last steps, such as the export, are moved up by this.
    kept = tuple(
        step
        if step.platform or step.end <= last or not last
        else msgspec.structs.replace(
            step, start=max(0.0, step.start - saved), end=max(0.0, step.end - saved)
        )
        for step in kept
    )
    had = tuple(p for p in sample.kind.platforms if p in platforms)
    return msgspec.structs.replace(
        sample,
        kind=msgspec.structs.replace(sample.kind, platforms=had),
        build=sample.build - saved,
        steps=kept,
        checks={p: seconds for p, seconds in sample.checks.items() if p in platforms},
    )


class PlanEstimator:
    """Estimates a selection's build time from past builds of a source on this machine."""

    def __init__(self, samples: list[Sample], source: Source, host: str, *, check: bool) -> None:
        self._samples = samples
        self._place = place_of(
            source.kind.value, masked(source.context), masked(source.dockerfile or source.bake_file)
        )
        self._host = host
        self._check = check

    def whole(self, order: BuildOptions) -> Estimate | None:
        """Return how long all of it takes; None: unknown."""
        rows = order.selection.items()
        return together([self._of(order, *row) for row in rows], order.jobs, push=order.push)

    def cells(
        self, order: BuildOptions, variant: str, platforms: Iterable[Platform]
    ) -> Mapping[Platform, Estimate]:
        """Return how long each image of a variant takes, where that is known."""
        guesses = {platform: self._of(order, variant, (platform,)) for platform in platforms}
        return {platform: guess for platform, guess in guesses.items() if guess is not None}

    def _of(
        self, order: BuildOptions, variant: str, platforms: tuple[Platform, ...]
    ) -> Estimate | None:
        many = max(1, len(order.selection))
        wants = EstimateRequest(
            variant=variant,
            platforms=tuple(str(platform) for platform in platforms),
            place=self._place,
            host=self._host,
            node=order.builder,
            concurrency=min(many, order.jobs or many),
        )
        return before_start(self._samples, wants, check=self._check)
