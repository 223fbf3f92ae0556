"""The lines of every screen: its tabs, the status of the engine, the controls of a replay."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from openhqm_tui.domain.formatting import clock_text, count_text, elapsed_text
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.eta import left_text
from openhqm_tui.tui.command_table import PLACES, commands
from openhqm_tui.tui.commands.registry import Command, key_words
from openhqm_tui.tui.core.labels import run_mark
from openhqm_tui.tui.plan.engine_status import blocker, engine_words

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import Estimate
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.run.follow.replay import Player


class Tab(Static):
    """The tab of one screen."""

    ALLOW_SELECT = False

    def __init__(self, place: str, *, here: bool) -> None:
        command = next(c for c in commands("app") if c.id == f"go.{place}")
        super().__init__(
            Content.assemble((command.keys, "$primary"), f" {command.title}"),
            classes="-here" if here else "",
        )
        self.place = place
        self.tooltip = command.help

    async def on_click(self) -> None:
        """Show the screen."""
        await self.app.run_action(f"app.go('{self.place}')")


class RunWord(Static):
    """The status of the run; a click shows it."""

    ALLOW_SELECT = False

    async def on_click(self) -> None:
        """Show the run."""
        await self.app.run_action("app.go('run')")


class PlaceBar(Horizontal):
    """The five tabs, and the status of the run."""

    DEFAULT_CSS = """
    PlaceBar {
        dock: top;
        height: 1;
        background: $panel;
        & > Tab { width: auto; padding: 0 1; }
        & > Tab:hover { background: $block-hover-background; }
        & > Tab.-here { background: $background; text-style: bold; }
        & > #run-word {
            width: 1fr; text-align: right; padding: 0 1;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
    }
    """

    def __init__(self, here: str) -> None:
        super().__init__()
        self._here = here

    def compose(self) -> ComposeResult:
        """Build a tab for each screen."""
        for place in PLACES:
            yield Tab(place, here=place == self._here)
        yield RunWord(id="run-word")

    def show(self, state: RunState | None, now: float, left: Estimate | None) -> None:
        """Show the run's status and the time left."""
        word = self.query_one(RunWord)
        word.tooltip = "Status of the run, targets done, elapsed time." if state else None
        word.update(run_word(state, now, left), layout=False)


def run_word(state: RunState | None, now: float, left: Estimate | None = None) -> Content:
    """Return a run's status briefly."""
    if state is None:
        return Content.styled("no run open", "$foreground-muted")
    from openhqm_tui.domain.run.decisions import ended_count, failed_count

    failed = failed_count(state)
    mark = run_mark(state)
    parts: list[Content | str] = [mark.content, f" {ended_count(state)}/{len(state.targets)}"]
    if failed and state.status is not Status.FAILED:
        parts.append(Content.assemble(" · ", (f"✗ {failed} failed", "$text-error")))
    parts.append(f" · {elapsed_text(state.elapsed(now), running=state.in_progress)}")
    if left is not None and state.in_progress:
        parts.append(f" · {left_text(left)}")
    return Content.assemble(*parts)


class StatusLine(Static):
    """Engine, builder, host and problems; a click opens Doctor."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    StatusLine {
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $text-muted;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def show(
        self, facts: EngineFacts | None, problems: int | None, *, watching: bool = False
    ) -> None:
        """Show the engine's facts, the number of problems, and whether the console is read-only."""
        parts: list[Content | str | tuple[str, str]] = []
        trouble = blocker(facts) if facts is not None else ""
        if trouble:
            parts += [("✗ ", "$text-error"), (trouble, "$text-error bold"), " · 5 Doctor"]
        elif facts is not None:
            parts.append(("● ", "$text-success"))
        for word in engine_words(facts):
            parts.append(
                word if not parts or parts[-1] == ("● ", "$text-success") else f" · {word}"
            )
        if facts is not None and not trouble and problems is not None:
            if problems:
                parts += [" · ", (f"! {count_text(problems, 'problem')}", "$text-warning")]
            else:
                parts.append(" · no problems")
        if watching:
            parts = [("read-only", "bold"), " · ", *parts]
        self.update(Content.assemble(*parts), layout=False)

    async def on_click(self, event: events.Click) -> None:
        """Open Doctor."""
        event.stop()
        await self.app.run_action("app.go('doctor')")


# As often as a readable time needs.
_EVERY = 0.25
# Minimum widths for all keys, and for most keys, to have titles.
_WIDE, _NARROW = 100, 78


