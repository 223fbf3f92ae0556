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
    """Turns requests into tasks of the scheduler."""

    def __init__(self, scheduler: Scheduler, journal: JournalWriter) -> None:
        self._scheduler = scheduler
        self._journal = journal
        self._state = journal.state

    def do(self, request: Request) -> None:
        """Carry out a request; one for an unknown target is ignored."""
        if request.target not in {"", *self._state.targets}:
            return
        if request.ask == "cancel":
            self._scheduler.cancel(request.target)
        elif request.ask in {"retry", "resume", "check"} and self._scheduler.busy(PUSH):
            self._journal.note(
                "the images are being pushed: try again once that has finished", request.target
            )
        elif request.ask == "retry":
            for name in [request.target] if request.target else to_retry(self._state):
                self._retry(name)
        elif request.ask == "resume":
            self._resume()
        elif request.ask == "check":
            self._check(request)

    def _retry(self, name: str) -> None:
        """Rebuild a target; if its images are verified and only its push failed, push again."""
        target = self._state.targets[name]
        busy = self._scheduler.busy_with(name)
        if not busy and push_failed(target) and name not in self._scheduler.gone:
            self._scheduler.push_again()
        elif not busy:
            self._scheduler.build(name)
        elif self._scheduler.cancelled & busy:
            self._journal.note(f"{name} is being stopped: retry it once that has finished", name)
        elif (name, "") not in busy:
            self._journal.note(f"{name} is being checked: retry it once that has finished", name)

    def _resume(self) -> None:
        """Continue everything that was interrupted: builds, checks of existing images, the push."""
        self._scheduler.push_again()
        for target in self._state.targets.values():
            if self._scheduler.busy((target.name, "")):
                continue
            if target.outcome is not Outcome.PASSED or target.name in self._scheduler.gone:
                if target.status is Status.CANCELLED:
                    self._retry(target.name)
                continue
            for lane in target.lanes.values():
                if lane.status is Status.CANCELLED and not self._scheduler.busy(lane.key):
                    self._scheduler.check_lane(lane)

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
                self._scheduler.check_lane(lane, request.check)
        for reason, names in refused.items():
            self._journal.note(f"not checked: {', '.join(names)}: {reason}", request.target)

    def _why_not(self, lane: LaneState) -> str:
        """Return why a lane's image can't be checked now; '' if it can."""
        name = lane.target.name
        if self._scheduler.busy((name, "")):
            return "it will be checked as soon as it is built"
        if self._scheduler.busy(lane.key):
            return "it is already being checked"
        if name in self._scheduler.gone:
            return "this run (--test-only) has removed its images"
        return "" if lane.has_image else "it has no image"
