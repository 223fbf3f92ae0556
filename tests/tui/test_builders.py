"""The builders dialog: nodes, creating and removing."""

from __future__ import annotations

from typing import Any

import pytest
from textual.content import Content
from textual.widgets import Button, Input, OptionList, Static

from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.engine.docker.builders import Builder
from openhqm_tui.tui.plan.dialogs import ChooseBuilder, CreateBuilder, node_lines
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui.conftest import AMD, ARM, GOOD, World, parse_platform, settle, until

SMALL = (80, 24)
HERE = Node("default", "default", "running", native=AMD, platforms=(AMD, ARM))
ARM1 = Node("arm1", "ssh://arm1", "inactive", native=ARM, platforms=(ARM, AMD))
BUILDERS = [
    Builder(name="default", driver="docker", nodes=(HERE,), current=True),
    Builder(name="duo", driver="remote", nodes=(HERE, ARM1)),
    Builder(name="dead", driver="remote", nodes=(Node("dead0"),), error="refused"),
]


def text(app: Any, id: str) -> str:
    shown = app.screen.query_one(id, Static).content
    return shown.plain if isinstance(shown, Content) else str(shown)


def names(app: Any) -> list[str]:
    options = app.screen.query_one(OptionList)
    prompts = [str(options.get_option_at_index(i).prompt) for i in range(options.option_count)]
    return [words.split()[0] for words in prompts]


def problem(app: Any) -> str:
    choosing = isinstance(app.screen, ChooseBuilder)
    return text(app, "#builders-problem" if choosing else "#create-problem")


async def open_dialog(pilot: Any, marked: str = "") -> None:
    """Open the dialog, and move to a builder by keys."""
    app = pilot.app
    await settle(pilot)
    await pilot.press("B")
    await until(pilot, lambda: isinstance(app.screen, ChooseBuilder))
    await until(pilot, lambda: app.screen.marked is not None)
    while marked and app.screen.marked.name != marked:
        await pilot.press("down")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (HERE, "default  default · running\n  native linux/amd64 · emulated arm64"),
        (ARM1, "arm1  ssh://arm1 · inactive\n  native linux/arm64 · emulated amd64"),
        (Node("x", native=ARM, platforms=(ARM,)), "x  \n  native linux/arm64 only"),
        (
            Node("x", status="inactive"),
            "x  inactive\n  platforms are unknown until the node starts",
        ),
        (
            Node("\x1b[2Jx", "a\nb", error="no\x07 route", native=AMD),
            "x  a b\n  native linux/amd64 only\n  ✗ no route",
        ),
    ],
)
def test_a_node_is_described(node: Node, expected: str) -> None:
    assert node_lines(Builder(name="b", nodes=(node,))).plain == expected


def test_many_emulated_platforms_are_shortened() -> None:
    words = "386 arm/v7 arm/v6 ppc64le s390x riscv64 loong64 mips64le"
    listed = tuple(parse_platform(f"linux/{word}") for word in words.split())
    node = Node("x", native=ARM, platforms=(ARM, *listed))
    assert node_lines(Builder(name="b", nodes=(node,))).plain.endswith("riscv64 and 2 more")


async def test_nodes_of_the_marked_builder_are_shown_even_if_it_is_unusable(world: World):
    world.builders, world.other_facts = BUILDERS, {"duo": GOOD}
    app = world.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_dialog(pilot)
        assert text(app, "#nodes").startswith("default  default · running")
        await pilot.press("j")
        await until(pilot, lambda: "arm1  ssh://arm1 · inactive" in text(app, "#nodes"))
        await pilot.press("j")
        await until(pilot, lambda: text(app, "#nodes").startswith("dead0"))
        await pilot.press("enter")
        await until(pilot, lambda: "✗ dead can't be used: refused" in problem(app))
        await pilot.press("k")
        await until(pilot, lambda: problem(app) == "")
        await pilot.click("#use")
        await until(pilot, lambda: app.screen is app.place)
        assert app.place.fields.order.builder == "duo"


async def test_nodes_that_do_not_fit_can_be_scrolled(world: World):
    nodes = tuple(Node(f"n{i}", "tcp://far:1", "running") for i in range(9))
    world.builders = [Builder(name="farm", driver="remote", nodes=nodes, current=True)]
    app = world.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_dialog(pilot)
        box = app.screen.query_one("#nodes-box")
        await pilot.press("J")
        await until(pilot, lambda: box.scroll_y == 2)
        await pilot.press("K")
        await until(pilot, lambda: box.scroll_y == 0)
        leave = app.screen.query_one("#leave")
        assert leave.region.bottom <= 24, "the buttons stay visible"


