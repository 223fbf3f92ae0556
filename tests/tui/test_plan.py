"""Place 1: choosing what to build, by keys and by mouse."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from textual.widgets import Button, Input, OptionList, Static

from openhqm_tui.domain.plan import Source, SourceKind
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.problems import EngineProblem, UsageProblem
from openhqm_tui.domain.variants import Variant
from openhqm_tui.engine.base_image import Pullable, Reach
from openhqm_tui.engine.builders import Builder
from openhqm_tui.engine.facts import Node
from openhqm_tui.tui.screens.choose_builder import ChooseBuilder
from openhqm_tui.tui.screens.plan import PlanScreen
from openhqm_tui.tui.services import Order
from openhqm_tui.tui.widgets.matrix import Matrix
from openhqm_tui.tui.widgets.plan_fields import Folded, PlanFields
from openhqm_tui.tui.widgets.toggle import Toggle
from tests.tui import folders
from tests.tui.conftest import AMD, ARM, GOOD, NO_ENGINE, World, settle, until


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


def side(app) -> str:
    return str(app.screen.query_one("#variant", Static).content)


def bake(count: int, platforms: str = "") -> Source:
    """Return a stranger's bake file with many targets of long names."""
    names = [f"service-{number:02}-with-a-name-as-long-as-they-come" for number in range(count)]
    body = {"tags": ["acme/app:1"], "platforms": platforms.split(",") if platforms else []}
    return Source(
        kind=SourceKind.BAKE,
        variants=tuple(Variant(name, "Dockerfile") for name in names),
        bake_targets=dict.fromkeys(names, body),
    )


async def test_headings_and_names_stay_in_sight_while_the_cells_scroll(world: World):
    world.source = bake(64, "linux/amd64,linux/arm64,linux/s390x,linux/arm/v7")
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        heading = "all rows"
        assert "linux/amd64" in lines(app)[0]
        assert "service-00" in lines(app)[2]
        await pilot.press("G", "right", "right", "right", "space")
        await pilot.pause()
        shown = lines(app)
        assert heading in shown[0]
        assert "linux/arm/v7" in shown[0]
        assert "linux/amd64" not in shown[0]
        assert "service-63" in "".join(shown)
        assert "service-00" not in "".join(shown)
        assert place(app).rows() == {
            app.source.variants[63].name: (parse_platform("linux/arm/v7"),)
        }
        # What is clicked is what is seen there.
        matrix = app.screen.query_one(Matrix)
        y = next(i for i, line in enumerate(shown) if "service-60" in line)
        x = shown[0].index("linux/s390x")
        await pilot.click(matrix, offset=(x, y))
        await pilot.pause()
        chosen = place(app).rows()[app.source.variants[60].name]
        assert chosen == (parse_platform("s390x"),)
        await pilot.press("g", "left", "left", "left")
        await pilot.pause()
        assert "linux/amd64" in lines(app)[0]
        assert "service-00" in lines(app)[2]


async def test_a_bake_file_brings_its_own_platforms(world: World):
    world.source = bake(2, "linux/arm64,linux/s390x,windows/amd64")
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        assert place(app).platforms == (ARM, parse_platform("s390x"))


async def test_the_settings_name_the_first_columns_and_fields(world: World):
    world.platforms = (ARM,)
    world.defaults = Order({}, name="acme/app", tag="1.2", base_image="a/b:1", jobs=3)
    world.images["a/b:1"] = Pullable(Reach.OK)
    world.begin = lambda order: folders.passed(world.state).run
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("space", "b")
        await until(pilot, lambda: "b Build" in str(app.screen.query_one("#build", Button).label))
        await until(pilot, lambda: not app.screen.query_one("#build", Button).disabled)
        await pilot.press("b")
        await until(pilot, lambda: world.orders)
        (order,) = world.orders
        assert order == Order({"all": (ARM,)}, "acme/app", "1.2", base_image="a/b:1", jobs=3)


async def test_a_platform_taken_away_takes_its_choice_along(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a", "right", "x")
        await pilot.pause()
        assert place(app).platforms == (AMD,)
        assert set(place(app).rows().values()) == {(AMD,)}
        # The last one stays.
        await pilot.press("x")
        await pilot.pause()
        assert place(app).platforms == (AMD,)


async def test_what_was_not_well_the_last_time_is_chosen(world: World):
    folders.failed(world.state, ("redis", "kafka"))
    folders.passed(world.state, ("redis",), id="20261124-1", created=folders.T0 + 86400)
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a", "F")
        await pilot.pause()
        assert place(app).rows() == {"kafka": (AMD, ARM)}


async def test_the_summary_tells_how_how_long_and_where_to(world: World):
    folders.passed(world.state, ("redis", "kafka"))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "Space picks" in summary(app)
        await pilot.press("down", "r", "down", "r")
        await pilot.pause()
        assert summary(app) == "2 targets · 4 images · 2 cross · about 0:08 · load"
        await pilot.press("P")
        await pilot.pause()
        assert summary(app).endswith("· push to docker.io/library/openhqm")
        app.screen.query_one("#name", Input).value = "ghcr.io/acme/openhqm"
        await pilot.pause()
        assert summary(app).endswith("· push to ghcr.io/acme/openhqm")
        await pilot.press("t")
        await pilot.pause()
        assert "choose push or test only" in summary(app)
        assert app.screen.query_one("#build", Button).disabled
        assert app.screen.query_one("#push").has_class("-invalid")
        await pilot.press("P")
        await pilot.pause()
        assert summary(app).endswith("· test only, no image stays")
        assert not app.screen.query_one("#push").has_class("-invalid")
        assert "none: a test leaves no image" in side(app)


async def test_every_field_goes_into_the_order(world: World):
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
        told = Order({"all": (AMD,)}, "openhqmx", "latest1", push=True, base_image="debian:13")
        (order,) = world.orders
        assert (order.jobs, order.rows, order.name, order.tag, order.push, order.base_image) == (
            4,
            told.rows,
            told.name,
            told.tag,
            told.push,
            told.base_image,
        )


@pytest.mark.parametrize(
    ("found", "says", "off"),
    [
        (Pullable(Reach.OK, platforms=(AMD,)), "isn't made for linux/arm64", True),
        (Pullable(Reach.MISSING, "no/such: no such image"), "no/such: no such image", True),
        (Pullable(Reach.NETWORK, "can't be reached"), "it may not be had: can't be", False),
        (Pullable(Reach.OK, platforms=(AMD, ARM)), "load", False),
    ],
)
async def test_the_base_image_is_looked_for_when_its_field_is_left(world: World, found, says, off):
    world.images["no/such"] = found
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("r")
        field = app.screen.query_one("#base", Input)
        field.focus()
        await pilot.press(*"no/such:")
        await pilot.pause()
        assert "can't be an image" in summary(app)
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: says in summary(app))
        assert app.screen.query_one("#build", Button).disabled is off
        assert isinstance(app.focused, Matrix)
        assert not world.orders


