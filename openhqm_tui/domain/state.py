"""What has happened so far in a run: a fold over its journal.

`RunState` changes only through `apply_event`, `apply_records` and `end_stream`; the same
journal gives the same state, however it is cut into pieces. No clock is read: times come from
the journal, in seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from openhqm_tui.domain import journal
from openhqm_tui.domain.journal import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.lane_state import LaneState
from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.domain.nodes import LaneNodes, read_nodes
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.progress import PlainText, Record, Vertex, seconds
from openhqm_tui.domain.secrets.redact import Mask, dockerfile_secrets
from openhqm_tui.domain.status import Status
from openhqm_tui.domain.step_lines import note_change
from openhqm_tui.domain.step_state import StepState, is_cancel

__all__ = ["LaneState", "RunState", "Status", "StepState", "TargetState", "is_cancel"]

# Buildx prints a failed step's log again with its error; more than this is not its words.
_MOST_TEXTS = 2000
_MOST_BYTES = 2**63 - 1
# Of one target: a stranger's stream may hold any number.
_MOST_SOURCES = 8


class Touched(NamedTuple):
    """What some records touched: lanes by target and platform, the standing of their target.

    A line more in a lane's log leaves its target standing as it did.
    """

    lanes: frozenset[tuple[str, str]]
    standing: bool


class TargetState:
    """One target: the unit of build, cancel and retry."""

    def __init__(self, run: RunState, info: TargetInfo) -> None:
        self.run = run
        self.info = info
        self.name = info.name
        self.platforms = tuple(parse_platform(text) for text in info.platforms)
        self.nodes = LaneNodes(run.nodes, self.platforms, run.host, in_parts=run.info.by_digest)
        self.attempt = 0
        # What its Dockerfile itself holds of them, to be masked in all that is kept or given away.
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
        self.silence: journal.FellSilent | None = None
        self.lanes = {platform: LaneState(self, platform) for platform in self.platforms}
        self.steps: dict[str, StepState] = {}
        self.log = LogLines(self.run.shown)
        self.texts: list[str] = []
        self.warnings: dict[tuple[str, str], None] = {}
        self.pushing = False
        self.pushed: Outcome | None = None
        self.push_reason = ""
        self.push_digest = ""
        # What the registry held under each tag when it was read back.
        self.read_back: dict[str, journal.ReadBack] = {}

    def learn_secrets(self, dockerfile: bytes) -> None:
        """Take in which secrets a Dockerfile holds; each of its remarks comes with all of it."""
        known = hash(dockerfile)
        if known not in self._sources and len(self._sources) < _MOST_SOURCES:
            self._sources.add(known)
            self.secrets |= dockerfile_secrets(dockerfile.decode(errors="replace"))
            self.run.mask = self.run.mask.knowing(self.secrets)

    @property
    def failed_step(self) -> StepState | None:
        """The first step that failed of itself, not by being cancelled."""
        return next((s for s in self.steps.values() if s.status is Status.FAILED), None)

    @property
    def status(self) -> Status:
        """Where this target stands, its lanes' checks included."""
        if self.outcome is Outcome.FAILED:
            return Status.FAILED
        if self.outcome is Outcome.CANCELLED:
            return Status.CANCELLED
        if self.outcome is None:
            if self.started is None:
                return Status.WAITING if self.run.goes_on else Status.CANCELLED
            return Status.RUNNING if self.run.goes_on else Status.CANCELLED
        lanes = {lane.status for lane in self.lanes.values()}
        for status in (Status.CHECKING, Status.FAILED, Status.UNKNOWN, Status.CANCELLED):
            if status in lanes:
                return status
        return Status.PASSED if Status.PASSED in lanes else Status.DONE

    @property
    def silent_since(self) -> float | None:
        """Since when its Buildx has said nothing, where that is longer than it should be."""
        return self.silence.since if self.silence is not None else None

    def step_counts(self) -> tuple[int, int]:
        """Return how many of the known steps are over, and how many are known."""
        return sum(s.status.is_over for s in self.steps.values()), len(self.steps)

    def elapsed(self, now: float) -> float:
        """Return the seconds from its start to its end, its checks included, or to `now`."""
        if self.started is None:
            return 0.0
        ends = [lane.done_at for lane in self.lanes.values() if lane.done_at is not None]
        if self.status.is_over or len(ends) == len(self.lanes):
            last = [*ends, self.ended if self.ended is not None else self._last_seen()]
            return max(0.0, max(last) - self.started)
        return max(0.0, now - self.started)

    def _last_seen(self) -> float:
        """Return the last moment of which anything is known: nobody wrote down how it ended."""
        moments = [self.started or 0.0]
        for step in self.steps.values():
            moments += [*step.intervals, *filter(None, step.intervals.values())]
        logs = [self.log, *(lane.log for lane in self.lanes.values())]
        return max(moments + [log.at(len(log) - 1) for log in logs if len(log)])


