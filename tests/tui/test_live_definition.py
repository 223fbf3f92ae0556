"""Plan shows the bake files as they are on disk; the real Buildx reads them."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Button, Static

from openhqm_tui.domain.plan.bake import Source
from openhqm_tui.run.start.source import source_for
from openhqm_tui.tui.plan.matrix import Matrix
from openhqm_tui.tui.plan.screen import PlanScreen
from tests.engine.test_definitions import NEEDS_BUILDX
from tests.tui import folders
from tests.tui.conftest import AMD, ARM, World, settle, until

# Marked, because in CI the other tests of this folder start before there is a Buildx.
pytestmark = [NEEDS_BUILDX, pytest.mark.engine]

TARGETS = 'target "{}" {{\n  dockerfile-inline = "FROM scratch"\n  platforms = ["linux/{}"]\n}}\n'
BROKEN = 'target "app" {\n  tags = [\n'


@pytest.fixture
def project(tmp_path: Path, world: World) -> Path:
    """A folder with a bake file, which the console of `world` shows."""
    folder = tmp_path / "project"
    folder.mkdir()
    write(folder, "app", "amd64")
    world.replaced["find_source"] = lambda: source_for(folder)
    return folder


def write(folder: Path, name: str, platform: str) -> None:
    (folder / "docker-bake.hcl").write_text(TARGETS.format(name, platform))


def plan(app: Any) -> PlanScreen:
    assert isinstance(app.place, PlanScreen)
    return app.place


def shown(app: Any) -> str:
    """Return the line above the build button, and the matrix."""
    matrix = app.screen.query_one(Matrix)
    rows = [matrix.render_line(y).text for y in range(matrix.size.height)]
    return "\n".join([str(app.screen.query_one("#summary", Static).content), *rows])


async def opened(pilot: Pilot[int]) -> None:
    await settle(pilot)
    await until(pilot, lambda: plan(pilot.app).names == ("app",))


async def go_to_doctor_and_back(pilot: Pilot[int]) -> None:
    await pilot.press("5")
    await settle(pilot)
    await pilot.press("1")


async def reload(pilot: Pilot[int]) -> None:
    await pilot.press("ctrl+r")


async def return_to_the_terminal(pilot: Pilot[int]) -> None:
    pilot.app.post_message(events.AppFocus())


@pytest.mark.parametrize("step", [go_to_doctor_and_back, reload, return_to_the_terminal])
async def test_changes_of_a_bake_file_are_shown(project: Path, world: World, step: Any) -> None:
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        assert app.session.platforms == (AMD,)
        write(project, "new", "arm64")
        await step(pilot)
        await until(pilot, lambda: plan(app).names == ("new",))
        assert app.session.platforms == (ARM,)


async def test_an_error_is_shown_once_with_its_line_until_it_is_fixed(
    project: Path, world: World
) -> None:
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await pilot.press("a")
        (project / "docker-bake.hcl").write_text(BROKEN)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "docker-bake.hcl:3," in shown(app))
        await pilot.press("ctrl+r", "b")
        await settle(pilot)
        assert shown(app).count("Buildx can't evaluate") == 1
        assert app.screen.query_one("#build", Button).disabled
        write(project, "app", "amd64")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: plan(app).names == ("app",))
        assert "Buildx can't evaluate" not in shown(app)
        assert plan(app).rows() == {"app": (AMD,)}, "the selection is lost"


async def test_a_build_uses_the_file_as_it_is_when_it_starts(project: Path, world: World) -> None:
    started: list[Source] = []
    app = world.app()

    def start(order: Any, facts: Any, source: Source) -> Any:
        started.append(source)
        world.begin = lambda order: folders.passed(world.state).run
        return type(app.session.backend).start(app.session.backend, order, facts, source)

    app.session.backend.start = start
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await pilot.press("a")
        (project / "docker-bake.hcl").write_text(
            TARGETS.format("app", "amd64").replace("scratch", "scratch AS changed")
        )
        await pilot.press("b")
        await until(pilot, lambda: started)
        assert started[0].bake_targets["app"]["dockerfile-inline"] == "FROM scratch AS changed"
        await until(pilot, lambda: app.session.source == started[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [(TARGETS.format("other", "amd64"), "no longer in "), (BROKEN, "docker-bake.hcl:3,")],
)
async def test_nothing_is_built_that_the_file_no_longer_has(
    project: Path, world: World, text: str, message: str
) -> None:
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await pilot.press("a")
        (project / "docker-bake.hcl").write_text(text)
        await pilot.press("b")
        await until(pilot, lambda: message in shown(app))
        assert not world.orders


async def test_keys_are_answered_while_buildx_reads(project: Path, world: World) -> None:
    reading, release = threading.Event(), threading.Event()
    first = [source_for(project)]

    def find() -> Source:
        if first:
            return first.pop()
        reading.set()
        release.wait(60)
        return source_for(project)

    world.replaced["find_source"] = find
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        try:
            await opened(pilot)
            await pilot.press("ctrl+r")
            await asyncio.to_thread(reading.wait, 60)
            await pilot.press("a")
            assert plan(app).rows() == {"app": (AMD,)}
        finally:
            release.set()
