"""Texts about the checks of a lane: status, verdict, evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from openhqm_tui.domain.checks.catalog import check_named, hint_of
from openhqm_tui.domain.checks.verdict import SEVERITIES, Answer, Verdict
from openhqm_tui.domain.failures.failure import failed_checks
from openhqm_tui.domain.formatting import count_text, duration_text, local_time_text, size_text
from openhqm_tui.domain.run.decisions import allowed_unknown, held_words, images, products_text
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.tui.core.labels import Mark, answer_mark, state_mark, status_mark

if TYPE_CHECKING:
    from openhqm_tui.domain.run.state import LaneState, RunState

NOT_PASSED = tuple(answer for answer in SEVERITIES if answer is not Answer.PASS)
CHECKING = Mark("◆", "checking", "$accent")
_LABEL = 10


class Evidence(NamedTuple):
    """The evidence file of a lane: the command run in the container, and the whole file as text."""

    file: str
    command: str
    text: str


def verdict_of(lane: LaneState, check: str) -> Verdict | None:
    """Return a lane's verdict for a check, if any."""
    return next((verdict for verdict in lane.verdicts if verdict.check == check), None)


def not_passed(lane: LaneState) -> list[Verdict]:
    """Return a lane's verdicts other than pass, most severe first."""
    others = [verdict for verdict in lane.verdicts if verdict.answer in NOT_PASSED]
    return sorted(others, key=lambda verdict: NOT_PASSED.index(verdict.answer))


def is_asked(lane: LaneState, check: str) -> bool:
    """Return whether a check is running for a lane."""
    return lane.asking is not None and lane.asking in {"", check}


def answer_cell(verdict: Verdict, letters: int) -> Content:
    """Return a verdict for a table cell, with up to `letters` characters of evidence.

    Without room its word is shown; a pass with evidence needs no word.
    """
    mark = answer_mark(verdict.answer)
    if not letters:
        return mark.content
    passed = verdict.answer is Answer.PASS
    word = mark.symbol if passed else f"{mark.symbol} {mark.word}"
    seen = one_line(verdict.evidence, letters)
    return Content.assemble((word, mark.style), f" {seen}" if seen else "")


def how_it_runs(lane: LaneState) -> str:
    """Return whether a lane's image ran, or will run, natively or emulated."""
    emulated = lane.emulated
    if emulated is None and lane.target.run.host is not None:
        emulated = not lane.platform.runs_natively_on(lane.target.run.host)
    return {True: "emulated", False: "native", None: ""}[emulated]


def summary_words(state: RunState) -> Content:
    """Return the numbers of verified images and passed checks, and what is being checked."""
    lanes = images(state)
    # What BuildKit stopped after a failure isn't cancelled.
    marks = Counter(map(state_mark, sorted(lanes, key=lambda lane: [*Status].index(lane.status))))
    parts: list[Content | str] = [Content.styled(products_text(state), "bold")]
    for mark, number in marks.items():
        parts += [" · ", Content.styled(f"{mark.symbol} {number} {mark.word}", mark.style)]
    answers = Counter(verdict.answer for lane in lanes for verdict in lane.verdicts)
    if total := answers.total():
        parts.append(f" · {answers[Answer.PASS]} of {count_text(total, 'check')} passed")
        for answer in NOT_PASSED:
            if number := answers[answer]:
                mark = answer_mark(answer)
                parts.append(", ")
                parts.append(Content.styled(f"{mark.symbol} {number} {mark.word}", mark.style))
    if any(target.info.artifacts for target in state.targets.values()):
        parts.append(" · artifacts are not checked")
    if not total and not state.info.check:
        parts.append(" · checks are disabled for this run")
    if state.info.push:
        parts += [" · ", push_words(state)]
    return Content.assemble(*parts)


def lane_head(lane: LaneState) -> Content:
    """Return a lane's name and how it runs."""
    target, platform = lane.key
    how = how_it_runs(lane)
    return Content.assemble((target, "bold"), f" {platform}", f" · {how}" if how else "")


