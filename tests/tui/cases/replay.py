"""Starting a replay, and the commands of a replay; its clock is stopped."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.run.follow.replay import Player
from openhqm_tui.tui.app import ConsoleApp
from tests.tui.cases import Case


def _replaying(condition: Callable[[Player], object]) -> Callable[[ConsoleApp], object]:
    def done(app: ConsoleApp) -> object:
        player = app.session.player
        return player is not None and condition(player)

    return done


CASES = {
    "replay.demo": Case(_replaying(lambda player: player.recording.name == "demo")),
    "replay.slower": Case(_replaying(lambda player: player.pace.speed == 0.5)),
    "replay.faster": Case(_replaying(lambda player: player.pace.speed == 1.0)),
    "replay.pause": Case(_replaying(lambda player: player.pace.paused)),
    "replay.end": Case(_replaying(lambda player: player.finished)),
    "replay.start": Case(_replaying(lambda player: player.position == 0.0)),
    "replay.stop": Case(lambda app: app.session.run_state is None and app.session.player is None),
}
