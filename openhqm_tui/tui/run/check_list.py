"""The body of a live pane once its image is built: the checks, then the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from openhqm_tui.domain.checks.catalog import check_named
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.formatting import clock_text, count_text, duration_text, size_text
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.tui.checks.text import not_passed
from openhqm_tui.tui.core.labels import answer_mark, state_mark
from openhqm_tui.tui.run.board_rows import work_text

if TYPE_CHECKING:
    from openhqm_tui.domain.run.state import LaneState

_MUTED = "$foreground-muted"
_NAME = 14


def lists_checks(lane: LaneState) -> bool:
    """Return whether the checks of a lane are of more interest than its log."""
    if lane.asking is not None:
        return True
    return lane.status in {Status.PASSED, Status.UNKNOWN, Status.FAILED} and bool(lane.verdicts)


def check_list(
    lane: LaneState, now: float, width: int, height: int, expected: Sequence[str] = ()
) -> Content:
    """Return the result of a lane's checks in at most `height` lines, what didn't pass first.

    Before there are results, the `expected` checks are listed.
    """
    lines = list(_head(lane, now))
    if lane.asking is not None and not lane.verdicts:
        lines += [_asked(check) for check in expected[: max(0, height - len(lines))]]
    verdicts = not_passed(lane)
    verdicts += [verdict for verdict in lane.verdicts if verdict.answer is Answer.PASS]
    room = max(0, height - len(lines))
    if len(verdicts) > room:
        # The last line says how many are left out.
        shown = verdicts[: max(0, room - 1)]
        left = verdicts[len(shown) :]
        lines += [_line(verdict) for verdict in shown]
        lines.append(_rest(left))
    else:
        lines += [_line(verdict) for verdict in verdicts]
    cut = [line.truncate(max(1, width), ellipsis=True) for line in lines[: max(1, height)]]
    return Content("\n").join(cut)


def _head(lane: LaneState, now: float) -> Iterator[Content]:
    mark = state_mark(lane)
    if lane.asking is not None and lane.check_started is not None:
        what = f"running the check {lane.asking}" if lane.asking else "running all checks"
        elapsed = clock_text(max(0.0, now - lane.check_started))
        yield Content.assemble((f"{mark.symbol} {what} · {elapsed}", mark.style))
        if lane.content_size:
            yield Content.styled(f"  image {size_text(lane.content_size)}", _MUTED)
        if lane.verdicts:
            yield Content.styled("  results before:", _MUTED)
        return
    facts = [size_text(lane.content_size)] if lane.content_size else []
    facts += filter(None, [work_text(lane, now)])
    if lane.check_started is not None and lane.check_ended is not None:
        facts.append(f"checks {duration_text(max(0.0, lane.check_ended - lane.check_started))}")
    yield Content.assemble(mark.content, (f"  {' · '.join(facts)}" if facts else "", ""))
    if lane.digest:
        yield Content.styled(plain(lane.digest), _MUTED)


def _asked(check: str) -> Content:
    return Content.styled(f"· {check:<{_NAME}}{check_named(check).question}", _MUTED)


def _line(verdict: Verdict) -> Content:
    mark = answer_mark(verdict.answer)
    word = "" if verdict.answer is Answer.PASS else f"{mark.word}: "
    return Content.assemble(
        (f"{mark.symbol} ", mark.style),
        f"{verdict.check:<{_NAME}}",
        (word, mark.style),
        (one_line(verdict.evidence), _MUTED if not word else ""),
    )


def _rest(left: list[Verdict]) -> Content:
    passed = sum(verdict.answer is Answer.PASS for verdict in left)
    mark = answer_mark(Answer.PASS)
    if passed == len(left):
        return Content.assemble(
            (f"{mark.symbol} ", mark.style), (f"{count_text(passed, 'more check')} passed", _MUTED)
        )
    return Content.styled(f"  {count_text(len(left), 'more result')} in Checks (3)", _MUTED)
