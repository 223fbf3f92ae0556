"""The Doctor screen: problems on this machine, and their fixes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import on, work
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.domain.findings import Finding, Health
from openhqm_tui.domain.formatting import clock_text, count_text
from openhqm_tui.domain.guides import place_of_finding
from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.doctor.apply import Rights, pending
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.session import copy
from openhqm_tui.tui.doctor.fix_runner import (
    FixRunner,
    Step,
    command_line,
    describe_finding,
    describe_steps,
    finding_cells,
    findings_sum,
    fixable,
    lacks_root,
    worth_looking_at,
)
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.widgets.base_screen import BaseScreen
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from openhqm_tui.tui.widgets.table import CellTable

# Seconds between reads of the running fix's output.
_FLUSH_EVERY = 0.1


class DoctorScreen(BaseScreen):
    """The findings, details of the selected one, and the output of fixes."""

    PLACE = "doctor"
    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar = bindings("doctor")
    AUTO_FOCUS = "CellTable"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (108, "-wide")]  # noqa: RUF012

    class RightsSeen(Message):
        """How fixes can become root."""

        def __init__(self, rights: Rights) -> None:
            super().__init__()
            self.rights = rights

    class FixesEnded(Message):
        """The fixes have ended."""

        def __init__(self, fix_runner: FixRunner) -> None:
            super().__init__()
            self.fix_runner = fix_runner

    def __init__(self) -> None:
        super().__init__()
        self.rights = Rights.ROOT
        self._output = LogLines()
        self._draining: Timer | None = None
        self._told_at = ""
        self._asked = False
        self._shown: list[Finding] | None = None
        # The last fixed finding, until a new examination shows whether the fix worked.
        self._hoped: tuple[Finding, ...] = ()

    @property
    def fix_runner(self) -> FixRunner | None:
        """The running fixes."""
        return self.session.fix_runner

    def body(self) -> Iterable[Widget]:
        """Yield findings, details and output."""
        yield Vertical(
            Static(id="doctor-summary"),
            Horizontal(
                CellTable(id="findings"),
                VerticalScroll(Static(id="finding"), id="finding-box", can_focus=False),
                id="doctor-middle",
            ),
            LogPane(self._output, id="fix-output"),
            id="doctor",
        )

    async def catch_up(self) -> None:
        """Show the last examination; start one if there is none."""
        said_something = len(self._output) > 0 or self.fix_runner is not None
        self.query_one("#fix-output").display = said_something
        self.show_findings()
        if not self._asked:
            self._asked = True
            self.action_examine()

    def on_unmount(self) -> None:
        """Stop the running fix."""
        if self.fix_runner is not None:
            self.fix_runner.stop()

    def engine_seen(self) -> None:
        """Show the findings."""
        if self.is_built:
            self.show_findings()

    @property
    def marked(self) -> Finding | None:
        """The selected finding."""
        findings = self.session.findings or []
        row = self.query_one(CellTable).row
        return findings[row] if row < len(findings) else None

    def show_findings(self) -> None:
        """Show list, summary and details."""
        findings = self.session.findings
        table = self.query_one(CellTable)
        table.display = bool(findings)
        if findings:
            table.show(("state", "check", "details"), [finding_cells(f) for f in findings])
            if findings is not self._shown:
                table.go(worth_looking_at(findings, table.row), 0)
                self._judge(findings)
            self._shown = findings
        self._show_sum()
        self._show_marked()

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Gray out unavailable commands."""
        if not self.is_built:
            return True
        finding, busy = self.marked, self.fix_runner is not None
        match action:
            case "fix":
                return True if finding and fixable(finding) and not busy else None
            case "fix_all":
                return True if pending(self.session.findings or ()) and not busy else None
            case "copy":
                return True if finding and fixable(finding) else None
            case "examine":
                return None if self.session.examining or busy else True
            case "stop":
                return busy
        return True

    @on(CellTable.Marked)
    def row_marked(self) -> None:
        """Describe the selected finding."""
        self.query_one("#finding-box").scroll_home(animate=False)
        self._show_marked()

    @on(CellTable.Opened)
    def row_opened(self) -> None:
        """Offer to fix the selected problem."""
        if self.check_action("fix", ()):
            self.action_fix()

    @on(LogPane.Zoom)
    def output_zoomed(self) -> None:
        """Maximize or restore the output."""
        self.toggle_class("-zoomed")

    def action_examine(self) -> None:
        """Examine the machine again."""
        self._read_rights()
        self.session.examine()
        self.show_findings()

    def action_fix(self) -> None:
        """Show the fix for the selected problem, and run it if confirmed."""
        if (finding := self.marked) is None:
            return
        if reason := lacks_root(finding.fixes, self.rights):
            self.notify(reason, title="Not started", severity="warning", markup=False)
            return
        steps = [(finding, fix) for fix in finding.fixes]
        self._confirm(steps, [])

    def action_fix_all(self) -> None:
        """Show all commands that would run, and run them if confirmed."""
        found = pending(self.session.findings or ())
        left_out = [step for step in found if lacks_root([step[1]], self.rights)]
        steps = [step for step in found if step not in left_out]
        if steps:
            self._confirm(steps, left_out)
        elif left_out:
            reason = lacks_root([fix for _, fix in left_out], self.rights)
            self.notify(reason, title="Not started", severity="warning", markup=False)

    def action_copy(self) -> None:
        """Copy the fix of the selected problem as shell commands."""
        finding = self.marked
        if finding is not None and fixable(finding):
            lines = [command_line(fix, self.rights) for fix in finding.fixes]
            copy(self, "\n".join(lines), count_text(len(lines), "command"))

    def action_read_more(self) -> None:
        """Open the guide at the selected problem."""
        if (finding := self.marked) is not None:
            self.open_guide(*place_of_finding(finding.key))

    def action_stop(self) -> None:
        """Stop the running fix after confirmation."""
        fix_runner = self.fix_runner
        if fix_runner is None or fix_runner.stopping:
            return
        text = (
            f"“{one_line(fix_runner.current[1].title)}” has been running for "
            f"{clock_text(self.now - fix_runner.started)}. Changes made so far remain: packages "
            "may be only partly installed (`dpkg --configure -a` completes the installation), and "
            "a service may be stopped."
        )
        if len(fix_runner.steps) > len(fix_runner.done) + 1:
            text += " The remaining fixes won't start."
        question = QuestionDialog(
            "Stop the running fix?", Content(text), [("stop", "Stop fix"), ("no", "Keep running")]
        )

        def answered(answer: str | None) -> None:
            if answer == "stop" and self.fix_runner is fix_runner:
                fix_runner.stop()
                self._show_sum()

        self.app.push_screen(question, answered)

    def action_scroll_side(self, lines: int) -> None:
        """Scroll the description."""
        self.query_one("#finding-box").scroll_relative(y=lines, animate=False)

    def _confirm(self, steps: Sequence[Step], left_out: Sequence[Step]) -> None:
        text = describe_steps(steps, self.rights, left_out)
        many = f"these {len(steps)} fixes, one after the other" if len(steps) > 1 else "this fix"
        question = QuestionDialog(f"Run {many}?", text, [("run", "Run"), ("no", "Cancel")])
        self.app.push_screen(question, lambda answer: self._answered(answer, steps))

    def _answered(self, answer: str | None, steps: Sequence[Step]) -> None:
        if answer != "run" or self.fix_runner is not None:
            return
        fix_runner = self.session.fix_runner = FixRunner(steps, self.now)
        self._output = LogLines()
        pane = self.query_one("#fix-output", LogPane)
        pane.display = True
        pane.show(self._output)
        pane.began(fix_runner.started)
        self._draining = self.set_interval(_FLUSH_EVERY, lambda: self._watch(fix_runner))
        self.show_findings()
        self._run_fixes(fix_runner)

    @work(thread=True, exclusive=True, group="fix")
    def _run_fixes(self, fix_runner: FixRunner) -> None:
        fix_runner.run(self.session.backend)
        self.post_message(self.FixesEnded(fix_runner))

    @work(thread=True, exclusive=True, group="rights")
    def _read_rights(self) -> None:
        self.post_message(self.RightsSeen(self.session.backend.rights()))

    def on_doctor_screen_rights_seen(self, message: RightsSeen) -> None:
        """Store how fixes can become root."""
        self.rights = message.rights
        self._show_marked()

    def on_doctor_screen_fixes_ended(self, message: FixesEnded) -> None:
        """Show the result, and examine the machine again."""
        if self._draining is not None:
            self._draining.stop()
        self._drain(message.fix_runner)
        if words := message.fix_runner.last_word():
            self._output.add(words, step=0, at=self.now)
            self.query_one("#fix-output", LogPane).flush()
        self._hoped = tuple(finding for finding, _ in message.fix_runner.done)
        self.session.fix_runner = None
        self.action_examine()

    def _watch(self, fix_runner: FixRunner) -> None:
        """Show the fix's output and elapsed time."""
        self._drain(fix_runner)
        if clock_text(self.now - fix_runner.started) != self._told_at:
            self._show_sum()

    def _drain(self, fix_runner: FixRunner) -> None:
        """Show new output of the fix."""
        while fix_runner.output:
            line, stream = fix_runner.output.popleft()
            self._output.add(line, step=0, at=self.now, stream=stream)
        self.query_one("#fix-output", LogPane).flush()

    def _judge(self, findings: list[Finding]) -> None:
        """Report problems that remain after their fix."""
        health = {finding.key: finding.health for finding in findings}
        for finding in dict.fromkeys(self._hoped):
            if health.get(finding.key, Health.OK) is not Health.OK:
                words = f"✗ {one_line(finding.title)}: the problem persists after the fix"
                self._output.add(words, step=0, at=self.now)
        if self._hoped:
            self._hoped = ()
            self.query_one("#fix-output", LogPane).flush()

    def _show_sum(self) -> None:
        session, fix_runner = self.session, self.fix_runner
        if fix_runner is not None:
            self._told_at = clock_text(self.now - fix_runner.started)
            progress = Content.styled(f"▸ {fix_runner.progress(self.now)}", "$text-accent")
            words = Content.assemble(progress, "" if fix_runner.stopping else " · C stops the fix")
        elif session.findings is None:
            words = Content.styled("checking this machine…", "$foreground-muted")
        else:
            words = findings_sum(session.findings)
            if session.examining:
                words = Content.assemble(words, " · checking again…")
        self.query_one("#doctor-summary", Static).update(words)

    def _show_marked(self) -> None:
        finding = self.marked if self.session.findings else None
        words = describe_finding(finding, self.rights) if finding else Content("")
        self.query_one("#finding", Static).update(words)
        self.refresh_bindings()
