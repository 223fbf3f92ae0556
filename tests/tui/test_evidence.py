"""The evidence of a verdict, shown over the Checks screen."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from textual.content import Content

from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.run import events
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.checks.screen import ChecksScreen, EvidenceScreen, read_evidence
from openhqm_tui.tui.checks.table import VerdictTable
from openhqm_tui.tui.widgets.key_line import KeyLine
from openhqm_tui.tui.widgets.status_line import Tab
from openhqm_tui.tui.widgets.table import CellTable
from tests.our_variants import OUR_CHECKS
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.test_checks import ARM, checked, rows, text


async def test_a_verdict_can_be_opened_rechecked_and_closed_by_mouse(world: World):
    made = checked(world)
    file = made.run.evidence_file(*ARM)
    file.write_bytes(b'{"command": "docker run x", "probe": {"machine": "aarch64"}}')
    app = world.app(made.run)
    async with app.run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.click(next(tab for tab in app.screen.query(Tab) if tab.place == "checks"))
        await settle(pilot)
        column = rows(app)[1].index("mac")
        await pilot.hover(CellTable, offset=(column, 1))
        assert "Does Python report" in str(app.screen.query_one(CellTable).tooltip)
        await pilot.hover(CellTable, offset=(column, 3))
        assert app.screen.query_one(CellTable).tooltip == "aarch64, linux-aarch64"
        await pilot.click(CellTable, offset=(column, 3), times=2)
        await until(pilot, lambda: isinstance(app.screen, EvidenceScreen))
        await until(pilot, lambda: "docker run x" in text(app, "#evidence-all"))
        shown = text(app, "#evidence-all")
        assert shown.startswith("machine · ? unknown · redis linux/arm64 · emulated")
        assert '"machine": "aarch64"' in shown
        assert "redis.linux-arm64.json" in shown
        keys = app.screen.query_one(KeyLine)
        line = keys.render().plain
        await pilot.click(KeyLine, offset=(line.index("Check again"), 0))
        await until(pilot, lambda: world.requests == [Request("check", *ARM, "machine")])
        await pilot.click(KeyLine, offset=(line.index("Next"), 0))
        await until(pilot, lambda: text(app, "#evidence-all").startswith("clients"))
        await pilot.click(KeyLine, offset=(line.index("Close"), 0))
        await until(pilot, lambda: isinstance(app.screen, ChecksScreen))


async def test_open_evidence_is_updated_with_the_run(world: World):
    made = checked(world).hold()
    made.run.append(events.RunStarted(at=made.at(60), pid=1))
    app = world.app(made.run)
    async with app.run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3", "f", "enter")
        await until(pilot, lambda: isinstance(app.screen, EvidenceScreen))
        await until(pilot, lambda: "No evidence file" in text(app, "#evidence-all"))
        made.run.evidence_file(*ARM).write_bytes(b'{"command": "docker run again"}')
        made.check("redis", "linux/arm64", 61)
        await until(pilot, lambda: "docker run again" in text(app, "#evidence-all"))
        assert text(app, "#evidence-all").startswith("machine · ✓ pass")
    made.release()


async def test_the_evidence_of_a_lane_lists_all_its_verdicts(world: World):
    app = world.app(checked(world).run)
    async with app.run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, EvidenceScreen))
        shown = text(app, "#evidence-all")
        assert shown.startswith("redis linux/arm64 · emulated · ✗ failed")
        assert "Not verified: 1 check failed, 1 inconclusive." in shown
        assert all(check in shown for check in OUR_CHECKS)
        assert "checked   23 Nov 15:14, took 0.9 s" in shown


@pytest.mark.parametrize(
    ("data", "command", "ends"),
    [
        (b'{"command": "docker \\u001b[2Jrun"}', "docker run", '"}'),
        (b"not json", "", "not json"),
        (b"[" * 3000, "", "… (truncated)"),
        (b'{"a": "' + b"x\n" * 60_000, "", "… (truncated)"),
        (b"\xff[bold]x[/]", "", "\ufffd[bold]x[/]"),
    ],
)
def test_a_hostile_evidence_file_is_shown_safely(
    tmp_path: Path, data: bytes, command: str, ends: str
):
    file = tmp_path / "x.json"
    file.write_bytes(data)
    evidence = read_evidence(file)
    assert evidence is not None
    assert evidence.command == command
    assert evidence.text.endswith(ends)
    assert "\x1b" not in evidence.text
    assert len(evidence.text) < 70_000
    assert read_evidence(tmp_path / "none") is None
    assert msgspec.json.encode(evidence.text)


async def test_evidence_in_a_tooltip_is_not_read_as_markup(world: World):
    made = folders.passed(world.state, ("redis",))
    odd = Verdict(check="clients", answer=Answer.FAIL, evidence="import failed: [/opt/app] missing")
    made.run.append(
        events.LaneChecked(at=made.at(9), target="redis", platform="linux/amd64", verdicts=(odd,))
    )
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3", "right", "right", "right")
        await settle(pilot)
        table = app.screen.query_one(VerdictTable)
        line = next(y for y in range(1, 10) if "✗" in str(table.render_line(y).text))
        x = table.render_line(line).text.rindex("✗")
        await pilot.hover(table, offset=(x, line))
        await until(pilot, lambda: table.tooltip)
        # A bare string would be read as markup when the tooltip is drawn.
        assert isinstance(table.tooltip, Content)
        assert table.tooltip.plain == "import failed: [/opt/app] missing"
