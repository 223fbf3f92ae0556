"""A report from History: its path, or why it couldn't be written, is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.report.gather import write_report
from openhqm_tui.tui.history.screen import write_report as ask_for_report
from tests.recordings import copied
from tests.tui.conftest import World, settle, until


@pytest.mark.parametrize(
    ("folder", "message"), [("", "wrote "), ("nowhere", "(No such file or directory)")]
)
async def test_the_path_or_the_error_is_notified(
    world: World, tmp_path: Path, folder: str, message: str
):
    run = copied("checked", tmp_path / "a [red]run")
    app = world.app()
    app.session.backend.report = lambda run: write_report(run, tmp_path / folder)
    async with app.run_test() as pilot:
        await settle(pilot)
        await ask_for_report(app.session, run)
        await until(pilot, lambda: app._notifications)
        [notification] = list(app._notifications)
        assert message in notification.message
        assert "openhqm-report-a [red]run.html" in notification.message
    assert (tmp_path / "openhqm-report-a [red]run.html").exists() == (not folder)
