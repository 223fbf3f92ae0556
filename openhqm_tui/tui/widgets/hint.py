"""What a person needs to know the first time; gone with the first run, the first help, a click."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

_KEYS = (
    ("1–5", "go from place to place"),
    ("Space", "picks"),
    ("b", "builds"),
    ("?", "shows all keys"),
)


class Hint(Static):
    """A few keys, and where those turn who can't see a screen."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Hint {
        height: auto;
        max-height: 3;
        padding: 0 1;
        background: $surface;
        display: none;
        &.-shown { display: block; }
    }
    """

    class Done(Message):
        """Nobody needs it any longer."""

    def __init__(self) -> None:
        parts: list[str | tuple[str, str]] = [("New here? ", "bold")]
        for key, words in _KEYS:
            parts += [(key, "$primary bold"), f" {words} · "]
        parts += ["screen reader: ", ("openhqm-tui build --format plain", "bold"), " "]
        parts += [("✕", "$primary bold")]
        super().__init__(Content.assemble(*parts))
        self.tooltip = "A click hides this."

    def on_click(self) -> None:
        """Go away."""
        self.post_message(self.Done())