class ReplayKey(Static):
    """One clickable command of the replay."""

    ALLOW_SELECT = False

    def __init__(self, command: Command) -> None:
        super().__init__()
        self.what = command.id.partition(".")[2]
        self._command = command
        self.tooltip = command.help
        self._shown: tuple[str, bool] | None = None

    def show(self, title: str, *, enabled: bool) -> None:
        """Show the key with its title, '' for the key alone."""
        if (title, enabled) == self._shown:
            return
        self._shown = title, enabled
        key = key_words(self._command.keys)
        ink = ("$primary bold", "") if enabled else ("$foreground-muted", "$foreground-muted")
        self.update(Content.assemble((key, ink[0]), (f" {title}" if title else "", ink[1])))
        # Textual would ignore a layout requested while a screen is being shown.
        self.call_after_refresh(self.refresh, layout=True)

    async def on_click(self) -> None:
        """Run the command."""
        await self.app.run_action(f"app.{self._command.action}")


class ReplayBar(Horizontal):
    """The bar shown during a replay."""

    DEFAULT_CSS = """
    ReplayBar {
        height: 1;
        padding: 0 1;
        background: $secondary-muted;
        display: none;
        &.-shown { display: block; }
        & > #replay-word {
            width: 1fr; text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > ReplayKey { width: auto; margin-left: 1; }
        & > ReplayKey:hover { background: $block-hover-background; }
    }
    """

    _player: Player | None = None
    _timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Build the status and a key for each command."""
        yield Static(id="replay-word")
        for command in commands("app"):
            if command.action.startswith("replay("):
                yield ReplayKey(command)

    def on_mount(self) -> None:
        """Update the position."""
        self._timer = self.set_interval(_EVERY, self._renew, pause=True)

    def show(self, player: Player | None) -> None:
        """Show the replay's position; hide the bar without a replay."""
        self._player = player
        self.set_class(player is not None, "-shown")
        if self._timer is not None:
            moves = player is not None and not player.finished and not player.pace.paused
            (self._timer.resume if moves else self._timer.pause)()
        self._renew()

    def on_resize(self) -> None:
        """Adapt to the new width."""
        self._renew()

    def _renew(self) -> None:
        player = self._player
        if player is None or not self.screen.is_current:
            return
        track = self.size.width // 5 if self.size.width >= _WIDE else 0
        word = replay_word(player, track)
        self.query_one("#replay-word", Static).update(word, layout=False)
        for key in self.query(ReplayKey):
            enabled = key.what in {"start", "stop"} or not player.finished
            key.show(_title(key.what, self.size.width, player), enabled=enabled)


def _title(what: str, width: int, player: Player) -> str:
    if width < _NARROW:
        return ""
    if what == "pause" and player.pace.paused:
        return "resume"
    short = {"slower": "", "faster": "speed"} if width < _WIDE else {}
    return short.get(what, what)


def replay_word(player: Player, track: int = 0) -> Content:
    """Return the status of a replay: `▶ replay 10× · 0:42 of 1:57`; `track` is a bar's width."""
    length, position = player.pace.length, player.position
    over = player.finished
    mark = "■" if over else "‖" if player.pace.paused else "▶"
    speed = "" if math.isinf(player.pace.speed) else f" {player.pace.speed:g}×"
    parts: list[Content | str | tuple[str, str]] = [(f"{mark} replay{speed}", "bold")]
    if track:
        full = track if length <= 0 else min(track, int(track * position / length))
        parts += [" ", ("━" * full, "$primary"), ("─" * (track - full), "$foreground-muted")]
    parts.append(f" · {clock_text(position)} of {clock_text(length)}")
    if over:
        parts.append(" · ended")
    elif player.pace.paused:
        parts.append((" · paused", "$text-warning bold"))
    return Content.assemble(*parts)


class ReplayOffer(Static):
    """Offers to play a recorded run if there is nothing else to show; a click plays it."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    ReplayOffer {
        height: auto;
        max-height: 2;
        padding: 0 1;
        background: $surface;
        display: none;
        &.-shown { display: block; }
        &:hover { background: $block-hover-background; }
    }
    """

    def __init__(self) -> None:
        words = " plays a recorded run of 8 targets on 2 platforms"
        super().__init__(
            Content.assemble(("No engine needed: ", "bold"), ("D", "$primary bold"), words)
        )
        self.tooltip = "Click to play."

    async def on_click(self) -> None:
        """Play the recording."""
        await self.app.run_action("app.demo")
