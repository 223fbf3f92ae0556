"""What all screens share: the open run, the engine, the source and the past runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from textual.app import App
from textual.dom import DOMNode
from textual.message import Message
from textual.worker import get_current_worker

from openhqm_tui.domain.errors import Problem, reason_of
from openhqm_tui.domain.findings import Finding, Health
from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS, Platform
from openhqm_tui.run.follow.eta import TimeLeft
from openhqm_tui.tui.core.notifications import EventNotices
from openhqm_tui.tui.core.run_watch import ReplayController, RunWatch, removed_text

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import Sample
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.run.follow.follower import Changes
    from openhqm_tui.run.follow.replay import Player
    from openhqm_tui.store.run_folder import Request, RunFolder
    from openhqm_tui.tui.core.backend import Backend
    from openhqm_tui.tui.doctor.fix_runner import FixRunner
    from openhqm_tui.tui.history.past_runs import PastRun, PastRuns

# The title for settings that a project may not set.
IGNORED = "Ignored in openhqm-tui.toml"


class SourceFound(Message):
    """What can be built here, or why nothing can."""

    def __init__(self, source: Source | None, problem: str) -> None:
        super().__init__()
        self.source = source
        self.problem = problem


class FactsRead(Message):
    """The state of the engine."""

    def __init__(self, facts: EngineFacts) -> None:
        super().__init__()
        self.facts = facts


class PastRead(Message):
    """The earlier runs, latest first."""

    def __init__(self, past: PastRuns) -> None:
        super().__init__()
        self.past = past


class Examined(Message):
    """The findings, and the facts read after them."""

    def __init__(self, findings: list[Finding], facts: EngineFacts) -> None:
        super().__init__()
        self.findings = findings
        self.facts = facts


class RunMoved(Message):
    """Changes of the open run."""

    def __init__(self, changes: Changes) -> None:
        super().__init__()
        self.changes = changes


class RequestSent(Message):
    """Requests were sent to a runner, or `problem` says why not."""

    def __init__(self, run: RunFolder, problem: str = "") -> None:
        super().__init__()
        self.run = run
        self.problem = problem


class SamplesRead(Message):
    """Samples of earlier builds: for the source, or for the run named `run`."""

    def __init__(self, samples: list[Sample], run: str = "") -> None:
        super().__init__()
        self.samples = samples
        self.run = run


def found_source(backend: Backend) -> SourceFound:
    """Find what can be built here; blocks."""
    try:
        return SourceFound(backend.find_source(), "")
    except (Problem, OSError) as problem:
        return SourceFound(None, str(problem))


class EstimateLoader:
    """Loads samples of earlier builds on demand; None: not loaded yet."""

    def __init__(self, app: App[Any], backend: Backend, now: Callable[[], float]) -> None:
        self._app, self._backend, self._now = app, backend, now
        self._of: RunState | None = None
        self._in_progress = False
        self.samples: list[Sample] | None = None
        self.time_left = TimeLeft()

    def of_source(self, source: Source, host: str) -> None:
        """Load samples of earlier builds of a source on a host."""
        from openhqm_tui.store.history.rows import Origin

        file = source.dockerfile or source.bake_file
        origin = Origin(source.kind.value, source.context, file, host)
        names = [variant.name for variant in source.variants]
        self._read(lambda: self._backend.samples(origin, names), "samples")

    def of_run(self, state: RunState | None, *, in_progress: bool) -> None:
        """Start estimating a newly opened run if it is in progress."""
        if state is self._of:
            return
        self._of, self._in_progress = state, in_progress
        self.time_left = TimeLeft()
        self.reload()

    def reload(self) -> None:
        """Reload the samples of the open run."""
        if self._of is not None and self._in_progress:
            info = self._of.info
            self._read(lambda: self._backend.samples_before(info), "forecast", info.id)

    def take(self, message: SamplesRead) -> None:
        """Store samples."""
        if not message.run:
            self.samples = message.samples
        elif self._of is not None and self._of.info.id == message.run:
            self.time_left.learn(message.samples)
            self.poll()

    def poll(self) -> None:
        """Update the time left."""
        if self._of is not None:
            self.time_left.update(self._of, self._now())

    def _read(self, read: Callable[[], list[Sample]], group: str, run: str = "") -> None:
        def work() -> None:
            samples = read()
            # A later read may have finished first; its result is newer.
            if not get_current_worker().is_cancelled:
                self._app.post_message(SamplesRead(samples, run))

        self._app.run_worker(work, thread=True, exclusive=True, group=group)


class Session:
    """The state of one console and its operations; independent of screens.

    `app` runs threads, receives their results as messages and shows notifications. `run_changed`,
    `second_passed` and `run_removed` are called while a run is followed.
    """

    def __init__(
        self,
        app: App[Any],
        backend: Backend,
        *,
        run_changed: Callable[[Changes], None],
        second_passed: Callable[[], None],
        run_removed: Callable[[], None],
    ) -> None:
        self.app = app
        self.backend = backend
        self.facts: EngineFacts | None = None
        self.source: Source | None = backend.source_at_once()
        self.source_problem = ""
        self._reading_source = False
        self.findings: list[Finding] | None = None
        self.examining = False
        self.fix_runner: FixRunner | None = None
        # The platforms of the Plan screen, also examined by Doctor.
        self.platforms: tuple[Platform, ...] = ()
        self.past_runs: list[PastRun] | None = None
        self.past_problem = ""
        self.hint_dismissed = False
        self.keymap: dict[str, str] = {}
        self.notices = EventNotices()
        self.watch = RunWatch(app, run_changed, second_passed, run_removed)
        self.replay = ReplayController(app, backend, self.watch)
        self.estimates = EstimateLoader(app, backend, lambda: self.now)

    @property
    def run_state(self) -> RunState | None:
        """The state of the open run."""
        return self.watch.state

    @property
    def run_folder(self) -> RunFolder | None:
        """The folder of the open run."""
        return self.watch.folder

    @property
    def run_is_live(self) -> bool:
        """Whether the open run is in progress."""
        return self.watch.live

    @property
    def player(self) -> Player | None:
        """The player of the open run if it is a replay."""
        return self.replay.player

    @property
    def now(self) -> float:
        """The current time; in a replay, the time that is being replayed."""
        player = self.player
        return self.backend.now() if player is None else player.now

    @property
    def problems(self) -> int | None:
        """The number of findings that are warnings or failures; None before an examination."""
        if self.findings is None:
            return None
        return sum(f.health in {Health.WARN, Health.FAIL} for f in self.findings)

    @property
    def is_new(self) -> bool:
        """Whether the console was never used here before."""
        return not self.hint_dismissed and self.past_runs == [] and self.run_folder is None

    def is_open(self, run: RunFolder) -> bool:
        """Return whether `run` is the open run."""
        return self.run_folder is not None and self.run_folder.path == run.path

    def open_run(self, run: RunFolder) -> bool:
        """Follow another run; if it can't be read, notify and return False."""
        try:
            self.watch.open(run)
        except Problem as problem:
            self.app.notify(str(problem), severity="error", markup=False)
            return False
        return True

    def ask_run(self, *requests: Request, run: RunFolder | None = None) -> None:
        """Send requests to the runner of a run, by default the open one.

        A finished run is continued by one runner for all requests sent together.
        """
        asked = run or self.run_folder
        if asked is None or (self.is_open(asked) and self.replay.refuses()):
            return
        if self.is_open(asked):
            self.notices.asked(*requests)
        self._in_thread(lambda: self._ask(asked, requests), "ask", exclusive=False)

    def refresh(self) -> None:
        """Read the source and the engine's facts."""
        self._reading_source = True
        self._in_thread(self._refresh, "look")

    def read_source(self) -> None:
        """Read the source again: its files may have changed on disk."""
        if not self._reading_source:
            self._reading_source = True
            self._in_thread(self._read_source, "source", exclusive=False)

    def take_source(self, message: SourceFound) -> bool:
        """Store the source; return whether it has changed."""
        self._reading_source = False
        if (self.source, self.source_problem) == (message.source, message.problem):
            return False
        self.source, self.source_problem = message.source, message.problem
        self.load_samples()
        return True

    def read_past(self) -> None:
        """Read the list of past runs."""
        self._in_thread(self._read_past, "past")

    def examine(self) -> None:
        """Examine this machine, unless an examination is in progress."""
        if not self.examining:
            self.examining = True
            self._in_thread(self._examine, "examine", exclusive=False)

    def load_samples(self) -> None:
        """Read the samples of earlier builds once source, engine and past runs are known."""
        if self.source is not None and self.facts is not None and self.past_runs is not None:
            self.estimates.of_source(self.source, str(self.facts.host or ""))

    def close(self) -> None:
        """Close the files of the open run and of a replay."""
        self.watch.close()
        self.replay.close()

    def _in_thread(self, work: Callable[[], None], group: str, *, exclusive: bool = True) -> None:
        self.app.run_worker(work, thread=True, exclusive=exclusive, group=group)

    def _refresh(self) -> None:
        self._read_source()
        self.app.post_message(FactsRead(self.backend.read_facts()))

    def _read_source(self) -> None:
        self.app.post_message(found_source(self.backend))

    def _read_past(self) -> None:
        past = self.backend.past()
        # A later read may have finished first; its result is newer.
        if not get_current_worker().is_cancelled:
            self.app.post_message(PastRead(past))

    def _examine(self) -> None:
        findings = self.backend.examine(self.platforms or DEFAULT_PLATFORMS)
        self.app.post_message(Examined(findings, self.backend.read_facts()))

    def _ask(self, run: RunFolder, requests: Sequence[Request]) -> None:
        problem = ""
        try:
            self.backend.ask(run, *requests)
        except FileNotFoundError:
            problem = f"can't carry out the request: {removed_text(run)}"
        except (Problem, OSError) as error:
            problem = reason_of(error)
        self.app.post_message(RequestSent(run, problem))


class _HasSession(Protocol):
    session: Session


def session_of(node: DOMNode) -> Session:
    """Return the session of the console that shows `node`."""
    return cast("_HasSession", node.app).session


def copy(node: DOMNode, text: str, what: str) -> None:
    """Copy `text` and notify that `what` was copied.

    OSC 52 also reaches the user's terminal over ssh, but not every terminal supports it, so the
    system's clipboard is set as well.
    """
    app = node.app
    app.copy_to_clipboard(text)
    if not app.is_web:
        # In a browser, the system's clipboard would be the server's.
        copying = partial(session_of(node).backend.copy, text)
        app.run_worker(copying, thread=True, group="copy", exit_on_error=False)
    app.notify(f"copied {what}", markup=False, timeout=3)
