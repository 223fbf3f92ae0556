"""Following one run folder while it grows, and doing nothing once it doesn't."""

from __future__ import annotations

from collections.abc import Callable

from textual.message_pump import MessagePump
from textual.timer import Timer

from openhqm_tui.domain.state import RunState
from openhqm_tui.run.follow import Changes, Follower
from openhqm_tui.store.run_folder import RunFolder

# Ten looks a second are as many as an eye can tell apart in text.
_EVERY = 0.1


class Watch:
    """Polls the folder of a live run, and says what changed and when a second has passed."""

    def __init__(
        self,
        pump: MessagePump,
        moved: Callable[[Changes], None],
        second: Callable[[], None],
    ) -> None:
        self._pump = pump
        self._moved = moved
        self._second = second
        self._follower: Follower | None = None
        self._timer: Timer | None = None
        self._looks = 0

    @property
    def state(self) -> RunState | None:
        """The state of the run, if one is open."""
        return self._follower.state if self._follower else None

    @property
    def folder(self) -> RunFolder | None:
        """The folder of the run, if one is open."""
        return self._follower.folder if self._follower else None

    @property
    def live(self) -> bool:
        """Tell whether a run is open that isn't over."""
        return self._follower is not None and not self._follower.finished

    @property
    def idle(self) -> bool:
        """Tell whether nothing is being polled."""
        return self._timer is None

    def open(self, run: RunFolder) -> None:
        """Follow another run; raises Problem where it can't be read."""
        follower = Follower(run)
        self.close()
        self._follower = follower
        self._looks = 0
        self._timer = self._pump.set_interval(_EVERY, self.look)
        self._moved(Changes())
        self.look()

    def look(self) -> None:
        """Look once, and hand on what there is."""
        follower = self._follower
        if follower is None:
            return
        changes = follower.poll()
        self._looks += 1
        if changes:
            self._moved(changes)
        if follower.finished and self._follower is follower:
            self._stop()
            self._second()
        elif self._looks % 10 == 0:
            self._second()
        if changes.more and self._follower is follower:
            self._pump.call_later(self.look)

    def close(self) -> None:
        """Let go of the run."""
        self._stop()
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
