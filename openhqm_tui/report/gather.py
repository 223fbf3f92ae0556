"""From a run folder to a report, with all text sanitized, and to a file."""

from __future__ import annotations

import json
import shlex
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from openhqm_tui.domain.checks.catalog import check_named
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.layer_manifest import own_bytes
from openhqm_tui.domain.checks.verdict import Verdict
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.failures.failure import (
    Failure,
    failed_checks,
    failure_of,
    verification_failure,
)
from openhqm_tui.domain.formatting import duration_text
from openhqm_tui.domain.plan.bake import bake_command
from openhqm_tui.domain.plan.builders import worth_telling
from openhqm_tui.domain.run.decisions import products_text, result_text, status_text
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.timeline import covered, hits_of, lane_spans, target_span
from openhqm_tui.domain.secrets.redact import Mask, secret_values
from openhqm_tui.domain.text import cut_end, plain
from openhqm_tui.report import model
from openhqm_tui.report.catalog import formats, rendered
from openhqm_tui.report.figures import Shares, Timing, against_all, limits_of, sizes_of
from openhqm_tui.report.model import Architecture
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.store.run_folder import RunFolder

# Files of a run folder besides its journal: check evidence and build arguments.
#
# Files that are corrupt, untrusted or from other versions are read as far as possible.

# More than any evidence file that we write; an imported folder may contain anything.
_MOST_BYTES = 8 << 20


class LaneEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """Check output of one lane's image; `command` is what ran its container."""

    architecture: Architecture = Architecture()
    command: str = ""
    stderr: str = ""
    clients: tuple[str, ...] = ()
    env: dict[str, str] = {}


def read_evidence(folder: RunFolder, target: str, platform: str) -> LaneEvidence:
    """Return a lane's evidence; empty if it has no file."""
    told = _read(folder, folder.evidence_file(target, platform))
    config, probe = _dict(told.get("config")), _dict(told.get("probe"))
    python = " ".join(_word(probe, name) for name in ("implementation", "python")).strip()
    return LaneEvidence(
        architecture=Architecture(
            config="/".join(filter(None, (_word(config, n) for n in ("os", "arch", "variant")))),
            machine=_word(probe, "machine"),
            python=python,
            python_platform=_word(probe, "python_platform"),
        ),
        command=_word(told, "command"),
        stderr=_word(told, "stderr"),
        clients=tuple(
            f"{_word(one, 'distribution')} {_word(one, 'version')}".strip()
            for one in _list(probe.get("clients"))
            if isinstance(one, dict) and one.get("found") is True
        ),
        env=_pairs(config.get("env")),
    )


def build_arguments(folder: RunFolder) -> dict[str, dict[str, str]]:
    """Return the build arguments of every target, from the plan."""
    return {
        name: {str(key): str(value) for key, value in _dict(body.get("args")).items()}
        for name, body in _targets(folder)
    }


def revision_of(folder: RunFolder) -> str:
    """Return the commit that was built, from a label in the plan."""
    for _, body in _targets(folder):
        if revision := _word(_dict(body.get("labels")), "org.opencontainers.image.revision"):
            return revision
    return ""


def secrets_of(evidence: Mapping[Any, LaneEvidence]) -> set[str]:
    """Return the values of variables with secret names in a run's images."""
    return {value for lane in evidence.values() for value in secret_values(lane.env)}


def _targets(folder: RunFolder) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, body in _dict(_read(folder, folder.bake_file).get("target")).items():
        yield name, _dict(body)


def _read(folder: RunFolder, file: Path) -> dict[str, Any]:
    try:
        return _dict(json.loads(folder.read(file, _MOST_BYTES)))
    except (OSError, ValueError, RecursionError):
        return {}


def _pairs(env: object) -> dict[str, str]:
    lines = (line.partition("=") for line in _list(env) if isinstance(line, str))
    return {name: value for name, _, value in lines}


