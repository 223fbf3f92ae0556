"""What the console reports outside its screens: terminal title, bell, notifications.

The title is saved and restored by xterm's window operations 22 and 23, which most terminals and
tmux support and others ignore. A notification is OSC 9, as in iTerm2, kitty, WezTerm, foot and
Ghostty; the bell reaches the others, including tmux's status line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from openhqm_tui.domain.formatting import clock_text
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.core.labels import run_mark

if TYPE_CHECKING:
    from openhqm_tui.domain.run.events import AnyEvent
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.store.run_folder import Request


# Shorter runs are not notified about: the user is still watching.
LONG = 20.0


class TerminalNotifier:
    """Shows the run's status in the terminal title; `write` writes to the terminal."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._title = ""

    def show(self, state: RunState | None, *, replayed: bool = False) -> None:
        """Update the title if the status changed; a replay is marked as such."""
        title = f"replay · {title_of(state)}" if replayed else title_of(state)
        if title == self._title:
            return
        if not self._title:
            self._write("\x1b[22;2t")
        self._title = title
        self._write(f"\x1b]2;{title}\x07")

    def tell(self, state: RunState) -> None:
        """Ring the bell and notify that the run has ended."""
        self._write(f"\x1b]9;{title_of(state)}\x07\x07")

    def close(self) -> None:
        """Restore the terminal's title."""
        if self._title:
            self._title = ""
            self._write("\x1b[23;2t")


def title_of(state: RunState | None) -> str:
    """Return the run's status in one line: `3/8 · 1 failed · openhqm-tui`."""
    if state is None:
        return "openhqm-tui"
    from openhqm_tui.domain.run.decisions import ended_count, failed_count

    failed = failed_count(state)
    parts = [f"{ended_count(state)}/{len(state.targets)}", run_mark(state).word]
    if failed and state.status is not Status.FAILED:
        parts.append(f"{failed} failed")
    return one_line(" · ".join(part for part in (*parts, "openhqm-tui") if part), 80)


class EventNotices:
    """Messages about events, except cancellations that this console requested."""

    def __init__(self) -> None:
        self._own: set[str] = set()
        self._seen_going_on: set[str] = set()

    def asked(self, *requests: Request) -> None:
        """Record requests of this console."""
        self._own.update(request.target for request in requests if request.ask == "cancel")

    def of(self, state: RunState, events: Iterable[AnyEvent]) -> Iterator[str]:
        """Yield a message for each new event that is still relevant: stalls, cancellations.

        At the end of a run that was watched, report the cost of a slow emulator.
        """
        from openhqm_tui.domain.run.critical_path import emulation_cost
        from openhqm_tui.domain.run.events import CancelRequested, OutputStalled, RunEnded

        for event in events:
            ended = isinstance(event, RunEnded) and state.info.id in self._seen_going_on
            if ended and (cost := emulation_cost(state)):
                yield cost
            if isinstance(event, CancelRequested):
                if event.target not in self._own and _being_stopped(state, event.target):
                    who = event.target or "the run"
                    yield f"{who} is being cancelled from another console or command"
                self._own.discard(event.target)
            elif isinstance(event, OutputStalled):
                target = state.targets.get(event.target)
                if target is not None and target.silence is event and state.in_progress:
                    at = f" in {one_line(event.step, 60)}" if event.step else ""
                    lasts = clock_text(event.at - event.since)
                    yield (
                        f"{event.target} has printed nothing for {lasts}{at}, but is still "
                        "running; to cancel it, select it in Run (2) and press c"
                    )
        if state.in_progress:
            self._seen_going_on.add(state.info.id)


def _being_stopped(state: RunState, name: str) -> bool:
    """Return whether a cancellation is in progress."""
    asked = [target for target in state.targets.values() if name in {"", target.name}]
    return state.in_progress and any(t.cancel_asked and not t.status.is_over for t in asked)
