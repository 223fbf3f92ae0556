"""What is said over a run whose runner died: what happened, what may go on, what to press."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from openhqm_tui.domain.retrying import ended
from openhqm_tui.domain.state import RunState
from openhqm_tui.tui.marks import INTERRUPTED

_STYLE = INTERRUPTED.style


class CutOff(Static):
    """Two lines over the run, there only where it was cut off; their offers can be clicked."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    CutOff {
        height: auto;
        max-height: 3;
        padding: 0 1;
        background: $surface;
        display: none;
        link-style: none;
        link-color: $foreground;
        link-background: $panel;
        link-style-hover: bold;
        link-background-hover: $block-hover-background;
        link-color-hover: $foreground;
    }
    """
    _said = Content()

    def show(self, state: RunState | None, *, resumable: bool = True) -> None:
        """Show how the run that is open stands; what is only read offers nothing."""
        said = Content()
        if state is not None and state.interrupted:
            said = cut_off_words(state, resumable=resumable)
        if not said.is_same(self._said):
            self._said = said
            self.update(said)
        self.display = bool(said.plain)


def cut_off_words(state: RunState, *, resumable: bool) -> Content:
    """Return what happened to a run that was cut off, and what can be done."""
    builds = any(t.started is not None and t.outcome is None for t in state.targets.values())
    left = "; Buildx may still be at work" if builds and resumable else ""
    said = Content.assemble(
        (f"{INTERRUPTED.symbol} Interrupted at {len(ended(state))}/{len(state.targets)}", _STYLE),
        f": its runner died{left}.",
    )
    if not resumable:
        return said
    offer = Style.from_meta({"@click": "screen.resume"})
    ways = "\n", (" u Resume ", offer), " ends what is left of it, and builds what isn't over."
    return Content.assemble(said, *ways)
