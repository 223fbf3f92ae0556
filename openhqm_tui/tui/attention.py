"""What a terminal can say when nobody looks at it: its title, its bell, a notification.

The title is saved and brought back by xterm's window operations 22 and 23, which most terminals
and tmux know and the others ignore. A notification is OSC 9, as in iTerm2, kitty, WezTerm, foot
and Ghostty; the bell beside it reaches the rest, tmux's status line included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.status import Status
from openhqm_tui.tui.marks import run_mark

if TYPE_CHECKING:
    from openhqm_tui.domain.state import RunState

# Seconds that a run takes before its end is news: who waits less has not gone away.
LONG = 20.0


class Attention:
    """Tells the terminal how the run stands; `write` takes raw bytes for the terminal."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._title = ""

    def show(self, state: RunState | None, *, replayed: bool = False) -> None:
        """Put the run's standing into the title, if it changed; a replay's is said to be that."""
        title = f"replay · {title_of(state)}" if replayed else title_of(state)
        if title == self._title:
            return
        if not self._title:
            self._write("\x1b[22;2t")
        self._title = title
        self._write(f"\x1b]2;{title}\x07")

    def tell(self, state: RunState) -> None:
        """Ring and notify: the run is over."""
        self._write(f"\x1b]9;{title_of(state)}\x07\x07")

    def close(self) -> None:
        """Give the terminal its own title back."""
        if self._title:
            self._title = ""
            self._write("\x1b[23;2t")


def title_of(state: RunState | None) -> str:
    """Return the run's standing in one line: `3/8 · 1 failed · openhqm-tui`."""
    if state is None:
        return "openhqm-tui"
    from openhqm_tui.domain.retrying import ended

    targets = list(state.targets.values())
    failed = sum(target.status is Status.FAILED for target in targets)
    parts = [f"{len(ended(state))}/{len(targets)}", run_mark(state).word]
    if failed and state.status is not Status.FAILED:
        parts.append(f"{failed} failed")
    return one_line(" · ".join(part for part in (*parts, "openhqm-tui") if part), 80)
