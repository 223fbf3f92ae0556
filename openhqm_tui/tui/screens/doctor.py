"""Place 5, Doctor: what this machine lacks for building, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Event
from typing import ClassVar

from textual import on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.domain.findings import Finding, Health
from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.domain.plain_text import plain
from openhqm_tui.tui.commands import bindings
from openhqm_tui.tui.marks import health_mark
from openhqm_tui.tui.screens.dialogs import Ask
from openhqm_tui.tui.screens.place import Place
from openhqm_tui.tui.widgets.cell_table import CellTable
from openhqm_tui.tui.widgets.log_pane import LogPane


class DoctorScreen(Place):
    """Findings, what is known of the marked one, and the output of its fix."""

    PLACE = "doctor"
    CSS_PATH = "doctor.tcss"
    BINDINGS: ClassVar = bindings("doctor")
    AUTO_FOCUS = "CellTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (108, "-wide")]  # noqa: RUF012

    class Said(Message):
        """The fix printed a line."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    class Mended(Message):
        """The fix is over."""

        def __init__(self, finding: Finding, worked: bool) -> None:
            super().__init__()
            self.finding = finding
            self.worked = worked

    def __init__(self) -> None:
        super().__init__()
        self.mending = ""
        self._output = LogLines()
        self._asked = False
        self._shown: list[Finding] | None = None

    def body(self) -> Iterable[Widget]:
        """Yield findings, the marked one, the output."""
        yield Vertical(
            Static(id="doctor-summary"),
            Horizontal(
                CellTable(id="findings"),
                VerticalScroll(Static(id="finding"), id="finding-box", can_focus=False),
                id="doctor-middle",
            ),
            LogPane(self._output, id="mending"),
            id="doctor",
        )

    async def catch_up(self) -> None:
        """Show the last look; the first time, take one."""
        self.query_one("#mending").display = len(self._output) > 0
        self.show_findings()
        if not self._asked:
            self._asked = True
            self.action_examine()

    def engine_seen(self) -> None:
        """Show what was found."""
        if self.stands:
            self.show_findings()

    @property
    def marked(self) -> Finding | None:
        """The finding that the cursor is on."""
        findings = self.console_app.findings or []
        row = self.query_one(CellTable).row
        return findings[row] if row < len(findings) else None

    def show_findings(self) -> None:
        """Show the list, its sum and the marked one."""
        app = self.console_app
        findings = app.findings
        table = self.query_one(CellTable)
        table.display = bool(findings)
        if findings:
            table.show(("state", "what", "seen"), [_cells(finding) for finding in findings])
            if findings is not self._shown:
                table.go(_worth_looking_at(findings, table.row), 0)
            self._shown = findings
        self.query_one("#doctor-summary", Static).update(
            _summary(findings, looking=app.examining, mending=self.mending)
        )
        self._show_marked()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Grey out what can't be done now."""
        if not self.stands:
            return True
        if action == "fix":
            finding = self.marked
            return True if finding and _fixable(finding) and not self.mending else None
        if action == "examine":
            return None if self.console_app.examining or self.mending else True
        return True

    @on(CellTable.Marked)
    def row_marked(self) -> None:
        """Describe another finding."""
        self._show_marked()

    @on(CellTable.Opened)
    def row_opened(self) -> None:
        """Offer to mend what is marked."""
        if self.check_action("fix", ()):
            self.action_fix()

    def action_examine(self) -> None:
        """Look at the machine again."""
        self.console_app.examine()
        self.show_findings()

    def action_fix(self) -> None:
        """Show what mends the marked finding, and do it if that is wanted."""
        finding = self.marked
        if finding is None:
            return
        parts = []
        for fix in finding.fixes:
            root = "  (as root)" if fix.as_root else ""
            parts.append(Content.assemble((fix.title, "bold"), (root, "$text-warning")))
            parts += [Content.styled(f"  {line}", "$primary") for line in _lines(fix.script)]
        question = Ask(
            f"Run this to mend “{plain(finding.title)}”?",
            Content("\n").join(parts),
            [("run", "Run it"), ("no", "Leave it")],
        )
        self.app.push_screen(question, lambda answer: self._answered(answer, finding))

    def _answered(self, answer: str | None, finding: Finding) -> None:
        if answer == "run":
            self.mending = finding.title
            self._output = LogLines()
            for fix in finding.fixes:
                self._output.add(f"▸ {fix.title}", step=0, at=0.0)
            pane = self.query_one("#mending", LogPane)
            pane.display = True
            pane.show(self._output)
            self.show_findings()
            self._mend(finding)

    @work(thread=True, exclusive=True, group="mend")
    def _mend(self, finding: Finding) -> None:
        def say(line: str) -> None:
            self.post_message(self.Said(line))

        try:
            worked = all(self.console_app.services.mend(f, say, Event()) for f in finding.fixes)
        except OSError as error:
            say(str(error))
            worked = False
        self.post_message(self.Mended(finding, worked))

    def on_doctor_screen_said(self, message: Said) -> None:
        """Show a line of the fix."""
        self._output.add(message.line, step=0, at=0.0, stream=1)
        self.query_one("#mending", LogPane).flush()

    def on_doctor_screen_mended(self, message: Mended) -> None:
        """Say how it ended, and look again."""
        words = "  done" if message.worked else "✗ this did not work"
        self._output.add(words, step=0, at=0.0)
        self.query_one("#mending", LogPane).flush()
        self.mending = ""
        self.action_examine()

    def _show_marked(self) -> None:
        finding = self.marked if self.console_app.findings else None
        self.query_one("#finding", Static).update(_describe(finding) if finding else Content(""))
        self.refresh_bindings()


