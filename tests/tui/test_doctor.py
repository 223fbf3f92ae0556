"""The Doctor screen: fixes are shown, run, followed and stopped."""

from __future__ import annotations

import shlex
import subprocess

import msgspec
import pytest
from textual.widgets import Static

from openhqm_tui.domain.findings import Fix
from openhqm_tui.engine.doctor.apply import Rights
from openhqm_tui.tui.doctor.fix_runner import command_line
from openhqm_tui.tui.doctor.screen import DoctorScreen
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui.conftest import World, settle, until

BASE = Fix(title="Make a base image", script="mmdebstrap trixie\ndocker import -")


@pytest.fixture
def two(world: World) -> World:
    """A machine with two fixable problems, one of them fixable only by root."""
    world.findings = [
        msgspec.structs.replace(finding, fixes=(BASE,)) if finding.key == "base" else finding
        for finding in world.findings
    ]
    return world


def text(app, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def log(app) -> list[str]:
    lines = app.place.query_one("#fix-output", LogPane).log_lines
    return [lines.text(index) for index in range(len(lines))]


def place(app) -> DoctorScreen:
    assert isinstance(app.place, DoctorScreen)
    return app.place


async def open_doctor(pilot) -> None:
    await settle(pilot)
    await pilot.press("5")
    await until(pilot, lambda: pilot.app.session.findings and not pilot.app.session.examining)


async def confirm(pilot) -> str:
    """Confirm the question on screen and return its text."""
    assert isinstance(pilot.app.screen, QuestionDialog)
    shown = str(pilot.app.screen.query_one(".dialog-text Static", Static).content)
    await pilot.press("enter")
    await pilot.pause()
    return shown


async def wait_for_the_end(pilot) -> None:
    await until(
        pilot, lambda: pilot.app.session.fix_runner is None and not pilot.app.session.examining
    )


async def test_all_fixes_are_shown_together_and_run_in_order(two: World):
    app = two.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_doctor(pilot)
        await pilot.press("F")
        await pilot.pause()
        assert two.fixed == []
        shown = await confirm(pilot)
        for line in ("1/2 Install", "apt-get install", "(as root)", "2/2 Make", "docker import -"):
            assert line in shown
        await wait_for_the_end(pilot)
        assert two.fixed == ["platform:linux/arm64", "base"]
        assert [line for line in log(app) if "▸" in line or "done" in line] == [
            "▸ 1/2 Install and register QEMU's user-mode emulators",
            "  done",
            "▸ 2/2 Make a base image",
            "  done",
            "  all 2 fixes done",
        ]
        assert text(app, "#doctor-summary") == "✓ 5 ok"


async def test_the_first_failed_fix_stops_the_rest(two: World):
    two.fix_works = False
    app = two.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_doctor(pilot)
        await pilot.press("F")
        await pilot.pause()
        await confirm(pilot)
        await wait_for_the_end(pilot)
        assert two.fixed == ["platform:linux/arm64"]
        assert log(app)[-1] == "✗ the fix failed (0 of 2 done, 1 not started)"


async def test_a_running_fix_shows_its_progress_and_is_stopped_after_a_question(two: World):
    two.fix_hangs = True
    app = two.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_doctor(pilot)
        assert not place(app).check_action("stop", ())
        await pilot.press("F")
        await pilot.pause()
        await confirm(pilot)
        await until(pilot, lambda: "Reading package lists..." in log(app))
        two.now += 75
        await until(pilot, lambda: "fixing 1 of 2 · 1:15 · Install" in text(app, "#doctor-summary"))
        assert "C stops the fix" in text(app, "#doctor-summary")
        # Nothing else can be started meanwhile.
        await pilot.press("f", "F", "r")
        await pilot.pause()
        assert not isinstance(app.screen, QuestionDialog)
        await pilot.press("C", "escape")
        await pilot.pause()
        assert app.session.fix_runner is not None
        assert not app.session.fix_runner.stopping
        await pilot.press("C")
        await pilot.pause()
        shown = await confirm(pilot)
        assert "has been running for 1:15" in shown
        assert "Changes made so far remain" in shown
        await wait_for_the_end(pilot)
        assert log(app)[-1] == "✗ stopped (0 of 2 done, 1 not started)"


async def test_the_output_can_be_maximized_and_shown_with_times(two: World):
    two.fix_hangs = True
    app = two.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await open_doctor(pilot)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        await confirm(pilot)
        await until(pilot, lambda: "Reading package lists..." in log(app))
        pane = app.screen.query_one("#fix-output", LogPane)
        middle = app.screen.query_one("#doctor-middle")
        pane.focus()
        await until(pilot, lambda: pane.has_focus)
        before = pane.size.height
        await pilot.press("enter")
        await until(pilot, lambda: not middle.display and pane.size.height > before)
        await pilot.press("t")
        await until(pilot, lambda: "0:00" in pane.render_line(1).text)
        await pilot.press("enter")
        await until(pilot, lambda: middle.display and pane.size.height == before)
        await pilot.press("C")
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        await confirm(pilot)
        await wait_for_the_end(pilot)


async def test_a_problem_that_remains_after_its_fix_is_reported(world: World):
    world.fix_helps = False
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_doctor(pilot)
        await pilot.press("f")
        await pilot.pause()
        await confirm(pilot)
        await until(pilot, lambda: "problem persists" in log(app)[-1])
        assert world.fixed == ["platform:linux/arm64"]
        assert log(app)[-1] == "✗ Emulator for linux/arm64: the problem persists after the fix"


@pytest.mark.parametrize(
    ("rights", "message"),
    [
        (Rights.PASSWORD, "sudo asks for a password; run `sudo -v`"),
        (Rights.NONE, "sudo is not installed"),
    ],
)
async def test_fixes_that_need_root_are_explained_and_skipped(two: World, rights, message):
    two.rights = rights
    app = two.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_doctor(pilot)
        await until(pilot, lambda: message in text(app, "#finding"))
        await pilot.press("f")
        await pilot.pause()
        assert not isinstance(app.screen, QuestionDialog)
        await pilot.press("y")
        await pilot.pause()
        assert app.clipboard.startswith("sudo sh -euc 'apt-get")
        await pilot.press("F")
        await pilot.pause()
        shown = await confirm(pilot)
        assert "Skipped (Emulator for linux/arm64" in shown
        assert "apt-get" not in shown
        await wait_for_the_end(pilot)
        assert two.fixed == ["base"]


async def test_the_use_of_sudo_is_shown(world: World):
    world.rights = Rights.SUDO
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_doctor(pilot)
        await until(pilot, lambda: "(as root, through sudo)" in text(app, "#finding"))
        await pilot.press("f")
        await pilot.pause()
        assert "(as root, through sudo)" in await confirm(pilot)


@pytest.mark.parametrize(("keys", "leaves"), [(["enter"], True), (["escape"], False)])
async def test_quitting_during_a_fix_asks_and_stops_it(two: World, keys, leaves):
    two.fix_hangs = True
    app = two.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await open_doctor(pilot)
        await pilot.press("F")
        await pilot.pause()
        await confirm(pilot)
        fix_runner = app.session.fix_runner
        await pilot.press("1", "q")
        await pilot.pause()
        assert isinstance(app.screen, QuestionDialog)
        await pilot.press(*keys)
        await pilot.pause()
        assert (app.return_value == 0) is leaves
        if not leaves:
            assert not fix_runner.stopping
    # Nothing keeps running in the background after the console has exited.
    assert fix_runner.stopping


async def test_much_output_is_shown_completely(world: World):
    app = world.app()
    apply_fix = app.session.backend.apply_fix

    def flood(fix, say, stop):
        for number in range(20_000):
            say(f"line {number} \x1b[31mred\x1b[0m [bold]")
        return apply_fix(fix, say, stop)

    app.session.backend.apply_fix = flood
    async with app.run_test(size=(120, 40)) as pilot:
        await open_doctor(pilot)
        await pilot.press("f")
        await pilot.pause()
        await confirm(pilot)
        await wait_for_the_end(pilot)
        lines = log(app)
        assert len(lines) == 20_000 + 4
        assert lines[1].startswith("line 0 ")
        assert lines[-1] == "  done"


@pytest.mark.parametrize(
    ("script", "code", "out"),
    [
        ("echo 'one two'", 0, "one two\n"),
        ("echo a\nfalse\necho b\n", 1, "a\n"),
        ("cat <<'E'\n$x\nE\n", 0, "$x\n"),
    ],
)
def test_the_copied_command_does_the_same_in_any_shell(script, code, out):
    line = command_line(Fix(title="", script=script), Rights.SUDO)
    ran = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (code, out)


@pytest.mark.parametrize(
    ("as_root", "rights", "sudo"),
    [
        (True, Rights.SUDO, True),
        (True, Rights.NONE, True),
        (True, Rights.ROOT, False),
        (False, Rights.SUDO, False),
    ],
)
def test_the_copied_command_names_sudo_where_it_is_needed(as_root, rights, sudo):
    words = shlex.split(command_line(Fix(title="", script="true", as_root=as_root), rights))
    assert (words[0] == "sudo") is sudo
