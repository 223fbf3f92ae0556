"""The commands of a log, of its search line, and of the search in all lanes."""

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


def _case(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, long_log)


def _at(words: str) -> Callable[[ConsoleApp], bool]:
    return lambda app: here(app) == words and not pane(app).following


def _top(app: ConsoleApp) -> int:
    return pane(app).view.top[0]


def _list(app: ConsoleApp) -> HitList:
    return app.screen.query_one(HitList)


def _chosen(app: ConsoleApp) -> tuple[int, int] | None:
    return _list(app).chosen if isinstance(app.screen, SearchScreen) else None


CASES = {
    "log.start": _case(_at("▸ deps 1/2 RUN one"), "tab"),
    "log.copy": _case(lambda app: app.clipboard == "▸ deps 1/2 RUN one"),
    "log.down": _case(_at("alpha 0")),
    "log.half-down": _case(lambda app: _top(app) > 2, "g"),
    "log.page-down": _case(lambda app: _top(app) > 5, "g"),
    "log.error": _case(_at("error: first"), "g"),
    "log.end": _case(lambda app: pane(app).following),
    "log.up": _case(_at("beta 79")),
    "log.error-before": _case(_at("fatal: second")),
    "log.page-up": _case(lambda app: not pane(app).following, "G"),
    "log.half-up": _case(lambda app: not pane(app).following, "G"),
    "log.mark": _case(lambda app: len(pane(app).view.marked) == 1),
    "log.mark-up": _case(lambda app: len(pane(app).view.marked) == 2),
    "log.mark-down": _case(lambda app: len(pane(app).view.marked) == 2, "escape", "g"),
    "log.search": _case(lambda app: app.screen.query(SearchBar), "escape", "g"),
    "typed.next": _case(_at("alpha 1"), *"alpha"),
    "typed.leave": _case(
        lambda app: not app.screen.query(SearchBar) and pane(app).following,
        *("escape", "G", "slash", *"alpha"),
    ),
    "typed.previous": _case(_at("alpha 78"), "slash", *"alpha"),
    "typed.keep": _case(lambda app: not app.screen.query(SearchBar) and pane(app).search_cursor),
    "log.next": _case(_at("alpha 10"), *("g", "slash", *"alpha 1", "enter")),
    "log.previous": _case(_at("alpha 1")),
    "log.close": _case(lambda app: pane(app).search_cursor is None),
    "run.search": _case(lambda app: isinstance(app.screen, SearchScreen)),
    "search.down": _case(lambda app: _chosen(app) == (0, 1), *"alpha 7|beta 7|gamma 7"),
    "search.up": _case(lambda app: _chosen(app) == (0, 0)),
    "search.page-down": _case(lambda app: (_chosen(app) or (0, 0)) > (0, 5)),
    "search.page-up": _case(lambda app: _chosen(app) == (0, 0)),
    "search.lane": _case(lambda app: _chosen(app) == (1, 0)),
    "search.lane-before": _case(lambda app: _chosen(app) == (0, 0)),
    "search.open": _case(_at("alpha 7")),
    "log.right": _case(lambda app: pane(app).drawing.left == 8, "G"),
    "log.left": _case(lambda app: pane(app).drawing.left == 0),
    "log.times": _case(lambda app: pane(app).drawing.stamps is Stamps.SINCE),
    "log.wrap": _case(lambda app: pane(app).view.wrap),
    "log.filter": _case(lambda app: pane(app).view.only != ALL),
    "log.zoom": _case(lambda app: app.screen.query_one(LanePanes).zoomed),
}
