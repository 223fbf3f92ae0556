"""The commands of the History screen."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.report.gather import write_report
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.history.past_runs import read_past
from openhqm_tui.tui.history.screen import HistoryScreen
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui import folders
from tests.tui.cases import Case
from tests.tui.conftest import World


def _cut_off(world: World) -> folders.Made:
    folders.passed(world.state, ("redis",))
    return folders.Made(world.state, ("kafka",), id="20261122-1").start().begin("kafka")


def _running(world: World) -> folders.Made:
    return folders.running(world.state)


def _resumed(app: ConsoleApp) -> bool:
    run = app.session.run_folder
    return run is not None and '"resume"' in run.control_file.read_text()


def _another_appears(world: World) -> folders.Made:
    """Another process creates a run while History is shown."""
    made = folders.passed(world.state, ("redis",))
    reads = iter(range(100))

    def past():
        if next(reads) == 2:
            folders.passed(world.state, ("kafka",), id="20261123-160000-77aa")
        return read_past(world.state)

    world.replaced["past"] = past
    return made


def _reports(app: ConsoleApp) -> list[str]:
    runs = app.session.past_runs or []
    return [
        file.name
        for run in runs
        for file in run.folder.path.parent.parent.glob(f"openhqm-report-{run.folder.path.name}.*")
    ]


def _listed(app: ConsoleApp) -> int:
    return len(app.session.past_runs or []) if isinstance(app.screen, HistoryScreen) else 0


def _two(world: World) -> folders.Made:
    world.replaced["report"] = lambda run: write_report(run, world.state)
    folders.passed(world.state, ("redis",), id="20261121-151400-aa01", created=folders.T0 - 86400)
    return folders.passed(world.state, ("redis",))


def _view(name: str):
    return lambda app: isinstance(app.screen, HistoryScreen) and app.screen.view == name


def _chosen(app: ConsoleApp) -> bool:
    return isinstance(app.screen, HistoryScreen) and app.screen._chosen == folders.ID


def _case(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _two, opened=False)


CASES = {
    "history.trends": _case(_view("trends"), "4"),
    "history.back": _case(_view("runs")),
    "history.report": _case(_reports),
    "history.mark": _case(_chosen),
    "history.compare": _case(_view("comparison"), "down"),
    "history.open": _case(lambda app: app.place and app.place.PLACE == "run", "escape"),
    "history.replay": _case(lambda app: app.session.player is not None, "4"),
    "history.resume": Case(_resumed, ("4", "down"), _cut_off, opened=False),
    "history.cancel": Case(
        lambda app: isinstance(app.screen, QuestionDialog), ("4",), _running, opened=False
    ),
    "history.reload": Case(lambda app: _listed(app) == 2, ("4",), _another_appears, opened=False),
}
