"""The console shows the warnings that `openhqm-tui build` prints."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest
from textual.widgets import Static

from openhqm_tui.domain.plan.bake import Source, SourceKind
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.store.settings import Settings
from openhqm_tui.tui.core.backend import Backend
from tests.eight_variants import EIGHT
from tests.tui import folders
from tests.tui.conftest import AMD, GOOD, World, settle, until
from tests.tui.test_plan import place, summary

OLD = msgspec.structs.replace(GOOD, server_version="28.0.4")
ORDER = BuildOptions({"redis": (AMD,)})


@pytest.fixture
def project(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / "elsewhere"))
    source = Source(
        kind=SourceKind.BUNDLED,
        variants=EIGHT,
        context=str(folder),
        dockerfile=str(folder / "Dockerfile"),
    )
    return folder, source


async def test_the_plan_warns_about_a_checks_table_without_a_target(world: World, project):
    folder, world.source = project
    (folder / "openhqm-checks.toml").write_text("[targets.nosuch]\nuser = 1000\n")
    world.replaced["warnings"] = Backend(folder, Settings()).warnings
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space")
        await until(pilot, lambda: "nosuch" in summary(app))
        assert f" · ! {folder}/openhqm-checks.toml: no target matches" in summary(app)
        tooltip = place(app).query_one("#summary", Static).tooltip
        assert "nosuch" in str(tooltip)


def test_every_kind_of_warning_is_shown_before_the_start(project, monkeypatch):
    folder, source = project
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(folder / ".runs"))
    (folder / "openhqm-checks.toml").write_text("[targets.nosuch]\nuser = 1000\n")
    warnings = Backend(folder, Settings()).warnings(ORDER, OLD, source)
    assert len(warnings) == 3
    assert "nosuch" in warnings[0]
    assert warnings[1].startswith("Docker Engine 28.0.4: its API is older")
    assert warnings[2].startswith(f"the state folder {folder}/.runs is inside the build context")
    unchecked = dataclasses.replace(ORDER, check=False)
    assert Backend(folder, Settings()).warnings(unchecked, OLD, source) == (
        warnings[0],
        warnings[2],
    )


def test_a_failed_lookup_hides_no_other_warning(project):
    folder, source = project
    (folder / "openhqm-checks.toml").write_text("[targets.nosuch]\nuser = 1000\n")
    dead = msgspec.structs.replace(GOOD, error="the engine is gone")
    (warning,) = Backend(folder, Settings()).warnings(ORDER, dead, source)
    assert "nosuch" in warning


async def test_a_started_run_repeats_its_warnings(world: World):
    world.warnings = ("the base image can't be reached from here", "[b]the tag is shared")
    world.begin = lambda order: folders.passed(world.state).run
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("space", "b")
        await until(pilot, lambda: world.orders and app.session.run_folder is not None)
        await until(pilot, lambda: len(app._notifications) == 2)
        toasts = [(toast.message, toast.severity) for toast in app._notifications]
        assert toasts == [(warning, "warning") for warning in world.warnings]


async def test_allow_unknown_is_offered_only_with_push(world: World):
    world.facts = OLD
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        toggle = app.screen.query_one("#allow-unknown")
        assert not toggle.display
        await pilot.press("space", "U")
        assert not place(app).order.allow_unknown
        await pilot.press("P")
        await pilot.pause()
        assert toggle.display
        assert "enable “allow unknown” (U)" in summary(app)
        await pilot.press("U")
        await pilot.pause()
        assert place(app).order.allow_unknown
        assert "push to docker.io/library/openhqm" in summary(app)
        (line,) = place(app).commands().build
        assert line.endswith(" --push --allow-unknown")


@pytest.mark.parametrize("width", [60, 72, 80, 120])
async def test_every_switch_of_the_plan_is_visible_at_any_width(world: World, width: int):
    app = world.app()
    async with app.run_test(size=(width, 24)) as pilot:
        await settle(pilot)
        await pilot.press("P", "o")
        await pilot.pause()
        fields = place(app).fields
        for id in ("builder", "push", "test-only", "allow-unknown"):
            region = fields.query_one(f"#{id}").region
            assert region.width >= 8
            assert region.right <= fields.region.right, id
