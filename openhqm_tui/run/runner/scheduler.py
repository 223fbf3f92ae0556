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

# What a task does: a target's build (target, ''), a repeated check (target, platform), or the push.
Key = tuple[str, str]
PUSH: Key = ("", "")


class Scheduler:
    """Starts and cancels the tasks of one run; there is at most one task per key."""

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
        # Whether anything was ever cancelled: `cancelled` loses what is started again.
        self.has_cancelled = False
        self._push_tried = False
        self._push_again = False
        self.push_cancelled = False
        # A finished --test-only run has removed its images.
        gone = self._info.test_only and self.state.started is not None
        self.gone = set(self.state.targets) if gone else set()

    def pending(self) -> list[asyncio.Task[None]]:
        """Return the running tasks, including those that read layers."""
        tasks = (*self._tasks.values(), *self._checks.reading)
        return [task for task in tasks if not task.done()]

    def busy(self, key: Key) -> bool:
        """Tell whether a task is running."""
        return key in self._tasks and not self._tasks[key].done()

    def busy_with(self, target: str) -> set[Key]:
        """Return the running tasks of a target: its build, repeated checks of its lanes."""
        return {key for key in self._tasks if key[0] == target and self.busy(key)}

    def build(self, name: str) -> None:
        """Build or rebuild a target as soon as a slot is free."""
        self.gone.discard(name)
        self.push_cancelled = False
        self.attempts[name] += 1
        if self.attempts[name] > 1:
            # Recorded now, so that the request survives this runner.
            self._journal.append(
                events.TargetQueued(at=time.time(), target=name, attempt=self.attempts[name])
            )
        self._start((name, ""), partial(self._build, self.state.targets[name]))

    def check_lane(self, lane: LaneState, check: str = "") -> None:
        """Check a lane's image again, or renew one check."""
        self._start(lane.key, partial(self._checks.check_again, lane, check))

    def push_again(self) -> None:
        """Also push what failed or was cancelled before."""
        self._push_again, self._push_tried, self.push_cancelled = True, False, False

    def cancel(self, target: str) -> None:
        """Stop one target, or without a name everything that is running."""
        keys = [
            key
            for key, task in self._tasks.items()
            if target in {"", key[0]} and not task.done() and key not in self.cancelled
        ]
        cancels_push = not target and self._push_is_pending() and not self.push_cancelled
        self.push_cancelled |= cancels_push
        self.has_cancelled |= bool(keys)
        for key in keys:
            self.cancelled.add(key)
            self._tasks[key].cancel()
        if keys or cancels_push:
            self._journal.append(events.CancelRequested(at=time.time(), target=target))

    def start_push(self) -> list[asyncio.Task[None]]:
        """Start the push if it is requested and everything is verified; return the running tasks.

        A push that failed is only repeated on request.
        """
        if not self._info.push or self._push_tried:
            return []
        self._push_tried = True
        if reason := unverified_images(self.state):
            self._journal.note(f"nothing pushed: {reason}")
            return []
        left = [t for t in self.unpushed() if t.pushed is None or self._push_again]
        if left and not self.push_cancelled:
            if allowed := allowed_unknown(self.state):
                self._journal.note(f"pushed anyway (--allow-unknown): {allowed}")
            self._start(PUSH, partial(self._pushes.push_all, left))
        return self.pending()

    def unpushed(self) -> list[TargetState]:
        """Return the targets whose tags aren't all in their registry."""
        return [t for t in self.state.targets.values() if t.pushed is not Outcome.PASSED]

    def _push_is_pending(self) -> bool:
        if not self._info.push or (self._push_tried and not self.busy(PUSH)):
            return False
        return bool(self.unpushed())

    def _start(self, key: Key, task: Callable[[], Awaitable[None]]) -> None:
        self.cancelled.discard(key)
        if key != PUSH:
            self._push_tried = False
        self._tasks[key] = asyncio.create_task(self._reporting_errors(key, task))

    async def _build(self, target: TargetState) -> None:
        ended = await self._builds.build(target.info, self.attempts[target.name])
        if ended.outcome is Outcome.PASSED:
            await self._checks.check_target(target)

    async def _reporting_errors(self, key: Key, task: Callable[[], Awaitable[None]]) -> None:
        """Record errors of the runner itself: a bug must not look like a success."""
        try:
            await task()
        except Exception as error:
            text = f"openhqm-tui itself failed: {type(error).__name__}: {error}"
            traceback.print_exception(error)
            self._journal.note(text, key[0])
            self._record_failure(key, text)

    def _record_failure(self, key: Key, text: str) -> None:
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
            # The image hasn't changed, so its earlier verdicts are still valid.
            self._journal.append(events.CheckCancelled(at=now, target=name, platform=platform))
        else:
            digest = self.state.targets[name].digest
            self._journal.append(
                ended_now(name, self.attempts[name], Outcome.FAILED, digest=digest, reason=text)
            )
