"""What begins a replay, and what works while there is one; its clock stands still."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.run.follow.replay import Player
from openhqm_tui.tui.app import ConsoleApp
from tests.tui.cases import Case


def _played(holds: Callable[[Player], object]) -> Callable[[ConsoleApp], object]:
    def done(app: ConsoleApp) -> object:
        player = app.session.player
        return player is not None and holds(player)

    return done


CASES = {
    "replay.demo": Case(_played(lambda player: player.recording.name == "demo")),
    "replay.slower": Case(_played(lambda player: player.pace.speed == 0.5)),
    "replay.faster": Case(_played(lambda player: player.pace.speed == 1.0)),
    "replay.pause": Case(_played(lambda player: player.pace.paused)),
    "replay.end": Case(_played(lambda player: player.finished)),
    "replay.start": Case(_played(lambda player: player.position == 0.0)),
    "replay.stop": Case(lambda app: app.session.run_state is None and app.session.player is None),
}
