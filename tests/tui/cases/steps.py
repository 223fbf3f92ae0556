"""The commands of the steps of a target and of the lanes of a run."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.steps.view import StepView
from openhqm_tui.tui.steps.waterfall import Waterfall
from tests.tui import folders
from tests.tui.cases import Case
from tests.tui.conftest import World


def _passed(world: World) -> folders.Made:
    return folders.passed(world.state)


def _view(app: ConsoleApp) -> StepView:
    return app.screen.query_one(StepView)


def _row(app: ConsoleApp) -> int:
    return app.screen.query_one(Waterfall).row


def _last(app: ConsoleApp) -> bool:
    waterfall = app.screen.query_one(Waterfall)
    return waterfall.chart is not None and waterfall.row == len(waterfall.chart.keys) - 1


def _critical(app: ConsoleApp) -> bool:
    waterfall = app.screen.query_one(Waterfall)
    return waterfall.chart is not None and waterfall.chart.row(waterfall.row).critical


def _long(world: World) -> folders.Made:
    """One step with a long text, in a small window."""
    made = folders.Made(world.state, {"redis": ("linux/amd64",)}).start().begin("redis")
    return made.step("redis", f"[a 1/1] RUN {'echo and ' * 100}", 1, 2)


def _read(app: ConsoleApp) -> float:
    return app.screen.query_one("#steps-detail").scroll_y


def _case(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _passed)


CASES = {
    "steps.down": _case(lambda app: _row(app) == 1, "s"),
    "steps.up": _case(lambda app: _row(app) == 0),
    "steps.page-down": _case(lambda app: _row(app) > 5),
    "steps.page-up": _case(lambda app: _row(app) == 0),
    "steps.end": _case(_last),
    "steps.start": _case(lambda app: _row(app) == 0),
    "steps.critical": _case(_critical),
    "steps.cached": _case(lambda app: not _view(app).cached),
    "steps.leave": _case(lambda app: not _view(app).display),
    "steps.whole": _case(lambda app: _view(app).whole, "s"),
    "steps.open": _case(
        lambda app: app.screen.query_one(LanePanes).zoomed == ("redis", "linux/amd64"),
        *("a", "full_stop", "g", "down", "down"),
    ),
    "steps.on": Case(lambda app: _read(app) == 1, ("s", "down"), _long),
    "steps.back": Case(lambda app: _read(app) == 0, (), _long),
}
