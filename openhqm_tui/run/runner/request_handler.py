"""Carry out requests to the runner, or report why they are refused."""

from __future__ import annotations

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.retry import push_failed, to_retry
from openhqm_tui.domain.run.state import LaneState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.run.runner.scheduler import PUSH, Scheduler
from openhqm_tui.store.run_folder import Request


class RequestHandler:
    """Turns requests into the work of one run."""

    def __init__(self, work: Scheduler, journal: JournalWriter) -> None:
        self._work = work
        self._journal = journal
        self._state = journal.state

    def do(self, request: Request) -> None:
        """Begin or cancel what is asked; one for an unknown target is passed over."""
        if request.target not in {"", *self._state.targets}:
            return
        if request.ask == "cancel":
            self._work.cancel(request.target)
        elif request.ask in {"retry", "resume", "check"} and self._work.busy(PUSH):
            self._journal.note(
                "the images are being pushed: ask again when that is over", request.target
            )
        elif request.ask == "retry":
            for name in [request.target] if request.target else to_retry(self._state):
                self._retry(name)
        elif request.ask == "resume":
            self._resume()
        elif request.ask == "check":
            self._check(request)

    def _retry(self, name: str) -> None:
        """Build a target once more; where all of it is verified and only its push failed, push."""
        target = self._state.targets[name]
        busy = self._work.busy_with(name)
        if not busy and push_failed(target) and name not in self._work.gone:
            self._work.push_again()
        elif not busy:
            self._work.build(name)
        elif self._work.cancelled & busy:
            self._journal.note(f"{name} is being stopped: retry it when that is over", name)
        elif (name, "") not in busy:
            self._journal.note(f"{name} is being checked: retry it when that is over", name)

    def _resume(self) -> None:
        """Take up all that was cut off: builds, checks of images that are there, the push."""
        self._work.push_again()
        for target in self._state.targets.values():
            if self._work.busy((target.name, "")):
                continue
            if target.outcome is not Outcome.PASSED or target.name in self._work.gone:
                if target.status is Status.CANCELLED:
                    self._retry(target.name)
                continue
            for lane in target.lanes.values():
                if lane.status is Status.CANCELLED and not self._work.busy(lane.key):
                    self._work.ask_lane(lane)

    def _check(self, request: Request) -> None:
        lanes = [
            lane
            for lane in self._state.lanes
            if request.target in {"", lane.target.name}
            and request.platform in {"", str(lane.platform)}
        ]
        refused: dict[str, list[str]] = {}
        for lane in lanes:
            if reason := self._why_not(lane):
                refused.setdefault(reason, []).append(" ".join(lane.key))
            else:
                self._work.ask_lane(lane, request.check)
        for reason, names in refused.items():
            self._journal.note(f"not checked: {', '.join(names)}: {reason}", request.target)

    def _why_not(self, lane: LaneState) -> str:
        """Say why a lane's image can't be asked; '' where it can."""
        name = lane.target.name
        if self._work.busy((name, "")):
            return "it is asked as soon as it is built"
        if self._work.busy(lane.key):
            return "it is being asked already: ask again when that is over"
        if name in self._work.gone:
            return "a run that leaves no tag behind has taken its images away"
        return "" if lane.has_image else "it has no image"
