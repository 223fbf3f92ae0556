"""The state of a run: a fold over its journal.

`RunState` changes only through `apply_event`, `apply_records`, `end_stream` and
`end_interrupted`; the same journal gives the same state, however it is cut into pieces. The only
fact that isn't in the journal is that the runner died: whoever tests its lock calls
`end_interrupted`. No clock is read: times are from the journal, in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from openhqm_tui.domain.buildkit.rawjson import PlainText, Record, Vertex, seconds
from openhqm_tui.domain.buildkit.vertex import ExecutionMode, how_built
from openhqm_tui.domain.checks.layer_manifest import ImageLayer
from openhqm_tui.domain.checks.verdict import Answer, Verdict, worst
from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.plan.builders import LaneNodes, Node, read_nodes, worth_telling
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.counts import StatusCounts, StatusFacts, TargetFacts
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.log import NO_STEP, LogLines, note_change
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.secrets.redact import Mask, dockerfile_secrets
from openhqm_tui.domain.text import one_line


class LaneState:
    """One target on one platform: its steps, its log, its verdicts."""

    def __init__(self, target: TargetState, platform: Platform) -> None:
        self.target = target
        self.platform = platform
        self.steps: list[StepState] = []
        self.log = LogLines(target.run.shown)
        self.check_started: float | None = None
        self.check_ended: float | None = None
        # The running check: None: none, '': all, else its name.
        self.asking: str | None = None
        self.check_cut = False
        # When its first checks finished: later repetitions don't count as build time.
        self.done_at: float | None = None
        self.emulated: bool | None = None
        self.verdicts: tuple[Verdict, ...] = ()
        self.digest = ""
        self.content_size = 0
        self.unpacked_size = 0
        self.layers: tuple[ImageLayer, ...] = ()
        self._before: tuple[float | None, float | None, bool | None] = (None, None, None)
        self._status: Status | None = None

    @property
    def key(self) -> tuple[str, str]:
        """The names of target and platform."""
        return self.target.name, str(self.platform)

    @property
    def emulator(self) -> Emulator | None:
        """The emulator of this platform; None if native or unknown."""
        return self.target.run.info.emulators.get(str(self.platform))

    @property
    def status(self) -> Status:
        """The status: of its build, then of its checks."""
        if self._status is None:
            self._status = self._find_status()
        return self._status

    @property
    def facts(self) -> StatusFacts:
        """What decides how it is shown."""
        return StatusFacts(self.status, self.target.outcome, self.target.started is not None)

    def forget_status(self) -> None:
        """Find the status again when it is next asked for."""
        self._status = None

    def _find_status(self) -> Status:
        target = self.target
        if target.started is None and target.outcome is None:
            return Status.WAITING if target.run.in_progress else Status.CANCELLED
        if target.outcome is Outcome.FAILED:
            # A step of no platform, such as loading a base image, fails all of them.
            others = (lane for lane in target.lanes.values() if lane.has_failed_step)
            stopped = not self.has_failed_step and any(others)
            return Status.CANCELLED if stopped else Status.FAILED
        if target.outcome is Outcome.CANCELLED:
            return Status.CANCELLED
        if self.check_ended is not None:
            worst_answer = worst(self.verdicts)
            if worst_answer is Answer.FAIL:
                return Status.FAILED
            return Status.UNKNOWN if worst_answer is Answer.UNKNOWN else Status.PASSED
        if self.check_started is not None:
            return Status.CHECKING if target.run.in_progress else Status.CANCELLED
        if target.outcome is Outcome.PASSED:
            if not target.is_checked:
                return Status.DONE
            over = self.check_cut or not target.run.in_progress
            return Status.CANCELLED if over else Status.CHECKING
        return Status.RUNNING if target.run.in_progress else Status.CANCELLED

    @property
    def has_failed_step(self) -> bool:
        """Whether one of its steps failed by itself, not by being cancelled."""
        return any(step.status is Status.FAILED for step in self.steps)

    @property
    def has_image(self) -> bool:
        """Whether there is an image that can be checked."""
        if self.target.info.artifacts:
            return False
        return self.target.outcome is Outcome.PASSED or bool(self.target.digest)

    @property
    def node(self) -> Node | None:
        """The node that builds it; None if unknown."""
        return self.target.nodes.node_of(self.platform)

    @property
    def node_name(self) -> str:
        """The name of its node; '' if the engine itself builds."""
        info = self.target.run.info
        told = self.node is not None and worth_telling(info.nodes, info.driver)
        return self.node.name if told and self.node is not None else ""

    @property
    def how(self) -> ExecutionMode | None:
        """How it is built on its node; None while unknown."""
        native = self.target.nodes.native_of(self.platform)
        return how_built((step.how for step in self.steps), self.platform, native)

    def step_counts(self) -> tuple[int, int]:
        """Return the numbers of finished and of known steps."""
        return sum(step.status.is_over for step in self.steps), len(self.steps)

    def ask(self, event: events.CheckStarted) -> None:
        """Record that checks have started; old verdicts are kept until there are new ones."""
        self._before = self.check_started, self.check_ended, self.emulated
        self.check_started, self.check_ended = event.at, None
        self.asking, self.check_cut, self.emulated = event.check, False, event.emulated

    def answer(self, event: events.LaneChecked) -> None:
        """Record verdicts."""
        self.check_ended, self.verdicts, self.emulated = event.at, event.verdicts, event.emulated
        self.asking, self.check_cut = None, False
        self.done_at = event.at if self.done_at is None else self.done_at

    def cut_off(self) -> None:
        """Record that checks were interrupted; earlier verdicts are kept."""
        if self.asking is not None:
            self.check_started, self.check_ended, self.emulated = self._before
        self.asking, self.check_cut = None, self.check_ended is None


# Buildx repeats a failed step's log with its error; keep only this many lines.
_MOST_TEXTS = 2000
_MOST_BYTES = 2**63 - 1
# Maximum per target: an untrusted stream may have any number.
_MOST_SOURCES = 8


class ChangedLanes(NamedTuple):
    """What some records changed: lanes by target and platform, and whether their target changed.

    A new line in a lane's log doesn't change its target.
    """

    lanes: frozenset[tuple[str, str]]
    standing: bool


class TargetState:
    """One target: the unit of building, cancelling and retrying."""

    def __init__(self, run: RunState, info: TargetInfo) -> None:
        self.run = run
        self.info = info
        self.name = info.name
        self.platforms = tuple(parse_platform(text) for text in info.platforms)
        self.nodes = LaneNodes(run.nodes, self.platforms, run.host, in_parts=run.info.by_digest)
        self.attempt = 0
        # Secrets in its Dockerfile, to be masked in everything that is kept or shared.
        self.secrets: frozenset[str] = frozenset()
        self._sources: set[int] = set()
        self._reset()

    def _reset(self) -> None:
        self.stream = ""
        self.started: float | None = None
        self.ended: float | None = None
        self.outcome: Outcome | None = None
        self.exit_code = 0
        self.digest = ""
        self.reason = ""
        self.cancel_asked = False
        self.silence: events.OutputStalled | None = None
        self.lanes = {platform: LaneState(self, platform) for platform in self.platforms}
        self.steps: dict[str, StepState] = {}
        self.log = LogLines(self.run.shown)
        self._texts = 0
        self.warnings: dict[tuple[str, str], None] = {}
        self.pushing = False
        self.pushed: Outcome | None = None
        self.push_reason = ""
        self.push_digest = ""
        # The content of each tag in the registry after the push.
        self.read_back: dict[str, events.ReadBack] = {}
        self._status: Status | None = None

    @property
    def is_checked(self) -> bool:
        """Whether its images are checked; artifacts aren't images."""
        return self.run.info.check and not self.info.artifacts

    def learn_secrets(self, dockerfile: bytes) -> None:
        """Collect the secrets in a Dockerfile; each of its warnings includes the whole file."""
        known = hash(dockerfile)
        if known not in self._sources and len(self._sources) < _MOST_SOURCES:
            self._sources.add(known)
            self.secrets |= dockerfile_secrets(dockerfile.decode(errors="replace"))
            self.run.mask = self.run.mask.knowing(self.secrets)

    @property
    def texts(self) -> list[str]:
        """Buildx's output besides its progress, without secrets."""
        return self.log.last(self._texts, step=NO_STEP) if self._texts else []

    def add_text(self, text: str) -> None:
        """Log a line that Buildx printed besides its progress."""
        if self._texts == _MOST_TEXTS:
            return
        if not self._texts:
            self._add_to_log("▸ Buildx", 0)
        self._add_to_log(text, 2)
        self._texts += 1

    def add_warning(self, short: str, url: str) -> None:
        """Log a warning of the Dockerfile's checks, once."""
        if (short, url) not in self.warnings:
            self.warnings[short, url] = None
            self._add_to_log(f"! {short} · {url}" if url else f"! {short}", 0)

    def _add_to_log(self, text: str, stream: int) -> None:
        # BuildKit reports no time for these: they came after the previous line.
        at = self.log.at(len(self.log) - 1) if len(self.log) else 0.0
        self.log.add(text.replace("\n", " "), step=NO_STEP, stream=stream, at=at)

    @property
    def failed_step(self) -> StepState | None:
        """The first step that failed by itself, not by being cancelled."""
        return next((s for s in self.steps.values() if s.status is Status.FAILED), None)

    @property
    def status(self) -> Status:
        """The status, including the checks of its lanes; kept until the target changes."""
        if self._status is None:
            self._status = self._find_status()
        return self._status

    @property
    def facts(self) -> StatusFacts:
        """What decides how it is shown."""
        return StatusFacts(self.status, self.outcome, self.started is not None)

    def forget_status(self) -> None:
        """Find its status and those of its lanes again when they are next asked for."""
        self._status = None
        for lane in self.lanes.values():
            lane.forget_status()

    def _find_status(self) -> Status:
        if self.outcome is Outcome.FAILED:
            return Status.FAILED
        if self.outcome is Outcome.CANCELLED:
            return Status.CANCELLED
        if self.outcome is None:
            if self.started is None:
                return Status.WAITING if self.run.in_progress else Status.CANCELLED
            return Status.RUNNING if self.run.in_progress else Status.CANCELLED
        lanes = {lane.status for lane in self.lanes.values()}
        for status in (Status.CHECKING, Status.FAILED, Status.UNKNOWN, Status.CANCELLED):
            if status in lanes:
                return status
        return Status.PASSED if Status.PASSED in lanes else Status.DONE

    @property
    def silent_since(self) -> float | None:
        """When its Buildx last printed output, if that was too long ago; else None."""
        return self.silence.since if self.silence is not None else None

    def step_counts(self) -> tuple[int, int]:
        """Return the numbers of finished and of known steps."""
        return sum(s.status.is_over for s in self.steps.values()), len(self.steps)

    def elapsed(self, now: float) -> float:
        """Return the seconds from its start to its end including its checks, or to `now`."""
        if self.started is None:
            return 0.0
        ends = [lane.done_at for lane in self.lanes.values() if lane.done_at is not None]
        if self.status.is_over or len(ends) == len(self.lanes):
            last = [*ends, self.ended if self.ended is not None else self._last_seen()]
            return max(0.0, max(last) - self.started)
        return max(0.0, now - self.started)

    def _last_seen(self) -> float:
        """Return the last known moment, for a target whose end wasn't recorded."""
        moments = [self.started or 0.0]
        for step in self.steps.values():
            moments += [*step.intervals, *filter(None, step.intervals.values())]
        logs = [self.log, *(lane.log for lane in self.lanes.values())]
        return max(moments + [log.at(len(log) - 1) for log in logs if len(log)])