async def test_another_choice_has_the_base_image_looked_for_again(world: World):
    world.images["amd/only"] = Pullable(Reach.OK, platforms=(AMD,))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        app.screen.query_one("#base", Input).value = "amd/only"
        await pilot.press("space")
        await until(pilot, lambda: "load" in summary(app))
        await pilot.press("r")
        await until(pilot, lambda: "isn't made for linux/arm64" in summary(app))


BIG = msgspec.structs.replace(
    GOOD,
    builder="big",
    driver="docker-container",
    nodes=(Node(name="big0", native=ARM, platforms=(ARM, AMD)),),
    platforms=(ARM, AMD),
)
BUILDERS = [
    Builder(
        name="default", driver="docker", nodes=("running",), endpoints=("default",), current=True
    ),
    Builder(name="far", driver="docker", nodes=("running",), endpoints=("far",)),
    Builder(name="big", driver="docker-container", nodes=("running", "inactive")),
    Builder(name="dead", driver="remote", nodes=("error",), error="connection refused"),
]


@pytest.mark.parametrize("way", ["keys", "mouse"])
async def test_a_builder_is_chosen_among_those_there_are(world: World, way):
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
            # Those that can't be used are passed over.
            await pilot.press("j", "enter")
        else:
            await pilot.click(options, offset=(4, 3))
        await until(pilot, lambda: lines(app)[1].split() == ["cross", "native"])
        assert "big (docker-container)" in str(app.screen.query_one("#builder", Button).label)
        assert "--builder big" in side(app)
        await pilot.press("b")
        await until(pilot, lambda: world.orders)
        assert world.orders[0].builder == "big"


@pytest.mark.parametrize("way", ["escape", "mouse"])
async def test_no_builder_is_chosen_by_leaving(world: World, way):
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


async def test_builders_that_can_not_be_listed(world: World):
    def broken():
        raise EngineProblem("the builders can't be listed: no Buildx")

    app = world.app()
    app.services = dataclasses.replace(app.services, builders=broken)
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


async def test_a_builder_that_does_not_answer_stops_the_build(world: World):
    broken = msgspec.structs.replace(BIG, builder_error="connection refused")
    world.defaults, world.other_facts = Order({}, builder="big"), {"big": broken}
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a")
        await until(pilot, lambda: "the builder doesn't answer: connection refused" in summary(app))
        assert app.screen.query_one("#build", Button).disabled


async def test_options_fold_away_where_there_is_no_room(world: World):
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        folded, base = app.screen.query_one(Folded), app.screen.query_one("#base")
        assert "all at once" in str(folded.content)
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


async def test_switches_by_mouse(world: World):
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        for id, field in (("push", "push"), ("test-only", "test_only")):
            for value in (True, False):
                await pilot.click(f"#{id}")
                await pilot.pause()
                assert getattr(place(app).order, field) is value
                assert app.screen.query_one(f"#{id}", Toggle).value is value


async def test_the_side_tells_size_against_all_times_and_versions(world: World):
    folders.passed(world.state, ("all", "redis"))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("down", "a")
        await pilot.pause()
        told = " ".join(side(app).split())
        assert "adds Redis 7.1.0" in told
        assert "tags openhqm:latest-redis" in told
        assert "(+0 % of all)" in told
        assert "about 0:08 the last time" in told
        assert "✓ proved 23 Nov 15:14, 0:08" in told
        assert "> bake.json && docker buildx bake" in told
        await pilot.press("Y")
        await pilot.pause()
        assert app.clipboard.startswith("openhqm-tui plan --build-all ")


async def test_nothing_to_build_is_said_in_the_matrix(world: World):
    app = world.app()

    def nowhere():
        raise UsageProblem("/x/docker-bake.hcl is no valid bake file")

    app.services = dataclasses.replace(app.services, find_source=nowhere)
    async with app.run_test() as pilot:
        await settle(pilot)
        await until(pilot, lambda: "nothing to build here: /x/docker-bake.hcl" in lines(app)[0])
        assert app.screen.query_one("#build", Button).disabled
        assert not app.screen.query_one(PlanFields).has_focus
