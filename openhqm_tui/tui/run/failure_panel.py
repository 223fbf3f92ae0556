"""Why a target failed, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.style import Style

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.failures.failure import (
    Failure,
    failed_checks,
    failure_of,
    verification_failure,
)
from openhqm_tui.domain.names import cut_middle
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.store.run_folder import RunFolder
from openhqm_tui.tui.command_table import bindings
from openhqm_tui.tui.core.labels import path_words
from openhqm_tui.tui.core.session import copy
from openhqm_tui.tui.widgets.links import LinkedText


def has_failure(target: TargetState) -> bool:
    """Return whether a target failed or isn't verified, so that there is a digest."""
    if not target.status.is_over:
        return False
    failed = target.outcome is Outcome.FAILED
    return failed or any(failed_checks(lane) for lane in target.lanes.values())


def failure_of_target(target: TargetState | None, folder: RunFolder | None) -> Failure | None:
    """Return why a target failed or isn't verified, with the full path of its log."""
    if target is None or not has_failure(target):
        return None
    failure = failure_of(target) or verification_failure(target)
    if failure is not None and failure.log_file and folder is not None:
        log = path_words(folder.path / failure.log_file)
        failure = msgspec.structs.replace(failure, log_file=log)
    return failure


# Long enough not to truncate lines when copying.
_UNCUT = 100_000


class FailurePanel(VerticalScroll):
    """The digest of one failure."""

    BINDINGS: ClassVar = bindings("digest")
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
        &:focus { background-tint: $foreground 3%; border-top: heavy $error; }
        & > LinkedText { width: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._failure: Failure | None = None
        self._same: Sequence[str] = ()
        self._known: tuple[object, ...] | None = None

    def compose(self) -> ComposeResult:
        """Build the text."""
        yield LinkedText()

    def show(self, failure: Failure | None, same: Sequence[str] = ()) -> None:
        """Show a failure from the top, and the other targets with it; None hides the panel."""
        if (failure, same) == (self._failure, self._same):
            return
        self._failure, self._same = failure, same
        self.set_class(failure is not None, "-shown")
        self.scroll_home(animate=False)
        self._draw()

    def show_of(
        self, target: TargetState | None, folder: RunFolder | None, same: Sequence[str] = ()
    ) -> None:
        """Show why a target failed; recomputed only if its state changed.

        `same` are the other targets that failed for the same cause.
        """
        known = None
        if target is not None and folder is not None:
            # Finding a step's last output may require reading a whole long log.
            sizes = (len(target.log), sum(len(lane.log) for lane in target.lanes.values()))
            answers = tuple(lane.verdicts for lane in target.lanes.values())
            known = (
                folder.path,
                target.name,
                target.attempt,
                target.status,
                answers,
                *same,
                *sizes,
            )
        if known is None or known != self._known:
            self._known = known
            self.show(failure_of_target(target, folder), same)

    def on_resize(self) -> None:
        """Truncate the lines to the new width."""
        self._draw()

    def action_copy(self) -> None:
        """Copy the failure summary without wrapping."""
        if self._failure is not None:
            text = failure_text(self._failure, _UNCUT, self._same)
            copy(self, text.plain, "the failure summary")

    def _draw(self) -> None:
        if self._failure is not None:
            text = failure_text(self._failure, self.size.width - 1, self._same)
            self.query_one(LinkedText).update(Content("\n").join([text, _offers(self._failure)]))


def _offers(failure: Failure) -> Content:
    """Return the clickable actions."""
    offers = [("r Retry", "retry_target"), ("p Full log", "page_log")]
    if failure.checks:
        offers.append(("3 Evidence", "app.go('checks')"))
    offers.append(("d Hide", "digest"))
    parts: list[tuple[str, Style] | str] = []
    for words, action in offers:
        named = action if action.startswith("app.") else f"screen.{action}"
        parts += [(f" {words} ", Style.from_meta({"@click": named})), " "]
    return Content.assemble(*parts)


_MOST_NAMED = 6


def _also(same: Sequence[str]) -> str:
    """Return the other targets of a cause: `kafka, sqs: same step and error`."""
    named = ", ".join(same[:_MOST_NAMED])
    more = f" and {len(same) - _MOST_NAMED} more" if len(same) > _MOST_NAMED else ""
    return f"{named}{more}: same step and error"


def failure_text(failure: Failure, width: int, same: Sequence[str] = ()) -> Content:
    """Return the digest as text: where, why, the last output, a fix.

    Lines of code and output are truncated at `width` rather than wrapped.
    """

    def cut(line: str, style: str = "") -> Content:
        return Content.styled(f"  {line}", style).truncate(max(20, width), ellipsis=True)

    def line_of(title: str, words: str, style: str = "") -> Content:
        return Content.assemble((f"{title:<7}", "$foreground-muted"), (words, style))

    word = "is not verified" if failure.checks else "failed"
    after = Content.styled(f" {word}", "$text-error bold")
    after += Content(f" · {failure.platform}" if failure.platform else "")
    name = cut_middle(failure.target, max(8, width - after.cell_length - 2))
    lines = [Content.assemble(("✗ ", "$text-error"), (name, "$text-error bold"), after)]
    if same:
        lines.append(line_of("also", _also(same)))
    lines += [Content(line) for line in failure.checks]
    if failure.reason:
        lines.append(line_of("reason", failure.reason))
    if failure.step:
        step = line_of("step", short_title(failure.step))
        lines.append(step.truncate(max(20, width), ellipsis=True))
    if failure.hint:
        lines.append(line_of("fix", failure.hint, "$text-warning"))
    if failure.where:
        lines.append(line_of("where", failure.where))
    for line in failure.source:
        marked = ">>>" in line
        if line.endswith("|") and not marked:
            continue
        lines.append(cut(line, "bold $text-error" if marked else "$foreground-muted"))
    if failure.log:
        lines.append(Content.styled("last output", "$foreground-muted"))
        lines += [cut(line) for line in failure.log]
    if failure.log_file:
        lines.append(line_of("file", failure.log_file))
    return Content("\n").join(lines)
