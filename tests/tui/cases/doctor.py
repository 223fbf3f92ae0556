"""The commands of the Doctor screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from textual.widgets import Static

from openhqm_tui.domain.findings import Finding, Fix
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui.cases import Case
from tests.tui.cases.guides import opened_at
from tests.tui.conftest import World


def _title(app: ConsoleApp) -> str:
    if not isinstance(app.screen, QuestionDialog):
        return ""
    return str(app.screen.query_one(".dialog-title", Static).content)


def _long(world: World) -> None:
    long = Fix(title="A long one", script="\n".join(f"echo line {n}" for n in range(80)))
    world.findings = [
        msgspec.structs.replace(finding, fixes=(long,)) if finding.fixes else finding
        for finding in world.findings
    ]


def _slow(world: World) -> None:
    world.fix_hangs = True


def _fixed_meanwhile(world: World) -> None:
    """The second examination finds no more problems."""
    first, no_problems = list(world.findings), [f for f in world.findings if not f.fixes]

    class Examinations(list[Finding]):
        examined = 0

        def __iter__(self) -> Iterator[Finding]:
            Examinations.examined += 1
            return iter(first if Examinations.examined == 1 else no_problems)

    world.findings = Examinations()


def _scrolled(app: ConsoleApp) -> float:
    return app.screen.query_one("#finding-box").scroll_y


def _case(done: Callable[[ConsoleApp], object], *way: str) -> Case:
    return Case(done, way, _slow)


CASES = {
    "doctor.copy": _case(
        lambda app: app.clipboard.startswith("sh -euc 'apt-get install -y qemu-user-static"), "5"
    ),
    "doctor.read": _case(lambda app: opened_at(app) == ("multi-arch", "qemu-and-binfmt")),
    "doctor.fix-all": _case(lambda app: _title(app) == "Run this fix?", "escape"),
    "doctor.fix": _case(lambda app: _title(app).startswith("Run th"), "escape"),
    "doctor.stop": _case(lambda app: _title(app) == "Stop the running fix?", "enter"),
    "doctor.again": Case(
        lambda app: app.session.findings is not None and len(app.session.findings) == 4,
        ("5",),
        _fixed_meanwhile,
    ),
    "doctor.side-down": Case(lambda app: _scrolled(app) > 0, ("5",), _long, size=(80, 24)),
    "doctor.side-up": Case(lambda app: _scrolled(app) == 0, (), _long, size=(80, 24)),
}