def _worth_looking_at(findings: list[Finding], row: int) -> int:
    """Return the row to begin with: what was marked if it isn't well, else the first that isn't."""
    if row < len(findings) and findings[row].health is not Health.OK:
        return row
    order = {Health.FAIL: 0, Health.UNKNOWN: 1, Health.WARN: 2, Health.OK: 3}
    worst = min(findings, key=lambda finding: order[finding.health])
    return row if worst.health is Health.OK else findings.index(worst)


def _fixable(finding: Finding) -> bool:
    return bool(finding.fixes) and finding.health is not Health.OK


def _lines(script: str) -> list[str]:
    return plain(script).strip().splitlines()


def _cells(finding: Finding) -> Sequence[Content]:
    return (
        health_mark(finding.health).content,
        Content.styled(plain(finding.title), "bold"),
        Content(" ".join(plain(finding.detail).split())),
    )


def _summary(findings: list[Finding] | None, *, looking: bool, mending: str) -> Content:
    if mending:
        return Content.assemble((f"mending “{plain(mending)}”…", "$accent"))
    if findings is None:
        return Content.styled("looking at this machine…", "$foreground-muted")
    parts: list[Content | str] = []
    for health in (Health.FAIL, Health.WARN, Health.UNKNOWN, Health.OK):
        if number := sum(finding.health is health for finding in findings):
            mark = health_mark(health)
            parts.append(Content.styled(f"{mark.symbol} {number} {mark.word}", mark.style))
    line = Content(" · ").join(parts)
    return Content.assemble(line, " · looking again…") if looking else line


def _describe(finding: Finding) -> Content:
    lines = [
        Content.assemble(health_mark(finding.health).content, "  ", (plain(finding.title), "bold")),
        Content(plain(finding.detail)),
    ]
    if finding.needed and finding.health is Health.FAIL:
        lines.append(Content.styled("Without it no build can start.", "$text-error"))
    if finding.why:
        lines += [
            Content(""),
            Content.styled("why it matters", "$foreground-muted"),
            Content(plain(finding.why)),
        ]
    if finding.health is Health.OK:
        return Content("\n").join(lines)
    if finding.advice:
        lines += [
            Content(""),
            Content.styled("what to do", "$foreground-muted"),
            Content(plain(finding.advice)),
        ]
    if finding.fixes:
        lines += [Content(""), Content.styled("f runs this, after asking", "$foreground-muted")]
        for fix in finding.fixes:
            root = " (as root)" if fix.as_root else ""
            lines.append(Content.assemble((fix.title, "bold"), root))
            lines += [Content.styled(f"  {line}", "$primary") for line in _lines(fix.script)]
    return Content("\n").join(lines)
