"""Following one run folder while it grows, and doing nothing once it doesn't."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.dom import DOMNode
from textual.worker import Worker

from openhqm_tui.domain.state import RunState
from openhqm_tui.run.follow import Changes, Follower
from openhqm_tui.store.run_folder import RunFolder

# A round a tenth of a second is as many as an eye can tell apart in text.
_ROUND = 0.1
# A round goes through the targets a few at a time, spread over its time: what they brought is
# drawn between two turns, so that no frame has to draw all lanes at once.
_A_TURN = 2
# Of a turn's time, what reading leaves to the drawing if there is more to read than time.
_FOR_DRAWING = 0.01


class Watch:
    """Polls the folder of a live run, and says what changed and when a second has passed."""

    def __init__(
        self,
        node: DOMNode,
        moved: Callable[[Changes], None],
        second: Callable[[], None],
    ) -> None:
        self._node = node
        self._moved = moved
        self._second = second
        self._follower: Follower | None = None
        self._worker: Worker[None] | None = None

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
        """Tell whether a run is open that goes on; one that is over may have more to read."""
        return self._follower is not None and self._follower.state.goes_on

    @property
    def idle(self) -> bool:
        """Tell whether nothing is being polled."""
        return self._worker is None

    def open(self, run: RunFolder) -> None:
        """Follow another run; raises Problem where it can't be read."""
        follower = Follower(run)
        self.close()
        self._follower = follower
        self._moved(Changes())
        self._begin(follower)

    def resume(self) -> None:
        """Follow on a run that was over, and that a new runner has taken up again."""
        if self._follower is not None and self.idle:
            self._begin(self._follower)

    def close(self) -> None:
        """Let go of the run."""
        self._stop()
        if self._follower is not None:
            self._follower.close()
            self._follower = None

    def _begin(self, follower: Follower) -> None:
        # The journal at once: whoever asks next wants to know whether the run goes on.
        self._tell(follower.poll(()))
        self._worker = self._node.run_worker(
            self._follow(follower), name="watch", group="watch", exclusive=True
        )

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None

    async def _follow(self, follower: Follower) -> None:
        clock = asyncio.get_running_loop().time
        told = clock()
        while await self._go_round(follower):
            if clock() - told >= 1.0:
                told = clock()
                self._node.call_later(self._second)
        self._worker = None
        self._node.call_later(self._second)

    async def _go_round(self, follower: Follower) -> bool:
        """Look at all targets once; return whether there will be more to see."""
        clock = asyncio.get_running_loop().time
        began, targets = clock(), follower.targets
        turns = [targets[at : at + _A_TURN] for at in range(0, len(targets), _A_TURN)] or [()]
        for number, some in enumerate(turns, 1):
            ends = began + _ROUND * number / len(turns)
            changes = follower.poll(some)
            while changes.more and clock() < ends - _FOR_DRAWING:
                await asyncio.sleep(0)
                changes.add(follower.poll(some))
            self._tell(changes)
            if follower.finished:
                return False
            await asyncio.sleep(max(0.0, ends - clock()))
        return True

    def _tell(self, changes: Changes) -> None:
        if changes:
            self._moved(changes)