class RunState:
    """The whole run."""

    def __init__(self, info: RunInfo, mask: Mask | None = None) -> None:
        """Begin with what was known before the start; `mask` knows the secrets of its plan."""
        self.info = info
        self.mask = mask or Mask()
        self.host = parse_platform(info.host) if info.host else None
        self.nodes = read_nodes(info.nodes)
        self.started: float | None = None
        self.ended: float | None = None
        self.outcome: Outcome | None = None
        self.interrupted = False
        self.notes: list[str] = []
        self.heard = 0
        # Images that are in the engine's store only to be asked.
        self.pulled: dict[str, None] = {}
        self._sat_down = 0.0
        self.last_at = 0.0
        self._earlier = 0.0
        self.targets = {target.name: TargetState(self, target) for target in info.targets}

    @property
    def status(self) -> Status:
        """Where the run stands."""
        if self.outcome is not None:
            return Status(self.outcome.value)
        if self.interrupted:
            return Status.CANCELLED
        if self.started is None:
            return Status.WAITING
        built = all(target.outcome is not None for target in self.targets.values())
        if built and any(lane.status is Status.CHECKING for lane in self.lanes):
            return Status.CHECKING
        return Status.RUNNING

    @property
    def goes_on(self) -> bool:
        """Tell whether anybody executes it still."""
        return self.outcome is None and not self.interrupted

    def elapsed(self, now: float) -> float:
        """Return the seconds that it was executed, until `now` while it goes on.

        The time before it was taken up again doesn't count.
        """
        if self.started is None:
            return 0.0
        last = self.last_at if self.interrupted else now
        return self._earlier + max(0.0, (self.ended or last) - self._sat_down)

    def ending(self) -> Outcome:
        """Return how the run ends if nothing more is done; what isn't over was cancelled."""
        statuses = {target.status for target in self.targets.values()}
        if Status.CANCELLED in statuses or not all(status.is_over for status in statuses):
            return Outcome.CANCELLED
        # Who allows what is unknown has its push told as the end; what fails is no matter of it.
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
        """Return a line of a log without what is known to be secret by now."""
        return self.mask.raw(text)

    @property
    def secrets(self) -> set[str]:
        """What is to be masked, of all targets."""
        return {secret for target in self.targets.values() for secret in target.secrets}

    @property
    def lanes(self) -> list[LaneState]:
        """Every lane, in the order of the plan."""
        return [lane for target in self.targets.values() for lane in target.lanes.values()]

    def apply_event(self, event: journal.AnyEvent) -> None:
        """Fold one event of the runner in; one for an unknown target or lane changes nothing."""
        before, self.last_at = self.last_at, event.at
        match event:
            case journal.RunStarted():
                if self.started is None:
                    self.started = event.at
                else:
                    self._earlier += max(0.0, before - self._sat_down)
                self._sat_down = event.at
                self.ended, self.outcome = None, None
            case journal.RunEnded():
                self.ended, self.outcome = event.at, event.outcome
            case journal.TargetQueued() if target := self.targets.get(event.target):
                target._reset()
                target.attempt = event.attempt
            case journal.TargetStarted() if target := self.targets.get(event.target):
                target._reset()
                target.attempt, target.stream = event.attempt, event.stream
                target.started = event.at
            case journal.TargetEnded() if target := self.targets.get(event.target):
                target.ended, target.outcome = event.at, event.outcome
                target.exit_code, target.digest = event.exit_code, event.digest
                target.reason, target.silence = event.reason, None
            case journal.FellSilent() if target := self.targets.get(event.target):
                target.silence = event if target.outcome is None else None
            case journal.SpokeAgain() if target := self.targets.get(event.target):
                target.silence = None
            case journal.CancelAsked():
                for target in self.targets.values():
                    if event.target in {"", target.name} and target.outcome is None:
                        target.cancel_asked = True
            case journal.Noted():
                self.notes.append(event.text)
            case journal.ImageSeen() if lane := self.lane(event.target, event.platform):
                lane.digest = event.digest
                lane.content_size, lane.unpacked_size = event.content_size, event.unpacked_size
            case journal.LayersSeen() if lane := self.lane(event.target, event.platform):
                lane.layers = event.layers
            case journal.CheckStarted() if lane := self.lane(event.target, event.platform):
                lane.ask(event)
            case journal.LaneChecked() if lane := self.lane(event.target, event.platform):
                lane.answer(event)
            case journal.CheckCancelled() if lane := self.lane(event.target, event.platform):
                lane.cut_off()
            case journal.PushStarted() if target := self.targets.get(event.target):
                if not target.pushing:
                    target.read_back = {}
                target.pushing, target.pushed = True, None
            case journal.ImagePulled() if event.kept:
                self.pulled.pop(event.reference, None)
            case journal.ImagePulled():
                self.pulled[event.reference] = None
            case journal.ReadBack() if target := self.targets.get(event.target):
                target.read_back[event.name] = event
            case journal.PushEnded() if target := self.targets.get(event.target):
                target.pushing, target.pushed = False, event.outcome
                target.push_reason, target.push_digest = event.reason, event.digest
            case journal.Heard():
                self.heard = max(self.heard, event.upto)

    def lane(self, target: str, platform: str) -> LaneState | None:
        """Return a lane by its names, if there is one."""
        found = self.targets.get(target)
        if found is None:
            return None
        return next((lane for p, lane in found.lanes.items() if str(p) == platform), None)

    def apply_records(self, target_name: str, records: Iterable[Record]) -> Touched:
        """Fold records of one target's stream in; return what they touched."""
        target = self.targets.get(target_name)
        lanes: set[LaneState] = set()
        heard: dict[str, tuple[LogLines, int]] = {}
        standing = False
        if target is None:
            return Touched(frozenset(), standing)
        for record in records:
            if isinstance(record, PlainText):
                standing = True
                if len(target.texts) < _MOST_TEXTS:
                    target.texts.append(self.shown(record.text))
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
                target.warnings[(short, one_line(warning.url))] = None
                if warning.source is not None:
                    target.learn_secrets(warning.source.data)
        return Touched(frozenset(lane.key for lane in lanes), standing)

    def end_stream(self, target_name: str) -> None:
        """Say that a target's stream is over: unended log lines are ended."""
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
    """Return a number of bytes as one that can be counted with: no negative, none beyond 64 bit."""
    return min(max(told, 0), _MOST_BYTES)


def _lane_of(target: TargetState, step: StepState) -> LaneState | None:
    return target.lanes.get(step.lane) if step.lane is not None else None


def _log_of(target: TargetState, step: StepState) -> LogLines:
    lane = _lane_of(target, step)
    return target.log if lane is None else lane.log
