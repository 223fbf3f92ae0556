"""The commands of the Checks place and of an answer's evidence."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.checks.screen import EvidenceScreen
from openhqm_tui.tui.widgets.table import CellTable
from tests.our_variants import OUR_CHECKS
from tests.tui import folders
from tests.tui.cases import Case
from tests.tui.cases.guides import begun_at
from tests.tui.conftest import World

# Columns: image, runs, stands, then the checks.
_MACHINE, _CLIENTS = (1, 3 + OUR_CHECKS.index("machine")), (1, 3 + OUR_CHECKS.index("clients"))
_EVIDENCE = ("3", "f", "enter")


def _checked(world: World) -> folders.Made:
    """A run over, with two answers that are no pass, and a long evidence file."""
    made = folders.Made(world.state, ("redis",)).start().begin("redis").build("redis")
    made.finish("redis", Outcome.PASSED, 7.4)
    made.check("redis", "linux/amd64", 7.6)
    made.check("redis", "linux/arm64", 7.6, clients=Answer.FAIL, machine=Answer.UNKNOWN)
    file = made.run.evidence_file("redis", "linux/arm64")
    seen = {"command": "docker run openhqm", "labels": [str(number) for number in range(200)]}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(seen), indent=2))
    return made.end(Outcome.FAILED, 9)


def _asked(request: Request) -> Callable[[ConsoleApp], bool]:
    def done(app: ConsoleApp) -> bool:
        folder = app.session.run_folder
        assert folder is not None
        lines = folder.control_file.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Request) for line in lines] == [request]

    return done


def _place(app: ConsoleApp) -> tuple[int, int]:
    table = app.screen_stack[0].query_one(CellTable)
    return table.row, table.column


def _only_two_checks(app: ConsoleApp) -> bool:
    heads = app.screen_stack[0].query_one(CellTable).render().plain.split("\n")[1].split()
    return heads[3:] == ["machine", "clients"]


def _shown(app: ConsoleApp) -> bool:
    return isinstance(app.screen, EvidenceScreen)


def _scrolled(app: ConsoleApp) -> float:
    return app.screen.query_one("#evidence-scroll").scroll_y if _shown(app) else -1


def _at_the_end(app: ConsoleApp) -> bool:
    scroll = app.screen.query_one("#evidence-scroll")
    return scroll.max_scroll_y > 0 and scroll.scroll_y == scroll.max_scroll_y


ARM = ("redis", "linux/arm64")
CASES = {
    "checks.open": Case(_shown, ("3",), _checked),
    "checks.next": Case(lambda app: _place(app) == _MACHINE, ("3",), _checked),
    "checks.previous": Case(lambda app: _place(app) == _CLIENTS, ("3",), _checked),
    "checks.only-others": Case(_only_two_checks, ("3",), _checked),
    "checks.again": Case(_asked(Request("check", *ARM, "machine")), ("3", "f"), _checked),
    "checks.again-lane": Case(_asked(Request("check", *ARM)), ("3", "f"), _checked),
    "checks.again-all": Case(_asked(Request("check")), ("3", "f"), _checked),
    "checks.read": Case(lambda app: begun_at(app) == ("checks", "python"), ("3", "f"), _checked),
    "checks.copy": Case(lambda app: "machine" in app.clipboard, ("3", "f"), _checked),
    "evidence.next": Case(lambda app: _place(app) == _CLIENTS, _EVIDENCE, _checked),
    "evidence.previous": Case(
        lambda app: _place(app) == _MACHINE, ("3", "f", "f", "enter"), _checked
    ),
    "evidence.again": Case(_asked(Request("check", *ARM, "machine")), _EVIDENCE, _checked),
    "evidence.copy": Case(lambda app: "docker run openhqm" in app.clipboard, _EVIDENCE, _checked),
    "evidence.up": Case(lambda app: _scrolled(app) == 1, (*_EVIDENCE, "j", "j"), _checked),
    "evidence.down": Case(lambda app: _scrolled(app) == 1, _EVIDENCE, _checked),
    "evidence.page-up": Case(lambda app: _scrolled(app) == 0, (*_EVIDENCE, "pagedown"), _checked),
    "evidence.page-down": Case(lambda app: _scrolled(app) > 5, _EVIDENCE, _checked),
    "evidence.start": Case(lambda app: _scrolled(app) == 0, (*_EVIDENCE, "end"), _checked),
    "evidence.end": Case(_at_the_end, _EVIDENCE, _checked),
}
