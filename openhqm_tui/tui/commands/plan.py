"""What works on the Plan place and in its matrix."""

from __future__ import annotations

from openhqm_tui.tui.commands.command import Command

PLAN: tuple[Command, ...] = (
    Command("plan", "plan.build", "b", "Build", "Build all that is chosen.", "build", True),
    Command(
        "plan",
        "plan.all",
        "a",
        "All",
        "Choose every variant on every platform.",
        "choose_all",
        True,
    ),
    Command("plan", "plan.none", "n", "None", "Choose nothing.", "choose_none"),
    Command(
        "plan",
        "plan.mine",
        "m",
        "Native",
        "Choose every variant, on this machine's own platform.",
        "choose_native",
        True,
    ),
    Command(
        "plan",
        "plan.platform",
        "p",
        "Platform",
        "Add another platform as a column.",
        "add_platform",
        True,
    ),
    Command(
        "plan",
        "plan.copy",
        "y",
        "Copy",
        "Copy the command that builds the same.",
        "copy_command",
        True,
    ),
    Command("plan", "plan.matrix", "escape", "To the matrix", "Leave a text field.", "to_matrix"),
    Command("matrix", "matrix.up", "up,k", "Up", "Go to the row above.", "move(-1, 0)"),
    Command("matrix", "matrix.down", "down,j", "Down", "Go to the row below.", "move(1, 0)"),
    Command("matrix", "matrix.left", "left,h", "Left", "Go to the column before.", "move(0, -1)"),
    Command("matrix", "matrix.right", "right,l", "Right", "Go to the next column.", "move(0, 1)"),
    Command(
        "matrix",
        "matrix.toggle",
        "space",
        "Choose",
        "Choose the cell, or leave it out; on a name, its whole row or column.",
        "choose",
        True,
    ),
    Command("matrix", "matrix.row", "r", "Row", "Choose the whole row, or leave it out.", "row"),
    Command(
        "matrix",
        "matrix.column",
        "c",
        "Column",
        "Choose the whole column, or leave it out.",
        "column",
    ),
    Command("matrix", "matrix.build", "enter", "Build", "Build all that is chosen.", "build"),
)
