"""The screens 3 to 5, and quitting."""

from __future__ import annotations

import json
import os

import msgspec
import pytest
from textual.widgets import Static

from openhqm_tui.domain.findings import Fix, Health
from openhqm_tui.tui.doctor.screen import DoctorScreen
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from openhqm_tui.tui.widgets.table import CellTable
from tests.tui import folders
from tests.tui.conftest import NO_ENGINE, World, settle, until


def text(app, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


async def test_an_earlier_run_is_opened_from_history(world: World):
    folders.passed(world.state, id="20261122-1", created=folders.T0 - 86400)
    folders.failed(world.state)
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        lines = app.screen.query_one(CellTable).render().plain.split("\n")
        assert "✗ failed" in lines[1]
        assert "2/4" in lines[1]
        assert "✓ verified" in lines[2]
        assert "4/4" in lines[2]
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.place.PLACE == "run")
        await settle(pilot)
        assert app.session.run_folder.path.name == "20261122-1"
        await pilot.press("4")
        await settle(pilot)
        await pilot.click(CellTable, offset=(5, 1), times=2)
        await until(pilot, lambda: app.place.PLACE == "run")
        assert app.session.run_folder.path.name == "20261123-151400-3fa9"


async def test_a_damaged_run_does_not_hide_the_others(world: World):
    folders.passed(world.state)
    broken = folders.failed(world.state / "elsewhere").run.path
    broken.rename(world.state / "runs" / "broken")
    (world.state / "runs" / "broken" / "run.json").write_text("{")
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("4")
        await settle(pilot)
        assert text(app, "#history-summary").startswith("1 run ")


async def test_without_runs_the_history_is_empty(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("4", "o", "r")
        await settle(pilot)
        assert "No runs yet" in text(app, "#no-history")


async def test_the_doctor_shows_a_fix_and_runs_it_after_confirmation(world: World):
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await until(pilot, lambda: app.session.findings)
        assert text(app, "#doctor-summary") == "✗ 1 problem · ! 1 warning · ✓ 3 ok"
        # The cursor starts on a problem; a finding without a problem has no fix.
        await pilot.press("up", "f")
        assert len(app.screen_stack) == 1
        await pilot.press("down")
        await pilot.pause()
        assert "apt-get install -y qemu-user-static" in text(app, "#finding")
        await pilot.press("f")
        await pilot.pause()
        assert isinstance(app.screen, QuestionDialog)
        await pilot.press("right", "enter")
        await pilot.pause()
        assert world.fixed == []
        await pilot.press("f")
        await pilot.pause()
        await pilot.press("enter")
        await until(
            pilot,
            lambda: world.fixed and app.place.fix_runner is None and not app.session.examining,
        )
        assert text(app, "#doctor-summary") == "! 1 warning · ✓ 4 ok"
        log = app.screen.query_one("#fix-output", LogPane).log_lines
        assert [log.text(i) for i in range(len(log))] == [
            "▸ Install and register QEMU's user-mode emulators",
            "Reading package lists...",
            "Setting up qemu-user-static (1:10.0.2) ...",
            "  done",
        ]
        assert "1 problem" in text(app, "StatusLine")


async def test_the_buttons_stay_visible_under_a_long_fix(world: World):
    script = "\n".join(f"echo line {number}" for number in range(80))
    long = Fix(title="A long one", script=script)
    world.findings = [
        msgspec.structs.replace(finding, fixes=(long,)) if finding.fixes else finding
        for finding in world.findings
    ]
    app = world.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await until(pilot, lambda: app.session.findings)
        await pilot.press("f")
        await pilot.pause()
        dialog = app.screen.query_one(".dialog").region
        assert dialog.bottom <= 24
        assert dialog.contains_region(app.screen.query_one("#run").region)
        lines = app.screen.query_one(".dialog-text")
        assert lines.scroll_y == 0
        await pilot.press("pagedown", "down")
        await until(pilot, lambda: lines.scroll_y > 1)
        await pilot.press("up", "pageup")
        await until(pilot, lambda: lines.scroll_y == 0)


async def test_a_failed_fix_is_reported(world: World):
    world.fix_works = False
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("5")
        await until(pilot, lambda: app.session.findings)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("enter")
        await until(
            pilot,
            lambda: world.fixed and app.place.fix_runner is None and not app.session.examining,
        )
        log = app.screen.query_one("#fix-output", LogPane).log_lines
        assert log.text(len(log) - 1) == "✗ the fix failed"


async def test_a_fixed_machine_can_build(world: World):
    world.facts = NO_ENGINE
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("5")
        await until(pilot, lambda: app.session.findings)
        assert isinstance(app.place, DoctorScreen)
        world.facts = World(world.state).facts
        await pilot.press("r")
        await until(pilot, lambda: app.session.facts.answers)
        assert "engine 29.1.0" in text(app, "StatusLine")
        assert app.session.problems == sum(
            f.health in {Health.FAIL, Health.WARN} for f in app.session.findings
        )


@pytest.mark.parametrize(
    ("keys", "leaves", "requests"),
    [
        (["enter"], True, []),
        (["right", "enter"], True, [{"ask": "cancel"}]),
        (["right", "right", "enter"], False, []),
        (["escape"], False, []),
    ],
)
async def test_quitting_during_a_run_asks_whether_to_cancel_it(
    world: World, keys, leaves, requests
):
    made = folders.running(world.state)
    app = world.app(made.run)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert isinstance(app.screen, QuestionDialog)
        await pilot.press(*keys)
        await pilot.pause()
        assert (app.return_value == 0) is leaves
        lines = made.run.control_file.read_text().splitlines()
        assert [json.loads(line) for line in lines] == requests


async def test_no_color_is_respected_and_passed_to_child_processes(world: World, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    app = world.app(folders.failed(world.state).run)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert app.no_color
        assert os.environ["NO_COLOR"] == "1"
        (pane,) = app.screen.query_one(LanePanes).visible_panes
        assert "✗ kafka" in str(pane.head.content)


async def test_ignored_project_settings_are_notified_when_the_console_opens(world: World):
    world.refused = ("keep-runs: it would delete [b]", "checks: ../x is not inside")
    app = world.app()
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.screen.query("Toast"))
        (toast,) = app.screen.query("Toast")
        message = str(toast.render())
        assert message.splitlines()[-2:] == [*world.refused]
        assert "Ignored in openhqm-tui.toml" in message
