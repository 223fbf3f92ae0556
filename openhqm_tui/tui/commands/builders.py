"""What works in the dialog of builders."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

BUILDERS: tuple[Command, ...] = (
    Command("builders", "builders.next", "j", "Next", "Go to the next builder.", "step(1)"),
    Command(
        "builders", "builders.previous", "k", "Previous", "Go to the builder before.", "step(-1)"
    ),
    Command("builders", "builders.new", "n", "New", "Make a builder.", "create", True, acts=True),
    Command(
        "builders",
        "builders.remove",
        "x,delete",
        "Remove",
        "Remove the marked builder; asks first.",
        "remove",
        True,
        acts=True,
    ),
    Command(
        "builders",
        "builders.nodes-up",
        "K,shift+up",
        "Nodes up",
        "Scroll what is told of the nodes up.",
        "scroll_nodes(-2)",
    ),
    Command(
        "builders",
        "builders.nodes-down",
        "J,shift+down",
        "Nodes down",
        "Scroll what is told of the nodes down.",
        "scroll_nodes(2)",
    ),
)
