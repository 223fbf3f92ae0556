"""The Plan screen: selecting what to build, by keys and by mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.widgets import Button, Input, Static

from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Source, SourceKind, TargetGroup, Variant
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.requirements import ProjectRequirements, RequirementLines
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.source.base_image import Pullable
from openhqm_tui.tui.plan.fields import PlanFields
from openhqm_tui.tui.plan.matrix import Matrix
from openhqm_tui.tui.plan.screen import PlanScreen
from openhqm_tui.tui.plan.source_line import SourceLine, source_words
from openhqm_tui.tui.plan.variant_panel import CommandLines, VariantDetails
from tests.eight_variants import EIGHT
from tests.tui import folders
from tests.tui.conftest import AMD, ARM, GOOD, NO_ENGINE, World, settle, until


def place(app) -> PlanScreen:
    assert isinstance(app.place, PlanScreen)
    return app.place


def summary(app) -> str:
    return str(app.place.query_one("#summary", Static).content)


def lines(app) -> list[str]:
    """Return the lines of the matrix on screen."""
    matrix = app.screen.query_one(Matrix)
    return [matrix.render_line(y).text.rstrip() for y in range(matrix.size.height)]


async def test_keys_select_cells(world: World):
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


async def test_a_column_can_be_selected(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        for keys in (["m"], ["c"], ["up", "space"]):
            await pilot.press("n", *keys)
            rows = place(app).rows()
            assert len(rows) == 8
            assert set(rows.values()) == {(AMD,)}, keys


async def test_the_corner_selects_everything(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("up", "left", "space")
        await pilot.pause()
        assert set(place(app).rows().values()) == {(AMD, ARM)}
        assert "8 targets · 16 images" in summary(app)


async def test_the_mouse_selects_cell_row_and_column(world: World):
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


async def test_building_starts_the_selection_and_shows_the_run(world: World):
    app = world.app()
    world.begin = lambda order: folders.running(world.state).run
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("down", "r", "b")
        await until(pilot, lambda: app.place.PLACE == "run")
        await settle(pilot)
        (order,) = world.orders
        assert order == BuildOptions({"redis": (AMD, ARM)})
        assert app.session.run_is_live
        await pilot.press("1")
        await settle(pilot)
        assert "a run is in progress" in summary(app)
        assert app.screen.query_one("#build", Button).disabled


@pytest.mark.parametrize("way", ["enter", "click", "field"])
async def test_a_build_can_be_started_in_other_ways(world: World, way):
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


async def test_a_refused_build_is_explained_in_the_summary(world: World):
    def refuse(order):
        raise UsageProblem(
            "no emulator for linux/arm64 on this machine, so its images can't be checked"
        )

    world.begin = refuse
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a", "b")
        await until(pilot, lambda: "no emulator for linux/arm64" in summary(app))
        assert app.place.PLACE == "plan"
        await pilot.press("space")
        await pilot.pause()
        assert "no emulator for linux/arm64" not in summary(app)


async def test_without_an_engine_nothing_is_built(world: World):
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


async def test_a_slow_emulator_is_named_in_its_column_head(world: World):
    slow = Emulator(version="7.2.22 (Debian 1:7.2+dfsg-7)")
    world.facts = msgspec.structs.replace(GOOD, emulators={"linux/arm64": slow})
    world.source = Source(kind=SourceKind.BAKE, variants=EIGHT)
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        head = place(app).query_one(Matrix).render_line(1).text
        assert "native" in head
        assert "emulated, slow: 5 Doctor" in head


async def test_the_command_is_shown_and_copied(world: World):
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("a", "y")
        await pilot.pause()
        command = "openhqm-tui build --build-all --platforms linux/amd64,linux/arm64"
        assert app.clipboard == command
        assert command in str(app.screen.query_one("#variant", Static).content)


async def test_the_last_results_are_shown_in_the_cells(world: World):
    folders.passed(world.state, ("redis",), id="20261122-1", created=folders.T0 - 86400)
    folders.failed(world.state, ("all", "kafka"))
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        rows = {line.split("]")[1].split()[0]: line for line in lines(app)[2:]}
        assert "✓ 8.0 s 60.2 MB" in rows["redis"]
        # Only one platform failed: the other was stopped because of that.
        assert "− stopped" in rows["kafka"]
        assert rows["kafka"].count("✗ failed") == 1
        assert rows["sqs"].count("–") == 2


def side(app) -> str:
    return str(app.screen.query_one("#variant", Static).content)


def bake(count: int, platforms: str = "") -> Source:
    """Return another project's bake file with many targets with long names."""
    names = [f"service-{number:02}-with-a-name-as-long-as-they-come" for number in range(count)]
    body = {"tags": ["acme/app:1"], "platforms": platforms.split(",") if platforms else []}
    return Source(
        kind=SourceKind.BAKE,
        variants=tuple(Variant(name, "Dockerfile") for name in names),
        bake_targets=dict.fromkeys(names, body),
    )


