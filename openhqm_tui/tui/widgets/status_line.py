"""The two lines that every place has: where one can go, and the state of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from openhqm_tui.domain.formatting import count_text, elapsed_text
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.eta import left_text
from openhqm_tui.tui.command_table import PLACES, commands
from openhqm_tui.tui.core.labels import run_mark
from openhqm_tui.tui.plan.engine_status import blocker, engine_words

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import Estimate
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.engine.docker.facts import EngineFacts


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
    """The status of the run; a click opens it."""

    ALLOW_SELECT = False

    async def on_click(self) -> None:
        """Go to the run."""
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
        """Build a tab for each place."""
        for place in PLACES:
            yield Tab(place, here=place == self._here)
        yield RunWord(id="run-word")

    def show(self, state: RunState | None, now: float, left: Estimate | None) -> None:
        """Show the run's status and the time left."""
        word = self.query_one(RunWord)
        word.tooltip = "Status of the run, targets done, elapsed time." if state else None
        word.update(run_word(state, now, left), layout=False)


def run_word(state: RunState | None, now: float, left: Estimate | None = None) -> Content:
    """Return a run's status in a few words."""
    if state is None:
        return Content.styled("no run open", "$foreground-muted")
    from openhqm_tui.domain.run.retry import ended

    failed = sum(target.status is Status.FAILED for target in state.targets.values())
    mark = run_mark(state)
    parts: list[Content | str] = [mark.content, f" {len(ended(state))}/{len(state.targets)}"]
    if failed and state.status is not Status.FAILED:
        parts.append(Content.assemble(" · ", (f"✗ {failed} failed", "$text-error")))
    parts.append(f" · {elapsed_text(state.elapsed(now), running=state.goes_on)}")
    if left is not None and state.goes_on:
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
