"""The console: five screens that view one run folder; its start, its end, its style sheet."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from functools import partial
from importlib import import_module
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.cache import LRUCache
from textual.css.stylesheet import Stylesheet
from textual.screen import Screen

from openhqm_tui.tui.command_table import PLACES, bindings
from openhqm_tui.tui.core import garbage
from openhqm_tui.tui.core.notifications import LONG, TerminalNotifier
from openhqm_tui.tui.core.run_watch import removed_text
from openhqm_tui.tui.core.session import (
    IGNORED,
    Examined,
    FactsRead,
    PastRead,
    RequestSent,
    RunMoved,
    SamplesRead,
    Session,
    SourceFound,
)
from openhqm_tui.tui.core.theme import DARK, THEMES, defaults_for, theme_after
from openhqm_tui.tui.widgets.base_screen import BaseScreen

if TYPE_CHECKING:
    from textual.command import Provider

    from openhqm_tui.run.follow.follower import Changes
    from openhqm_tui.run.follow.replay import Player
    from openhqm_tui.store.run_folder import RunFolder
    from openhqm_tui.tui.core.backend import Backend

# Importing each on first use would block the loop: 50 ms for Run and the guides. Importing early
# also keeps an open console working when the package is upgraded.
LATER = (
    *(f"openhqm_tui.tui.{place}.screen" for place in PLACES),
    "openhqm_tui.domain.history.forecast",
    "openhqm_tui.tui.opening",
    "openhqm_tui.tui.commands.palette",
    "openhqm_tui.tui.guides.screen",
    "openhqm_tui.tui.run.search",
    "openhqm_tui.tui.widgets.dialogs",
)


def finish_startup(app: App[Any]) -> None:
    """Enable garbage collection, and import the other screens in a thread."""
    garbage.resume()
    app.run_worker(import_the_rest, thread=True, group="settling", exit_on_error=False)


def import_the_rest() -> None:
    """Import what the first paint doesn't need."""
    for name in LATER:
        import_module(name)
    garbage.freeze()


# Textual's stylesheet, but parsed sheets are reused until the colors change.
#
# Textual parses all sheets again for every screen with its own rules: a third of the time to the
# first paint.

# More than the number of sheets: an LRU cache scanned in order has no hits beyond its size.
_SHEETS = 512


class CachedStylesheet(Stylesheet):
    """A stylesheet that keeps its rules until the colors change."""

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._parse_cache = LRUCache(_SHEETS)

    def set_variables(self, variables: dict[str, str]) -> None:
        """Set variables; the same ones change nothing."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Parse new sheets only."""
        self.parse()


# Seconds for a console without a terminal to exit by itself, including stopping a fix.
_GRACE = 5.0


def handle_signals(app: App[Any]) -> None:
    """Exit cleanly on SIGTERM and SIGHUP, or when the terminal is lost.

    The run continues: its runner has its own session.
    """
    loop = asyncio.get_running_loop()

    def obey(means: int, _: FrameType | None) -> None:
        # Not with the loop's signal handlers: it may be blocked writing to a lost terminal.
        if _terminal_is_lost():
            _let_go_of_terminal()
        loop.call_soon_threadsafe(partial(app.exit, return_code=128 + means))

    for means in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(means, obey)


def _terminal_is_lost() -> bool:
    try:
        termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, OSError, ValueError):
        return True
    return False