class RunState:
    """The whole run."""

    def __init__(self, info: RunInfo, mask: Mask | None = None) -> None:
        """Start with the facts known before the run; `mask` knows the secrets of its plan."""
        self.info = info
        self.mask = mask or Mask()
        self.host = parse_platform(info.host) if info.host else None
        self.nodes = read_nodes(info.nodes)
        self.started: float | None = None
        self.ended: float | None = None
        self.outcome: Outcome | None = None
        self._interrupted = False
        self.notes: list[str] = []
        self.heard = 0
        # Images that are in the engine's store only for the checks.
        self.pulled: dict[str, None] = {}
        self._sat_down = 0.0
        self.last_at = 0.0
        self._earlier = 0.0
        self._lanes: list[LaneState] = []
        self.targets = {target.name: TargetState(self, target) for target in info.targets}
        self.counts = StatusCounts(self.targets, self._facts_of)

    @property
    def status(self) -> Status:
        """The status of the run."""
        if self.outcome is not None:
            return Status(self.outcome.value)
        if self.interrupted:
            return Status.CANCELLED
        if self.started is None:
            return Status.WAITING
        built = all(facts.outcome is not None for facts in self.counts.targets)
        if built and any(facts.status is Status.CHECKING for facts in self.counts.lanes):
            return Status.CHECKING
        return Status.RUNNING

    @property
    def interrupted(self) -> bool:
        """Whether its runner died before the end; reset when the run is continued."""
        return self._interrupted

    def end_interrupted(self) -> None:
        """Record that no runner executes it any more; without an outcome it was interrupted."""
        self._interrupted = self.outcome is None
        self._changed(*self.targets)

    @property
    def in_progress(self) -> bool:
        """Whether it is being executed."""
        return self.outcome is None and not self.interrupted

    def elapsed(self, now: float) -> float:
        """Return the seconds that it was executed, until `now` while it is in progress.

        The time before it was continued doesn't count.
        """
        if self.started is None:
            return 0.0
        last = self.last_at if self.interrupted else now
        return self._earlier + max(0.0, (self.ended or last) - self._sat_down)

    def ending(self) -> Outcome:
        """Return the run's outcome if it ended now; unfinished targets count as cancelled."""
        statuses = {facts.status for facts in self.counts.targets}
        if Status.CANCELLED in statuses or not all(status.is_over for status in statuses):
            return Outcome.CANCELLED
        # With `allow_unknown` the push decides; failed targets don't depend on it.
        wrong = {Status.FAILED} if self.info.allow_unknown else {Status.FAILED, Status.UNKNOWN}
        if statuses & wrong:
            return Outcome.FAILED
        if self.info.push:
            pushes = {target.pushed for target in self.targets.values()}
            if Outcome.CANCELLED in pushes:
                return Outcome.CANCELLED
            return Outcome.PASSED if pushes == {Outcome.PASSED} else Outcome.FAILED
        return Outcome.PASSED

    def shown(self, text: str) -> str:
        """Return a line of a log without the secrets known so far."""
        return self.mask.raw(text)

    @property
    def secrets(self) -> set[str]:
        """The secrets of all targets."""
        return {secret for target in self.targets.values() for secret in target.secrets}

    @property
    def lanes(self) -> list[LaneState]:
        """All lanes, in plan order."""
        if not self._lanes:
            targets = self.targets.values()
            self._lanes = [lane for target in targets for lane in target.lanes.values()]
        return self._lanes

    def _changed(self, *targets: str) -> None:
        """Find the status of targets again, and that of their lanes."""
        for name in targets:
            if (target := self.targets.get(name)) is not None:
                target.forget_status()
                self.counts.change(name)

    def _facts_of(self, name: str) -> TargetFacts:
        target = self.targets[name]
        return target.facts, [lane.facts for lane in target.lanes.values()]

    def apply_event(self, event: events.AnyEvent) -> None:
        """Apply an event of the runner; one for an unknown target or lane changes nothing."""
        self._apply_event(event)
        if isinstance(event, events.RunStarted | events.RunEnded):
            self._changed(*self.targets)
        elif isinstance(event, events.TargetQueued | events.TargetStarted):
            # It has new lanes.
            self._lanes = []
        self._changed(getattr(event, "target", ""))

    def _apply_event(self, event: events.AnyEvent) -> None:  # noqa: C901, PLR0915 - a case for each kind
        before, self.last_at = self.last_at, event.at
        match event:
            case events.RunStarted():
                if self.started is None:
                    self.started = event.at
                else:
                    self._earlier += max(0.0, before - self._sat_down)
                self._sat_down = event.at
                self.ended, self.outcome = None, None
                self._interrupted = False
            case events.RunEnded():
                self.ended, self.outcome = event.at, event.outcome
            case events.TargetQueued() if target := self.targets.get(event.target):
                target._reset()
                target.attempt = event.attempt
            case events.TargetStarted() if target := self.targets.get(event.target):
                target._reset()
                target.attempt, target.stream = event.attempt, event.stream
                target.started = event.at
            case events.TargetEnded() if target := self.targets.get(event.target):
                target.ended, target.outcome = event.at, event.outcome
                target.exit_code, target.digest = event.exit_code, event.digest
                target.reason, target.silence = event.reason, None
            case events.OutputStalled() if target := self.targets.get(event.target):
                target.silence = event if target.outcome is None else None
            case events.OutputResumed() if target := self.targets.get(event.target):
                target.silence = None
            case events.CancelRequested():
                for target in self.targets.values():
                    if event.target in {"", target.name} and target.outcome is None:
                        target.cancel_asked = True
            case events.Note():
                self.notes.append(event.text)
            case events.ImageSeen() if lane := self.lane(event.target, event.platform):
                lane.digest = event.digest
                lane.content_size, lane.unpacked_size = event.content_size, event.unpacked_size
            case events.LayersSeen() if lane := self.lane(event.target, event.platform):
                lane.layers = event.layers
            case events.CheckStarted() if lane := self.lane(event.target, event.platform):
                lane.ask(event)
            case events.LaneChecked() if lane := self.lane(event.target, event.platform):
                lane.answer(event)
            case events.CheckCancelled() if lane := self.lane(event.target, event.platform):
                lane.cut_off()
            case events.PushStarted() if target := self.targets.get(event.target):
                if not target.pushing:
                    target.read_back = {}
                target.pushing, target.pushed = True, None
            case events.ImagePulled() if event.kept:
                self.pulled.pop(event.reference, None)
            case events.ImagePulled():
                self.pulled[event.reference] = None
            case events.ReadBack() if target := self.targets.get(event.target):
                target.read_back[event.name] = event
            case events.PushEnded() if target := self.targets.get(event.target):
                target.pushing, target.pushed = False, event.outcome
                target.push_reason, target.push_digest = event.reason, event.digest
            case events.RequestReceived():
                self.heard = max(self.heard, event.upto)

    def lane(self, target: str, platform: str) -> LaneState | None:
        """Return a lane by target and platform, or None."""
        found = self.targets.get(target)
        if found is None:
            return None
        return next((lane for p, lane in found.lanes.items() if str(p) == platform), None)

    def apply_records(self, target_name: str, records: Iterable[Record]) -> ChangedLanes:  # noqa: C901 - a case for each kind
        """Apply records of one target's stream; return what they changed."""
        target = self.targets.get(target_name)
        lanes: set[LaneState] = set()
        heard: dict[str, tuple[LogLines, int]] = {}
        standing = False
        if target is None:
            return ChangedLanes(frozenset(), standing)
        for record in records:
            if isinstance(record, PlainText):
                standing = True
                target.add_text(record.text)
                continue
            standing |= bool(record.vertexes or record.statuses or record.warnings)
            untold = target.nodes.lanes_in(record.vertexes) if record.vertexes else {}
            for vertex in record.vertexes or ():
                if lane := self._apply_vertex(target, vertex, untold.get(vertex.digest)):
                    lanes.add(lane)
            for status in record.statuses or ():
                if step := target.steps.get(status.vertex):
                    step.parts[status.id] = (_bytes(status.current), _bytes(status.total))
            for log in record.logs or ():
                if (known := heard.get(log.vertex)) is None:
                    if (step := target.steps.get(log.vertex)) is None:
                        continue
                    lane = _lane_of(target, step)
                    known = heard[log.vertex] = (_log_of(target, step), step.number)
                    if lane is not None:
                        lanes.add(lane)
                    standing |= lane is None
                lines, number = known
                at = seconds(log.timestamp) or 0.0
                lines.feed(log.data, step=number, stream=log.stream, at=at)
            for warning in record.warnings or ():
                short = self.mask.text(one_line(warning.short))
                target.add_warning(short, one_line(warning.url))
                if warning.source is not None:
                    target.learn_secrets(warning.source.data)
        if standing and target.outcome is Outcome.FAILED:
            # Which of its lanes failed is known from their steps.
            self._changed(target_name)
        return ChangedLanes(frozenset(lane.key for lane in lanes), standing)

    def end_stream(self, target_name: str) -> None:
        """Record the end of a target's stream: unterminated log lines are completed."""
        target = self.targets.get(target_name)
        if target is not None:
            for step in target.steps.values():
                _log_of(target, step).finish(step.number, step.ended or 0.0)

    def _apply_vertex(
        self, target: TargetState, vertex: Vertex, untold: Platform | None
    ) -> LaneState | None:
        step = target.steps.get(vertex.digest)
        if step is None:
            sole = target.platforms[0] if len(target.platforms) == 1 else None
            named = msgspec.structs.replace(vertex, name=self.shown(vertex.name))
            step = StepState(len(target.steps), named, target.nodes.native_of, sole or untold)
            target.steps[vertex.digest] = step
            if step.lane in target.lanes:
                target.lanes[step.lane].steps.append(step)
        before = step.status
        step.cached = step.cached or vertex.cached
        step.error = self.shown(vertex.error) if vertex.error else step.error
        start, end = seconds(vertex.started), seconds(vertex.completed)
        if start is not None:
            known = step.intervals.get(start)
            step.intervals[start] = end if end is not None else known
        after = step.status
        if after is not before:
            note_change(_log_of(target, step), step, before, after)
        return _lane_of(target, step)


def _bytes(told: int) -> int:
    """Clamp a number of bytes to a non-negative 64-bit integer."""
    return min(max(told, 0), _MOST_BYTES)


def _lane_of(target: TargetState, step: StepState) -> LaneState | None:
    return target.lanes.get(step.lane) if step.lane is not None else None


def _log_of(target: TargetState, step: StepState) -> LogLines:
    lane = _lane_of(target, step)
    return target.log if lane is None else lane.log
