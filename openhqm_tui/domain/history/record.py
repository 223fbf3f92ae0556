"""The history's record of a finished run: figures without logs and secrets.

Times within a run are seconds from the start of its target, so that runs can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from openhqm_tui.domain.checks.layer_manifest import ImageLayer
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.run.critical_path import critical_path
from openhqm_tui.domain.run.decisions import can_resume, ended, was_cut_off
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import INTERRUPTED, Status
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.run.timeline import hits_of, lane_seconds, spans, target_span
from openhqm_tui.domain.secrets.redact import Mask
from openhqm_tui.domain.text import one_line

# Characters of evidence to keep; the full evidence is in the run folder.
_LONGEST_EVIDENCE = 300


class StepRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A step of a target; equal ones on one platform are merged.

    `platform` is '' for the target's own work, `start` and `end` are seconds from the target's
    start, `on_path` is true on the critical path; `how` as in `ExecutionMode`, '' unknown.
    """

    label: str
    platform: str = ""
    how: str = ""
    cached: bool = False
    start: float = 0.0
    end: float = 0.0
    on_path: bool = False

    @property
    def seconds(self) -> float:
        """Its duration."""
        return max(0.0, self.end - self.start)


class VerdictRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One check's verdict; `evidence` is truncated to a line."""

    check: str
    answer: str
    how: str = ""
    evidence: str = ""


class LaneRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One target on one platform; `seconds` until it was verified, sizes in bytes.

    `steps` are those that can be cached, of which `cached` were; `clients` is the evidence of the
    check, '' if it didn't pass; `packages` has versions by distribution.
    """

    platform: str
    status: str
    how: str = ""
    node: str = ""
    seconds: float = 0.0
    check_seconds: float = 0.0
    emulated: bool | None = None
    cut_off: bool = False
    digest: str = ""
    size: int = 0
    unpacked: int = 0
    steps: int = 0
    cached: int = 0
    clients: str = ""
    layers: tuple[ImageLayer, ...] = ()
    packages: dict[str, str] = {}
    verdicts: tuple[VerdictRecord, ...] = ()


class TargetRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One target; `build_seconds` of its last attempt, `seconds` with the checks.

    `outcome` is that of its build, '' if it didn't end; `reason` is why it failed.
    """

    name: str
    variant: str
    status: str
    outcome: str = ""
    attempt: int = 0
    digest: str = ""
    tags: tuple[str, ...] = ()
    build_seconds: float = 0.0
    seconds: float = 0.0
    reason: str = ""
    pushed: str = ""
    lanes: tuple[LaneRecord, ...] = ()
    steps: tuple[StepRecord, ...] = ()


class RunRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One run; `status` is its outcome or `interrupted`, moments are seconds since the epoch.

    `jobs` 0: all targets in parallel; `revision` is the context's commit; `imported` runs are of
    another machine; `ended_targets` ended with any outcome.
    """

    id: str
    created: float
    status: str
    seconds: float = 0.0
    last: float = 0.0
    version: str = ""
    engine: str = ""
    buildx: str = ""
    builder: str = ""
    host: str = ""
    base: str = ""
    source: str = ""
    context: str = ""
    dockerfile: str = ""
    revision: str = ""
    jobs: int = 0
    check: bool = True
    push: bool = False
    test_only: bool = False
    imported: bool = False
    resumable: bool = False
    ended_targets: tuple[str, ...] = ()
    targets: tuple[TargetRecord, ...] = ()


def no_packages(_target: str, _platform: str) -> Mapping[str, str]:
    """Return no packages, if only the journal is known."""
    return {}


def record_of(
    state: RunState,
    *,
    mask: Mask | None = None,
    packages: Callable[[str, str], Mapping[str, str]] = no_packages,
    imported: bool = False,
) -> RunRecord:
    """Return the record of a run that isn't being executed.

    `mask` removes secrets from all text; `packages` returns the versions of the distributions in
    the image of a target on a platform.
    """
    info = state.info
    mask = mask or Mask()
    last = max(info.created, state.last_at)
    if state.interrupted:
        status = INTERRUPTED
    else:
        status = state.outcome.value if state.outcome is not None else state.status.value
    return RunRecord(
        id=info.id,
        created=info.created,
        status=status,
        seconds=state.elapsed(last),
        last=last,
        version=one_line(info.version),
        engine=one_line(info.engine),
        buildx=one_line(info.buildx),
        builder=_text(info.builder, mask),
        host=info.host,
        base=_text(info.base, mask),
        source=info.source,
        context=_text(info.context, mask),
        dockerfile=_text(info.dockerfile, mask),
        revision=one_line(info.revision),
        jobs=info.jobs,
        check=info.check,
        push=info.push,
        test_only=info.test_only,
        imported=imported,
        resumable=not imported and can_resume(state),
        ended_targets=tuple(ended(state)),
        targets=tuple(_target(target, last, mask, packages) for target in state.targets.values()),
    )


def _target(
    target: TargetState, last: float, mask: Mask, packages: Callable[[str, str], Mapping[str, str]]
) -> TargetRecord:
    start, end = target_span(target, last)
    return TargetRecord(
        name=_text(target.name, mask),
        variant=_text(target.info.variant, mask),
        status=target.status.value,
        outcome=target.outcome.value if target.outcome is not None else "",
        attempt=target.attempt,
        digest=one_line(target.digest),
        tags=tuple(_text(tag, mask) for tag in target.info.tags),
        build_seconds=max(0.0, end - start) if target.started is not None else 0.0,
        seconds=target.elapsed(last),
        reason=_text(target.reason, mask),
        pushed=target.pushed.value if target.pushed is not None else "",
        lanes=tuple(
            _lane(lane, last, mask, packages(target.name, str(platform)))
            for platform, lane in target.lanes.items()
        ),
        steps=_steps(target, end, mask),
    )


def _lane(lane: LaneState, last: float, mask: Mask, packages: Mapping[str, str]) -> LaneRecord:
    cut_off = was_cut_off(lane)
    not_begun = cut_off and lane.target.started is None
    asked, hits = 0.0, hits_of(lane)
    if lane.check_started is not None and lane.check_ended is not None:
        asked = max(0.0, lane.check_ended - lane.check_started)
    return LaneRecord(
        platform=str(lane.platform),
        status=Status.WAITING.value if not_begun else lane.status.value,
        how=lane.how.value if lane.how is not None else "",
        node=_text(lane.node_name, mask),
        seconds=lane_seconds(lane, last),
        check_seconds=asked,
        emulated=lane.emulated,
        cut_off=cut_off,
        digest=one_line(lane.digest),
        size=lane.content_size,
        unpacked=lane.unpacked_size,
        steps=hits.steps,
        cached=hits.cached,
        clients=next((_text(v.evidence, mask) for v in lane.verdicts if _is_clients(v)), ""),
        layers=tuple(
            ImageLayer(
                digest=layer.digest, size=layer.size, created_by=_text(layer.created_by, mask)
            )
            for layer in lane.layers
        ),
        packages={_text(name, mask): _text(told, mask) for name, told in packages.items()},
        verdicts=tuple(
            VerdictRecord(
                check=_text(verdict.check, mask),
                answer=verdict.answer.value,
                how=verdict.how,
                evidence=_text(verdict.evidence, mask),
            )
            for verdict in lane.verdicts
        ),
    )


def _is_clients(verdict: Verdict) -> bool:
    return verdict.check == "clients" and verdict.answer is Answer.PASS


def _steps(target: TargetState, end: float, mask: Mask) -> tuple[StepRecord, ...]:
    start = target.started
    if start is None or not target.steps:
        return ()
    path = set(critical_path(target))
    found: dict[tuple[str, str], StepRecord] = {}
    for step in target.steps.values():
        if not step.intervals:
            continue
        one = _step(step, start, end, mask, on_path=step.digest in path)
        key = one.platform, one.label
        found[key] = _joined(found[key], one) if key in found else one
    return tuple(found.values())


def _step(step: StepState, start: float, end: float, mask: Mask, *, on_path: bool) -> StepRecord:
    ran = spans(step, end)
    return StepRecord(
        label=_label(step, mask),
        platform="" if step.lane is None else str(step.lane),
        how=step.how.value if step.how is not None else "",
        cached=step.cached,
        # Steps shared with another build may have started before this one.
        start=max(0.0, ran[0][0] - start),
        end=max(0.0, ran[-1][1] - start),
        on_path=on_path,
    )


def _label(step: StepState, mask: Mask) -> str:
    # Before it is truncated: half a token isn't recognized as one.
    return msgspec.structs.replace(step.name, title=mask.text(step.name.title)).label


def _joined(one: StepRecord, other: StepRecord) -> StepRecord:
    """Merge two equal steps: shared work is listed once as executed, and once as cached."""
    ran = [step for step in (one, other) if not step.cached] or [one, other]
    return StepRecord(
        label=one.label,
        platform=one.platform,
        how=one.how or other.how,
        cached=one.cached and other.cached,
        start=min(step.start for step in ran),
        end=max(step.end for step in ran),
        on_path=one.on_path or other.on_path,
    )


def _text(text: str, mask: Mask) -> str:
    return one_line(mask.text(text), _LONGEST_EVIDENCE)


def hit_rate(cached: int, steps: int) -> float | None:
    """Return the fraction of cached steps; None if there were none."""
    return cached / steps if steps else None
