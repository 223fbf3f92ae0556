"""The runner's tasks: each target's build, its checks, the push, for which Docker has logins."""

from __future__ import annotations

import asyncio
import os
import re
import time
import traceback
from collections.abc import Awaitable, Callable
from functools import partial

from openhqm_tui.domain.errors import reason_of
from openhqm_tui.domain.failures.failure import is_about_trust, push_failure
from openhqm_tui.domain.plan.bake import repository_of
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.decisions import (
    allowed_unknown,
    push_failed,
    to_retry,
    unverified_images,
)
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.published import difference, read_published
from openhqm_tui.domain.run.state import LaneState, TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.engine.docker.images import (
    ImageUnknown,
    push_command,
    read_back_command,
    read_distribution,
    tag_command,
)
from openhqm_tui.run.checks.lane import index_of
from openhqm_tui.run.checks.lane_checks import LaneChecks
from openhqm_tui.run.checks.workload import Workload
from openhqm_tui.run.process import GroupProcess, run_bounded
from openhqm_tui.run.runner.build import Builds, ended_now
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.store.run_folder import Request, RunFolder

_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
# Seconds for one small request; bytes, more than any index needs.
_READ_BACK_PATIENCE = 120.0
_MOST_BYTES = 4 << 20


class Pushes:
    """Pushes the images of one run, and records it in the journal."""

    def __init__(self, folder: RunFolder, journal: JournalWriter) -> None:
        self._folder = folder
        self._info = folder.info
        self._journal = journal

    async def push_all(self, targets: list[TargetState]) -> None:
        """Push one target after the other, so that layers are shared; stop at the first failure."""
        for target in targets:
            try:
                reason = await self._push(target)
            except asyncio.CancelledError:
                self._record_end(target, Outcome.CANCELLED)
                raise
            except OSError as error:
                reason = reason_of(error)
            self._record_end(target, Outcome.FAILED if reason else Outcome.PASSED, reason)
            if reason:
                return

    def _record_end(self, target: TargetState, outcome: Outcome, reason: str = "") -> None:
        digest = target.digest if outcome is Outcome.PASSED else ""
        self._journal.append(
            events.PushEnded(
                at=time.time(), target=target.name, outcome=outcome, reason=reason, digest=digest
            )
        )

    async def _push(self, target: TargetState) -> str:
        """Push a target's tags and read them back; return why that failed, or ''."""
        push = self._tag_in_registry if self._info.by_digest else self._push_from_store
        self._folder.open_to_write(self._folder.push_log(target.name), empty=True).close()
        for tag in target.info.tags:
            if reason := await push(target, tag) or await self._read_back(target, tag):
                return f"{tag}: {reason}"
        return ""

    async def _push_from_store(self, target: TargetState, tag: str) -> str:
        """Push a tag from the engine's store, with all its platforms."""
        digest, index = await index_of(tag)
        if isinstance(index, ImageUnknown):
            return f"the image can't be read from the engine's store: {index}"
        if digest != target.digest:
            return "the tag no longer points to the verified image; rebuild the target"
        code, output = await self._run(push_command(tag), target)
        if code != 0:
            return push_failure(output, tag)
        found = _DIGEST.findall(output)
        # The tag may have moved meanwhile, or not all platforms were in the store.
        if not found:
            return "`docker push` printed no digest, so the push can't be confirmed"
        if found[-1] != target.digest:
            return f"the pushed image differs from the verified one ({found[-1]})"
        return ""

    async def _tag_in_registry(self, target: TargetState, tag: str) -> str:
        """Tag the image that the registry has by digest; copy it to another registry."""
        reference = f"{repository_of(target.info.tags[0])}@{target.digest}"
        code, output = await self._run(tag_command(tag, reference, self._info.builder), target)
        return push_failure(output, tag) if code != 0 else ""

    async def _run(self, command: list[str], target: TargetState) -> tuple[int, str]:
        """Run a push command; return its exit code and its output, which is also logged."""
        log = self._folder.push_log(target.name)
        with self._folder.open_to_write(log) as out:
            start = out.seek(0, os.SEEK_END)
            process = await GroupProcess.start(
                command,
                stderr=out,
                cwd=self._folder.path,
                env=dict(os.environ) | {"DOCKER_CLI_HINTS": "false"},
            )
            try:
                self._journal.append(
                    events.PushStarted(at=time.time(), target=target.name, pid=process.pid)
                )
                code = await process.wait()
            except asyncio.CancelledError:
                await process.stop()
                raise
        return code, self._folder.read(log)[start:].decode("utf-8", "replace")

    async def _read_back(self, target: TargetState, tag: str) -> str:
        """Read from the registry what a tag names; return how it differs from what was verified."""
        command = read_back_command(tag, self._info.builder if self._info.by_digest else "")
        ended = await run_bounded(command, patience=_READ_BACK_PATIENCE, limit=_MOST_BYTES)
        if ended.timed_out:
            return f"pushed, but can't be read back (no response in {_READ_BACK_PATIENCE:.0f} s)"
        output = ended.err.decode("utf-8", "replace")
        try:
            if ended.code != 0 and is_about_trust(output) and not self._info.by_digest:
                # Only the engine is configured to trust this registry; it has just pushed there.
                seen = await asyncio.to_thread(read_distribution, tag)
            elif ended.code != 0:
                return f"pushed, but can't be read back: {push_failure(output, tag)}"
            else:
                seen = read_published(ended.out)
        except (ValueError, ImageUnknown) as error:
            return f"pushed, but can't be read back: {error}"
        self._journal.append(
            events.ReadBack(
                at=time.time(),
                target=target.name,
                name=tag,
                digest=seen.digest,
                is_index=seen.is_index,
                images=seen.images,
                attestations=seen.attestations,
            )
        )
        verified = {str(lane.platform): lane.digest for lane in target.lanes.values()}
        differs = difference(target.digest, verified, seen)
        return f"pushed, but {differs}" if differs else ""


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
        self._workload = Workload()
        self._checks = LaneChecks(folder, journal, self._workload)
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
        """Return the running tasks."""
        return [task for task in self._tasks.values() if not task.done()]

    def busy(self, key: Key) -> bool:
        """Return whether a task is running."""
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
                self._journal.note(f"pushing anyway (--allow-unknown): {allowed}")
            self._start(PUSH, partial(self._pushes.push_all, left))
        return self.pending()

    def note_idle_waivers(self) -> None:
        """Record the waivers without an effect, once the run is complete."""
        if self._info.check:
            self._checks.note_idle_waivers()

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
        with self._workload.busy():
            ended = await self._builds.build(target.info, self.attempts[target.name])
        if ended.outcome is Outcome.PASSED and not target.info.artifacts:
            await self._checks.check_target(target)

    async def _reporting_errors(self, key: Key, task: Callable[[], Awaitable[None]]) -> None:
        """Record errors of the runner itself: a bug must not look like a success."""
        try:
            await task()
        except Exception as error:
            text = f"internal error: {type(error).__name__}: {error}"
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
                "the images are being pushed: try again when the push has finished", request.target
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
            self._journal.note(f"{name} is being stopped: retry it once it has stopped", name)
        elif (name, "") not in busy:
            self._journal.note(f"{name} is being checked: retry it after the checks", name)

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
            self._journal.note(f"not checked: {', '.join(names)} ({reason})", request.target)

    def _why_not(self, lane: LaneState) -> str:
        """Return why a lane's image can't be checked now; '' if it can."""
        name = lane.target.name
        building = self._scheduler.busy((name, ""))
        if building and lane.target.outcome is not Outcome.PASSED:
            return "checks start as soon as the build has finished"
        # The first checks of a target belong to its build's task.
        if building or self._scheduler.busy(lane.key):
            return "checks are already running"
        if name in self._scheduler.gone:
            return "this run (--test-only) has removed the images"
        return "" if lane.has_image else "no image was built"
