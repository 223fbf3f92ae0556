"""What works everywhere while a recorded run is played, and what begins that."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

REPLAY: tuple[Command, ...] = (
    Command(
        "app",
        "replay.demo",
        "D",
        "Demo",
        "Play the recorded run that ships with the package: 8 variants on 2 platforms, no engine "
        "needed.",
        "demo",
    ),
    Command(
        "app",
        "replay.pause",
        "comma",
        "Pause",
        "Pause the replay; again: go on.",
        "replay('pause')",
    ),
    Command(
        "app", "replay.slower", "less_than_sign", "Slower", "Play more slowly.", "replay('slower')"
    ),
    Command(
        "app", "replay.faster", "greater_than_sign", "Faster", "Play faster.", "replay('faster')"
    ),
    Command(
        "app", "replay.start", "H", "From the start", "Play from the start.", "replay('start')"
    ),
    Command("app", "replay.end", "T", "To the end", "Show how it ended.", "replay('end')"),
    Command(
        "app",
        "replay.stop",
        "X",
        "Stop replay",
        "Stop the replay; no run is open then.",
        "replay('stop')",
    ),
)
