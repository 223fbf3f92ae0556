"""The complete log of a target in the user's pager."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.test_run_actions import notices


def allow_suspend(app, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "suspend", nullcontext)


async def test_the_complete_log_of_a_target_opens_in_a_pager(world: World, monkeypatch):
    made = folders.failed(world.state)
    log = made.run.path / "kafka.log"
    log.write_text("all of it\n")
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        allow_suspend(app, monkeypatch)
        await pilot.press("p")
        await until(pilot, lambda: world.paged == ["all of it\n"])
        assert log.exists()
        assert notices(app) == ""


async def test_the_output_of_a_running_target_opens_in_a_pager(world: World, monkeypatch, tmp_path):
    made = folders.running(world.state, ("redis",))
    made.step("redis", "[linux/amd64 x 1/1] RUN x", 9, log="\x1b[31mred\x1b[0m \x1b]0;t\x07line\n")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        allow_suspend(app, monkeypatch)
        await pilot.press("p")
        await until(pilot, lambda: world.paged)
        assert "== redis linux/amd64 ==" in world.paged[0]
        assert "\nred line\n" in world.paged[0]
        assert "\x1b" not in world.paged[0]
        await until(pilot, lambda: not list(tmp_path.glob("openhqm-tui-*")))
    made.release()


async def test_an_unusable_pager_is_reported_with_the_file(world: World, monkeypatch):
    made = folders.failed(world.state)
    (made.run.path / "kafka.log").write_text("all of it\n")
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("p")
        await until(
            pilot,
            lambda: "a pager is not available in this terminal; the log is in ~/" in notices(app),
        )
        assert "kafka.log" in notices(app)

        def page(file: Path) -> None:
            raise UsageProblem("the pager 'lass' isn't installed")

        allow_suspend(app, monkeypatch)
        app.session.backend.page = page
        await pilot.press("p")
        await until(pilot, lambda: "the pager 'lass' isn't installed" in notices(app))
