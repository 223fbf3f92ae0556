"""What works on the Run place and in its list of targets."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

RUN: tuple[Command, ...] = (
    Command(
        "run", "run.zoom", "z", "Zoom", "Give one lane all the room; again: back.", "zoom", True
    ),
    Command("run", "run.back", "escape", "Back", "Leave the zoom.", "unzoom"),
    Command(
        "run",
        "run.next",
        "right_square_bracket",
        "Next page",
        "Go to the next lanes.",
        "page(1)",
        True,
    ),
    Command(
        "run",
        "run.previous",
        "left_square_bracket",
        "Previous page",
        "Go to the lanes before.",
        "page(-1)",
    ),
    Command(
        "run", "run.digest", "d", "Digest", "Show or hide why the target failed.", "digest", True
    ),
    Command(
        "run",
        "run.cancel-target",
        "c",
        "Cancel target",
        "Stop the chosen target.",
        "cancel_target",
        True,
    ),
    Command("run", "run.cancel", "C", "Cancel run", "Stop the whole run.", "cancel_run", True),
    Command(
        "run",
        "run.target-up",
        "K,shift+up",
        "Target above",
        "Choose the target above.",
        "target(-1)",
    ),
    Command(
        "run",
        "run.target-down",
        "J,shift+down",
        "Target below",
        "Choose the target below.",
        "target(1)",
    ),
    Command("targets", "targets.up", "up,k", "Up", "Choose the target above.", "move(-1)"),
    Command("targets", "targets.down", "down,j", "Down", "Choose the target below.", "move(1)"),
    Command(
        "targets", "targets.zoom", "enter", "Zoom", "Give its first lane all the room.", "zoom"
    ),
)
