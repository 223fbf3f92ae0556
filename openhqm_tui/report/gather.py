"""From a run folder to all that a report tells of it."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from openhqm_tui.domain.cache_hits import hits_of
from openhqm_tui.domain.failures import Failure, failed_checks, failure_of, unproved
from openhqm_tui.domain.lane_words import mark_and_word
from openhqm_tui.domain.layer_shares import own_bytes
from openhqm_tui.domain.nodes import worth_telling
from openhqm_tui.domain.plan import bake_command
from openhqm_tui.domain.questions import question_of
from openhqm_tui.domain.state import LaneState, RunState, Status, TargetState
from openhqm_tui.domain.timeline import covered, lane_spans, target_span
from openhqm_tui.domain.verdicts import Verdict
from openhqm_tui.report import model
from openhqm_tui.report.evidence import (
    LaneEvidence,
    build_arguments,
    read_evidence,
    revision_of,
    secrets_of,
)
from openhqm_tui.report.limits import limits_of
from openhqm_tui.report.safe import made_safe
from openhqm_tui.report.sizing import Shares, against_all, sizes_of
from openhqm_tui.report.timing import Timing
from openhqm_tui.report.words import clock, count
from openhqm_tui.run.follow import Follower
from openhqm_tui.store.run_folder import RunFolder

# Of a container's own words the last say why it ended.
_LAST_WORDS = 2000

Evidence = Mapping[tuple[str, str], LaneEvidence]


def read_report(folder: RunFolder) -> model.Report:
    """Return what a run tells, to its end or as far as it is; raises Problem if it can't be read.

    Nothing is asked of an engine: what the folder doesn't hold isn't told.
    """
    follower = Follower(folder)
    while follower.poll().more or not (follower.finished or folder.is_live()):
        pass
    follower.close()
    return report_of(folder, follower.state, follower.now)


def report_of(folder: RunFolder, state: RunState, now: float) -> model.Report:
    """Return what a run tells whose journal was folded into `state`, as of `now`."""
    if state.outcome is not None or state.interrupted:
        now = max(state.info.created, state.last_at)
    evidence = {lane.key: read_evidence(folder, *lane.key) for lane in state.lanes}
    timing = Timing(state, now)
    arguments = build_arguments(folder)
    shares = Shares(state)
    lanes = against_all([_lane(lane, timing, shares, evidence[lane.key]) for lane in state.lanes])
    hits = hits_of(state)
    report = model.Report(
        run=_run(folder, state, now),
        environment=_environment(folder, state, evidence, arguments),
        lanes=tuple(lanes),
        targets=tuple(
            _target(target, timing, arguments.get(target.name, {}))
            for target in state.targets.values()
        ),
        steps=timing.steps(),
        critical_path=timing.critical_path(),
        cache=model.Cache(
            steps=hits.steps,
            cached=hits.cached,
            rate=hits.cached / hits.steps if hits.steps else None,
        ),
        sizes=sizes_of(state, lanes),
        failures=tuple(_failures(state)),
        limits=limits_of(state, lanes),
    )
    return made_safe(report, state.mask.knowing(secrets_of(evidence)))


def _run(folder: RunFolder, state: RunState, now: float) -> model.Run:
    info = state.info
    outcome = "interrupted" if state.interrupted else "going on"
    if state.outcome is not None:
        outcome = state.outcome.value
    seconds = state.elapsed(now)
    words = Counter(mark_and_word(lane)[1] for lane in state.lanes)
    told = ", ".join(f"{number} {word}" for word, number in words.items())
    names = tuple(target.name for target in info.targets)
    return model.Run(
        id=info.id,
        outcome=outcome,
        sentence=f"{count(len(state.lanes), 'image')}: {told} in {clock(seconds)}",
        created=info.created,
        seconds=seconds,
        version=info.version,
        checked=info.check,
        test_only=info.test_only,
        push=info.push,
        command=shlex.join(
            bake_command(str(folder.bake_file), names, info.builder, info.allow or ())
        ),
    )


def _environment(
    folder: RunFolder, state: RunState, evidence: Evidence, arguments: dict[str, dict[str, str]]
) -> model.Environment:
    info = state.info
    told = list(arguments.values())
    shared = {
        name: value
        for name, value in (told[0] if told else {}).items()
        if all(one.get(name) == value for one in told)
    }
    return model.Environment(
        engine=info.engine,
        buildx=info.buildx,
        builder=info.builder,
        driver=info.driver,
        nodes=tuple(
            model.Node(name=node.name, native=node.native, platforms=node.platforms)
            for node in info.nodes
            if worth_telling(info.nodes, info.driver)
        ),
        host=info.host,
        base=info.base,
        base_reason=info.base_reason,
        python=shared.get("PYTHON_VERSION", ""),
        pythons=tuple(
            sorted({one.architecture.python for one in evidence.values()} - {""}),
        ),
        revision=info.revision or revision_of(folder),
        source=info.source,
        context=info.context,
        dockerfile=info.dockerfile,
        jobs=info.jobs,
        arguments=shared,
    )


def _lane(lane: LaneState, timing: Timing, shares: Shares, evidence: LaneEvidence) -> model.Lane:
    target, hits = lane.target, hits_of(lane)
    built, asked = lane_spans(lane, target_span(target, timing.now)[1])
    status, (_, result) = lane.status, mark_and_word(lane)
    if status is Status.FAILED and lane.verdicts:
        result = "check failed"
    ran = "" if lane.emulated is None else ("emulated" if lane.emulated else "native")
    elf = next((v for v in lane.verdicts if v.check == "binaries"), None)
    return model.Lane(
        target=target.name,
        variant=target.info.variant,
        platform=str(lane.platform),
        status=status.value,
        result=result,
        built=lane.how.value if lane.how is not None else "",
        ran=ran,
        node=lane.node_name,
        digest=lane.digest,
        build_seconds=covered(built) if lane.steps else None,
        check_started=timing.since_start(lane.check_started),
        check_seconds=covered(asked) if lane.check_ended is not None else None,
        steps=hits.steps,
        cached_steps=hits.cached,
        bytes=lane.content_size or None,
        unpacked_bytes=lane.unpacked_size or None,
        own_bytes=own_bytes(lane.layers, shares.held) if lane.layers else None,
        common_bytes=shares.common_bytes(lane) if lane.layers else None,
        layers=tuple(
            model.Layer(
                digest=layer.digest,
                bytes=layer.size,
                created_by=layer.created_by,
                lanes=shares.held[layer.digest],
            )
            for layer in lane.layers
        )
        or None,
        architecture=msgspec.structs.replace(
            evidence.architecture, binaries=elf.evidence if elf is not None else ""
        ),
        cases=tuple(_case(verdict, ran, evidence.command) for verdict in lane.verdicts),
        clients=evidence.clients,
        stderr=evidence.stderr[-_LAST_WORDS:],
    )


def _case(verdict: Verdict, ran: str, command: str) -> model.Case:
    question = question_of(verdict.check)
    # Runs of older versions don't tell it of each answer: there the container says it.
    inside = bool(verdict.how) or "container" in question.way
    return model.Case(
        check=verdict.check,
        answer=verdict.answer.value,
        seen=verdict.evidence,
        expected=verdict.expected,
        how=verdict.how or (ran if inside else ""),
        asks=question.asks,
        way=question.way,
        command=command if inside else "",
    )


def _target(target: TargetState, timing: Timing, arguments: dict[str, str]) -> model.Target:
    hits = hits_of(target)
    figures: dict[str, Any] = timing.target(target)
    return model.Target(
        name=target.name,
        variant=target.info.variant,
        status=target.status.value,
        attempt=target.attempt,
        tags=target.info.tags,
        digest=target.digest,
        steps=hits.steps,
        cached_steps=hits.cached,
        arguments=arguments,
        pushed=target.pushed.value if target.pushed is not None else "",
        push_reason=target.push_reason,
        **figures,
    )


def _failures(state: RunState) -> list[model.Failure]:
    found: list[Failure] = []
    for target in state.targets.values():
        failure = failure_of(target)
        if failure is None and any(failed_checks(lane) for lane in target.lanes.values()):
            failure = unproved(target)
        if failure is not None:
            found.append(failure)
    fields = model.Failure.__struct_fields__
    return [model.Failure(**{name: getattr(one, name) for name in fields}) for one in found]
