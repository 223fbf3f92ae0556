"""The command palette: the same registry, found by typing."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from openhqm_tui.tui.commands import Command, commands, key_words


class RegistryProvider(Provider):
    """Offers the commands of the place one is in, then those that work everywhere."""

    def _commands(self) -> Iterator[Command]:
        place = getattr(self.screen, "PLACE", "")
        yield from commands(place)
        yield from commands("app")

    def _run(self, command: Command) -> partial[Coroutine[Any, Any, bool]]:
        target = self.app if command.where == "app" else self.screen
        return partial(self.app.run_action, command.action, target)

    async def discover(self) -> Hits:
        """Offer everything, nearest first."""
        for command in self._commands():
            yield DiscoveryHit(
                Content(command.title),
                self._run(command),
                text=command.title,
                help=_help(command),
            )

    async def search(self, query: str) -> Hits:
        """Offer what matches in title or explanation."""
        matcher = self.matcher(query)
        for command in self._commands():
            score = max(matcher.match(command.title), matcher.match(command.help) * 0.8)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(command.title),
                    self._run(command),
                    text=command.title,
                    help=_help(command),
                )


def _help(command: Command) -> str:
    # Textual reads the help of a hit as markup.
    keys = f"  ({key_words(command.keys)})" if command.keys else ""
    return escape(f"{command.help}{keys}")
