"""What the five screens share: bar, hint, status line, keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.tui.plan.engine_status import blocker
from openhqm_tui.tui.replay.bar import ReplayBar, ReplayOffer
from openhqm_tui.tui.widgets.key_line import KeyLine
from openhqm_tui.tui.widgets.status_line import PlaceBar, StatusLine

if TYPE_CHECKING:
    from openhqm_tui.run.follow.follower import Changes
    from openhqm_tui.tui.app import ConsoleApp
    from openhqm_tui.tui.core.messages import RunMoved


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


class BaseScreen(Screen[None]):
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
            left = app.estimate_loader.time_left.of()
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
