"""The commands of the dialog of builders."""

from __future__ import annotations

from openhqm_tui.domain.plan.nodes import Node
from openhqm_tui.engine.docker.builders import Builder
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.plan.choose_builder import ChooseBuilder, CreateBuilder
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


CASES = {
    "builders.next": Case(lambda app: _marked(app, "other"), ("B",), _three),
    "builders.previous": Case(lambda app: _marked(app, "default"), ("B",), _three),
    "builders.new": Case(lambda app: isinstance(app.screen, CreateBuilder), ("B",), _three),
    "builders.remove": Case(lambda app: isinstance(app.screen, QuestionDialog), ("B",), _three),
    "builders.nodes-up": Case(lambda app: _scrolled(app) == 0, ("B", "J"), _three, size=SMALL),
    "builders.nodes-down": Case(lambda app: _scrolled(app) > 0, ("B",), _three, size=SMALL),
}
