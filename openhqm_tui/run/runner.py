"""The process that executes a run: one Buildx per target, checks as soon as a target is done.

`python -m openhqm_tui.run.runner FOLDER FD` runs it; FD is the inherited, held lock of the run.
It writes the journal, obeys `control.jsonl`, and outlives whoever watches. In a folder whose run
is over or was cut off it does only what is asked there and not yet heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from itertools import dropwhile
from pathlib import Path

from openhqm_tui.domain import journal
from openhqm_tui.domain.journal import Outcome
from openhqm_tui.domain.state import LaneState, Status, TargetState
from openhqm_tui.engine.cleaning import remove_containers, remove_images
from openhqm_tui.run.build import Builds, ended_now
from openhqm_tui.run.checks import RUN_LABEL
from openhqm_tui.run.control import Ear
from openhqm_tui.run.lane_checks import LaneChecks
from openhqm_tui.run.processes import end_group_of
from openhqm_tui.run.push import Pushes, unproved
from openhqm_tui.run.replay import state_of
from openhqm_tui.store.run_folder import Request, RunFolder

_CONTROL_EVERY = 0.1

# What a task is about: a target's build, a lane asked again, or ('', '') for the push.
Key = tuple[str, str]
_PUSH: Key = ("", "")


class Runner:
    """Executes one run; `execute` returns its outcome when nothing of it is left running."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.info = folder.info
        # All that the journal tells; what this runner writes there is folded in at once.
        self.state = state_of(folder)
        self._ear = Ear(folder.control_file, self.state.heard)
        self._builds = Builds(folder, self._say)
        self._checks = LaneChecks(folder, self._say)
        self._pushes = Pushes(folder, self._say)
        self._attempts = {name: target.attempt for name, target in self.state.targets.items()}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._cancelled: set[Key] = set()
        self._push_tried = False
        self._push_called_off = False
        # What was read and isn't done yet: one line that fails must not cost the next ones.
        self._asked: list[Request] = []
        self._deaf = False
        # A run that leaves no tag behind took its images away when it was over.
        gone = self.info.test_only and self.state.started is not None
        self._gone = set(self.state.targets) if gone else set()

    async def execute(self) -> Outcome:
        """Build and check every target, or do what is asked of a run that was executed before."""
        loop = asyncio.get_running_loop()
        for means in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(means, self.cancel, "")
        # A lost terminal must not end the run.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        begins = self.state.started is None
        cut_off = not begins and self.state.outcome is None
        self._say(journal.RunStarted(at=time.time(), pid=os.getpid()))
        if begins:
            for name in self.state.targets:
                self._start(name)
        elif cut_off:
            await self._settle()
        self._hear(taken_up=not begins)
        listening = asyncio.create_task(self._listen())
        while pending := self._pending() or self._hear() or self._begin_push():
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        self._close("")
        await self._clean_up()
        outcome = self.state.ending()
        self._say(journal.RunEnded(at=time.time(), outcome=outcome))
        return outcome

    def cancel(self, target: str) -> None:
        """Stop one target, or with no name all that isn't over."""
        keys = [
            key
            for key, task in self._tasks.items()
            if target in {"", key[0]} and not task.done() and key not in self._cancelled
        ]
        calls_off = not target and self._push_is_to_come() and not self._push_called_off
        # The word comes last: on a full disk it can't be written, and all stops nevertheless.
        self._push_called_off |= calls_off
        for key in keys:
            self._cancelled.add(key)
            self._tasks[key].cancel()
        if keys or calls_off:
            self._say(journal.CancelAsked(at=time.time(), target=target))

    def _say(self, event: journal.AnyEvent) -> None:
        self.folder.append(event)
        self.state.apply_event(event)

    def _note(self, text: str, target: str = "") -> None:
        self._say(journal.Noted(at=time.time(), text=text, target=target))

    def _pending(self) -> list[asyncio.Task[None]]:
        return [task for task in self._tasks.values() if not task.done()]

    def _busy(self, key: Key) -> bool:
        return key in self._tasks and not self._tasks[key].done()

    def _begin(self, key: Key, work: Callable[[], Awaitable[None]]) -> None:
        self._cancelled.discard(key)
        if key != _PUSH:
            self._push_tried = self._push_called_off = False
        self._tasks[key] = asyncio.create_task(self._owning_up(key[0], work))

    def _start(self, name: str) -> None:
        self._gone.discard(name)
        self._attempts[name] += 1
        self._begin((name, ""), partial(self._target, self.state.targets[name]))

    async def _target(self, target: TargetState) -> None:
        ended = await self._builds.build(target.info, self._attempts[target.name])
        if ended.outcome is Outcome.PASSED:
            await self._checks.look(target)

    async def _owning_up(self, target: str, work: Callable[[], Awaitable[None]]) -> None:
        """Say what goes wrong in the runner itself: a defect must not look like a success."""
        try:
            await work()
        except Exception as error:
            text = f"openhqm-tui itself failed: {type(error).__name__}: {error}"
            traceback.print_exception(error)
            self._note(text, target)
            for name in [target] if target else self.state.targets:
                attempt = self._attempts[name]
                self._say(ended_now(name, attempt, Outcome.FAILED, reason=text))

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(_CONTROL_EVERY)
            self._hear()

    def _hear(self, *, taken_up: bool = False) -> list[asyncio.Task[None]]:
        """Do what is newly asked, and return what is to be waited for then."""
        try:
            requests = self._ear.listen()
            if taken_up:
                # Nothing ran when these were written: they can't mean what is asked after them.
                requests = list(dropwhile(lambda request: request.ask == "cancel", requests))
            self._asked += requests
            while self._asked:
                request = self._asked.pop(0)
                if request.target in {"", *self.state.targets}:
                    self._do(request)
            if self._ear.upto > self.state.heard:
                self._say(journal.Heard(at=time.time(), upto=self._ear.upto))
        except OSError as error:
            # A full disk may have room again: the run goes on, and so does listening.
            if not self._deaf:
                traceback.print_exception(error)
            self._deaf = True
        else:
            self._deaf = False
        return self._pending()

    def _do(self, request: Request) -> None:
        if request.ask == "cancel":
            self.cancel(request.target)
        elif request.ask in {"retry", "resume", "check"} and self._busy(_PUSH):
            self._note("the images are being pushed: ask again when that is over", request.target)
        elif request.ask == "retry" and request.target:
            self._retry(request.target)
        elif request.ask == "resume":
            self._resume()
        elif request.ask == "check":
            self._check(request)

    def _retry(self, name: str) -> None:
        busy = [key for key in self._tasks if key[0] == name and self._busy(key)]
        if not busy:
            self._start(name)
        elif self._cancelled.intersection(busy):
            self._note(f"{name} is being stopped: retry it when that is over", name)
        elif (name, "") not in busy:
            self._note(f"{name} is being checked: retry it when that is over", name)

    def _resume(self) -> None:
        """Take up all that was cut off: builds, checks of images that are there, the push."""
        self._push_called_off = False
        for target in self.state.targets.values():
            if target.status is not Status.CANCELLED or self._busy((target.name, "")):
                continue
            if target.outcome is not Outcome.PASSED or target.name in self._gone:
                self._retry(target.name)
                continue
            for lane in target.lanes.values():
                if lane.status is Status.CANCELLED and not self._busy(lane.key):
                    self._begin(lane.key, partial(self._checks.again, lane))

    def _check(self, request: Request) -> None:
        lanes = [
            lane
            for lane in self.state.lanes
            if request.target in {"", lane.target.name}
            and request.platform in {"", str(lane.platform)}
        ]
        refused: dict[str, list[str]] = {}
        for lane in lanes:
            if reason := self._why_not(lane):
                refused.setdefault(reason, []).append(" ".join(lane.key))
            elif not self._busy(lane.key):
                self._begin(lane.key, partial(self._checks.again, lane, request.check))
        for reason, names in refused.items():
            self._note(f"not checked: {', '.join(names)}: {reason}", request.target)

    def _why_not(self, lane: LaneState) -> str:
        """Say why a lane's image can't be asked; '' where it can."""
        name = lane.target.name
        if self._busy((name, "")):
            return "it is asked as soon as it is built"
        if name in self._gone:
            return "a run that leaves no tag behind has taken its images away"
        return "" if lane.has_image else "it has no image"

    def _begin_push(self) -> list[asyncio.Task[None]]:
        """Push what is proved, if that is wanted and all of it is; return what to wait for."""
        if not self.info.push or self._push_tried:
            return []
        self._push_tried = True
        if reason := unproved(self.state):
            self._note(f"nothing pushed: {reason}")
            return []
        left = self._unpushed()
        if left and not self._push_called_off:
            self._begin(_PUSH, partial(self._pushes.push_all, left))
        return self._pending()

    def _push_is_to_come(self) -> bool:
        if not self.info.push or (self._push_tried and not self._busy(_PUSH)):
            return False
        return bool(self._unpushed())

    def _unpushed(self) -> list[TargetState]:
        return [t for t in self.state.targets.values() if t.pushed is not Outcome.PASSED]

    async def _settle(self) -> None:
        """End what a runner that was cut off left running, and say that it is over."""
        started = (e for e in self.folder.events() if isinstance(e, journal.TargetStarted))
        pids = {event.target: event.pid for event in started}
        for target in self.state.targets.values():
            if target.outcome is None:
                # Buildx goes on without its runner, and would write over the next try's digest.
                await end_group_of(pids.get(target.name, 0), str(self.folder.path))
        self._close("the runner was cut off")
        await self._remove_containers()

    def _close(self, reason: str) -> None:
        """Say of all that never came to its end that it was cancelled."""
        called_off: list[TargetState] = []
        if self._push_called_off and not unproved(self.state):
            # A push that was cut off while it ran has said so itself.
            said = self.state.ending() is Outcome.CANCELLED
            called_off = [] if said else self._unpushed()
        for target in self.state.targets.values():
            name = target.name
            if target.outcome is None:
                attempt = self._attempts[name]
                self._say(ended_now(name, attempt, Outcome.CANCELLED, reason=reason))
            for lane in target.lanes.values():
                if lane.status is Status.CHECKING:
                    self._say(
                        journal.CheckCancelled(
                            at=time.time(), target=name, platform=str(lane.platform)
                        )
                    )
            if target.pushing or target in called_off:
                self._say(
                    journal.PushEnded(
                        at=time.time(), target=name, outcome=Outcome.CANCELLED, reason=reason
                    )
                )

    async def _remove_containers(self) -> None:
        label = f"{RUN_LABEL}={self.info.id}"
        self._note_all(await asyncio.to_thread(remove_containers, label))

    async def _clean_up(self) -> None:
        """Leave nothing behind: no container of a cut-off check, no throwaway tag."""
        if self._cancelled:
            await self._remove_containers()
        if self.info.test_only:
            tags = [tag for target in self.info.targets for tag in target.tags]
            self._note_all(await asyncio.to_thread(remove_images, tags))

    def _note_all(self, notes: Iterable[str]) -> None:
        for note in notes:
            self._note(note)


def main(arguments: list[str]) -> int:
    """Execute the run in the folder of the first argument; the second is the held lock."""
    folder = RunFolder(Path(arguments[0]))
    lock = int(arguments[1]) if len(arguments) > 1 else folder.lock()
    # Buildx must not inherit the lock: a runner that is killed has to look dead at once.
    os.set_inheritable(lock, False)
    outcome = asyncio.run(Runner(folder).execute())
    return {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.CANCELLED: 130}[outcome]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
