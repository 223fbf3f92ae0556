"""Playing a recorded run in the console: beginning it, its speed, and what it keeps from."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from openhqm_tui.domain.errors import Problem

if TYPE_CHECKING:
    from openhqm_tui.run.follow.replay import Player, Recording
    from openhqm_tui.store.run_folder import RunFolder
    from openhqm_tui.tui.app import ConsoleApp

REFUSED = "this is a replay: nothing is built, stopped or checked"


class ReplayController:
    """What the console plays, if anything; only one at a time."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app
        self._recording: Recording | None = None
        # The run that was open before, to which stopping leads back.
        self._before: RunFolder | None = None

    @property
    def player(self) -> Player | None:
        """The player of the run that is open, if that is a replay."""
        follower = self._app.follow.follower
        if follower is None:
            return None
        from openhqm_tui.run.follow.replay import Player

        return follower if isinstance(follower, Player) else None

    def play_recording(self, run: RunFolder | None) -> None:
        """Play a run that is over, or with none the one that ships, and go to it."""
        reading = self._begin(run)
        self._app.run_worker(reading, name="replay", group="replay", exclusive=True)

    async def _begin(self, run: RunFolder | None) -> None:
        try:
            recording = await asyncio.to_thread(self._app.services.recording, run)
        except (Problem, OSError) as problem:
            self._app.notify(str(problem), severity="error", markup=False)
            return
        from openhqm_tui.run.follow.replay import Player

        if self.player is None:
            self._before = self._app.run_folder
        self.play(Player(recording, clock=self._app.services.clock))
        await self._app.action_go("run")

    def play(self, player: Player) -> None:
        """Follow a player in place of the run before."""
        if player.recording is not self._recording:
            self.close()
        self._recording = player.recording
        self._app.follow.watch(player)

    def do(self, what: str) -> None:
        """Do what a command says: pause, slower, faster, start, end, stop."""
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
                self._app.close_run()
                if self._before is not None:
                    self._app.open_run(self._before)
                    self._before = None
        if self._app.place is not None:
            self._app.place.show_standing()
            self._app.place.refresh_bindings()

    def possible(self, what: str) -> bool | None:
        """Tell whether a command makes sense now; None: shown, but greyed out."""
        if self.player is None:
            return False
        return True if what in {"start", "stop"} or not self.player.finished else None

    def refuses(self) -> bool:
        """Tell whether nothing can be asked of the run that is open, and say why."""
        if self.player is None:
            return False
        self._app.notify(REFUSED, severity="warning", markup=False, timeout=5)
        return True

    def close(self) -> None:
        """Take away what was unpacked only to be played."""
        if self._recording is not None:
            self._recording.close()
            self._recording = None
