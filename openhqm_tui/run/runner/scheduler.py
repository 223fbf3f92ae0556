"""The runner's tasks: each target's build, its checks, the push."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from functools import partial

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.publishing import allowed_unknown, unverified_images
from openhqm_tui.domain.run.state import LaneState, TargetState
from openhqm_tui.run.checks.lane import LaneChecks
from openhqm_tui.run.runner.build import Builds, ended_now
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.run.runner.push import Pushes
from openhqm_tui.store.run_folder import RunFolder

# What a task is about: a target's build, a lane asked again, or ('', '') for the push.
Key = tuple[str, str]
PUSH: Key = ("", "")


class Scheduler:
    """Begins and cancels what one run does; each thing is done once at a time."""

    def __init__(self, folder: RunFolder, journal: JournalWriter) -> None:
        self.state = journal.state
        self._info = folder.info
        self._journal = journal
        self._builds = Builds(folder, journal)
        self._checks = LaneChecks(folder, journal)
        self._pushes = Pushes(folder, journal)
        self.attempts = {name: target.attempt for name, target in self.state.targets.items()}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self.cancelled: set[Key] = set()
        # Whether anything was ever cancelled: `cancelled` forgets what is begun again.
        self.has_cancelled = False
        self._push_tried = False
        self._push_again = False
        self.push_called_off = False
        # A run that leaves no tag behind took its images away when it was over.
        gone = self._info.test_only and self.state.started is not None
        self.gone = set(self.state.targets) if gone else set()

    def pending(self) -> list[asyncio.Task[None]]:
        """Return the running tasks, including layers being read for the record."""
        tasks = (*self._tasks.values(), *self._checks.reading)
        return [task for task in tasks if not task.done()]

    def busy(self, key: Key) -> bool:
        """Return whether any task is running."""
        return key in self._tasks and not self._tasks[key].done()

    def busy_with(self, target: str) -> set[Key]:
        """Return the running tasks of a target: its build, repeated checks of its lanes."""
        return {key for key in self._tasks if key[0] == target and self.busy(key)}

    def build(self, name: str) -> None:
        """Build a target, for the first time or once more, as soon as it is its turn."""
        self.gone.discard(name)
        self.push_called_off = False
        self.attempts[name] += 1
        if self.attempts[name] > 1:
            # Said now: should this runner die before its turn comes, it is known what was to come.
            self._journal.append(
                events.TargetQueued(at=time.time(), target=name, attempt=self.attempts[name])
            )
        self._start((name, ""), partial(self._build, self.state.targets[name]))

    def ask_lane(self, lane: LaneState, check: str = "") -> None:
        """Question a lane's image again."""
        self._start(lane.key, partial(self._checks.again, lane, check))

    def push_again(self) -> None:
        """Push also what was tried before and failed, or was called off."""
        self._push_again, self._push_tried, self.push_called_off = True, False, False

    def cancel(self, target: str) -> None:
        """Stop one target, or with no name all that isn't over."""
        keys = [
            key
            for key, task in self._tasks.items()
            if target in {"", key[0]} and not task.done() and key not in self.cancelled
        ]
        calls_off = not target and self._push_is_to_come() and not self.push_called_off
        self.push_called_off |= calls_off
        self.has_cancelled |= bool(keys)
        for key in keys:
            self.cancelled.add(key)
            self._tasks[key].cancel()
        if keys or calls_off:
            self._journal.append(events.CancelRequested(at=time.time(), target=target))

    def start_push(self) -> list[asyncio.Task[None]]:
        """Push what is verified, if that is wanted and all of it is; return what to wait for.

        What failed to be pushed before is tried again only where that was asked.
        """
        if not self._info.push or self._push_tried:
            return []
        self._push_tried = True
        if reason := unverified_images(self.state):
            self._journal.note(f"nothing pushed: {reason}")
            return []
        left = [t for t in self.unpushed() if t.pushed is None or self._push_again]
        if left and not self.push_called_off:
            if allowed := allowed_unknown(self.state):
                self._journal.note(f"pushed all the same (--allow-unknown): {allowed}")
            self._start(PUSH, partial(self._pushes.push_all, left))
        return self.pending()

    def unpushed(self) -> list[TargetState]:
        """Return the targets whose tags aren't all in their registry."""
        return [t for t in self.state.targets.values() if t.pushed is not Outcome.PASSED]

    def _push_is_to_come(self) -> bool:
        if not self._info.push or (self._push_tried and not self.busy(PUSH)):
            return False
        return bool(self.unpushed())

    def _start(self, key: Key, work: Callable[[], Awaitable[None]]) -> None:
        self.cancelled.discard(key)
        if key != PUSH:
            self._push_tried = False
        self._tasks[key] = asyncio.create_task(self._owning_up(key, work))

    async def _build(self, target: TargetState) -> None:
        ended = await self._builds.build(target.info, self.attempts[target.name])
        if ended.outcome is Outcome.PASSED:
            await self._checks.check_target(target)

    async def _owning_up(self, key: Key, work: Callable[[], Awaitable[None]]) -> None:
        """Say what goes wrong in the runner itself: a defect must not look like a success."""
        try:
            await work()
        except Exception as error:
            text = f"openhqm-tui itself failed: {type(error).__name__}: {error}"
            traceback.print_exception(error)
            self._journal.note(text, key[0])
            self._admit(key, text)

    def _admit(self, key: Key, text: str) -> None:
        name, platform = key
        now = time.time()
        if key == PUSH:
            for target in self.unpushed():
                self._journal.append(
                    events.PushEnded(
                        at=now, target=target.name, outcome=Outcome.FAILED, reason=text
                    )
                )
        elif platform:
            # Its image is as good as it was, and so are the answers that it gave before.
            self._journal.append(events.CheckCancelled(at=now, target=name, platform=platform))
        else:
            digest = self.state.targets[name].digest
            self._journal.append(
                ended_now(name, self.attempts[name], Outcome.FAILED, digest=digest, reason=text)
            )
