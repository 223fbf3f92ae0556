"""The commands of the Plan place and of its matrix."""

from __future__ import annotations

from textual.widgets import Input

from openhqm_tui.domain.plan.bake import Source, SourceKind, Variant
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.plan.choose_builder import ChooseBuilder
from openhqm_tui.tui.plan.fields import PlanFields
from openhqm_tui.tui.plan.matrix import Matrix
from openhqm_tui.tui.plan.screen import PlanScreen
from openhqm_tui.tui.widgets.dialogs import InputDialog
from tests.eight_variants import EIGHT_NAMES
from tests.tui import folders
from tests.tui.cases import Case
from tests.tui.conftest import AMD, ARM, World


def _plan(app: ConsoleApp) -> PlanScreen:
    assert isinstance(app.place, PlanScreen)
    return app.place


def _matrix(app: ConsoleApp) -> Matrix:
    return app.screen.query_one(Matrix)


def _chosen(app: ConsoleApp) -> int:
    return len(_plan(app).selection.cells)


def _fields(app: ConsoleApp) -> PlanFields:
    return app.screen.query_one(PlanFields)


def _many(world: World) -> None:
    variants = tuple(Variant(f"service-{number:02}", "Dockerfile") for number in range(64))
    world.source = Source(kind=SourceKind.BAKE, variants=variants)


def _failed(world: World) -> None:
    folders.failed(world.state, ("redis", "kafka"))


def _begins(world: World) -> None:
    world.begin = lambda order: folders.passed(world.state).run


def _built(world: World) -> None:
    _begins(world)
    folders.passed(world.state, EIGHT_NAMES)


def _at_run(app: ConsoleApp) -> object:
    return app.place is not None and app.place.PLACE == "run"


def _bake_copied(app: ConsoleApp) -> object:
    return "> bake.json && docker buildx bake" in app.clipboard


CASES = {
    "plan.build": Case(_at_run, ("space",), _begins),
    "plan.all": Case(lambda app: _chosen(app) == 16),
    "plan.none": Case(lambda app: _chosen(app) == 0, ("a",)),
    "plan.mine": Case(lambda app: {p for _, p in _plan(app).selection.cells} == {AMD}),
    "plan.failed": Case(
        lambda app: _plan(app).rows() == {"kafka": (AMD, ARM)}, ("a",), _failed, opened=False
    ),
    "plan.options": Case(lambda app: not _fields(app).has_class("-folded"), size=(80, 24)),
    "plan.platform": Case(lambda app: isinstance(app.screen, InputDialog)),
    "plan.platform-away": Case(lambda app: _plan(app).platforms == (ARM,)),
    "plan.copy": Case(lambda app: app.clipboard.startswith("openhqm-tui build"), ("space",)),
    "plan.copy-bake": Case(_bake_copied, ("space",)),
    "plan.names": Case(lambda app: isinstance(app.focused, Input) and app.focused.id == "name"),
    "plan.push": Case(lambda app: _plan(app).order.push),
    "plan.allow-unknown": Case(lambda app: _plan(app).order.allow_unknown, ("P",)),
    "plan.test-only": Case(lambda app: _plan(app).order.test_only),
    "plan.builder": Case(lambda app: isinstance(app.screen, ChooseBuilder)),
    "plan.side-up": Case(
        lambda app: app.screen.query_one("#side").scroll_y == 0, ("a", "J"), _built, size=(80, 24)
    ),
    "plan.side-down": Case(
        lambda app: app.screen.query_one("#side").scroll_y > 0, ("a",), _built, size=(80, 24)
    ),
    "plan.matrix": Case(lambda app: isinstance(app.focused, Matrix), ("e",)),
    "matrix.up": Case(lambda app: _matrix(app).row == -1),
    "matrix.down": Case(lambda app: _matrix(app).row == 1),
    "matrix.left": Case(lambda app: _matrix(app).column == -1),
    "matrix.right": Case(lambda app: _matrix(app).column == 1),
    "matrix.page-up": Case(lambda app: _matrix(app).row == 0, ("down", "down"), _many),
    "matrix.page-down": Case(lambda app: 5 < _matrix(app).row < 40, (), _many),
    "matrix.start": Case(lambda app: _matrix(app).row == 0, ("down", "down"), _many),
    "matrix.end": Case(lambda app: _matrix(app).row == 63, (), _many),
    "matrix.toggle": Case(lambda app: _plan(app).rows() == {"all": (AMD,)}),
    "matrix.row": Case(lambda app: _plan(app).rows() == {"all": (AMD, ARM)}),
    "matrix.column": Case(lambda app: len(_plan(app).rows()) == 8),
    "matrix.build": Case(_at_run, ("space",), _begins),
}
