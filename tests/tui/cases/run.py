"""The commands of the Run screen, its list of targets and its failure panel."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.failure_panel import FailurePanel
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.steps.view import StepView
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui import folders
from tests.tui.cases import Case, is_filtering
from tests.tui.conftest import World
from tests.tui.looks import SMALL


def _running(world: World) -> folders.Made:
    return folders.running(world.state)


def _eight(world: World) -> folders.Made:
    return folders.running(world.state, folders.EIGHT)


def _cut_off(world: World) -> folders.Made:
    made = folders.running(world.state)
    made.release()
    return made


def _failed_with_log(world: World) -> folders.Made:
    made = folders.failed(world.state)
    (made.run.path / "kafka.log").write_text("all of it\n")
    return made


def _two_failed(world: World) -> folders.Made:
    made = folders.Made(world.state, ("redis", "kafka")).start()
    return made.begin("redis").fail("redis").begin("kafka").fail("kafka").end(Outcome.FAILED, 9)


def _panes(app: ConsoleApp) -> LanePanes:
    return app.screen.query_one(LanePanes)


def _board(app: ConsoleApp) -> Board:
    return app.screen.query_one(Board)


def _digest(app: ConsoleApp) -> FailurePanel:
    return app.screen.query_one(FailurePanel)


def _sent(*requests: Request) -> Callable[[ConsoleApp], bool]:
    def done(app: ConsoleApp) -> bool:
        assert app.session.run_folder is not None
        text = app.session.run_folder.control_file.read_text()
        return all(f'"{r.ask}","target":"{r.target}"' in text for r in requests)

    return done


def _resumed(app: ConsoleApp) -> bool:
    assert app.session.run_folder is not None
    return '"ask":"resume"' in app.session.run_folder.control_file.read_text()


def _chosen(name: str) -> Callable[[ConsoleApp], bool]:
    return lambda app: app.screen.query_one(Board).chosen == name


def _notified(words: str) -> Callable[[ConsoleApp], bool]:
    return lambda app: any(words in notice.message for notice in app._notifications)


def _has_question(app: ConsoleApp) -> bool:
    return isinstance(app.screen, QuestionDialog)


def _in_two(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _running)


def _in_eight(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _eight, size=SMALL)


def _in_failed(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _failed_with_log, size=SMALL)


CASES = {
    "targets.filter": _in_two(is_filtering),
    "targets.down": _in_two(_chosen("kafka"), "escape"),
    "targets.up": _in_two(_chosen("redis")),
    "run.own-log": _in_two(lambda app: _panes(app).visible_panes[0].own),
    "targets.zoom": _in_two(lambda app: _panes(app).zoomed),
    "run.back": _in_two(lambda app: _panes(app).zoomed is None),
    "run.zoom": _in_two(lambda app: _panes(app).zoomed),
    "run.target-down": _in_two(_chosen("kafka"), "escape", "tab"),
    "run.target-up": _in_two(_chosen("redis")),
    "run.steps": _in_two(lambda app: app.screen.query_one(StepView).display),
    "run.cancel-target": _in_two(_has_question),
    "run.cancel": _in_two(_has_question, "escape"),
    "run.grid": _in_eight(lambda app: _panes(app).shows_all),
    "run.next": _in_eight(lambda app: _panes(app).page == 1),
    "run.previous": _in_eight(lambda app: _panes(app).page == 0),
    "run.order": _in_eight(lambda app: not _panes(app).busiest_first),
    "targets.page-down": _in_eight(_chosen("minimal"), "escape"),
    "targets.page-up": _in_eight(_chosen("all")),
    "targets.end": _in_eight(_chosen("minimal")),
    "targets.start": _in_eight(_chosen("all")),
    "digest.down": _in_failed(lambda app: _digest(app).scroll_y > 0, "shift+tab"),
    "digest.up": _in_failed(lambda app: _digest(app).scroll_y == 0),
    "digest.page-down": _in_failed(lambda app: _digest(app).scroll_y > 1),
    "digest.page-up": _in_failed(lambda app: _digest(app).scroll_y == 0),
    "digest.end": _in_failed(lambda app: _digest(app).scroll_y > 1),
    "digest.start": _in_failed(lambda app: _digest(app).scroll_y == 0),
    "digest.copy": _in_failed(lambda app: "kafka failed" in app.clipboard),
    "run.pager": _in_failed(_notified("the log is in")),
    "run.retry": _in_failed(_sent(Request("retry", "kafka"))),
    "run.digest": _in_failed(lambda app: not _digest(app).display),
    "run.retry-all": Case(
        _sent(Request("retry", "redis"), Request("retry", "kafka")), (), _two_failed
    ),
    "run.resume": Case(_resumed, (), _cut_off),
}
