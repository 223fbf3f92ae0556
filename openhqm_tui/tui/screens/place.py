"""What the five places have in common: the bar above, the status line and the keys below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from openhqm_tui.tui.standing import blocker
from openhqm_tui.tui.widgets.hint import Hint
from openhqm_tui.tui.widgets.key_line import KeyLine
from openhqm_tui.tui.widgets.replay_bar import ReplayBar, ReplayOffer
from openhqm_tui.tui.widgets.status_line import PlaceBar, StatusLine

if TYPE_CHECKING:
    from openhqm_tui.run.follow import Changes
    from openhqm_tui.tui.app import ConsoleApp
    from openhqm_tui.tui.messages import RunMoved


class Place(Screen[None]):
    """A place of the console; the app tells it what changed, it shows what it is told.

    Hidden places are told nothing: `catch_up` shows all when one comes into sight.
    """

    PLACE: ClassVar[str] = ""

    @property
    def console_app(self) -> ConsoleApp:
        """The app, by its own type."""
        return cast("ConsoleApp", self.app)

    @property
    def stands(self) -> bool:
        """Tell whether its widgets are there: built already, and not being taken down."""
        return self.is_mounted and self.app.is_running

    @property
    def now(self) -> float:
        """What time it is, for all that is shown."""
        return self.console_app.now

    def body(self) -> Iterable[Widget]:
        """Yield what is this place's own."""
        return ()

    def compose(self) -> ComposeResult:
        """Build bar, body, status line and keys."""
        yield PlaceBar(self.PLACE)
        yield from self.body()
        yield Hint()
        yield ReplayOffer()
        yield ReplayBar()
        yield StatusLine()
        yield KeyLine()

    async def on_screen_resume(self) -> None:
        """Show all that changed while nobody looked."""
        if self.stands:
            self.show_standing()
            await self.catch_up()

    async def on_run_moved(self, message: RunMoved) -> None:
        """Show what changed."""
        if not self.stands:
            return
        if message.changes.events:
            self.show_standing()
        await self.run_moved(message.changes)

    def show_standing(self) -> None:
        """Show run and engine in the bar and the status line."""
        app = self.console_app
        if self.stands:
            left = app.learning.time_left.of()
            self.query_one(PlaceBar).show(app.run_state, self.now, left)
            status = self.query_one(StatusLine)
            status.show(app.facts, app.problems, watching=app.watches_only)
            self.query_one(Hint).set_class(app.is_new, "-shown")
            player = app.replays.player
            self.query_one(ReplayBar).show(player)
            offers = player is None and self._offers_replay
            self.query_one(ReplayOffer).set_class(offers, "-shown")

    @property
    def _offers_replay(self) -> bool:
        """Tell whether there is nothing else to see here: no run open, or no engine for one."""
        app = self.console_app
        if self.PLACE == "run":
            return app.run_state is None
        without = app.facts is not None and bool(blocker(app.facts))
        return without and self.PLACE in {"plan", "doctor"}

    async def catch_up(self) -> None:
        """Show everything anew."""

    def engine_seen(self) -> None:
        """Facts, source or past runs were read."""

    async def run_moved(self, changes: Changes) -> None:
        """Show what a look at the run folder brought."""

    def second_passed(self) -> None:
        """Renew what counts seconds."""
