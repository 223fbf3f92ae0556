"""Commands of the guides."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

GUIDES: tuple[Command, ...] = (
    Command("guides", "guides.close", "escape,q,f1", "Close", "Close the guides.", "close", True),
    Command("guides", "guides.sections", "t", "Contents", "Go to a section.", "pick_section", True),
    Command("guides", "guides.links", "l", "Links", "Follow a link in the guide.", "links", True),
    Command("guides", "guides.search", "slash", "Find", "Search this guide.", "search", True),
    Command("guides", "guides.found", "n", "Next match", "Go to the next match.", "found(1)"),
    Command(
        "guides",
        "guides.found-before",
        "N",
        "Previous match",
        "Go to the previous match.",
        "found(-1)",
    ),
    Command(
        "guides", "guides.copy", "y", "Copy", "Copy the first visible command block.", "copy", True
    ),
    Command(
        "guides",
        "guides.back",
        "backspace",
        "Back",
        "Go back to where you were before.",
        "back",
    ),
    Command(
        "guides",
        "guides.after",
        "right_square_bracket",
        "Next guide",
        "Open the next guide.",
        "step(1)",
    ),
    Command(
        "guides",
        "guides.before",
        "left_square_bracket",
        "Previous guide",
        "Open the previous guide.",
        "step(-1)",
    ),
    Command(
        "guides",
        "guides.side",
        "tab",
        "List or text",
        "Switch between the list and the text.",
        "side",
    ),
    Command("guides", "guides.help", "question_mark", "Keys", "Show these keys.", "help", True),
    Command("guide", "guide.up", "up,k", "Up", "Scroll up a line.", "lines(-1)"),
    Command("guide", "guide.down", "down,j", "Down", "Scroll down a line.", "lines(1)"),
    Command("guide", "guide.page-up", "pageup,ctrl+b", "Page up", "Scroll up a page.", "pages(-1)"),
    Command(
        "guide",
        "guide.page-down",
        "pagedown,ctrl+f,space",
        "Page down",
        "Scroll down a page.",
        "pages(1)",
    ),
    Command("guide", "guide.start", "home,g", "Start", "Go to the top.", "pages(-9999)"),
    Command("guide", "guide.end", "end,G", "End", "Go to the end.", "pages(9999)"),
)
