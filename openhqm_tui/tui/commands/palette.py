"""The command palette, filled from the registry."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any, NamedTuple

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode
from textual.markup import escape

from openhqm_tui.tui.command_table import every_command
from openhqm_tui.tui.commands.registry import Command, key_words


class _Offer(NamedTuple):
    command: Command
    keys: str
    run: partial[Coroutine[Any, Any, bool]]

    @property
    def help(self) -> str:
        # Textual reads the help of a hit as markup.
        return escape(self.command.help + (f"  ({key_words(self.keys)})" if self.keys else ""))


class RegistryProvider(Provider):
    """Offers the available commands of the focused widget, the screen and the app."""

    def _offers(self) -> Iterator[_Offer]:
        known = {command.id: command for command in every_command()}
        found: dict[str, tuple[DOMNode, list[str]]] = {}
        for key, active in self.screen.active_bindings.items():
            id = active.binding.id
            if active.enabled and id in known:
                found.setdefault(id, (active.node, []))[1].append(key)
        for id, (node, keys) in found.items():
            yield self._offer(known[id], node, ",".join(keys))
        for command in known.values():
            if not command.keys and command.where in {"app", getattr(self.screen, "PLACE", "")}:
                yield self._offer(command, self.app if command.where == "app" else self.screen, "")

    def _offer(self, command: Command, node: DOMNode, keys: str) -> _Offer:
        return _Offer(command, keys, partial(self.app.run_action, command.action, node))

    async def discover(self) -> Hits:
        """Offer all commands, nearest first."""
        for offer in self._offers():
            title = offer.command.title
            yield DiscoveryHit(Content(title), offer.run, text=title, help=offer.help)

    async def search(self, query: str) -> Hits:
        """Offer commands whose title or explanation matches."""
        matcher = self.matcher(query)
        for offer in self._offers():
            title = offer.command.title
            score = max(matcher.match(title), matcher.match(offer.command.help) * 0.8)
            if score > 0:
                yield Hit(score, matcher.highlight(title), offer.run, text=title, help=offer.help)
