"""The fields and switches of the Plan screen, and the builders dialog."""

from __future__ import annotations

import msgspec
import pytest
from textual.widgets import Button, Input, OptionList, Static

from openhqm_tui.domain.errors import EngineProblem
from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.docker.builders import Builder
from openhqm_tui.engine.source.base_image import Pullable
from openhqm_tui.tui.plan.dialogs import ChooseBuilder
from openhqm_tui.tui.plan.fields import CollapsedFields, Toggle
from openhqm_tui.tui.plan.matrix import Matrix
from tests.tui import folders
from tests.tui.conftest import AMD, ARM, GOOD, World, settle, until
from tests.tui.test_plan import lines, place, side, summary


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
        assert "such as 1-2" in summary(app)
        await pilot.press("escape")
        assert isinstance(app.focused, Matrix)


async def test_every_field_becomes_a_build_option(world: World):
    world.begin = lambda order: folders.passed(world.state).run
    world.images["debian:13"] = Pullable(Reach.OK, platforms=(AMD, ARM))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space", "e", "end", *"x", "tab", "end", *"1", "tab", *"debian:13")
        await pilot.press("tab", *"0a4", "tab", "tab", "space", "escape")
        await until(pilot, lambda: not app.screen.query_one("#build", Button).disabled)
        await pilot.press("b")
        await until(pilot, lambda: world.orders)
        rows: dict[str, tuple[Platform, ...]] = {"all": (AMD,)}
        assert world.orders == [
            BuildOptions(rows, "openhqmx", "latest1", push=True, base_image="debian:13", jobs=4)
        ]


@pytest.mark.parametrize(
    ("found", "message", "disabled"),
    [
        (Pullable(Reach.OK, platforms=(AMD,)), "is not available for linux/arm64", True),
        (Pullable(Reach.MISSING, "no/such: no such image"), "no/such: no such image", True),
        (
            Pullable(Reach.NETWORK, "can't be reached"),
            "the base image may not be available: can't be",
            False,
        ),
        (Pullable(Reach.OK, platforms=(AMD, ARM)), "local Docker", False),
    ],
)
async def test_the_base_image_is_looked_up_when_its_field_is_left(
    world: World, found, message, disabled
):
    world.images["no/such"] = found
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("r")
        field = app.screen.query_one("#base", Input)
        field.focus()
        await pilot.press(*"no/such:")
        await pilot.pause()
        assert "isn't a valid image reference" in summary(app)
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: message in summary(app))
        assert app.screen.query_one("#build", Button).disabled is disabled
        assert isinstance(app.focused, Matrix)
        assert not world.orders


async def test_a_changed_selection_looks_up_the_base_image_again(world: World):
    world.images["amd/only"] = Pullable(Reach.OK, platforms=(AMD,))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        app.screen.query_one("#base", Input).value = "amd/only"
        await pilot.press("space")
        await until(pilot, lambda: "local Docker" in summary(app))
        await pilot.press("r")
        await until(pilot, lambda: "is not available for linux/arm64" in summary(app))


BIG = msgspec.structs.replace(
    GOOD,
    builder="big",
    driver="docker-container",
    nodes=(Node(name="big0", native=ARM, platforms=(ARM, AMD)),),
    platforms=(ARM, AMD),
)


def node(name: str, endpoint: str = "", status: str = "running") -> Node:
    return Node(name, endpoint, status, native=AMD, platforms=(AMD, ARM))


BUILDERS = [
    Builder(name="default", driver="docker", nodes=(node("default", "default"),), current=True),
    Builder(name="far", driver="docker", nodes=(node("far", "far"),)),
    Builder(
        name="big",
        driver="docker-container",
        nodes=(node("big0"), node("big1", status="inactive")),
    ),
    Builder(name="dead", driver="remote", nodes=(Node("dead0"),), error="connection refused"),
]


def problem(app) -> str:
    return str(app.screen.query_one("#builders-problem", Static).content)


@pytest.mark.parametrize("way", ["keys", "mouse"])
async def test_a_builder_is_chosen_in_the_dialog(world: World, way):
    world.builders, world.other_facts = BUILDERS, {"big": BIG}
    world.begin = lambda order: folders.passed(world.state).run
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "native" in lines(app)[1].split()[0]
        await pilot.press("a", "B")
        await until(pilot, lambda: isinstance(app.screen, ChooseBuilder))
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 4)
        options = app.screen.query_one(OptionList)
        texts = [str(options.get_option_at_index(i).prompt) for i in range(4)]
        assert "another engine" in texts[1]
        assert "2 nodes · running, inactive" in texts[2]
        assert "connection refused" in texts[3]
        if way == "keys":
            # An unusable builder is examined but not selected.
            await pilot.press("j", "enter")
            await until(pilot, lambda: "another engine" in problem(app))
            assert isinstance(app.screen, ChooseBuilder)
            await pilot.press("j", "enter")
        else:
            await pilot.click(options, offset=(4, 3))
        await until(
            pilot, lambda: lines(app)[1].split() == ["cross", "on", "big0", "native", "on", "big0"]
        )
        assert "big (docker-container)" in str(app.screen.query_one("#builder", Button).label)
        assert "--builder big" in side(app)
        await pilot.press("b")
        await until(pilot, lambda: world.orders)
        assert world.orders[0].builder == "big"


@pytest.mark.parametrize("way", ["escape", "mouse"])
async def test_closing_the_dialog_chooses_no_builder(world: World, way):
    world.builders = BUILDERS
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("B")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 4)
        if way == "mouse":
            await pilot.click("#leave")
        else:
            await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.place)
        assert place(app).order.builder == ""


async def test_an_error_when_listing_builders_is_shown(world: World):
    def broken():
        raise EngineProblem("can't list the builders: no Buildx")

    app = world.app()
    app.session.backend.builders = broken
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("B")
        await until(
            pilot,
            lambda: (
                isinstance(app.screen, ChooseBuilder)
                and "no Buildx" in str(app.screen.query_one("#builders-note", Static).content)
            ),
        )


async def test_an_unreachable_builder_prevents_the_build(world: World):
    broken = msgspec.structs.replace(BIG, builder_error="connection refused")
    world.defaults, world.other_facts = BuildOptions({}, builder="big"), {"big": broken}
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a")
        await until(
            pilot, lambda: "the builder is not available: connection refused" in summary(app)
        )
        assert app.screen.query_one("#build", Button).disabled


async def test_options_are_collapsed_on_small_screens(world: World):
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        folded, base = app.screen.query_one(CollapsedFields), app.screen.query_one("#base")
        assert "all parallel" in str(folded.content)
        assert base.region.height == 0
        await pilot.click(folded)
        await pilot.pause()
        assert base.region.height == 1
        base.focus()
        await pilot.press(*"a/b", "escape", "o")
        await pilot.pause()
        assert base.region.height == 0
        assert "base a/b" in str(folded.content)
        await pilot.press("P")
        await pilot.pause()
        assert str(folded.content).endswith("push")


async def test_switches_can_be_toggled_by_mouse(world: World):
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for id, field in (("push", "push"), ("test-only", "test_only")):
            for value in (True, False):
                await pilot.click(f"#{id}")
                await pilot.pause()
                assert getattr(place(app).order, field) is value
                assert app.screen.query_one(f"#{id}", Toggle).value is value
