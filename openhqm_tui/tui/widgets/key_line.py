"""The active keys on one clickable line.

Textual's Footer creates a widget per key, and recreates all of them whenever one changes; this is
one line of text, and drops keys that don't fit instead of truncating them.
"""

from __future__ import annotations

from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from openhqm_tui.tui.commands.registry import key_words


class _Key(NamedTuple):
    key: str
    words: str
    title: str
    enabled: bool
    tooltip: str
    everywhere: bool

    @property
    def width(self) -> int:
        return len(self.words) + len(self.title) + 2


class KeyLine(Widget):
    """Shows the active visible bindings."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        width: 1fr;
        background: $footer-background;
        color: $footer-foreground;
        text-wrap: nowrap;
    }
    """

    def on_mount(self) -> None:
        """Redraw whenever the active keys change."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def render(self) -> Content:
        """Draw the keys that fit."""
        parts: list[Content | str | tuple[str, str]] = []
        keys = self._keys()
        for key in keys:
            ink = "" if key.enabled else "$foreground-muted"
            parts += [
                (f" {key.words}", "bold $footer-key-foreground" if key.enabled else ink),
                (f" {key.title}" + self._gap(keys), ink),
            ]
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Run the key's command."""
        key = self._key_at(event.x)
        if key is not None and key.enabled:
            self.app.simulate_key(key.key)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show the tooltip of the key under the mouse."""
        key = self._key_at(event.x)
        tooltip = key.tooltip if key else ""
        if self.tooltip != tooltip:
            self.tooltip = tooltip

    def _changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.refresh()

    def _keys(self) -> list[_Key]:
        found: dict[str, _Key] = {}
        for node, binding, enabled, tooltip in self.screen.active_bindings.values():
            if binding.show and binding.action not in found:
                found[binding.action] = _Key(
                    binding.key,
                    key_words(binding.key),
                    binding.description,
                    enabled,
                    tooltip or binding.tooltip,
                    node is self.app,
                )
        keys = list(found.values())
        # Help and quit are dropped last.
        while sum(key.width for key in keys) > self.size.width and len(keys) > 1:
            spare = [key for key in keys if not key.everywhere] or keys[1:]
            keys.remove(spare[-1])
        return keys

    def _gap(self, keys: list[_Key]) -> str:
        """Return the gap between keys, if there is space."""
        return " " if sum(key.width + 1 for key in keys) <= self.size.width else ""

    def _key_at(self, x: int) -> _Key | None:
        end, keys = 0, self._keys()
        for key in keys:
            end += key.width + len(self._gap(keys))
            if x < end:
                return key
        return None
