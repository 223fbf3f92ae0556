"""Following one run folder, live or replayed, at a lower rate once it is finished."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.dom import DOMNode
from textual.timer import Timer
from textual.worker import Worker

from openhqm_tui.domain.errors import Problem

if TYPE_CHECKING:
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.run.follow.follower import Changes, Follower
    from openhqm_tui.run.follow.replay import Player, Recording
    from openhqm_tui.store.run_folder import RunFolder
    from openhqm_tui.tui.core.backend import Backend

# Ten rounds per second: more wouldn't be visible in text.
_ROUND = 0.1
# A round polls a few targets per turn, spread over its time: changes are drawn between turns, so
# that no frame has to draw all lanes.
_A_TURN = 2
# Seconds between two frames: changes that come sooner are drawn together. What a finished run left
# is read sooner if it is drawn less often.
_FRAME, _FRAME_OF_FINISHED = 1 / 60, 0.1
# The share of a turn's time left for drawing when there is more to read than time.
_FOR_DRAWING = 0.01
# Seconds between polls of a finished run: another console may resume it.
_LOOKS_IN = 1.0


class RunWatch:
    """Polls the folder of a run; calls back on changes and every second.

    `gone` is called once if the folder of the open run was removed.
    """

    def __init__(
        self,
        node: DOMNode,
        moved: Callable[[Changes], None],
        second: Callable[[], None],
        gone: Callable[[], None] = lambda: None,
    ) -> None:
        self._node = node
        self._moved = moved
        self._second = second
        self._gone = gone
        self._follower: Follower | None = None
        self._worker: Worker[None] | None = None
        self._looking_in: Timer | None = None

    @property
    def state(self) -> RunState | None:
        """The state of the run, if one is open."""
        return self._follower.state if self._follower else None

    @property
    def folder(self) -> RunFolder | None:
        """The folder of the run, if one is open."""
        return self._follower.folder if self._follower else None

    @property
    def follower(self) -> Follower | None:
        """The follower of the run, if one is open."""
        return self._follower

    @property
    def live(self) -> bool:
        """Whether the open run is in progress; a finished one may have more to read."""
        return self._follower is not None and self._follower.state.in_progress

    @property
    def idle(self) -> bool:
        """Return whether nothing is being polled."""
        # An eager task may finish before its worker is assigned here.
        return self._worker is None or self._worker.is_finished

    def open(self, run: RunFolder) -> None:
        """Follow another run; raises Problem if it can't be read."""
        from openhqm_tui.run.follow.follower import Follower

        _must_be_readable(run)
        self.watch(Follower(run))

    def watch(self, follower: Follower) -> None:
        """Follow another run or a replay."""
        from openhqm_tui.run.follow.follower import Changes

        self.close()
        self._follower = follower
        self._moved(Changes())
        self._begin(follower)

    def resume(self) -> None:
        """Follow a finished run that a new runner continues."""
        if self._follower is not None and self.idle:
            self._begin(self._follower)

    def close(self, *, notify: bool = False) -> None:
        """Close the files of the run; with `notify`, report that no run is open."""
        self._stop()
        if self._follower is not None:
            self._follower.close()
            self._follower = None
        if notify:
            from openhqm_tui.run.follow.follower import Changes

            self._moved(Changes())

    def _begin(self, follower: Follower) -> None:
        self._stop()
        # Read the journal now, so that callers know whether the run is in progress.
        self._tell(follower.poll(()), first=True)
        self._worker = self._node.run_worker(
            self._follow(follower), name="watch", group="watch", exclusive=True
        )

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        if self._looking_in is not None:
            self._looking_in.stop()
            self._looking_in = None

    async def _follow(self, follower: Follower) -> None:
        clock = asyncio.get_running_loop().time
        told = clock()
        first = True
        while await self._go_round(follower, first=first):
            first = False
            if clock() - told >= 1.0:
                told = clock()
                self._node.call_later(self._second)
        self._worker = None
        self._looking_in = self._node.set_interval(_LOOKS_IN, self._look_in)
        self._node.call_later(self._second)

    def _look_in(self) -> None:
        """Resume following if the run was continued; call back if its folder was removed."""
        follower = self._follower
        if follower is None or not self.idle:
            return
        if not os.path.exists(follower.folder.events_file):  # noqa: PTH110
            self._stop()
            self._gone()
            return
        changes = follower.poll(())
        if changes:
            changes.over = follower.finished
            self._tell(changes)
        if not follower.finished:
            self._begin(follower)

    async def _go_round(self, follower: Follower, *, first: bool) -> bool:
        """Poll all targets once; return whether more output is expected."""
        from openhqm_tui.run.follow.follower import Changes

        clock = asyncio.get_running_loop().time
        began, targets = clock(), follower.targets
        turns = [targets[at : at + _A_TURN] for at in range(0, len(targets), _A_TURN)] or [()]
        changes, told = Changes(), began
        for number, some in enumerate(turns, 1):
            ends = began + _ROUND * number / len(turns)
            changes.add(follower.poll(some))
            while changes.more and clock() < ends - _FOR_DRAWING:
                await asyncio.sleep(0)
                changes.add(follower.poll(some))
            # With many targets, a turn is shorter than a frame.
            frame = _FRAME if follower.state.in_progress else _FRAME_OF_FINISHED
            if clock() - told >= frame or number == len(turns) or follower.finished:
                self._tell(changes, first=first)
                changes, told = Changes(), clock()
            if follower.finished:
                return False
            await asyncio.sleep(max(0.0, ends - clock()))
        return True

    def _tell(self, changes: Changes, *, first: bool = False) -> None:
        if changes:
            changes.first = first
            self._moved(changes)


