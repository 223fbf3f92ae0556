"""Commands of the Run screen and its widgets, and of replays."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

RUN: tuple[Command, ...] = (
    Command(
        "run",
        "run.retry",
        "r",
        "Retry",
        "Rebuild the selected target; if only its push failed, push again.",
        "retry_target",
        True,
        acts=True,
    ),
    Command(
        "run",
        "run.retry-all",
        "R",
        "Retry all",
        "Retry all failed, cancelled or unverified targets.",
        "retry_all",
        True,
        acts=True,
    ),
    Command(
        "run",
        "run.resume",
        "u",
        "Resume",
        "Resume interrupted or cancelled targets; finished ones are kept.",
        "resume",
        True,
        acts=True,
    ),
    Command(
        "run",
        "run.cancel-target",
        "c",
        "Cancel",
        "Cancel the selected target; the others aren't affected.",
        "cancel_target",
        True,
        acts=True,
    ),
    Command(
        "run", "run.cancel", "C", "Cancel run", "Cancel the run.", "cancel_run", True, acts=True
    ),
    Command(
        "run", "run.digest", "d", "Failure", "Show or hide the failure summary.", "digest", True
    ),
    Command(
        "run",
        "run.steps",
        "s",
        "Steps",
        "Switch between the logs and the chart of the target's steps.",
        "steps",
        True,
    ),
    Command("run", "run.zoom", "z", "Zoom", "Maximize or restore the pane.", "zoom", True),
    Command(
        "run",
        "run.grid",
        "Z",
        "All panes",
        "Switch between all panes and the board with those being worked on.",
        "grid",
        True,
    ),
    Command(
        "run",
        "run.search",
        "f",
        "Find",
        "Search all logs with a regular expression.",
        "search_lanes",
        True,
    ),
    Command(
        "run",
        "run.next",
        "right_square_bracket",
        "Next page",
        "Show the next page of panes.",
        "page(1)",
        True,
    ),
    Command(
        "run",
        "run.previous",
        "left_square_bracket",
        "Previous page",
        "Show the previous page of panes.",
        "page(-1)",
    ),
    Command(
        "run",
        "run.pager",
        "p",
        "Pager",
        "Open the target's full log in a pager.",
        "page_log",
    ),
    Command(
        "run",
        "run.own-log",
        "L",
        "Build setup log",
        "Switch between the image's log and the build setup log with Buildx's output.",
        "own_log",
    ),
    Command(
        "run",
        "run.order",
        "o",
        "Order",
        "Sort panes by activity or by plan order.",
        "order",
    ),
    Command(
        "run",
        "run.back",
        "escape",
        "Back",
        "Restore the panes, or go to the board.",
        "unzoom",
    ),
    Command(
        "run",
        "run.target-up",
        "K",
        "Previous target",
        "Select the previous target.",
        "target(-1)",
    ),
    Command(
        "run",
        "run.target-down",
        "J",
        "Next target",
        "Select the next target.",
        "target(1)",
    ),
    Command(
        "targets", "targets.up", "up,k,left,h", "Up", "Select the previous target.", "move(-1)"
    ),
    Command(
        "targets", "targets.down", "down,j,right,l", "Down", "Select the next target.", "move(1)"
    ),
    Command("targets", "targets.page-up", "pageup", "Page up", "Go up a page.", "leap(-1)"),
    Command(
        "targets",
        "targets.page-down",
        "pagedown",
        "Page down",
        "Go down a page.",
        "leap(1)",
    ),
    Command(
        "targets", "targets.start", "home,g", "First", "Select the first target.", "leap(-1000)"
    ),
    Command("targets", "targets.end", "end,G", "Last", "Select the last target.", "leap(1000)"),
    Command(
        "targets", "targets.zoom", "enter", "Zoom", "Maximize the selected target's pane.", "zoom"
    ),
    Command(
        *("targets", "targets.filter", "slash", "Filter"),
        *("Show only targets with some words in name or status.", "filter"),
    ),
    Command("digest", "digest.up", "up,k", "Up", "Scroll up.", "scroll_up"),
    Command("digest", "digest.down", "down,j", "Down", "Scroll down.", "scroll_down"),
    Command("digest", "digest.page-up", "pageup", "Page up", "Scroll up a page.", "page_up"),
    Command(
        "digest", "digest.page-down", "pagedown", "Page down", "Scroll down a page.", "page_down"
    ),
    Command("digest", "digest.start", "home,g", "Start", "Go to the first line.", "scroll_home"),
    Command("digest", "digest.end", "end,G", "End", "Go to the last line.", "scroll_end"),
    Command("digest", "digest.copy", "y", "Copy", "Copy the failure summary.", "copy", True),
)


SEARCH: tuple[Command, ...] = (
    Command("search", "search.open", "enter", "Open", "Open the log at this line.", "open"),
    Command("search", "search.down", "down", "Next", "Go to the next match.", "move(1)"),
    Command("search", "search.up", "up", "Previous", "Go to the previous match.", "move(-1)"),
    Command("search", "search.page-down", "pagedown", "Page down", "Go down a page.", "pages(1)"),
    Command("search", "search.page-up", "pageup", "Page up", "Go up a page.", "pages(-1)"),
    Command("search", "search.lane", "tab", "Next log", "Go to the next log.", "lane(1)"),
    Command(
        "search",
        "search.lane-before",
        "shift+tab",
        "Previous log",
        "Go to the previous log.",
        "lane(-1)",
    ),
)


STEPS: tuple[Command, ...] = (
    Command("steps", "steps.up", "up,k", "Up", "Select the previous step.", "move(-1)"),
    Command("steps", "steps.down", "down,j", "Down", "Select the next step.", "move(1)"),
    Command("steps", "steps.page-up", "pageup,ctrl+b", "Page up", "Go up a page.", "leap(-1)"),
    Command(
        "steps",
        "steps.page-down",
        "pagedown,ctrl+f",
        "Page down",
        "Go down a page.",
        "leap(1)",
    ),
    Command("steps", "steps.start", "home,g", "Start", "Select the first step.", "ends(0)"),
    Command("steps", "steps.end", "end,G", "End", "Select the last step.", "ends(1)"),
    Command(
        "steps", "steps.back", "left,h", "Scroll text up", "Scroll the step's text up.", "read(-1)"
    ),
    Command(
        "steps",
        "steps.on",
        "right,l",
        "Scroll text down",
        "Scroll the step's text down.",
        "read(1)",
    ),
    Command(
        "steps",
        "steps.open",
        "enter",
        "Log",
        "Open the step's log; in the chart of the whole run, the target's steps.",
        "open",
        True,
    ),
    Command(
        "steps",
        "steps.critical",
        "x",
        "Critical",
        "Select the next step on the critical path.",
        "critical",
        True,
    ),
    Command(
        "steps",
        "steps.whole",
        "a",
        "Whole run",
        "Switch between the whole run and the target's steps.",
        "whole",
        True,
    ),
    Command(
        "steps",
        "steps.cached",
        "full_stop",
        "Cached",
        "Hide or show cached steps.",
        "cached",
        True,
    ),
    Command("steps", "steps.leave", "escape", "Back", "Go back to the logs.", "leave"),
)


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
    Command(
        "app",
        "replay.slower",
        "less_than_sign",
        "Slower",
        "Slow the replay down.",
        "replay('slower')",
    ),
    Command(
        "app",
        "replay.faster",
        "greater_than_sign",
        "Faster",
        "Speed the replay up.",
        "replay('faster')",
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
