"""What the five screens share: tabs, hint, status line, keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from openhqm_tui.tui.core.session import Session, session_of
from openhqm_tui.tui.plan.engine_status import blocker
from openhqm_tui.tui.widgets.key_line import KeyLine
from openhqm_tui.tui.widgets.status_line import PlaceBar, ReplayBar, ReplayOffer, StatusLine

if TYPE_CHECKING:
    from openhqm_tui.run.follow.follower import Changes
    from openhqm_tui.tui.core.session import RunMoved


_KEYS = (
    ("1–5", "switch screens"),
    ("Space", "selects"),
    ("b", "builds"),
    ("?", "shows all keys"),
)


class Hint(Static):
    """The most important keys, and the command for screen readers."""

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
        """The hint was dismissed."""

    def __init__(self) -> None:
        parts: list[str | tuple[str, str]] = [("New here? ", "bold")]
        for key, words in _KEYS:
            parts += [(key, "$primary bold"), f" {words} · "]
        parts += ["screen reader: ", ("openhqm-tui build --format plain", "bold"), " "]
        parts += [("✕", "$primary bold")]
        super().__init__(Content.assemble(*parts))
        self.tooltip = "Click to hide."

    def on_click(self) -> None:
        """Dismiss the hint."""
        self.post_message(self.Done())


class BaseScreen(Screen[None]):
    """One of the five screens; the app calls it when something changes.

    A hidden screen is not called: `catch_up` shows everything when it becomes visible.
    """

    PLACE: ClassVar[str] = ""

    @property
    def session(self) -> Session:
        """The session of this console."""
        return session_of(self)

    async def go(self, place: str) -> None:
        """Show another screen, unless a dialog is open."""
        await self.app.run_action(f"app.go('{place}')")

    def open_guide(self, name: str, address: str) -> None:
        """Open a guide at a section."""
        from openhqm_tui.tui.guides.screen import open_guides

        open_guides(self.app, name, address)

    @property
    def is_built(self) -> bool:
        """Return whether its widgets are built and not being removed."""
        return self.is_mounted and self.app.is_running

    @property
    def now(self) -> float:
        """The current time, or that of the replay."""
        return self.session.now

    def body(self) -> Iterable[Widget]:
        """Yield the widgets of this screen."""
        return ()

    def compose(self) -> ComposeResult:
        """Build tabs, body, status line and keys."""
        yield PlaceBar(self.PLACE)
        yield from self.body()
        yield Hint()
        yield ReplayOffer()
        yield ReplayBar()
        yield StatusLine()
        yield KeyLine()

    async def on_screen_resume(self) -> None:
        """Show what changed while the screen was hidden."""
        if self.is_built:
            self.show_status()
            await self.catch_up()

    async def on_run_moved(self, message: RunMoved) -> None:
        """Show what changed."""
        if not self.is_built:
            return
        if message.changes.events:
            self.show_status()
        await self.run_moved(message.changes)

    def show_status(self) -> None:
        """Update the tabs and the status line."""
        session = self.session
        if self.is_built:
            left = session.estimates.time_left.of()
            self.query_one(PlaceBar).show(session.run_state, self.now, left)
            status = self.query_one(StatusLine)
            status.show(session.facts, session.problems, watching=session.backend.read_only)
            self.query_one(Hint).set_class(session.is_new, "-shown")
            player = session.player
            self.query_one(ReplayBar).show(player)
            offers = player is None and self._offers_replay
            self.query_one(ReplayOffer).set_class(offers, "-shown")

    @property
    def _offers_replay(self) -> bool:
        """Return whether there is nothing else to show: no open run, or no engine."""
        session = self.session
        if self.PLACE == "run":
            return session.run_state is None
        without = session.facts is not None and bool(blocker(session.facts))
        return without and self.PLACE in {"plan", "doctor"}

    async def catch_up(self) -> None:
        """Show everything."""

    def engine_seen(self) -> None:
        """Show facts, source and past runs."""

    async def run_moved(self, changes: Changes) -> None:
        """Show changes of the run."""

    def second_passed(self) -> None:
        """Update counters."""
