"""The summary of a run: one line per image, and the reason for each failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.checks.catalog import hint_of
from openhqm_tui.domain.checks.verdict import SEVERITIES, Answer, Verdict, worst
from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.failures.causes import FailureCause
from openhqm_tui.domain.failures.failure import Failure, failure_of
from openhqm_tui.domain.formatting import count_text, duration_text, elapsed_text, size_text
from openhqm_tui.domain.plan.outputs import artifact_text
from openhqm_tui.domain.run.critical_path import emulation_cost
from openhqm_tui.domain.run.decisions import (
    allowed_unknown,
    held_words,
    products_text,
    push_failed,
    result_text,
    status_text,
)
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import STATUS_TEXTS, VERDICT_TEXTS, Status
from openhqm_tui.domain.run.timeline import CacheHits, hits_of
from openhqm_tui.domain.text import one_line
from openhqm_tui.store.run_folder import RunFolder

_NAMED = 2


def tally(verdicts: Sequence[Verdict]) -> str:
    """Return how many checks passed, and the first that didn't: `19/21 pass, size: warn`."""
    if not verdicts:
        return "not run"
    others = not_passed(verdicts)
    text = f"{len(verdicts) - len(others)}/{len(verdicts)} pass"
    for verdict in others[:_NAMED]:
        text += f", {verdict.check}: {verdict.answer.value}"
    return text + (f", {len(others) - _NAMED} more" if len(others) > _NAMED else "")


