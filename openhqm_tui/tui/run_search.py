"""What there is to search in a run, and the way to a line or a step in its lane."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.domain.state import RunState
from openhqm_tui.tui.log.lanes import Source
from openhqm_tui.tui.own_log import OwnLog
from openhqm_tui.tui.run_asks import first_lane
from openhqm_tui.tui.screens.search import Hit
from openhqm_tui.tui.widgets.lane_panes import LaneKey, LanePanes
from openhqm_tui.tui.words import step_label

# Lines of own logs to put together in one look: more would hold up the screen.
_MOST = 5000


class RunLogs:
    """The logs of the run that is open: of each target its lanes', then its own."""

    def __init__(self, state: Callable[[], RunState | None]) -> None:
        self._state = state
        self._own: dict[str, OwnLog] = {}

    def sources(self) -> list[Source]:
        """Return the logs as they are now."""
        found: list[Source] = []
        room = _MOST
        state = self._state()
        for target in state.targets.values() if state is not None else ():
            name = partial(step_label, target)
            for lane in target.lanes.values():
                found.append(Source(target.name, str(lane.platform), lane.log, name))
            own = self._own.setdefault(target.name, OwnLog())
            before = len(own.lines)
            if room > 0:
                room -= max(0, len(own.catch_up(target)) - before)
            found.append(Source(target.name, "", own.lines, name))
        return found


def show_hit(panes: LanePanes, state: RunState, hit: Hit, now: float) -> None:
    """Bring the log into sight that a line was found in, and stand on the line."""
    target, platform, log, _ = hit.source
    lane = state.lane(target, platform)
    key = lane.key if lane is not None else first_lane(state, target)
    if key is None:
        return
    panes.show_own(key, now, own=not platform)
    panes.reveal(key, now)
    pane = panes.panes[key].log_pane
    pane.focus()
    line = hit.line if pane.log_lines is log else _same_line(pane.log_lines, log, hit.line)
    if line is not None:
        pane.show_found(line, hit.pattern)


def show_step(
    panes: LanePanes, state: RunState, lane: LaneKey, step: int | None, now: float
) -> None:
    """Bring the log into sight that a step wrote into, and stand where the step begins.

    What belongs to no lane stands in its target's own log.
    """
    known = state.lane(*lane)
    key = known.key if known is not None else first_lane(state, lane[0])
    if key is not None:
        panes.show_own(key, now, own=known is None)
        panes.zoom(key, now)
        panes.panes[key].log_pane.show_step(step)


def _same_line(there: LogLines, here: LogLines, line: int) -> int | None:
    """Return where a line of one own log stands in another, which was put together separately."""
    text = here.text(line)
    if line < len(there) and there.text(line) == text:
        return line
    return next((at for at in range(len(there)) if there.text(at) == text), None)
