"""Commands of the Run screen, its targets, its failure panel and its search."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

RUN: tuple[Command, ...] = (
    Command(
        "run",
        "run.retry",
        "r",
        "Retry",
        "Build the chosen target once more.",
        "retry_target",
        True,
        acts=True,
    ),
    Command(
        "run",
        "run.retry-all",
        "R",
        "Retry all",
        "Build all once more that failed or were cancelled.",
        "retry_all",
        True,
        acts=True,
    ),
    Command(
        "run",
        "run.resume",
        "u",
        "Resume",
        "Take up what was cut off or cancelled; what was built is kept.",
        "resume",
        True,
        acts=True,
    ),
    Command(
        "run",
        "run.cancel-target",
        "c",
        "Cancel",
        "Stop the chosen target; the others go on.",
        "cancel_target",
        True,
        acts=True,
    ),
    Command(
        "run", "run.cancel", "C", "Cancel run", "Stop the whole run.", "cancel_run", True, acts=True
    ),
    Command(
        "run", "run.digest", "d", "Digest", "Show or hide why the target failed.", "digest", True
    ),
    Command(
        "run",
        "run.steps",
        "s",
        "Steps",
        "Show the target's steps in the lanes' place, with the critical path; again: the lanes.",
        "steps",
        True,
    ),
    Command(
        "run", "run.zoom", "z", "Zoom", "Give one lane all the room; again: back.", "zoom", True
    ),
    Command(
        "run",
        "run.search",
        "f",
        "Find",
        "Search the logs of all lanes at once by a regular expression.",
        "search_lanes",
        True,
    ),
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
        "run",
        "run.pager",
        "p",
        "Pager",
        "Read the chosen target's whole log in $PAGER.",
        "page_log",
    ),
    Command(
        "run",
        "run.own-log",
        "L",
        "Own log",
        "Show what the target says outside of its lanes, Buildx's words too; again: the lane.",
        "own_log",
    ),
    Command(
        "run",
        "run.order",
        "o",
        "Order",
        "Put the busiest lanes first, or all in the order of the plan.",
        "order",
    ),
    Command("run", "run.back", "escape", "Back", "Leave the zoom, or go to the list.", "unzoom"),
    Command(
        "run",
        "run.target-up",
        "K",
        "Target above",
        "Choose the target above.",
        "target(-1)",
    ),
    Command(
        "run",
        "run.target-down",
        "J",
        "Target below",
        "Choose the target below.",
        "target(1)",
    ),
    Command("targets", "targets.up", "up,k,left,h", "Up", "Choose the target above.", "move(-1)"),
    Command(
        "targets", "targets.down", "down,j,right,l", "Down", "Choose the target below.", "move(1)"
    ),
    Command(
        "targets", "targets.page-up", "pageup", "Page up", "Choose a page further up.", "leap(-1)"
    ),
    Command(
        "targets",
        "targets.page-down",
        "pagedown",
        "Page down",
        "Choose a page further down.",
        "leap(1)",
    ),
    Command(
        "targets", "targets.start", "home,g", "First", "Choose the first target.", "leap(-1000)"
    ),
    Command("targets", "targets.end", "end,G", "Last", "Choose the last target.", "leap(1000)"),
    Command(
        "targets", "targets.zoom", "enter", "Zoom", "Give its first lane all the room.", "zoom"
    ),
    Command("digest", "digest.up", "up,k", "Up", "Scroll the digest up.", "scroll_up"),
    Command("digest", "digest.down", "down,j", "Down", "Scroll the digest down.", "scroll_down"),
    Command("digest", "digest.page-up", "pageup", "Page up", "Scroll up a page.", "page_up"),
    Command(
        "digest", "digest.page-down", "pagedown", "Page down", "Scroll down a page.", "page_down"
    ),
    Command("digest", "digest.start", "home,g", "Start", "Go to its first line.", "scroll_home"),
    Command("digest", "digest.end", "end,G", "End", "Go to its last line.", "scroll_end"),
    Command("digest", "digest.copy", "y", "Copy", "Copy the digest's text.", "copy", True),
)


SEARCH: tuple[Command, ...] = (
    Command("search", "search.open", "enter", "Open", "Go to the line, in its lane.", "open"),
    Command("search", "search.down", "down", "Next", "Go to the next line found.", "move(1)"),
    Command("search", "search.up", "up", "Before", "Go to the line found before.", "move(-1)"),
    Command("search", "search.page-down", "pagedown", "Page down", "Go down a page.", "pages(1)"),
    Command("search", "search.page-up", "pageup", "Page up", "Go up a page.", "pages(-1)"),
    Command("search", "search.lane", "tab", "Next lane", "Go to the next lane.", "lane(1)"),
    Command(
        "search",
        "search.lane-before",
        "shift+tab",
        "Lane before",
        "Go to the lane before.",
        "lane(-1)",
    ),
)
