"""Playing a recorded run in the console: start, speed, end."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any

from textual.app import App

from openhqm_tui.domain.errors import Problem

if TYPE_CHECKING:
    from openhqm_tui.run.follow.replay import Player, Recording
    from openhqm_tui.store.run_folder import RunFolder
    from openhqm_tui.tui.core.backend import Backend
    from openhqm_tui.tui.core.run_watch import RunWatch

REFUSED = "not available in a replay"


class ReplayController:
    """Plays one recorded run at a time through the watch of the open run."""

    def __init__(self, app: App[Any], backend: Backend, watch: RunWatch) -> None:
        self._app, self._backend, self._watch = app, backend, watch
        self._recording: Recording | None = None
        # The run that was open before; it is opened again when the replay is stopped.
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
        """Carry out a command: pause, slower, faster, start, end or stop."""
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
        """Return whether the open run is a replay, which takes no requests; if so, notify."""
        if self.player is None:
            return False
        self._app.notify(REFUSED, severity="warning", markup=False, timeout=5)
        return True

    def close(self) -> None:
        """Remove the files that were unpacked for the replay."""
        if self._recording is not None:
            self._recording.close()
            self._recording = None
