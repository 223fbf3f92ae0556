"""What of a run's events is told over whatever place is in sight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.tui.words import clock

if TYPE_CHECKING:
    from openhqm_tui.domain.journal import AnyEvent
    from openhqm_tui.domain.state import RunState
    from openhqm_tui.store.run_folder import Request


class News:
    """Knows what this console asked itself, so that it only tells what others did."""

    def __init__(self) -> None:
        self._own: set[str] = set()
        self._seen_going_on: set[str] = set()

    def asked(self, *requests: Request) -> None:
        """Note that somebody at this console asks for something."""
        self._own.update(request.target for request in requests if request.ask == "cancel")

    def of(self, state: RunState, events: Iterable[AnyEvent]) -> Iterator[str]:
        """Yield a line for what is news in `events` and still holds: long silences, cancels.

        The end of a run that was seen going on tells what a slow emulator cost it.
        """
        from openhqm_tui.domain.emulation_cost import emulation_cost
        from openhqm_tui.domain.journal import CancelAsked, FellSilent, RunEnded

        for event in events:
            ended = isinstance(event, RunEnded) and state.info.id in self._seen_going_on
            if ended and (cost := emulation_cost(state)):
                yield cost
            if isinstance(event, CancelAsked):
                if event.target not in self._own and _being_stopped(state, event.target):
                    yield f"{event.target or 'the run'} is being stopped: asked for elsewhere"
                self._own.discard(event.target)
            elif isinstance(event, FellSilent):
                target = state.targets.get(event.target)
                if target is not None and target.silence is event and state.goes_on:
                    at = f" in {one_line(event.step, 60)}" if event.step else ""
                    lasts = clock(event.at - event.since)
                    yield f"{event.target} has said nothing for {lasts}{at}; it goes on, c stops it"
        if state.goes_on:
            self._seen_going_on.add(state.info.id)


def _being_stopped(state: RunState, name: str) -> bool:
    """Tell whether a cancel is still to come to its end."""
    asked = [target for target in state.targets.values() if name in {"", target.name}]
    return state.goes_on and any(t.cancel_asked and not t.status.is_over for t in asked)