async def test_headings_and_names_stay_visible_while_the_cells_scroll(world: World):
    world.source = bake(64, "linux/amd64,linux/arm64,linux/s390x,linux/arm/v7")
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        heading = "all rows"
        assert "linux/amd64" in lines(app)[0]
        assert "…00-" in lines(app)[2]
        await pilot.press("G", "right", "right", "right", "space")
        await pilot.pause()
        shown = lines(app)
        assert heading in shown[0]
        assert "linux/arm/v7" in shown[0]
        assert "linux/amd64" not in shown[0]
        assert "…63-" in "".join(shown)
        assert "…00-" not in "".join(shown)
        assert place(app).rows() == {
            app.session.source.variants[63].name: (parse_platform("linux/arm/v7"),)
        }
        # A click selects the visible cell.
        matrix = app.screen.query_one(Matrix)
        y = next(i for i, line in enumerate(shown) if "…60-" in line)
        x = shown[0].index("linux/s390x")
        await pilot.click(matrix, offset=(x, y))
        await pilot.pause()
        chosen = place(app).rows()[app.session.source.variants[60].name]
        assert chosen == (parse_platform("s390x"),)
        await pilot.press("g", "left", "left", "left")
        await pilot.pause()
        assert "linux/amd64" in lines(app)[0]
        assert "…00-" in lines(app)[2]


async def test_a_bake_file_defines_its_own_platforms(world: World):
    world.source = bake(2, "linux/arm64,linux/s390x,windows/amd64")
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        assert place(app).platforms == (ARM, parse_platform("s390x"))


async def test_headings_select_only_the_platforms_that_a_target_has(world: World):
    bodies = {"a": {"platforms": ["linux/amd64", "linux/arm64"]}, "b": {"platforms": ["arm64"]}}
    variants = tuple(Variant(name, "D") for name in (*bodies, "c"))
    world.source = Source(
        kind=SourceKind.BAKE, variants=variants, bake_targets={**bodies, "c": {"target": "x"}}
    )
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a")
        await pilot.pause()
        assert place(app).rows() == {"a": (AMD, ARM), "b": (ARM,), "c": (AMD,)}
        await pilot.press("n", "up", "left", "right", "space")
        await pilot.pause()
        assert place(app).rows() == {"a": (AMD,), "c": (AMD,)}
        # A cell can still be selected by itself.
        await pilot.press("n", "down", "down", "space")
        await pilot.pause()
        assert place(app).rows() == {"b": (AMD,)}


async def test_settings_fill_the_columns_and_fields(world: World):
    world.platforms = (ARM,)
    world.defaults = BuildOptions({}, name="acme/app", tag="1.2", base_image="a/b:1", jobs=3)
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
        assert order == BuildOptions({"all": (ARM,)}, "acme/app", "1.2", base_image="a/b:1", jobs=3)


