"""The commands of the Checks screen and of the evidence of a verdict."""

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
from tests.tui.cases import Case, is_filtering
from tests.tui.cases.guides import opened_at
from tests.tui.conftest import World

# Columns: image, run, status, then the checks.
_MACHINE, _CLIENTS = (1, 3 + OUR_CHECKS.index("machine")), (1, 3 + OUR_CHECKS.index("clients"))


def _checked(world: World) -> folders.Made:
    """A finished run with two checks that didn't pass, and a long evidence file."""
    made = folders.Made(world.state, ("redis",)).start().begin("redis").build("redis")
    made.finish("redis", Outcome.PASSED, 7.4)
    made.check("redis", "linux/amd64", 7.6)
    made.check("redis", "linux/arm64", 7.6, clients=Answer.FAIL, machine=Answer.UNKNOWN)
    file = made.run.evidence_file("redis", "linux/arm64")
    seen = {"command": "docker run openhqm", "labels": [str(number) for number in range(200)]}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(seen), indent=2))
    return made.end(Outcome.FAILED, 9)


def _sent(number: int, request: Request) -> Callable[[ConsoleApp], bool]:
    """Return a condition: `number` requests were sent, and the last one is `request`."""

    def done(app: ConsoleApp) -> bool:
        folder = app.session.run_folder
        assert folder is not None
        lines = folder.control_file.read_bytes().splitlines()
        requests = [msgspec.json.decode(line, type=Request) for line in lines]
        return len(requests) == number and requests[-1] == request

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


def _case(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _checked)


ARM = ("redis", "linux/arm64")
CASES = {
    "checks.previous": _case(lambda app: _place(app) == _CLIENTS, "3"),
    "checks.next": _case(lambda app: _place(app) == _MACHINE),
    "checks.copy": _case(lambda app: "machine" in app.clipboard),
    "checks.again": _case(_sent(1, Request("check", *ARM, "machine"))),
    "checks.again-lane": _case(_sent(2, Request("check", *ARM))),
    "checks.again-all": _case(_sent(3, Request("check"))),
    "checks.read": _case(lambda app: opened_at(app) == ("checks", "python")),
    "checks.open": _case(_shown, "escape"),
    "evidence.again": _case(_sent(4, Request("check", *ARM, "machine"))),
    "evidence.copy": _case(lambda app: "docker run openhqm" in app.clipboard),
    "evidence.down": _case(lambda app: _scrolled(app) == 1),
    "evidence.up": _case(lambda app: _scrolled(app) == 0),
    "evidence.page-down": _case(lambda app: _scrolled(app) > 5),
    "evidence.page-up": _case(lambda app: _scrolled(app) == 0),
    "evidence.end": _case(_at_the_end),
    "evidence.start": _case(lambda app: _scrolled(app) == 0),
    "evidence.next": _case(lambda app: _place(app) == _CLIENTS),
    "evidence.previous": _case(lambda app: _place(app) == _MACHINE),
    "checks.only-others": _case(_only_two_checks, "escape"),
    "checks.filter": _case(is_filtering),
}
