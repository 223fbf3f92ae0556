"""The state of a recorded run at moments of its time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from openhqm_tui.domain.run.state import RunState
from openhqm_tui.run.follow.replay import Player, Recording
from openhqm_tui.store.run_folder import RunFolder


def moments(folder: RunFolder, parts: Sequence[float]) -> Iterator[tuple[float, float, RunState]]:
    """Yield part, moment and state for each part (0 to 1, in order) of a run's time.

    It is always the same state object, which changes: read it before the next one.
    """
    seconds = [0.0]
    player = Player(Recording(folder), clock=lambda: seconds[0])
    player.pace.position(0.0)
    for part in parts:
        seconds[0] = player.recording.tape.length * part
        while player.poll().more:
            pass
        yield part, player.now, player.state
    player.close()