def not_passed(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the verdicts other than pass, most severe first."""
    others = [verdict for verdict in verdicts if verdict.answer is not Answer.PASS]
    return sorted(others, key=lambda verdict: SEVERITIES.index(verdict.answer))


def ways_of(verdicts: Iterable[Verdict], *, emulated: bool | None) -> str:
    """Return how an image ran for its checks: `native` or `emulated`; '' if unknown."""
    ways = dict.fromkeys(verdict.how for verdict in verdicts if verdict.how)
    return " and ".join(ways) or {True: "emulated", False: "native", None: ""}[emulated]


def answer_lines(
    verdicts: Sequence[Verdict], emulator: Emulator | None = None, *, verbose: bool = False
) -> list[str]:
    """Return the verdicts other than pass, each with expectation and fix; `verbose`: all.

    The lines are indented, to follow the line of their lane.
    """
    lines: list[str] = []
    for verdict in verdicts if verbose else not_passed(verdicts):
        how = f" ({verdict.how})" if verbose and verdict.how else ""
        seen = one_line(verdict.evidence) or "–"
        mark = VERDICT_TEXTS[verdict.answer].symbol
        lines.append(f"  {mark} {verdict.check}: {verdict.answer.value}{how}: {seen}")
        if verdict.answer is Answer.PASS:
            continue
        if verdict.expected:
            lines.append(f"      expected {one_line(verdict.expected)}")
        if hint := hint_of(verdict, emulator):
            lines.append(f"      fix      {hint}")
    return lines


def standing(verdicts: Sequence[Verdict]) -> tuple[str, str]:
    """Return the overall symbol and word for a lane's verdicts."""
    statuses = {Answer.FAIL: Status.FAILED, Answer.UNKNOWN: Status.UNKNOWN}
    text = STATUS_TEXTS[statuses.get(worst(verdicts), Status.PASSED)]
    return text.symbol, text.word


class ResultRow(msgspec.Struct, frozen=True):
    """One lane in the summary.

    `seconds` is the build time of its target, `size` in compressed bytes; `how` is how it was
    built; `node` is '' if the engine itself built it.
    """

    target: str
    platform: str
    status: str
    mark: str
    result: str
    how: str
    node: str
    seconds: float
    check_seconds: float
    size: int
    unpacked_size: int
    digest: str
    tags: tuple[str, ...]
    checks: str
    steps: int
    cached_steps: int
    cache: CacheHits
    verdicts: tuple[Verdict, ...]


def rows_of(state: RunState) -> list[ResultRow]:
    """Return a row for every lane, in the order of the plan."""
    return [_row(lane) for lane in state.lanes]


def _row(lane: LaneState) -> ResultRow:
    target, status = lane.target, lane.status
    built = 0.0
    if target.started is not None and target.ended is not None:
        built = max(0.0, target.ended - target.started)
    checked = 0.0
    if lane.check_started is not None and lane.check_ended is not None:
        checked = max(0.0, lane.check_ended - lane.check_started)
    how = lane.how
    mark, result, _ = result_text(lane)
    return ResultRow(
        target=target.name,
        platform=str(lane.platform),
        status=status.value,
        mark=mark,
        result=result,
        how=how.value if how is not None else "",
        node=lane.node_name,
        seconds=built,
        check_seconds=checked,
        size=lane.content_size,
        unpacked_size=lane.unpacked_size,
        digest=lane.digest,
        tags=target.info.tags,
        checks=", ".join(map(artifact_text, target.info.artifacts)) or tally(lane.verdicts),
        steps=len(lane.steps),
        cached_steps=sum(step.cached for step in lane.steps),
        cache=hits_of(lane),
        verdicts=lane.verdicts,
    )


def failures_of(state: RunState, folder: Path) -> list[Failure]:
    """Return the failure digest of every failed build, with the full path of its log."""
    found = []
    for target in state.targets.values():
        failure = failure_of(target)
        if failure is not None:
            log = str(folder / failure.log_file) if failure.log_file else ""
            found.append(msgspec.structs.replace(failure, log_file=log))
    return found


def cause_lines(cause: FailureCause) -> list[str]:
    """Return why one or more targets failed as lines of text."""
    failure = cause.first
    lines = [f"✗ {cause.title}", f"  reason  {failure.reason}"]
    if failure.step:
        lines.append(f"  step    {one_line(short_title(failure.step))}")
    if failure.where:
        lines.append(f"  line    {failure.where}")
    lines += [f"  {line}" for line in failure.source]
    if failure.log:
        lines.append("  last log lines:")
        lines += [f"  │ {line}" for line in failure.log]
    if cause.hint:
        lines.append(f"  fix     {cause.hint}")
    lines += [f"  log     {one.log_file}" for one in cause.failures if one.log_file]
    return lines


def check_lines(state: RunState, folder: Path, *, verbose: bool = False) -> list[str]:
    """Return the verdicts other than pass, by lane, as lines of text; `verbose`: all."""
    lines: list[str] = []
    for lane in state.lanes:
        if not (verbose and lane.verdicts) and not not_passed(lane.verdicts):
            continue
        mark = VERDICT_TEXTS[worst(lane.verdicts)].symbol
        way = ways_of(lane.verdicts, emulated=lane.emulated)
        head = f"{lane.target.name} · {lane.platform} · checks{f' ({way})' if way else ''}"
        lines += [f"{mark} {head}", *answer_lines(lane.verdicts, lane.emulator, verbose=verbose)]
        evidence = RunFolder(folder).evidence_file(lane.target.name, str(lane.platform))
        lines.append(f"  evidence {evidence}")
    return lines


def warning_lines(state: RunState) -> list[str]:
    """Return the warnings of the Dockerfile's checks, each once with its targets.

    The last line is the time lost to a slow emulator, if any.
    """
    found: dict[str, list[str]] = {}
    for target in state.targets.values():
        for short, url in target.warnings:
            found.setdefault(f"{short} ({url})" if url else short, []).append(target.name)
    lines = [f"! {text} [{' '.join(names)}]" for text, names in found.items()]
    return [*lines, *(f"! {cost}" for cost in (emulation_cost(state),) if cost)]


def push_lines(state: RunState) -> list[str]:
    """Return which tags were pushed, as lines of text."""
    lines: list[str] = []
    for target in state.targets.values() if state.info.push else ():
        lines += _tag_lines(target)
    if allowed := allowed_unknown(state):
        lines.append(f"! --allow-unknown: {allowed}")
    if any(push_failed(target) for target in state.targets.values()):
        lines.append(
            f"  `openhqm-tui retry {state.info.id}` pushes the remaining tags without rebuilding"
        )
    return lines


def _tag_lines(target: TargetState) -> list[str]:
    """Return a line for each tag of a target, with the reason at the tag that failed."""
    lines, images = [], []
    tags, outcome, reason = target.info.tags, target.pushed, target.push_reason
    for tag in tags:
        held = target.read_back.get(tag)
        at_fault = reason.startswith(f"{tag}: ")
        if held is not None and not at_fault:
            lines.append(f"✓ pushed and read back {tag}: {held_words(held)}")
            images = [f"{image.platform} {image.digest}" for image in held.images]
        elif outcome is Outcome.PASSED:
            lines.append(f"✓ pushed {tag} {target.push_digest}".rstrip())
        elif outcome is not None:
            named = any(reason.startswith(f"{other}: ") for other in tags)
            why = reason.removeprefix(f"{tag}: ") if at_fault or not named else ""
            cause = why or ("cancelled" if outcome is Outcome.CANCELLED else "")
            # A tag that was pushed but couldn't be confirmed must not read "not pushed".
            head = f"✗ {tag}" if cause.startswith("pushed, ") else f"✗ not pushed {tag}"
            lines.append(f"{head}: {cause}" if cause else head)
        else:
            lines.append(f"− not pushed {tag}")
    return [*lines, *(f"  {image}" for image in images)]


def last_line(state: RunState) -> str:
    """Return a one-line summary of the run."""
    lanes = state.lanes
    counts: dict[str, int] = {}
    for lane in lanes:
        word = status_text(lane).word
        counts[word] = counts.get(word, 0) + 1
    results = ", ".join(f"{count} {word}" for word, count in counts.items())
    took = state.elapsed(state.ended or state.last_at)
    elapsed = elapsed_text(took, running=state.in_progress)
    line = f"{products_text(state)}: {results} in {elapsed}"
    if hits := hits_of(state).words:
        line += f" · {hits}"
    if state.interrupted:
        line += " · interrupted"
    if state.info.push:
        pushed = sum(
            len(target.info.tags)
            for target in state.targets.values()
            if target.pushed is Outcome.PASSED
        )
        line += f" · {count_text(pushed, 'tag') if pushed else 'nothing'} pushed"
    return line


COLUMNS = ("target", "platform", "result", "build time", "size", "checks")


def cells(row: ResultRow) -> tuple[str, ...]:
    """Return the cells of a row, in the order of COLUMNS."""
    cached = " (cached)" if row.cache.steps and row.cache.cached == row.cache.steps else ""
    return (
        row.target,
        " ".join(filter(None, (row.platform, row.how, row.node and f"on {row.node}"))),
        f"{row.mark} {row.result}",
        duration_text(row.seconds or None) + cached,
        size_text(row.size or None),
        row.checks,
    )


def table_lines(state: RunState) -> list[str]:
    """Return the table as plain lines, columns aligned."""
    return aligned([COLUMNS, *(cells(row) for row in rows_of(state))])


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Return rows of equal length as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
