"""The commands of the Plan screen and its matrix."""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import Input

from openhqm_tui.domain.plan.bake import Source, SourceKind, TargetGroup, Variant
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.plan.dialogs import ChooseBuilder, ChooseGroup
from openhqm_tui.tui.plan.fields import PlanFields
from openhqm_tui.tui.plan.matrix import Matrix
from openhqm_tui.tui.plan.screen import PlanScreen
from openhqm_tui.tui.widgets.dialogs import InputDialog
from openhqm_tui.tui.widgets.filter_bar import FilterBar
from tests.eight_variants import EIGHT_NAMES
from tests.tui import folders
from tests.tui.cases import Case, is_filtering
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


def _grouped(world: World) -> None:
    names = tuple(f"service-{number:02}" for number in range(9))
    world.source = Source(
        kind=SourceKind.BAKE,
        variants=tuple(Variant(name, "Dockerfile") for name in names),
        groups=(TargetGroup("default", "", names), TargetGroup("few", "", names[:2])),
    )


def _failed(world: World) -> None:
    """Builds can be started, and the last run failed."""
    ids = (f"20261123-16000{number}-77aa" for number in range(9))
    world.begin = lambda order: folders.passed(world.state, id=next(ids)).run
    folders.failed(world.state, ("redis", "kafka"))


def _built(world: World) -> None:
    folders.passed(world.state, EIGHT_NAMES)


def _at_run(app: ConsoleApp) -> object:
    return app.place is not None and app.place.PLACE == "run"


def _bake_copied(app: ConsoleApp) -> object:
    return "> bake.json && docker buildx bake" in app.clipboard


def _case(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _failed)


def _small(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _built, size=(80, 24))


def _with_renamed_targets(world: World) -> None:
    """Targets have other names when they are read again later."""
    names = iter(("old",))

    def find() -> Source:
        return Source(kind=SourceKind.BAKE, variants=(Variant(next(names, "new"), "Dockerfile"),))

    world.replaced["find_source"] = find


def _filtered(words: str = "ice-07", *, focused: bool) -> Callable[[ConsoleApp], bool]:
    def done(app: ConsoleApp) -> bool:
        bar = app.screen.query_one(FilterBar)
        return bar.words == words and is_filtering(app) is focused

    return done


CASES = {
    "matrix.up": _case(lambda app: _matrix(app).row == -1),
    "matrix.down": _case(lambda app: _matrix(app).row == 0),
    "matrix.left": _case(lambda app: _matrix(app).column == -1),
    "matrix.right": _case(lambda app: _matrix(app).column == 0),
    "matrix.toggle": _case(lambda app: _plan(app).rows() == {"all": (AMD,)}),
    "matrix.row": _case(lambda app: _plan(app).rows() == {"all": (AMD, ARM)}),
    "matrix.column": _case(lambda app: len(_plan(app).rows()) == 8),
    "plan.all": _case(lambda app: _chosen(app) == 16),
    "plan.none": _case(lambda app: _chosen(app) == 0),
    "plan.failed": _case(lambda app: _plan(app).rows() == {"kafka": (AMD, ARM)}),
    "plan.mine": _case(lambda app: {p for _, p in _plan(app).selection.cells} == {AMD}),
    "plan.copy": _case(lambda app: app.clipboard.startswith("openhqm-tui build")),
    "plan.copy-bake": _case(_bake_copied),
    "plan.build": _case(_at_run),
    "matrix.build": _case(_at_run, "1"),
    "plan.names": _case(
        lambda app: isinstance(app.focused, Input) and app.focused.id == "name", "1"
    ),
    "plan.matrix": _case(lambda app: isinstance(app.focused, Matrix)),
    "plan.test-only": _case(lambda app: _plan(app).order.test_only),
    "plan.push": _case(lambda app: _plan(app).order.push, "t"),
    "plan.allow-unknown": _case(lambda app: _plan(app).order.allow_unknown),
    "plan.builder": _case(lambda app: isinstance(app.screen, ChooseBuilder)),
    "plan.platform": _case(lambda app: isinstance(app.screen, InputDialog), "escape"),
    "plan.platform-away": _case(lambda app: _plan(app).platforms == (ARM,), "escape"),
    "plan.group": Case(lambda app: isinstance(app.screen, ChooseGroup), (), _grouped),
    "plan.filter": Case(is_filtering, ("escape",), _grouped),
    "filter.keep": Case(_filtered(focused=False), (*"ice-07",), _grouped),
    "filter.leave": Case(_filtered("", focused=False), ("slash",), _grouped),
    "filter.next": Case(lambda app: _matrix(app).row == 1, ("slash",), _grouped),
    "filter.previous": Case(lambda app: _matrix(app).row == 0, ("slash",), _grouped),
    "matrix.page-down": Case(lambda app: 5 < _matrix(app).row < 40, (), _many),
    "matrix.page-up": Case(lambda app: _matrix(app).row == 0, (), _many),
    "matrix.end": Case(lambda app: _matrix(app).row == 63, (), _many),
    "matrix.start": Case(lambda app: _matrix(app).row == 0, (), _many),
    "plan.reload": Case(lambda app: _plan(app).names == ("new",), (), _with_renamed_targets),
    "plan.options": _small(lambda app: not _fields(app).has_class("-folded")),
    "plan.side-down": _small(lambda app: app.screen.query_one("#side").scroll_y > 0, "o", "a"),
    "plan.side-up": _small(lambda app: app.screen.query_one("#side").scroll_y == 0),
}