def verdict_lines(lane: LaneState, check: str) -> list[Content]:
    """Return one result: question, expectation, evidence, fix."""
    verdict = verdict_of(lane, check)
    about = check_named(check)
    mark = answer_mark(verdict.answer) if verdict is not None else Mark("–", "no result", "")
    if is_asked(lane, check):
        mark = CHECKING
    lines = [
        Content.assemble((check, "$primary bold"), " · ", mark.content, " · ", lane_head(lane))
    ]
    if about.question:
        lines.append(_line("checks", about.question))
    if verdict is None:
        return [*lines, *_status_sentence(lane)]
    if verdict.expected:
        lines.append(_line("expected", plain(verdict.expected)))
    lines.append(_line("observed", plain(verdict.evidence) or "–"))
    if hint := hint_of(verdict, lane.emulator):
        lines.append(_line("fix", hint))
    return lines


def lane_lines(lane: LaneState) -> list[Content]:
    """Return an overview of a lane: status, image, verdicts other than pass."""
    lines = [Content.assemble(lane_head(lane), " · ", status_mark(lane.status).content)]
    lines += _status_sentence(lane)
    for verdict in not_passed(lane):
        mark = answer_mark(verdict.answer)
        text = f"{mark.symbol} {mark.word}"
        lines.append(
            Content.assemble(
                (f"{text:<{_LABEL}}", mark.style),
                (verdict.check, "bold"),
                f": {plain(verdict.evidence)}",
            )
        )
    if lane.content_size or lane.unpacked_size:
        sizes = (lane.content_size, "compressed"), (lane.unpacked_size, "unpacked")
        known = [f"{size_text(size)} {word}" for size, word in sizes if size]
        lines.append(_line("size", " · ".join(known)))
    if lane.digest:
        # Without a label, which would not fit into 80 columns.
        lines.append(Content.styled(plain(lane.digest), "$foreground-muted"))
    for name, held in lane.target.read_back.items():
        lines.append(_line("pushed", f"{plain(name)}: {held_words(held)}"))
    return lines


def all_verdicts(lane: LaneState) -> list[Content]:
    """Return a line for every result of a lane, in order."""
    lines = []
    for verdict in lane.verdicts:
        mark = answer_mark(verdict.answer)
        lines.append(
            Content.assemble(
                (f"{mark.symbol} {mark.word:<8}", mark.style),
                (f"{verdict.check:<14}", "bold"),
                plain(verdict.evidence),
            )
        )
    return lines


def other_image_lines(lanes: Sequence[LaneState], lane: LaneState, check: str) -> list[Content]:
    """Return the verdicts of the other images for a check; equal ones are one line."""
    alike: dict[tuple[Answer, str], list[LaneState]] = {}
    for other in lanes:
        verdict = verdict_of(other, check)
        if other is not lane and verdict is not None:
            alike.setdefault((verdict.answer, verdict.evidence), []).append(other)
    lines = []
    for (answer, seen), others in sorted(
        alike.items(), key=lambda told: SEVERITIES.index(told[0][0])
    ):
        mark = answer_mark(answer)
        who = " ".join(others[0].key) if len(others) == 1 else count_text(len(others), "image")
        lines.append(
            Content.assemble(
                (f"{mark.symbol} {mark.word:<8}", mark.style),
                (f"{one_line(who, 30):<22}", "bold"),
                f" {one_line(seen)}",
            )
        )
    return [Content(""), Content.styled("Other images", "bold"), *lines] if lines else []


