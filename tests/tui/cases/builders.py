"""The commands of the builders dialog."""

from __future__ import annotations

from collections.abc import Callable

from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.engine.docker.builders import Builder
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.plan.dialogs import ChooseBuilder, CreateBuilder
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui.cases import Case
from tests.tui.conftest import World

SMALL = (80, 24)


def _three(world: World) -> None:
    nodes = tuple(Node(f"n{number}", "tcp://far:1", "running") for number in range(9))
    world.builders = [
        Builder(name="default", driver="docker", nodes=nodes[:1]),
        Builder(name="farm", driver="remote", nodes=nodes, current=True),
        Builder(name="other", driver="remote", nodes=nodes),
    ]


def _marked(app: ConsoleApp, name: str) -> bool:
    screen = app.screen
    return (
        isinstance(screen, ChooseBuilder)
        and screen.marked is not None
        and (screen.marked.name == name)
    )


def _scrolled(app: ConsoleApp) -> float:
    return app.screen.query_one("#nodes-box").scroll_y


def _case(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _three, size=SMALL)


CASES = {
    "builders.previous": _case(lambda app: _marked(app, "default"), "B"),
    "builders.next": _case(lambda app: _marked(app, "farm")),
    "builders.nodes-down": _case(lambda app: _scrolled(app) > 0),
    "builders.nodes-up": _case(lambda app: _scrolled(app) == 0),
    "builders.remove": _case(lambda app: isinstance(app.screen, QuestionDialog)),
    "builders.new": _case(lambda app: isinstance(app.screen, CreateBuilder), "escape"),
}
