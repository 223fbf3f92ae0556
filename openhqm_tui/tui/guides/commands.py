"""What works in the guides, and in the text of one."""

from __future__ import annotations

from openhqm_tui.tui.commands.registry import Command

GUIDES: tuple[Command, ...] = (
    Command("guides", "guides.close", "escape,q,f1", "Close", "Leave the guides.", "close", True),
    Command("guides", "guides.sections", "t", "Contents", "Go to a section.", "pick_section", True),
    Command("guides", "guides.links", "l", "Links", "Follow a link of the guide.", "links", True),
    Command("guides", "guides.search", "slash", "Find", "Find words in the guide.", "search", True),
    Command("guides", "guides.found", "n", "Next", "Go to where they stand next.", "found(1)"),
    Command(
        "guides",
        "guides.found-before",
        "N",
        "Before",
        "Go to where they stand before.",
        "found(-1)",
    ),
    Command(
        "guides", "guides.copy", "y", "Copy", "Copy the first commands in sight.", "copy", True
    ),
    Command("guides", "guides.back", "backspace", "Back", "Go back to where a link was.", "back"),
    Command(
        "guides",
        "guides.after",
        "right_square_bracket",
        "Next guide",
        "Open the next guide of the list.",
        "step(1)",
    ),
    Command(
        "guides",
        "guides.before",
        "left_square_bracket",
        "Guide before",
        "Open the guide before in the list.",
        "step(-1)",
    ),
    Command(
        "guides", "guides.side", "tab", "List or text", "Go to the list, or to the text.", "side"
    ),
    Command("guides", "guides.help", "question_mark", "Keys", "Show these keys.", "help", True),
    Command("guide", "guide.up", "up,k", "Up", "Show the line above.", "lines(-1)"),
    Command("guide", "guide.down", "down,j", "Down", "Show the next line.", "lines(1)"),
    Command(
        "guide", "guide.page-up", "pageup,ctrl+b", "Page up", "Show the page above.", "pages(-1)"
    ),
    Command(
        "guide",
        "guide.page-down",
        "pagedown,ctrl+f,space",
        "Page down",
        "Show the next page.",
        "pages(1)",
    ),
    Command("guide", "guide.start", "home,g", "Start", "Go to the top.", "pages(-9999)"),
    Command("guide", "guide.end", "end,G", "End", "Go to the end.", "pages(9999)"),
)
