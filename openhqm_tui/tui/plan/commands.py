"""Commands of the Plan screen, its matrix and its dialog of builders."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

PLAN: tuple[Command, ...] = (
    Command(
        "plan", "plan.build", "b", "Build", "Build all that is chosen.", "build", True, acts=True
    ),
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
        "plan.failed",
        "F",
        "Failed last time",
        "Select what failed, was cancelled or wasn't verified last time.",
        "choose_failed",
    ),
    Command(
        "plan",
        "plan.options",
        "o",
        "Options",
        "Show or hide base image, builder, push and the rest.",
        "options",
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
        "plan.platform-away",
        "x,delete",
        "Platform away",
        "Take the marked platform's column away.",
        "remove_platform",
    ),
    Command(
        "plan",
        "plan.copy",
        "y",
        "Copy",
        "Copy the command that builds the same.",
        "copy('build')",
        True,
    ),
    Command(
        "plan",
        "plan.copy-bake",
        "Y",
        "Copy for Buildx",
        "Copy the command by which Buildx alone builds the same.",
        "copy('bake')",
    ),
    Command("plan", "plan.names", "e", "Edit the name", "Go to the name's field.", "edit_name"),
    Command(
        "plan",
        "plan.push",
        "P",
        "Push",
        "Push the images once all are verified.",
        "switch('push')",
    ),
    Command(
        "plan",
        "plan.allow-unknown",
        "U",
        "Allow unknown",
        "Also push images with inconclusive checks, or not.",
        "switch('allow-unknown')",
    ),
    Command(
        "plan",
        "plan.test-only",
        "t",
        "Test only",
        "Build and check, and leave no image behind, or leave it.",
        "switch('test-only')",
    ),
    Command(
        "plan",
        "plan.builder",
        "B",
        "Builder",
        "Choose the Buildx builder.",
        "choose_builder",
    ),
    Command(
        "plan",
        "plan.side-up",
        "K,shift+up",
        "Description up",
        "Scroll what is told of the variant up.",
        "scroll_side(-2)",
    ),
    Command(
        "plan",
        "plan.side-down",
        "J,shift+down",
        "Description down",
        "Scroll what is told of the variant down.",
        "scroll_side(2)",
    ),
    Command("plan", "plan.matrix", "escape", "To the matrix", "Leave a field.", "to_matrix", True),
    Command("matrix", "matrix.up", "up,k", "Up", "Go to the row above.", "move(-1, 0)"),
    Command("matrix", "matrix.down", "down,j", "Down", "Go to the row below.", "move(1, 0)"),
    Command("matrix", "matrix.left", "left,h", "Left", "Go to the column before.", "move(0, -1)"),
    Command("matrix", "matrix.right", "right,l", "Right", "Go to the next column.", "move(0, 1)"),
    Command(
        "matrix", "matrix.page-up", "pageup,ctrl+b", "Page up", "Go up a page of rows.", "leap(-1)"
    ),
    Command(
        "matrix",
        "matrix.page-down",
        "pagedown,ctrl+f",
        "Page down",
        "Go down a page of rows.",
        "leap(1)",
    ),
    Command("matrix", "matrix.start", "home,g", "Top", "Go to the first row.", "leap(-9999)"),
    Command("matrix", "matrix.end", "end,G", "Bottom", "Go to the last row.", "leap(9999)"),
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
    Command(
        "matrix", "matrix.build", "enter", "Build", "Build all that is chosen.", "build", acts=True
    ),
)


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
