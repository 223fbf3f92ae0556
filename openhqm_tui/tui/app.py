"""The console: five places over one run folder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App
from textual.screen import Screen
from textual.worker import get_current_worker

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.findings import Finding, Health
from openhqm_tui.tui.command_table import PLACES, bindings
from openhqm_tui.tui.core import garbage, messages
from openhqm_tui.tui.core.estimates import EstimateLoader, SamplesRead
from openhqm_tui.tui.core.lifecycle import CachedStylesheet, finish_startup, handle_signals
from openhqm_tui.tui.core.notifications import LONG, EventNotices, TerminalNotifier
from openhqm_tui.tui.core.run_watch import RunWatch, gone
from openhqm_tui.tui.core.theme import DARK, DEFAULTS, THEMES, theme_after
from openhqm_tui.tui.plan.selection import USUAL
from openhqm_tui.tui.replay.controller import ReplayController
from openhqm_tui.tui.widgets.base_screen import BaseScreen

if TYPE_CHECKING:
    from textual.command import Provider

    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.run.follow.follower import Changes
    from openhqm_tui.run.follow.replay import Player
    from openhqm_tui.store.run_folder import Request, RunFolder
    from openhqm_tui.tui.core.backend import Services
    from openhqm_tui.tui.doctor.fix_runner import FixRunner
    from openhqm_tui.tui.history.past_runs import PastRun


def place_called(name: str) -> BaseScreen:
    """Return a new screen of one of PLACES; its module is imported now."""
    module = import_module(f"openhqm_tui.tui.{name}.screen")
    screen: type[BaseScreen] = getattr(module, f"{name.title()}Screen")
    return screen()


def _palette() -> type[Provider]:
    from openhqm_tui.tui.commands.palette import RegistryProvider

    return RegistryProvider


class ConsoleApp(App[int]):
    """Holds what all places share: engine, source, past runs, the run that is open."""

    TITLE = "openhqm-tui"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar = bindings("app")
    COMMANDS: ClassVar = {_palette}
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        place: partial(place_called, place) for place in PLACES
    }
    # Whether people can only look here: nothing is built, stopped or changed.
    watches_only: ClassVar[bool] = False

    def __init__(
        self,
        services: Services,
        *,
        run: RunFolder | None = None,
        player: Player | None = None,
        keymap: dict[str, str] | None = None,
        theme: str = DARK.name,
    ) -> None:
        nothing = run is None and player is None
        # The first place from the start: Textual would lay out an empty screen before it.
        self.DEFAULT_MODE = "plan" if nothing else "run"  # type: ignore[misc]
        super().__init__()
        self.stylesheet = CachedStylesheet(variables=self.get_css_variables())
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self.services = services
        self.keymap = dict(keymap or {})
        self.facts: EngineFacts | None = None
        self.source: Source | None = services.source_at_once()
        self.source_problem = ""
        self.findings: list[Finding] | None = None
        self.examining = False
        self.mending: FixRunner | None = None
        # The Plan place's columns: the doctor looks at them as well.
        self.platforms: tuple[Platform, ...] = ()
        self.past_runs: list[PastRun] | None = None
        self.past_problem = ""
        self.estimate_loader = EstimateLoader(self)
        self.follow = RunWatch(self, self._run_moved, self._second_passed, self._run_gone)
        self.attention = TerminalNotifier(self._write_raw)
        self.news = EventNotices()
        self._seen_live = False
        self._hint_read = False
        self._first_run = run
        self._first_player = player
        self.replays = ReplayController(self)

    @property
    def run_state(self) -> RunState | None:
        """The state of the run that is open."""
        return self.follow.state

    @property
    def run_folder(self) -> RunFolder | None:
        """The folder of the run that is open."""
        return self.follow.folder

    @property
    def run_is_live(self) -> bool:
        """Tell whether the run that is open goes on."""
        return self.follow.live

    @property
    def now(self) -> float:
        """What time it is for the run that is open: in a replay, what it was."""
        player = self.replays.player
        return self.services.now() if player is None else player.now

    @property
    def problems(self) -> int | None:
        """How many findings are no good; None before the doctor has looked."""
        if self.findings is None:
            return None
        return sum(f.health in {Health.WARN, Health.FAIL} for f in self.findings)

    @property
    def is_new(self) -> bool:
        """Tell whether nobody has used the console here yet."""
        return not self._hint_read and self.past_runs == [] and self.run_folder is None

    @property
    def place(self) -> BaseScreen | None:
        """The place in sight, under whatever dialog."""
        base = self.screen_stack[0] if self.screen_stack else None
        return base if isinstance(base, BaseScreen) else None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return what our widgets use and not every theme has."""
        return dict(DEFAULTS)

    def on_load(self) -> None:
        """Start tasks in turn: an eager one (3.12+) composes a screen before it is on the stack."""
        asyncio.get_running_loop().set_task_factory(None)

    def on_mount(self) -> None:
        """Show the first place at once, and look at the world meanwhile."""
        if not self.is_headless:
            self.call_after_refresh(finish_startup, self)
            handle_signals(self)
        if self.keymap:
            self.set_keymap(self.keymap)
        if lines := "\n".join(self.services.refused):
            self.notify(lines, title=messages.IGNORED, severity="warning", markup=False, timeout=20)
        self._look()
        self.read_past()
        if self._first_run is not None:
            self.open_run(self._first_run)
        if self._first_player is not None:
            self.replays.play(self._first_player)

    def on_unmount(self) -> None:
        """Let go of the run's files, and of the terminal's title."""
        self.follow.close()
        self.replays.close()
        self.attention.close()

    def open_run(self, run: RunFolder) -> bool:
        """Follow a run in place of the one before; say it, and tell, where it can't be read."""
        try:
            self.follow.open(run)
        except Problem as problem:
            self.notify(str(problem), severity="error", markup=False)
            return False
        return True

    def close_run(self) -> None:
        """Have no run open."""
        from openhqm_tui.run.follow.follower import Changes

        self.follow.close()
        self._run_moved(Changes())

    def ask_run(self, *requests: Request, run: RunFolder | None = None) -> None:
        """Ask the runner of a run for something, of the open one if no other is named.

        One that is over goes on, with one runner for all that is asked at once.
        """
        asked = run or self.run_folder
        if asked is not None and not (self._is_open(asked) and self.replays.refuses()):
            if self._is_open(asked):
                self.news.asked(*requests)
            self._ask(asked, requests)

    def _is_open(self, run: RunFolder) -> bool:
        return self.run_folder is not None and self.run_folder.path == run.path

    def read_past(self) -> None:
        """Read the earlier runs anew."""
        self._read_past()

    def examine(self) -> None:
        """Let the doctor look."""
        if not self.examining:
            self.examining = True
            self._examine()

    @work(thread=True, exclusive=True, group="look")
    def _look(self) -> None:
        try:
            self.post_message(messages.SourceFound(self.services.find_source(), ""))
        except (Problem, OSError) as problem:
            self.post_message(messages.SourceFound(None, str(problem)))
        self.post_message(messages.FactsRead(self.services.read_facts()))

    @work(thread=True, exclusive=True, group="past")
    def _read_past(self) -> None:
        past = self.services.past()
        # A later look may have been quicker, and knows more.
        if not get_current_worker().is_cancelled:
            self.post_message(messages.PastRead(past))

    @work(thread=True, group="examine")
    def _examine(self) -> None:
        findings = self.services.examine(self.platforms or USUAL)
        self.post_message(messages.Examined(findings, self.services.read_facts()))

    @work(thread=True, group="ask")
    def _ask(self, run: RunFolder, requests: Sequence[Request]) -> None:
        try:
            self.services.ask(run, *requests)
        except FileNotFoundError:
            self.post_message(messages.RequestSent(run, f"{gone(run)}: nothing can be asked of it"))
        except (Problem, OSError) as problem:
            self.post_message(messages.RequestSent(run, str(problem)))
        else:
            self.post_message(messages.RequestSent(run))

    def on_request_sent(self, message: messages.RequestSent) -> None:
        """Follow a run that goes on again, or say why it doesn't."""
        if message.problem:
            self.notify(message.problem, severity="error", markup=False)
        elif self._is_open(message.run):
            self.follow.resume()
        if self.place is not None and self.place.PLACE == "history":
            self.read_past()

    def on_source_found(self, message: messages.SourceFound) -> None:
        """Take over what can be built."""
        known = self.source is not None and self.source == message.source
        self.source, self.source_problem = message.source, message.problem
        self._learn()
        if not known:
            self._tell()

    def on_facts_read(self, message: messages.FactsRead) -> None:
        """Take over how the engine stands."""
        self.facts = message.facts
        self._learn()
        self._tell()

    def _learn(self) -> None:
        """Read what earlier builds teach, once it is known of what and on which machine."""
        if self.source is not None and self.facts is not None and self.past_runs is not None:
            self.estimate_loader.of_source(self.source, str(self.facts.host or ""))

    def on_samples_read(self, message: SamplesRead) -> None:
        """Take over what earlier builds teach."""
        self.estimate_loader.take(message)
        self._tell()
        if (place := self._told) is not None:
            place.second_passed()

    async def on_past_read(self, message: messages.PastRead) -> None:
        """Take over the earlier runs; the first time, offer what goes on or was cut off."""
        first_look = self.past_runs is None
        self.past_runs, self.past_problem = message.past.runs, message.past.problem
        self._learn()
        if first_look:
            self.estimate_loader.of_run_anew()  # the first look at the history fills its gaps
        self._tell()
        if first_look and not (self.run_folder or self._first_run or self._first_player):
            from openhqm_tui.tui.opening import offer_runs

            await offer_runs(self, message.past.runs)

    def on_examined(self, message: messages.Examined) -> None:
        """Take over what the doctor found."""
        self.examining = False
        self.findings, self.facts = message.findings, message.facts
        self._tell()

    def on_hint_done(self) -> None:
        """Say no more what is known now."""
        self._hint_read = True
        self._tell()

    async def action_go(self, place: str) -> None:
        """Go to a place."""
        if len(self.screen_stack) > 1:
            return  # a dialog wants its answer first
        await self.switch_mode(place)

    def action_demo(self) -> None:
        """Play the recorded run that ships with the package."""
        if len(self.screen_stack) == 1:
            self.replays.play_recording(None)

    def action_replay(self, what: str) -> None:
        """Pause the replay, or change how it goes on."""
        self.replays.do(what)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the commands of a replay while there is one."""
        return self.replays.possible(str(parameters[0])) if action == "replay" else True

    def action_help(self) -> None:
        """Show the keys of the place in sight."""
        place = self.place
        if place is not None and len(self.screen_stack) == 1:
            self.on_hint_done()
            from openhqm_tui.tui.widgets.dialogs import HelpDialog

            self.push_screen(HelpDialog(place.PLACE, self.keymap))

    def action_guides(self, name: str = "", address: str = "") -> None:
        """Open the guides, at a section of one if named."""
        from openhqm_tui.tui.guides.screen import open_guides

        open_guides(self, name, address)

    def action_switch_theme(self) -> None:
        """Go on to the next of our own colours."""
        self.theme = theme_after(self.theme)

    async def action_quit(self) -> None:
        """Leave; ask first what becomes of a live run, or of a fix half-way."""
        from openhqm_tui.tui.widgets.dialogs import leave

        leave(self)

    @property
    def _told(self) -> BaseScreen | None:
        """The place to tell: one that is only being built catches up by itself."""
        place = self.place
        return place if place is not None and place.stands else None

    def _tell(self) -> None:
        if (place := self._told) is not None:
            place.show_standing()
            place.engine_seen()

    def _run_moved(self, changes: Changes) -> None:
        going = self.run_is_live or self.replays.player is not None
        self.estimate_loader.of_run(self.run_state, goes_on=going)
        if (place := self._told) is not None:
            # By message, so that it never overtakes what the place is in the midst of showing.
            place.post_message(messages.RunMoved(changes))
        if changes.events or not self.run_is_live:
            self.attention.show(self.run_state, replayed=self.replays.player is not None)
        state = self.run_state if self.replays.player is None else None
        for words in self.news.of(state, changes.events) if state is not None else ():
            self.notify(words, severity="warning", markup=False, timeout=10)
        if self.run_is_live:
            # Of what is still being read nobody knows yet whether it goes on.
            self._seen_live = self._seen_live or bool(changes and not changes.more)
        elif changes.over:
            self.read_past()
            self._run_is_over()

    def _run_gone(self) -> None:
        if self.run_folder is not None:
            words = f"{gone(self.run_folder)}; what was read of it by now stays on screen"
            self.notify(words, severity="warning", markup=False, timeout=10)
            self.read_past()

    def _run_is_over(self) -> None:
        # Only what was watched and took long enough to look elsewhere is news.
        state, seen = self.run_state, self._seen_live and self.replays.player is None
        self._seen_live = False
        if seen and state is not None and not self.app_focus and state.elapsed(0) >= LONG:
            self.attention.tell(state)

    def _write_raw(self, text: str) -> None:
        if self._driver is not None and not self.is_headless:
            self._driver.write(text)

    def _second_passed(self) -> None:
        self.estimate_loader.poll()
        if (place := self._told) is not None:
            place.show_standing()
            place.second_passed()
        if self.run_is_live and not self.is_headless:
            self.call_after_refresh(garbage.collect)
