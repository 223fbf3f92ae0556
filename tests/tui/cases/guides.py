"""The commands of the guides, tested on made-up guides."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.guides.screen import GuideScroll, GuidesScreen, PickDialog
from openhqm_tui.tui.widgets.dialogs import HelpDialog
from tests.tui.cases import Case


def screen(app: ConsoleApp) -> GuidesScreen | None:
    found = app.screen
    return found if isinstance(found, GuidesScreen) else None


def opened_at(app: ConsoleApp) -> tuple[str, str]:
    """Return the requested guide and section."""
    here = screen(app)
    return (here.name_asked, here.address_asked) if here is not None else ("", "")


def _shown(app: ConsoleApp) -> bool:
    return screen(app) is not None


def _at(number: int) -> Callable[[ConsoleApp], bool]:
    def done(app: ConsoleApp) -> bool:
        here = screen(app)
        return here is not None and here.at == number

    return done


def _picks(words: str) -> Callable[[ConsoleApp], bool]:
    def done(app: ConsoleApp) -> bool:
        top = app.screen
        return isinstance(top, PickDialog) and words in top.title_words

    return done


def scrolled(app: ConsoleApp) -> float:
    return app.screen.query_one(GuideScroll).scroll_y if _shown(app) else -1.0


def _end(app: ConsoleApp) -> bool:
    if not _shown(app):
        return False
    scroll = app.screen.query_one(GuideScroll)
    return scroll.max_scroll_y > 0 and scroll.scroll_y == scroll.max_scroll_y


def _found(words: str) -> Callable[[ConsoleApp], bool]:
    def done(app: ConsoleApp) -> bool:
        return _shown(app) and words in str(app.screen.query_one("#guides-title").render())

    return done


def _focused(id: str) -> Callable[[ConsoleApp], bool]:
    return lambda app: app.focused is not None and app.focused.id == id


CASES = {
    "guides": Case(_shown),
    "guide.down": Case(lambda app: scrolled(app) == 1),
    "guide.up": Case(lambda app: scrolled(app) == 0),
    "guide.page-down": Case(lambda app: scrolled(app) > 5),
    "guide.page-up": Case(lambda app: scrolled(app) == 0),
    "guide.end": Case(_end),
    "guide.start": Case(lambda app: scrolled(app) == 0),
    "guides.copy": Case(lambda app: app.clipboard == "openhqm-tui variants"),
    "guides.sections": Case(_picks("Sections of")),
    "guides.links": Case(_picks("Enter opens"), ("escape",)),
    "guides.help": Case(lambda app: isinstance(app.screen, HelpDialog), ("escape",)),
    "guides.search": Case(_focused("guides-find"), ("escape",)),
    "guides.found": Case(_found("match 2 of 3"), (*"zebra", "enter")),
    "guides.found-before": Case(_found("1 of 3")),
    "guides.after": Case(_at(1)),
    "guides.before": Case(_at(0)),
    "guides.back": Case(_at(1)),
    "guides.side": Case(_focused("guides-list")),
    "guides.close": Case(lambda app: not _shown(app)),
}