@pytest.mark.parametrize("way", ["keys", "mouse"])
async def test_a_builder_is_created_and_selected(world: World, way: str):
    world.builders, world.other_facts = BUILDERS, {"farm": GOOD}
    app = world.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_dialog(pilot)
        await (pilot.press("n") if way == "keys" else pilot.click("#new"))
        await until(pilot, lambda: isinstance(app.screen, CreateBuilder))
        assert "the commands will appear here" in text(app, "#commands")
        await pilot.press(*"farm", "tab")
        assert text(app, "#commands").splitlines() == [
            "$ docker buildx create --name farm --driver docker-container",
            "$ docker buildx inspect --bootstrap farm",
        ]
        driver = app.screen.query_one("#driver", Button)
        for word in ("kubernetes", "remote"):
            await (pilot.press("enter") if way == "keys" else pilot.click("#driver"))
            await until(pilot, lambda: word in str(driver.label))  # noqa: B023 - awaited here
        await until(pilot, lambda: "a remote builder needs an endpoint" in problem(app))
        app.screen.query_one("#nodes", Input).value = "arm64=unix:///a amd64=unix:///b"
        await until(pilot, lambda: text(app, "#commands").count("$ docker buildx create") == 2)
        assert "--append --name farm" in text(app, "#commands")
        assert problem(app) == ""
        if way == "keys":
            app.screen.query_one("#nodes").focus()
            await pilot.press("enter")
        else:
            await pilot.click("#make")
        await until(pilot, lambda: isinstance(app.screen, ChooseBuilder) and len(names(app)) == 4)
        await until(pilot, lambda: app.screen.marked.name == "farm")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.place)
        assert app.place.fields.order.builder == "farm"


async def test_creation_errors_are_shown_in_the_unchanged_form(world: World):
    world.builders, world.change_problem = BUILDERS, "builder 'farm' can't be created: refused"
    app = world.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_dialog(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, CreateBuilder))
        await pilot.press("enter")
        await until(pilot, lambda: "the builder's name is empty" in problem(app))
        await pilot.press(*"farm", "enter")
        await until(pilot, lambda: "can't be created: refused" in problem(app))
        assert app.screen.query_one("#name", Input).value == "farm"
        assert not app.screen.query_one("#make", Button).disabled
        app.screen.query_one("#options", Input).value = "network"
        await until(pilot, lambda: "not in the form K=V" in problem(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChooseBuilder))
        assert names(app) == ["default", "duo", "dead"]


@pytest.mark.parametrize("way", ["escape", "mouse"])
async def test_creating_a_builder_can_be_stopped(world: World, way: str):
    world.builders, world.makes_slowly = BUILDERS, True
    app = world.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_dialog(pilot)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, CreateBuilder))
        await pilot.press(*"farm", "enter")
        await until(pilot, lambda: "--bootstrap farm · Esc stops" in problem(app))
        assert app.screen.query_one("#make", Button).disabled
        await (pilot.press("escape") if way == "escape" else pilot.click("#leave"))
        await until(pilot, lambda: "✗ stopped" in problem(app))
        assert isinstance(app.screen, CreateBuilder), "the input is kept"
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChooseBuilder))


@pytest.mark.parametrize("way", ["x", "delete", "mouse"])
async def test_a_builder_is_removed_after_its_command_was_confirmed(world: World, way: str):
    world.builders = BUILDERS
    app = world.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_dialog(pilot, "duo")
        await (pilot.click("#remove") if way == "mouse" else pilot.press(way))
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        shown = app.screen.query_one(".dialog-text Static", Static).content
        assert "$ docker buildx rm duo" in str(shown)
        await (pilot.click("#remove") if way == "mouse" else pilot.press("enter"))
        await until(pilot, lambda: isinstance(app.screen, ChooseBuilder))
        await until(pilot, lambda: names(app) == ["default", "dead"])
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.place)
        assert app.place.fields.order.builder == ""


async def test_removal_needs_confirmation_and_is_refused_for_an_engines_builder(world: World):
    world.builders = BUILDERS
    app = world.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_dialog(pilot)
        await pilot.press("x")
        await until(pilot, lambda: "default belongs to a Docker context" in problem(app))
        await pilot.press("down", "x")
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChooseBuilder))
        assert names(app) == ["default", "duo", "dead"]
        world.change_problem = "builder 'duo' can't be removed: busy"
        await pilot.press("x", "enter")
        await until(pilot, lambda: "can't be removed: busy" in problem(app))
        assert names(app) == ["default", "duo", "dead"]


async def test_after_the_chosen_builder_is_removed_the_selected_one_is_used(
    world: World,
):
    world.builders, world.other_facts = BUILDERS, {"duo": GOOD}
    world.defaults = BuildOptions({}, builder="duo")
    app = world.app()
    async with app.run_test(size=SMALL) as pilot:
        await open_dialog(pilot)
        assert app.screen.marked.name == "duo"
        await pilot.press("x", "enter")
        await until(pilot, lambda: isinstance(app.screen, ChooseBuilder) and len(names(app)) == 2)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.place)
        assert app.place.fields.order.builder == ""