def evidence_lines(lane: LaneState, check: str, evidence: Evidence | None) -> list[Content]:
    """Return one verdict or all of a lane's, the command, and the raw evidence."""
    lines: list[Content] = verdict_lines(lane, check) if check else lane_lines(lane)
    if check and (way := check_named(check).method.value):
        lines.insert(2, _line("how", way))
    if not check:
        lines += [Content(""), *all_verdicts(lane)]
    if lane.check_ended is not None:
        took = lane.check_ended - (lane.check_started or lane.check_ended)
        lines.append(
            _line("checked", f"{local_time_text(lane.check_ended)}, took {duration_text(took)}")
        )
    if evidence is None:
        return [
            *lines,
            Content(""),
            Content.styled("No evidence file.", "$foreground-muted"),
        ]
    if evidence.command:
        lines += [
            Content(""),
            Content.styled("Command", "bold"),
            Content(evidence.command),
        ]
    lines += [
        Content(""),
        Content.assemble(("Evidence", "bold"), (f"  {evidence.file}", "$foreground-muted")),
    ]
    return [*lines, *(Content(line) for line in evidence.text.split("\n"))]


def push_words(state: RunState) -> Content:
    """Return the status of a run's push in one line."""
    targets = list(state.targets.values())
    failed = next((target for target in targets if target.pushed is Outcome.FAILED), None)
    pushed = sum(len(target.info.tags) for target in targets if target.pushed is Outcome.PASSED)
    if failed is not None:
        return Content.styled(f"✗ push failed: {plain(failed.push_reason)}", "$text-error bold")
    if pushing := next((target for target in targets if target.pushing), None):
        return Content.styled(f"▸ pushing {pushing.name}", "$primary")
    if pushed:
        held = [event for target in targets for event in target.read_back.values()]
        back = " and read back" if len(held) >= pushed else ""
        every = sum(len(target.info.tags) for target in targets)
        part = f"{pushed} of " if pushed < every else ""
        words = f"✓ {part}{count_text(every, 'tag')} pushed{back}"
        if len(held) == 1:
            words += f": {held_words(held[0])}"
        allowed = f" · ! {allowed_unknown(state)}" if allowed_unknown(state) else ""
        return Content.assemble((words, "$text-success"), (allowed, "$text-warning"))
    if state.outcome is not None:
        return Content("nothing pushed")
    needed = "checked" if state.info.allow_unknown else "verified"
    return Content(f"push starts once all images are {needed}")


def _line(label: str, text: str) -> Content:
    return Content.assemble((f"{label:<{_LABEL}}", "$foreground-muted"), text)


def _status_sentence(lane: LaneState) -> list[Content]:
    """Return a sentence on a lane's status."""
    target, status = lane.target, lane.status
    match status:
        case Status.WAITING | Status.RUNNING | Status.DONE if target.info.artifacts:
            text = "The target's output is not an image, so it isn't checked."
        case Status.WAITING | Status.RUNNING if not target.run.info.check:
            text = "Checks are disabled for this run."
        case Status.WAITING | Status.RUNNING:
            text = "Checks start as soon as the target's build has finished."
        case Status.CHECKING if lane.asking is None:
            text = "Queued: one check runs per CPU."
        case Status.CHECKING:
            text = f"Running the check “{lane.asking}”." if lane.asking else "Running all checks."
        case Status.DONE:
            text = "Checks are disabled for this run. Press R to check this image now."
        case Status.PASSED:
            text = "Verified: no check failed or was inconclusive."
        case Status.UNKNOWN:
            text = "Not verified: inconclusive checks don't count as passed."
        case _ if target.outcome is Outcome.FAILED:
            text = "No image: the build failed. See Run (2) for the reason."
        case Status.FAILED:
            unknown = sum(v.answer is Answer.UNKNOWN for v in lane.verdicts)
            text = f"Not verified: {count_text(len(failed_checks(lane)) - unknown, 'check')} failed"
            text += f", {unknown} inconclusive." if unknown else "."
        case Status.CANCELLED if not lane.has_image:
            text = "No image: the build was stopped. Retry the target in Run (2)."
        case _:
            text = "The checks were interrupted. Press R to repeat them."
    return [Content(text)]