def removed_text(run: RunFolder) -> str:
    """Return the message for a run whose folder was removed."""
    return f"run folder {run.path.name} was removed"


def _must_be_readable(run: RunFolder) -> None:
    try:
        run.open(run.events_file).close()
    except FileNotFoundError as error:
        raise Problem(removed_text(run)) from error
    except OSError as error:
        raise Problem(f"run {run.path.name} can't be read ({error.strerror})") from error


REFUSED = "not available in a replay"


class ReplayController:
    """Plays one recorded run at a time through the RunWatch."""

    def __init__(self, app: App[Any], backend: Backend, watch: RunWatch) -> None:
        self._app, self._backend, self._watch = app, backend, watch
        self._recording: Recording | None = None
        # The previously open run, reopened when the replay is stopped.
        self._before: RunFolder | None = None

    @property
    def player(self) -> Player | None:
        """The player of the open run if it is a replay."""
        follower = self._watch.follower
        if follower is None:
            return None
        from openhqm_tui.run.follow.replay import Player

        return follower if isinstance(follower, Player) else None

    def play_recording(self, run: RunFolder | None) -> None:
        """Play a finished run, or the recording in this package, and show it."""
        reading = self._begin(run)
        self._app.run_worker(reading, name="replay", group="replay", exclusive=True)

    async def _begin(self, run: RunFolder | None) -> None:
        try:
            recording = await asyncio.to_thread(self._backend.recording, run)
        except (Problem, OSError) as problem:
            self._app.notify(str(problem), severity="error", markup=False)
            return
        from openhqm_tui.run.follow.replay import Player

        if self.player is None:
            self._before = self._watch.folder
        self.play(Player(recording, clock=self._backend.clock))
        await self._app.run_action("app.go('run')")

    def play(self, player: Player) -> None:
        """Follow a player instead of the previous run."""
        if player.recording is not self._recording:
            self.close()
        self._recording = player.recording
        self._watch.watch(player)

    def do(self, what: str) -> None:
        """Execute a command: pause, slower, faster, start, end or stop."""
        player = self.player
        if player is None:
            return
        match what:
            case "pause":
                player.pause(paused=not player.pace.paused)
            case "slower":
                player.shift(-1)
            case "faster":
                player.shift(1)
            case "start":
                if math.isinf(player.pace.speed):
                    player.pace.speed = 1.0
                again = player.jump(0.0)
                again.pause(paused=False)
                self.play(again)
            case "end":
                player.jump(player.pace.length)
            case "stop":
                self._stop()

    def _stop(self) -> None:
        before, self._before = self._before, None
        self._watch.close(notify=True)
        try:
            if before is not None:
                self._watch.open(before)
        except Problem as problem:
            self._app.notify(str(problem), severity="error", markup=False)

    def possible(self, what: str) -> bool | None:
        """Return whether a command is possible now; None: shown, but grayed out."""
        if self.player is None:
            return False
        return True if what in {"start", "stop"} or not self.player.finished else None

    def refuses(self) -> bool:
        """Return whether the open run is a replay, which accepts no requests; if so, notify."""
        if self.player is None:
            return False
        self._app.notify(REFUSED, severity="warning", markup=False, timeout=5)
        return True

    def close(self) -> None:
        """Remove the files unpacked for the replay."""
        if self._recording is not None:
            self._recording.close()
            self._recording = None
