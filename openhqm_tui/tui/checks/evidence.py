"""All that is known of one answer, over the Checks screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from openhqm_tui.domain.run.state import LaneState
from openhqm_tui.domain.text import plain
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.checks.text import Evidence, evidence_lines
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.clipboard import copy
from openhqm_tui.tui.core.labels import path_words
from openhqm_tui.tui.widgets.key_line import KeyLine

# A file may hold a stranger's labels: more than anyone reads is left to a pager.
_MOST_BYTES = 64 * 1024
_MOST_LINE = 2000


class EvidenceScreen(ModalScreen[None]):
    """One result, or all of a lane; `step` goes to another, `again` repeats the check."""

    CSS_PATH = "evidence.tcss"
    BINDINGS: ClassVar = [*bindings("dialog"), *bindings("evidence")]
    AUTO_FOCUS = ""

    class Read(Message):
        """A lane's evidence file was read."""

        def __init__(self, key: tuple[str, str], evidence: Evidence | None) -> None:
            super().__init__()
            self.key = key
            self.evidence = evidence

    def __init__(
        self,
        lane: LaneState,
        check: str,
        file: Path,
        step: Callable[[int], None],
        again: Callable[[], None],
    ) -> None:
        super().__init__()
        self._lane, self._check, self._file = lane, check, file
        self._step, self._again = step, again
        self._evidence: Evidence | None = None

    def compose(self) -> ComposeResult:
        """Build the text and its keys."""
        with Vertical(id="evidence-dialog"):
            with VerticalScroll(id="evidence-scroll", can_focus=False):
                yield Static(self._content(), id="evidence-all")
            yield KeyLine()

    def on_mount(self) -> None:
        """Read the evidence."""
        self._read(self._lane.key, self._file)

    def show(self, lane: LaneState, check: str, file: Path) -> None:
        """Show an answer of a lane, and read its evidence again."""
        other = self._lane.key != lane.key or self._check != check
        self._lane, self._check, self._file = lane, check, file
        if other:
            self._evidence = None
        if not self.is_mounted:
            return
        if other:
            self.query_one("#evidence-scroll").scroll_home(animate=False)
        self._show_all()
        self._read(lane.key, file)

    @work(thread=True, exclusive=True, group="evidence")
    def _read(self, key: tuple[str, str], file: Path) -> None:
        self.post_message(self.Read(key, read_evidence(file)))

    def on_evidence_screen_read(self, message: Read) -> None:
        """Show the evidence if it is still wanted."""
        if self._lane.key == message.key:
            self._evidence = message.evidence
            self._show_all()

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)

    def action_step(self, by: int) -> None:
        """Go to another answer that is no pass."""
        self._step(by)

    def action_again(self) -> None:
        """Repeat this check."""
        self._again()

    def action_copy(self) -> None:
        """Copy all that is shown."""
        copy(self, self._content().plain, "the evidence")

    def action_scroll_lines(self, lines: int) -> None:
        """Show other lines."""
        self.query_one("#evidence-scroll").scroll_relative(y=lines, animate=False)

    def action_scroll_pages(self, pages: int) -> None:
        """Show another page."""
        scroll = self.query_one("#evidence-scroll")
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Gray out the check where there is no image."""
        if action == "again":
            return True if self._lane.has_image else None
        return True

    def _content(self) -> Content:
        return Content("\n").join(evidence_lines(self._lane, self._check, self._evidence))

    def _show_all(self) -> None:
        self.query_one("#evidence-all", Static).update(self._content())
        self.refresh_bindings()


def read_evidence(file: Path) -> Evidence | None:
    """Return what an evidence file holds, made safe to show; None where there is none. Blocks."""
    try:
        with RunFolder(file.parent.parent).open(file) as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError:
        return None
    command = ""
    try:
        told = msgspec.json.decode(data)
        command = plain(str(told.get("command", ""))) if isinstance(told, dict) else ""
    except (msgspec.MsgspecError, RecursionError):
        pass  # cut below, or damaged: it is shown as it is
    lines = [_cut(line) for line in plain(data[:_MOST_BYTES]).split("\n")]
    if len(data) > _MOST_BYTES:
        lines.append("… (truncated)")
    return Evidence(path_words(file), command, "\n".join(lines))


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_LINE else f"{line[:_MOST_LINE]}… (truncated)"
