"""The commands of a table, tested on the runs of History."""

from __future__ import annotations

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.widgets.table import CellTable
from tests.tui import folders
from tests.tui.cases import Case
from tests.tui.conftest import World


def _many(world: World) -> None:
    for number in range(40):
        id = f"202611{number % 28 + 1:02}-1514{number:02}-3fa9"
        folders.passed(world.state, ("redis",), id=id, created=folders.T0 - 86400 * number)


def _table(app: ConsoleApp) -> CellTable:
    return app.screen.query_one(CellTable)


def _checked(world: World) -> folders.Made:
    return folders.passed(world.state, ("redis",))


CASES = {
    "table.down": Case(lambda app: _table(app).row == 1, ("4",), _many),
    "table.up": Case(lambda app: _table(app).row == 0, (), _many),
    "table.page-down": Case(lambda app: _table(app).row > 5, (), _many),
    "table.page-up": Case(lambda app: _table(app).row == 0, (), _many),
    "table.end": Case(lambda app: _table(app).row == 39, (), _many),
    "table.start": Case(lambda app: _table(app).row == 0, (), _many),
    "table.open": Case(lambda app: app.place and app.place.PLACE == "run", (), _many),
    "table.right": Case(lambda app: _table(app).column == 1, ("3",), _checked),
    "table.left": Case(lambda app: _table(app).column == 0, (), _checked),
}