def _word(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


# All text of a report is sanitized: no control characters, no secrets.
#
# This is done once for the whole report, so that no new field can be forgotten.

_Told = TypeVar("_Told", bound=msgspec.Struct)

# Longest text in characters; the rest is truncated.
_LONGEST = 4000
# Fields that keep their line breaks.
_WITH_LINES = {"stderr"}
# XML doesn't allow these characters, not even escaped.
_NOT_XML = dict.fromkeys((65534, 65535))


def made_safe(told: _Told, mask: Mask) -> _Told:
    """Return the record with all text sanitized and the secrets of `mask` masked."""
    return msgspec.convert(_safe(msgspec.to_builtins(told), mask), type(told))


def _safe(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return _cut(mask.text(_on_one_line(value)))
    if isinstance(value, dict):
        return {_safe(name, mask): _named(name, one, mask) for name, one in value.items()}
    if isinstance(value, list | tuple):
        if value and all(isinstance(one, str) for one in value):
            # Together: a key may span several lines of a log.
            lines = mask.lines(_on_one_line(line) for line in value)
            return [_cut(line) for line in lines]
        return [_safe(one, mask) for one in value]
    return value


def _named(name: str, value: Any, mask: Mask) -> Any:
    """Return a named value sanitized; the name may be that of a secret build argument."""
    if not isinstance(value, str):
        return _safe(value, mask)
    shown = _shown(value) if name in _WITH_LINES else _on_one_line(value)
    return _cut(mask.named(name, shown))


def _shown(text: str) -> str:
    return plain(text).translate(_NOT_XML)


def _on_one_line(text: str) -> str:
    return _shown(text).replace("\n", " ")


def _cut(text: str) -> str:
    # Only after masking: half a token isn't recognized as one.
    return cut_end(text, _LONGEST)


# Characters of a container's stderr to keep: the end says why it failed.
_STDERR_LENGTH = 2000

Evidence = Mapping[tuple[str, str], LaneEvidence]


def read_report(folder: RunFolder) -> model.Report:
    """Return the report of a finished or running run; raises Problem if it can't be read.

    The engine is not contacted: the report contains only what the folder has.
    """
    return report_of(folder, read_run(folder), time.time())


def report_of(folder: RunFolder, state: RunState, now: float) -> model.Report:
    """Return the report of a run whose journal was folded into `state`, as of `now`."""
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
    outcome = "interrupted" if state.interrupted else "running"
    if state.outcome is not None:
        outcome = state.outcome.value
    seconds = state.elapsed(now)
    words = Counter(status_text(lane).word for lane in state.lanes)
    told = ", ".join(f"{number} {word}" for word, number in words.items())
    names = tuple(target.name for target in info.targets)
    return model.Run(
        id=info.id,
        outcome=outcome,
        sentence=f"{products_text(state)}: {told} in {duration_text(seconds)}",
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
    status, result = lane.status, result_text(lane).word
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
        stderr=evidence.stderr[-_STDERR_LENGTH:],
    )


def _case(verdict: Verdict, ran: str, command: str) -> model.Case:
    check = check_named(verdict.check)
    # Verdicts of older versions don't have `how`: use how the container ran.
    inside = bool(verdict.how) or check.group is Group.RUNNING
    return model.Case(
        check=verdict.check,
        answer=verdict.answer.value,
        seen=verdict.evidence,
        expected=verdict.expected,
        how=verdict.how or (ran if inside else ""),
        asks=check.question,
        way=check.method.value,
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
            failure = verification_failure(target)
        if failure is not None:
            found.append(failure)
    fields = model.Failure.__struct_fields__
    return [model.Failure(**{name: getattr(one, name) for name in fields}) for one in found]


def write_text(file: Path, text: str, fix: str) -> None:
    """Write a report to a file; raises UsageProblem with the given fix."""
    try:
        file.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageProblem(f"can't write {file} ({why})", fix=fix) from error


def write_report(run: RunFolder, folder: Path, form: str = "html") -> Path:
    """Write a run's report into `folder` and return the file; raises Problem."""
    # Not its ID, which is untrusted in an imported run.
    file = folder / f"openhqm-report-{run.path.name}.{formats()[form].suffix}"
    text = rendered(read_report(run), form)
    write_text(file, text, "start the console in a writable folder")
    return file