def _let_go_of_terminal() -> None:
    """Redirect output to /dev/null, and exit after a grace period."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    last = threading.Timer(_GRACE, os._exit, (128 + signal.SIGHUP,))
    last.daemon = True
    last.start()


def place_called(name: str) -> BaseScreen:
    """Return a new screen, one of PLACES, importing its module."""
    module = import_module(f"openhqm_tui.tui.{name}.screen")
    screen: type[BaseScreen] = getattr(module, f"{name.title()}Screen")
    return screen()


def _palette() -> type[Provider]:
    from openhqm_tui.tui.commands.palette import RegistryProvider

    return RegistryProvider


class ConsoleApp(App[int]):
    """Wires the session to the screens: modes, bindings, theme, messages."""

    TITLE = "openhqm-tui"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar = bindings("app")
    COMMANDS: ClassVar = {_palette}
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        place: partial(place_called, place) for place in PLACES
    }

    def __init__(
        self,
        backend: Backend,
        *,
        run: RunFolder | None = None,
        player: Player | None = None,
        keymap: dict[str, str] | None = None,
        theme: str = DARK.name,
    ) -> None:
        nothing = run is None and player is None
        # The initial mode: otherwise Textual would first lay out an empty screen.
        self.DEFAULT_MODE = "plan" if nothing else "run"  # type: ignore[misc]
        super().__init__()
        self.stylesheet = CachedStylesheet(variables=self.get_css_variables())
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self.session = Session(
            self,
            backend,
            run_changed=self._run_changed,
            second_passed=self._second_passed,
            run_removed=self._run_removed,
        )
        self.session.keymap = dict(keymap or {})
        self.notifier = TerminalNotifier(self._write_raw)
        self._seen_live = False
        self._first_run = run
        self._first_player = player

    @property
    def place(self) -> BaseScreen | None:
        """The current screen, below any dialog."""
        base = self.screen_stack[0] if self.screen_stack else None
        return base if isinstance(base, BaseScreen) else None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return defaults for the variables of our widgets, which some themes lack."""
        return defaults_for(self.current_theme)

    def on_load(self) -> None:
        """Start tasks in turn: an eager one (3.12+) composes a screen before it is on the stack."""
        asyncio.get_running_loop().set_task_factory(None)

    def on_mount(self) -> None:
        """Show the first screen, and read source, engine and past runs meanwhile."""
        session = self.session
        if not self.is_headless:
            self.call_after_refresh(finish_startup, self)
            handle_signals(self)
        if session.keymap:
            self.set_keymap(session.keymap)
        if lines := "\n".join(session.backend.refused):
            self.notify(lines, title=IGNORED, severity="warning", markup=False, timeout=20)
        session.refresh()
        session.read_past()
        if self._first_run is not None:
            session.open_run(self._first_run)
        if self._first_player is not None:
            session.replay.play(self._first_player)

    def on_unmount(self) -> None:
        """Close the run's files, and restore the terminal's title."""
        self.session.close()
        self.notifier.close()

    def on_request_sent(self, message: RequestSent) -> None:
        """Follow a run that is continued, or say why it isn't."""
        if message.problem:
            self.notify(message.problem, severity="error", markup=False)
        elif self.session.is_open(message.run):
            self.session.watch.resume()
        if self.current_mode == "history":
            self.session.read_past()

    def on_source_found(self, message: SourceFound) -> None:
        """Store the source."""
        if self.session.take_source(message):
            self._update_screen()

    def on_app_focus(self) -> None:
        """Read the source again: the user may have edited its files in another window."""
        if self.current_mode == "plan":
            self.session.read_source()

    def on_facts_read(self, message: FactsRead) -> None:
        """Store the engine's facts."""
        self.session.facts = message.facts
        self.session.load_samples()
        self._update_screen()

    def on_samples_read(self, message: SamplesRead) -> None:
        """Store the samples of earlier builds."""
        self.session.estimates.take(message)
        self._update_screen()
        if (screen := self._ready_screen) is not None:
            screen.second_passed()

    async def on_past_read(self, message: PastRead) -> None:
        """Store the past runs; the first time, offer a live or an interrupted one."""
        session, runs = self.session, message.past.runs
        is_first = session.past_runs is None
        session.past_runs, session.past_problem = runs, message.past.problem
        session.load_samples()
        if is_first:
            session.estimates.reload()  # reading the history has filled its gaps
        self._update_screen()
        if is_first and not (session.run_folder or self._first_run or self._first_player):
            from openhqm_tui.tui.opening import offer_runs

            await offer_runs(session, runs)

    def on_examined(self, message: Examined) -> None:
        """Store the findings."""
        session = self.session
        session.examining = False
        session.findings, session.facts = message.findings, message.facts
        self._update_screen()

    def on_hint_done(self) -> None:
        """Hide the hint permanently."""
        self.session.hint_dismissed = True
        self._update_screen()

    async def action_go(self, place: str) -> None:
        """Show another screen, unless a dialog is open."""
        if len(self.screen_stack) == 1:
            await self.switch_mode(place)

    def action_demo(self) -> None:
        """Play the recording that ships with the package."""
        if len(self.screen_stack) == 1:
            self.session.replay.play_recording(None)

    def action_replay(self, command: str) -> None:
        """Pause the replay, or change its speed or position."""
        self.session.replay.do(command)
        if self.place is not None:
            self.place.show_status()
            self.place.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enable replay commands only during a replay."""
        if action != "replay":
            return True
        return self.session.replay.possible(str(parameters[0]))

    def action_help(self) -> None:
        """Show the keys of this screen."""
        place = self.place
        if place is not None and len(self.screen_stack) == 1:
            self.on_hint_done()
            from openhqm_tui.tui.widgets.dialogs import HelpDialog

            self.push_screen(HelpDialog(place.PLACE, self.session.keymap))

    def action_guides(self, name: str = "", address: str = "") -> None:
        """Open the guides, at a section of one if named."""
        from openhqm_tui.tui.guides.screen import open_guides

        open_guides(self, name, address)

    def action_switch_theme(self) -> None:
        """Switch to the next of our themes."""
        self.theme = theme_after(self.theme)

    async def action_quit(self) -> None:
        """Quit; ask first during a live run or a fix."""
        from openhqm_tui.tui.widgets.dialogs import leave

        leave(self.session)

    @property
    def _ready_screen(self) -> BaseScreen | None:
        """The current screen if it is built; otherwise it will catch up by itself."""
        place = self.place
        return place if place is not None and place.is_built else None

    def _update_screen(self) -> None:
        if (screen := self._ready_screen) is not None:
            screen.show_status()
            screen.engine_seen()

    def _run_changed(self, changes: Changes) -> None:
        session = self.session
        state, live, replayed = session.run_state, session.run_is_live, session.player is not None
        session.estimates.of_run(state, in_progress=live or replayed)
        if (screen := self._ready_screen) is not None:
            # As a message, so that it never overtakes earlier messages.
            screen.post_message(RunMoved(changes))
        if changes.events or not live:
            self.notifier.show(state, replayed=replayed)
        if state is not None and not replayed:
            for line in session.notices.of(state, changes.events):
                self.notify(line, severity="warning", markup=False, timeout=10)
        if live:
            # Until it is fully read, the run may turn out to be finished.
            self._seen_live = self._seen_live or bool(changes and not changes.more)
        elif changes.over:
            session.read_past()
            self._run_ended()

    def _run_removed(self) -> None:
        run = self.session.run_folder
        if run is not None:
            text = f"{removed_text(run)}; output read so far stays visible"
            self.notify(text, severity="warning", markup=False, timeout=10)
            self.session.read_past()

    def _run_ended(self) -> None:
        # Notify only about runs that were watched and took long enough for the user to look away.
        state, seen = self.session.run_state, self._seen_live and self.session.player is None
        self._seen_live = False
        if seen and state is not None and not self.app_focus and state.elapsed(0) >= LONG:
            self.notifier.tell(state)

    def _write_raw(self, text: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)

    def _second_passed(self) -> None:
        self.session.estimates.poll()
        if (screen := self._ready_screen) is not None:
            screen.show_status()
            screen.second_passed()
        if self.session.run_is_live and not self.is_headless:
            self.call_after_refresh(garbage.collect)
