"""Why a target failed, in the few lines that a person needs."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from openhqm_tui.domain.failures import Failure


class FailurePanel(VerticalScroll):
    """The digest of one failure."""

    DEFAULT_CSS = """
    FailurePanel {
        height: auto;
        max-height: 60%;
        padding: 0 1;
        border-top: solid $error;
        background: $surface;
        scrollbar-size-vertical: 1;
        display: none;
        &.-shown { display: block; }
        & > Static { width: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._failure: Failure | None = None

    def compose(self) -> ComposeResult:
        """Build the one text."""
        yield Static()

    def show(self, failure: Failure | None) -> None:
        """Show a failure; None: hide."""
        self._failure = failure
        self.set_class(failure is not None, "-shown")
        self._draw()

    def on_resize(self) -> None:
        """Cut the lines anew."""
        self._draw()

    def _draw(self) -> None:
        if self._failure is not None:
            self.query_one(Static).update(digest(self._failure, self.size.width - 1))


def digest(failure: Failure, width: int) -> Content:
    """Return the digest as text: where, why, the last words, what usually helps.

    Lines of code and output are cut at `width`, where wrapping would tear them apart.
    """

    def cut(line: str, style: str = "") -> Content:
        return Content.styled(f"  {line}", style).truncate(max(20, width), ellipsis=True)

    place = " · ".join(part for part in (failure.platform, failure.step) if part)
    head = Content.assemble(("✗ ", "$text-error"), (f"{failure.target} failed", "$text-error bold"))
    lines = [head + Content(f" · {place}") if place else head]
    if failure.reason:
        lines.append(Content.assemble(("why    ", "$foreground-muted"), failure.reason))
    if failure.where:
        lines.append(Content.assemble(("where  ", "$foreground-muted"), failure.where))
    for line in failure.source:
        marked = ">>>" in line
        lines.append(cut(line, "bold $text-error" if marked else "$foreground-muted"))
    if failure.log:
        lines.append(Content.styled("its last words", "$foreground-muted"))
        lines += [cut(line) for line in failure.log]
    if failure.hint:
        lines.append(
            Content.assemble(("helps  ", "$foreground-muted"), (failure.hint, "$text-warning"))
        )
    if failure.log_file:
        lines.append(Content.assemble(("file   ", "$foreground-muted"), failure.log_file))
    return Content("\n").join(lines)
