"""The Run place's commands, those of its list of targets and of a failure's digest."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.run.failure_panel import FailurePanel
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.run.target_list import TargetList
from openhqm_tui.tui.steps.view import StepView
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui import folders
from tests.tui.cases import Case
from tests.tui.conftest import World
from tests.tui.looks import SMALL


def _running(world: World) -> folders.Made:
    return folders.running(world.state)


def _eight(world: World) -> folders.Made:
    return folders.running(world.state, folders.EIGHT)


def _failed(world: World) -> folders.Made:
    return folders.failed(world.state)


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


def _digest(app: ConsoleApp) -> FailurePanel:
    return app.screen.query_one(FailurePanel)


def _asked(*requests: Request) -> Callable[[ConsoleApp], bool]:
    def done(app: ConsoleApp) -> bool:
        assert app.session.run_folder is not None
        text = app.session.run_folder.control_file.read_text()
        return all(f'"{r.ask}","target":"{r.target}"' in text for r in requests)

    return done


def _resumed(app: ConsoleApp) -> bool:
    assert app.session.run_folder is not None
    return '"ask":"resume"' in app.session.run_folder.control_file.read_text()


def _chosen(name: str) -> Callable[[ConsoleApp], bool]:
    return lambda app: app.screen.query_one(TargetList).chosen == name


def _said(words: str) -> Callable[[ConsoleApp], bool]:
    return lambda app: any(words in notice.message for notice in app._notifications)


def _asks(app: ConsoleApp) -> bool:
    return isinstance(app.screen, QuestionDialog)


CASES = {
    "run.retry": Case(_asked(Request("retry", "kafka")), (), _failed),
    "run.retry-all": Case(
        _asked(Request("retry", "redis"), Request("retry", "kafka")), (), _two_failed
    ),
    "run.resume": Case(_resumed, (), _cut_off),
    "run.cancel-target": Case(_asks, (), _running),
    "run.cancel": Case(_asks, (), _running),
    "run.digest": Case(lambda app: not _digest(app).display, (), _failed),
    "run.steps": Case(lambda app: app.screen.query_one(StepView).display, (), _running),
    "run.zoom": Case(lambda app: _panes(app).zoomed, (), _running),
    "run.next": Case(lambda app: _panes(app).page == 1, (), _eight, size=SMALL),
    "run.previous": Case(lambda app: _panes(app).page > 1, (), _eight, size=SMALL),
    "run.pager": Case(_said("the log is in"), (), _failed_with_log),
    "run.own-log": Case(lambda app: _panes(app).visible_panes[0].own, (), _running),
    "run.order": Case(lambda app: not _panes(app).busiest_first, (), _eight, size=SMALL),
    "run.back": Case(lambda app: _panes(app).zoomed is None, ("z",), _running),
    "run.target-up": Case(_chosen("redis"), ("tab", "tab", "tab"), _running),
    "run.target-down": Case(_chosen("kafka"), ("tab",), _running),
    "targets.up": Case(_chosen("redis"), ("down",), _running),
    "targets.down": Case(_chosen("kafka"), (), _running),
    "targets.page-up": Case(_chosen("all"), ("down", "down"), _eight),
    "targets.page-down": Case(_chosen("minimal"), ("down", "down"), _eight),
    "targets.start": Case(_chosen("all"), ("down", "down"), _eight),
    "targets.end": Case(_chosen("minimal"), ("down",), _eight),
    "targets.zoom": Case(lambda app: _panes(app).zoomed, (), _running),
    "digest.up": Case(
        lambda app: _digest(app).scroll_y == 0, ("shift+tab", "down"), _failed, size=SMALL
    ),
    "digest.down": Case(lambda app: _digest(app).scroll_y > 0, ("shift+tab",), _failed, size=SMALL),
    "digest.page-up": Case(
        lambda app: _digest(app).scroll_y == 0, ("shift+tab", "end"), _failed, size=SMALL
    ),
    "digest.page-down": Case(
        lambda app: _digest(app).scroll_y > 0, ("shift+tab",), _failed, size=SMALL
    ),
    "digest.start": Case(
        lambda app: _digest(app).scroll_y == 0, ("shift+tab", "end"), _failed, size=SMALL
    ),
    "digest.end": Case(lambda app: _digest(app).scroll_y > 1, ("shift+tab",), _failed, size=SMALL),
    "digest.copy": Case(lambda app: "kafka failed" in app.clipboard, ("shift+tab",), _failed),
}
