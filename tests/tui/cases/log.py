"""A log's commands, the search line's below it, and those of the search of all lanes."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.log.pane import SearchBar
from openhqm_tui.tui.log.text import Stamps
from openhqm_tui.tui.log.view import ALL
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.run.search import SearchScreen
from openhqm_tui.tui.run.search_results import HitList
from tests.tui.cases import Case
from tests.tui.logs import here, long_log, pane

# To the first lane's log.
_IN = ("tab",)
_START = (*_IN, "g")
_TYPED = (*_IN, "slash", *"alpha")
_FOUND = (*_START, "slash", *"alpha 1", "enter")
_ALL = ("f", *"alpha 7|beta 7|gamma 7")


def _case(
    done: Callable[[ConsoleApp], object],
    way: tuple[str, ...] = _IN,
    size: tuple[int, int] = (100, 30),
) -> Case:
    return Case(done, way, long_log, size=size)


def _at(words: str) -> Callable[[ConsoleApp], bool]:
    return lambda app: here(app) == words and not pane(app).following


def _top(app: ConsoleApp) -> int:
    return pane(app).view.top[0]


def _list(app: ConsoleApp) -> HitList:
    return app.screen.query_one(HitList)


def _chosen(app: ConsoleApp) -> tuple[int, int] | None:
    return _list(app).chosen if isinstance(app.screen, SearchScreen) else None


CASES = {
    "log.search": _case(lambda app: app.screen.query(SearchBar)),
    "log.next": _case(_at("alpha 10"), _FOUND),
    "log.previous": _case(_at("alpha 19"), _FOUND),
    "log.error": _case(_at("error: first"), _START),
    "log.error-before": _case(_at("fatal: second")),
    "log.end": _case(lambda app: pane(app).following, _START),
    "log.wrap": _case(lambda app: pane(app).view.wrap),
    "log.filter": _case(lambda app: pane(app).view.only != ALL),
    "log.times": _case(lambda app: pane(app).drawing.stamps is Stamps.SINCE),
    "log.mark": _case(lambda app: len(pane(app).view.marked) == 1),
    "log.mark-up": _case(lambda app: len(pane(app).view.marked) == 2),
    "log.mark-down": _case(lambda app: len(pane(app).view.marked) == 2, _START),
    "log.copy": _case(lambda app: app.clipboard == "▸ deps 1/2 RUN one", _START),
    "log.close": _case(lambda app: pane(app).search_cursor is None, _FOUND),
    "log.up": _case(_at("beta 79")),
    "log.down": _case(_at("alpha 0"), _START),
    "log.left": _case(lambda app: pane(app).drawing.left == 8, (*_IN, "l", "l")),
    "log.right": _case(lambda app: pane(app).drawing.left == 8),
    "log.page-up": _case(lambda app: not pane(app).following),
    "log.page-down": _case(lambda app: _top(app) > 5, _START),
    "log.half-up": _case(lambda app: not pane(app).following),
    "log.half-down": _case(lambda app: _top(app) > 2, _START),
    "log.start": _case(_at("▸ deps 1/2 RUN one")),
    "log.zoom": _case(lambda app: app.screen.query_one(LanePanes).zoomed),
    "typed.keep": _case(
        lambda app: not app.screen.query(SearchBar) and pane(app).search_cursor, _TYPED
    ),
    "typed.leave": _case(
        lambda app: not app.screen.query(SearchBar) and pane(app).following, _TYPED
    ),
    "typed.next": _case(_at("alpha 1"), (*_START, "slash", *"alpha")),
    "typed.previous": _case(_at("alpha 78"), _TYPED),
    "run.search": _case(lambda app: isinstance(app.screen, SearchScreen), ()),
    "search.open": _case(_at("alpha 7"), _ALL),
    "search.down": _case(lambda app: _chosen(app) == (0, 1), _ALL),
    "search.up": _case(lambda app: _chosen(app) == (0, 0), (*_ALL, "down")),
    "search.page-down": _case(lambda app: (_chosen(app) or (0, 0)) > (0, 5), _ALL),
    "search.page-up": _case(lambda app: _chosen(app) == (0, 0), (*_ALL, "pagedown")),
    "search.lane": _case(lambda app: _chosen(app) == (1, 0), _ALL),
    "search.lane-before": _case(lambda app: _chosen(app) == (0, 0), (*_ALL, "tab")),
}
