"""Place 1: choosing what to build, by keys and by mouse."""

from __future__ import annotations

import pytest
from textual.widgets import Button, Input, Static

from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.tui.screens.plan import PlanScreen
from openhqm_tui.tui.widgets.matrix import Matrix
from tests.tui import folders
from tests.tui.conftest import AMD, ARM, NO_ENGINE, World, settle, until


def place(app) -> PlanScreen:
    assert isinstance(app.place, PlanScreen)
    return app.place


def summary(app) -> str:
    return str(app.place.query_one("#summary", Static).content)


def lines(app) -> list[str]:
    """Return the matrix as it is on screen."""
    matrix = app.screen.query_one(Matrix)
    return [matrix.render_line(y).text.rstrip() for y in range(matrix.size.height)]


async def test_keys_choose_cells(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        for keys, rows in (
            (["space"], {"all": (AMD,)}),
            (["down", "right", "space"], {"redis": (ARM,)}),
            (["j", "j", "l", "space"], {"kafka": (ARM,)}),
            (["j", "k", "l", "h", "space"], {"all": (AMD,)}),
            (["left", "space"], {"all": (AMD, ARM)}),
            (["r"], {"all": (AMD, ARM)}),
            (["space", "space"], {}),
            (["a", "n"], {}),
        ):
            matrix = app.screen.query_one(Matrix)
            matrix.row = matrix.column = 0
            await pilot.press("n", *keys)
            assert place(app).rows() == rows, keys


async def test_a_column_is_chosen_whole(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        for keys in (["m"], ["c"], ["up", "space"]):
            await pilot.press("n", *keys)
            rows = place(app).rows()
            assert len(rows) == 8
            assert set(rows.values()) == {(AMD,)}, keys


async def test_the_corner_chooses_everything(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("up", "left", "space")
        await pilot.pause()
        assert set(place(app).rows().values()) == {(AMD, ARM)}
        assert "8 targets · 16 images" in summary(app)


async def test_the_mouse_chooses_cell_row_and_column(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        matrix = app.screen.query_one(Matrix)
        await pilot.click(matrix, offset=(40, 3))
        await pilot.pause()
        assert place(app).rows() == {"redis": (ARM,)}
        await pilot.click(matrix, offset=(3, 4))
        await pilot.pause()
        assert place(app).rows() == {"redis": (ARM,), "kafka": (AMD, ARM)}
        await pilot.click(matrix, offset=(17, 0))
        await pilot.pause()
        assert all(AMD in platforms for platforms in place(app).rows().values())


async def test_building_starts_what_is_chosen_and_shows_it(world: World):
    app = world.app()
    world.begin = lambda order: folders.running(world.state).run
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("down", "r", "b")
        await until(pilot, lambda: app.place.PLACE == "run")
        await settle(pilot)
        (order,) = world.orders
        assert (order.rows, order.name, order.tag) == ({"redis": (AMD, ARM)}, "openhqm", "latest")
        assert app.run_is_live
        await pilot.press("1")
        await settle(pilot)
        assert "a run is going on" in summary(app)
        assert app.screen.query_one("#build", Button).disabled


@pytest.mark.parametrize("way", ["enter", "click", "field"])
async def test_other_ways_to_build(world: World, way):
    app = world.app()
    world.begin = lambda order: folders.passed(world.state).run
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a")
        if way == "click":
            await pilot.click("#build")
        else:
            if way == "field":
                app.screen.query_one("#tag", Input).focus()
            await pilot.press("enter")
        await until(pilot, lambda: world.orders and app.place.PLACE == "run")


async def test_what_speaks_against_a_run_is_said_in_its_place(world: World):
    def refuse(order):
        raise UsageProblem("no emulator here for linux/arm64, so its images can't be checked")

    world.begin = refuse
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a", "b")
        await until(pilot, lambda: "no emulator here" in summary(app))
        assert app.place.PLACE == "plan"
        await pilot.press("space")
        await pilot.pause()
        assert "no emulator here" not in summary(app)


async def test_names_are_checked_while_they_are_typed(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a")
        field = app.screen.query_one("#name", Input)
        field.focus()
        field.value = ""
        await pilot.press(*"OpenHQM")
        await pilot.pause()
        assert "image names are lower case: write openhqm" in summary(app)
        assert app.screen.query_one("#build", Button).disabled
        field.value = "ghcr.io/acme/openhqm"
        await pilot.pause()
        assert "8 targets · 16 images" in summary(app)
        app.screen.query_one("#tag", Input).value = "1 2"
        await pilot.pause()
        assert "write 1-2" in summary(app)
        await pilot.press("escape")
        assert isinstance(app.focused, Matrix)


async def test_without_an_engine_it_says_so_and_builds_nothing(world: World):
    world.facts = NO_ENGINE
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a", "b")
        await pilot.pause()
        assert "the Docker engine isn't running" in summary(app)
        assert "5 Doctor" in str(app.screen.query_one("StatusLine", Static).content)
        assert app.screen.query_one("#build", Button).disabled
        assert not world.orders


async def test_another_platform_becomes_a_column(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("p", *"s390")
        await pilot.pause()
        assert "did you mean linux/s390x?" in str(
            app.screen.query_one(".dialog-problem", Static).content
        )
        await pilot.press("enter", "x", "enter")
        await pilot.pause()
        assert [str(p) for p in place(app).platforms][-1] == "linux/s390x"
        await pilot.press("a")
        await pilot.pause()
        assert "no emulator for linux/s390x" in summary(app)
        await pilot.press("p", "escape")
        assert len(place(app).platforms) == 3


async def test_the_command_is_shown_and_copied(world: World):
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("a", "y")
        await pilot.pause()
        command = "openhqm-tui build --build-all --platforms linux/amd64,linux/arm64"
        assert app.clipboard == command
        assert command in str(app.screen.query_one("#variant", Static).content)


async def test_the_last_results_stand_in_the_cells(world: World):
    folders.passed(world.state, ("redis",), id="20261122-1", created=folders.T0 - 86400)
    folders.failed(world.state, ("all", "kafka"))
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        rows = {line.split("]")[1].split()[0]: line for line in lines(app)[2:]}
        assert "✓ 0:08 60 MB" in rows["redis"]
        assert rows["kafka"].count("✗ failed") == 2
        assert rows["sqs"].count("–") == 2
