"""Bake definitions of our own, built in the console on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Static

from openhqm_tui.domain.run.status import Status
from openhqm_tui.store.settings import Settings
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.core.backend import Backend
from openhqm_tui.tui.plan.dialogs import REFUSED
from openhqm_tui.tui.plan.screen import PlanScreen
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.real.conftest import docker
from tests.real.test_bake_builds import LINKED, OUTSIDE, define
from tests.tui.conftest import until

pytestmark = pytest.mark.engine

WITH_ARTIFACTS = (
    LINKED
    + r"""
    group "default" { targets = ["app", "files"] }
    target "files" {
      contexts = { base = "target:base" }
      dockerfile-inline = "FROM base"
      output = ["out"]
    }
"""
)


@pytest.fixture
def folder(tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a project with a file to copy."""
    made = tmp_path / "project"
    (made / "data").mkdir(parents=True)
    (made / "data" / "greeting").write_text("hello")
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(own_home / "state"))
    monkeypatch.chdir(made)
    return made


def console(folder: Path) -> ConsoleApp:
    return ConsoleApp(Backend(folder, Settings(check=False)))


def plan(pilot: Pilot[int]) -> PlanScreen:
    place: Any = pilot.app
    assert isinstance(place.place, PlanScreen)
    return place.place


async def known(pilot: Pilot[int]) -> None:
    """Wait until source and engine are known."""
    session = plan(pilot).session
    await until(pilot, lambda: session.source is not None and session.facts is not None)
    await until(pilot, lambda: plan(pilot).platforms)


def summary(pilot: Pilot[int]) -> str:
    return str(plan(pilot).query_one("#summary", Static).content)


async def finished(pilot: Pilot[int]) -> dict[str, Status]:
    """Wait for the end of the run; return the status of each target."""
    app: Any = pilot.app
    await until(pilot, lambda: app.session.run_state is not None, 120)
    await until(pilot, lambda: not app.session.run_is_live, 120)
    state = app.session.run_state
    return {name: target.status for name, target in state.targets.items()}


async def test_linked_targets_and_artifacts(
    folder: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images("openhqm-tui-tests/linked")
    define(folder, WITH_ARTIFACTS)
    async with console(folder).run_test(size=(120, 40)) as pilot:
        await known(pilot)
        await pilot.press("S", "enter")
        await until(pilot, lambda: "1 image · 1 artifact" in summary(pilot))
        assert "artifacts → out" in summary(pilot)
        await pilot.press("b")
        assert await finished(pilot) == {"app": Status.DONE, "files": Status.DONE}
    assert (folder / "out" / "base").read_text() == "hello"
    assert (folder / "out" / "deep").read_text() == "hello"
    images = docker("image", "ls", "--format", "{{.Repository}}", "openhqm-tui-tests/*").split()
    assert "openhqm-tui-tests/linked" in images
    assert not {"openhqm-tui-tests/base", "openhqm-tui-tests/deep"} & set(images)


async def test_a_permission_is_refused_then_granted(
    folder: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images("openhqm-tui-tests/outside")
    define(folder, OUTSIDE)
    shared = folder.parent / "shared"
    shared.mkdir()
    (shared / "greeting").write_text("hello")
    app: Any = console(folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await known(pilot)
        await pilot.press("a", "b")
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        assert "../shared" in str(app.screen.query_one(".dialog-text Static", Static).content)
        app.screen.query_one("#no", Button).press()
        await until(pilot, lambda: REFUSED in summary(pilot))
        assert app.session.run_state is None
        assert not docker("image", "ls", "--quiet", "openhqm-tui-tests/outside")
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        app.screen.query_one("#once", Button).press()
        assert await finished(pilot) == {"app": Status.DONE}
    assert docker("image", "ls", "--quiet", "openhqm-tui-tests/outside")