async def test_removing_a_platform_removes_its_selection(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a", "right", "x")
        await pilot.pause()
        assert place(app).platforms == (AMD,)
        assert set(place(app).rows().values()) == {(AMD,)}
        # The last platform can't be removed.
        await pilot.press("x")
        await pilot.pause()
        assert place(app).platforms == (AMD,)


async def test_targets_that_failed_last_time_can_be_selected(world: World):
    folders.failed(world.state, ("redis", "kafka"))
    folders.passed(world.state, ("redis",), id="20261124-1", created=folders.T0 + 86400)
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a", "F")
        await pilot.pause()
        assert place(app).rows() == {"kafka": (AMD, ARM)}


async def test_the_summary_shows_how_how_long_and_where_to(world: World):
    folders.passed(world.state, ("redis", "kafka"))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "Space selects" in summary(app)
        await pilot.press("down", "r", "down", "r")
        await pilot.pause()
        assert summary(app) == "2 targets · 4 images · 2 cross · about 0:08 · → local Docker"
        await pilot.press("P")
        await pilot.pause()
        assert summary(app).endswith("· push to docker.io/library/openhqm")
        app.screen.query_one("#name", Input).value = "ghcr.io/acme/openhqm"
        await pilot.pause()
        assert summary(app).endswith("· push to ghcr.io/acme/openhqm")
        await pilot.press("t")
        await pilot.pause()
        assert "push can't be combined with test-only" in summary(app)
        assert app.screen.query_one("#build", Button).disabled
        assert app.screen.query_one("#push").has_class("-invalid")
        await pilot.press("P")
        await pilot.pause()
        assert summary(app).endswith("· test only, no images are kept")
        assert not app.screen.query_one("#push").has_class("-invalid")
        assert "none (test only)" in side(app)


async def test_the_details_show_size_times_and_versions(world: World):
    folders.passed(world.state, ("all", "redis"))
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("down", "a")
        await pilot.pause()
        details = " ".join(side(app).split())
        assert "adds Redis 7.1.0" in details
        assert "tags openhqm:latest-redis" in details
        assert "(same as all)" in details
        assert "time amd64 about 0:06 · arm64 about 0:08" in details
        assert "✓ verified 23 Nov 15:14, 8.0 s" in details
        assert "> bake.json && docker buildx bake" in details
        await pilot.press("Y")
        await pilot.pause()
        assert app.clipboard.startswith("openhqm-tui plan --build-all ")


def test_the_details_name_the_source_of_a_checkouts_expectations():
    requirements = ProjectRequirements(variants={"redis": RequirementLines(("redis>=5",))})
    source = Source(kind=SourceKind.CHECKOUT, variants=EIGHT, requirements=requirements)
    side = VariantDetails(source, BuildOptions({}), {}, {}, {}, {})
    details = {
        name: side.describe(name, CommandLines((), ()), 100).plain for name in ("redis", "minimal")
    }
    assert (
        "checks clients from requirements-queue-redis.txt; otherwise bundled defaults"
        in details["redis"]
    )
    assert "checks core from requirements.txt; otherwise bundled defaults" in details["minimal"]


async def test_nothing_to_build_is_reported_in_the_matrix(world: World):
    app = world.app()

    def nowhere():
        raise UsageProblem("Buildx can't evaluate /x/docker-bake.hcl: invalid block")

    app.session.backend.find_source = nowhere
    async with app.run_test() as pilot:
        await settle(pilot)
        await until(pilot, lambda: "nothing to build here: see the error" in lines(app)[0])
        assert "Buildx can't evaluate /x/docker-bake.hcl: invalid block" in summary(app)
        assert app.screen.query_one("#build", Button).disabled
        assert not app.screen.query_one(PlanFields).has_focus


def definition(**bodies: dict[str, Any]) -> Source:
    """Return the source of a bake file with these targets, and the groups `default` and `few`."""
    names = tuple(bodies)
    return Source(
        kind=SourceKind.BAKE,
        variants=tuple(Variant(name, f"The {name}") for name in names),
        context="/src/acme",
        bake_file="/src/acme/docker-bake.hcl",
        bake_files=("/src/acme/docker-bake.hcl", "/src/acme/docker-bake.override.hcl"),
        bake_targets=bodies,
        groups=(
            TargetGroup("default", "Everything", names),
            TargetGroup("few", "", names[:1]),
        ),
    )


TAGGED: dict[str, Any] = {"tags": ["acme/web:1"], "platforms": ["linux/amd64", "linux/arm64"]}
CLI: dict[str, Any] = {
    "output": [{"type": "local", "dest": "./out"}],
    "platforms": ["linux/amd64", "darwin/arm64"],
}


async def test_artifacts_are_counted_apart_and_shown_with_their_place(world: World):
    world.source = definition(web=TAGGED, cli=CLI, lint={"call": "check"})
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("a", "down")
        await pilot.pause()
        assert "3 targets · 2 images · 2 artifacts" in summary(app)
        assert "→ local Docker · artifacts → ./out" in summary(app)
        assert "→ ./out" in lines(app)[3]
        assert "lint result" in lines(app)[4]
        assert "output artifact → ./out, not checked" in side(app)
        assert "also   darwin/arm64" in side(app)
        assert "tags" not in side(app)
        await pilot.press("n", "space")
        await pilot.pause()
        assert "1 target · 1 artifact" in summary(app)
        assert "local Docker" not in summary(app)


async def test_only_fields_with_an_effect_are_shown(world: World):
    world.source = definition(web=TAGGED, cli=CLI)
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        shown = {field.id for field in app.screen.query(Input) if field.region.height}
        assert shown == {"jobs"}
        assert place(app).check_action("edit_name", ()) is None


async def test_untagged_images_of_a_definition_are_named_after_the_folder(world: World):
    world.source = definition(web={})
    app = world.app()
    async with app.run_test(size=(200, 60)) as pilot:
        await settle(pilot)
        name = app.screen.query_one("#name", Input)
        assert (name.value, name.placeholder) == ("", "acme-web")
        assert "tags   acme-web:latest (the file has no tags)" in side(app)
        await pilot.press("space", "e", *"mine")
        await pilot.pause()
        assert "tags   mine:latest-web" in side(app)
        await pilot.press(*["backspace"] * 4)
        await pilot.pause()
        assert "tags   acme-web:latest" in side(app)
        assert "✗" not in summary(app)


async def test_a_group_selects_its_targets_on_their_own_platforms(world: World):
    world.source = definition(web=TAGGED, cli=CLI)
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        line = str(app.screen.query_one(SourceLine).content)
        assert "docker-bake.hcl + " in line
        assert line.endswith("docker-bake.override.hcl · groups  default 2   few 1 ")
        await pilot.press("S", "down", "enter")
        await pilot.pause()
        assert place(app).rows() == {"web": (AMD, ARM)}
        await app.run_action("screen.choose_group(0)")
        await pilot.pause()
        assert place(app).rows() == {"web": (AMD, ARM), "cli": (AMD,)}
        await pilot.press("y")
        assert app.clipboard == "openhqm-tui build"
        await pilot.press("S", "escape")
        assert len(place(app).rows()) == 2


async def test_a_filter_narrows_the_rows_and_keeps_the_selection(world: World):
    world.source = definition(web=TAGGED, cli=CLI, worker={"platforms": ["linux/amd64"]})
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space", "slash", *"work")
        await pilot.pause()
        assert place(app).shown_names == ("worker",)
        assert "matches" in lines(app)[0]
        await pilot.press("enter", "space")
        await pilot.pause()
        assert place(app).rows() == {"web": (AMD,), "worker": (AMD,)}
        await pilot.press("slash", *"xyz")
        await pilot.pause()
        assert "no target matches the filter" in lines(app)[0]
        await pilot.press("escape")
        await pilot.pause()
        assert len(place(app).shown_names) == 3


@pytest.mark.parametrize(
    ("kind", "context", "files", "words"),
    [
        (SourceKind.BUNDLED, "", (), "Bundled example (OpenHQM): nothing to build in /src/acme"),
        (SourceKind.BUNDLED, "/src/acme", (), "OpenHQM with the bundled Dockerfile: /src/acme"),
        (SourceKind.CHECKOUT, "/src/acme", (), "OpenHQM checkout /src/acme"),
        (SourceKind.BAKE, "/src/acme", ("/src/acme/x.hcl", "/y.hcl"), "x.hcl + /y.hcl"),
        (SourceKind.BAKE, "/src/acme", (), "Dockerfile: one target, named after its folder"),
    ],
)
def test_the_source_is_named(kind: SourceKind, context: str, files: tuple[str, ...], words: str):
    source = Source(
        kind=kind,
        variants=(),
        context=context,
        bake_files=files,
        dockerfile="" if files else "/src/acme/Dockerfile",
        example=not context,
    )
    assert words in source_words(source, Path("/src/acme")).plain
