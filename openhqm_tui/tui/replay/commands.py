"""What works everywhere while a recorded run is played, and what begins that."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

REPLAY: tuple[Command, ...] = (
    Command(
        "app",
        "replay.demo",
        "D",
        "Demo",
        "Play a recorded run of 8 targets on 2 platforms; no engine needed.",
        "demo",
    ),
    Command(
        "app",
        "replay.pause",
        "comma",
        "Pause",
        "Pause or resume the replay.",
        "replay('pause')",
    ),
    Command("app", "replay.slower", "less_than_sign", "Slower", "Play slower.", "replay('slower')"),
    Command(
        "app", "replay.faster", "greater_than_sign", "Faster", "Play faster.", "replay('faster')"
    ),
    Command("app", "replay.start", "H", "Restart", "Play from the beginning.", "replay('start')"),
    Command("app", "replay.end", "T", "Skip to end", "Skip to the end.", "replay('end')"),
    Command(
        "app",
        "replay.stop",
        "X",
        "Stop replay",
        "Stop the replay.",
        "replay('stop')",
    ),
)
