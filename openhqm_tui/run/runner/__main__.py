"""The process that executes a run: one Buildx per target, checks as soon as a target is built.

`python -m openhqm_tui.run.runner FOLDER FD` runs it; FD is the inherited, held lock of the run.
It writes the journal, handles the requests in `control.jsonl`, and outlives the front ends. In
the folder of a finished or interrupted run it only handles requests that are still open.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from itertools import dropwhile
from pathlib import Path

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.decisions import unverified_images
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.engine.docker.cleanup import remove_containers, remove_images, remove_pulled
from openhqm_tui.run.checks.sandbox import RUN_LABEL
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.run.follow.history_index import check_readable, remember, state_of_run
from openhqm_tui.run.prune import end_orphans
from openhqm_tui.run.requests import RequestReader
from openhqm_tui.run.runner.build import ended_now
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.run.runner.scheduler import RequestHandler, Scheduler
from openhqm_tui.run.runner.text_log import state_from_stream
from openhqm_tui.store.run_folder import Request, RunFolder


class _Growth:
    """Size and time of a stream's last growth, and whether a warning was given."""

    def __init__(self, size: int, now: float) -> None:
        self.size, self.at = size, now
        self.warned = False
        # The step that runs without output; read once per pause, because streams can be long.
        self.step: str | None = None


class Watchdog:
    """Monitors the streams of targets being built, and records warnings in the journal.

    The clock doesn't advance while the machine is suspended, so that closing a laptop's lid causes
    no warning.
    """

    def __init__(
        self,
        folder: RunFolder,
        journal: JournalWriter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._quiet_after = folder.info.quiet_after
        self._growth: dict[str, _Growth] = {}

    async def watch(self) -> None:
        """Record which builds stopped or resumed printing; costs one `stat` per build."""
        if self._quiet_after <= 0:
            return
        building = {
            target.stream: target
            for target in self._journal.state.targets.values()
            if target.started is not None and target.outcome is None
        }
        self._growth = {
            stream: self._growth[stream] for stream in building if stream in self._growth
        }
        for stream, target in building.items():
            await self._check_stream(target, stream)

    async def _check_stream(self, target: TargetState, stream: str) -> None:
        now, size = self._clock(), _size(self._folder.path / stream)
        last = self._growth.setdefault(stream, _Growth(size, now))
        if size != last.size:
            if last.warned:
                self._journal.append(events.OutputResumed(at=time.time(), target=target.name))
            self._growth[stream] = _Growth(size, now)
        elif not last.warned and now - last.at >= self._quiet_after:
            if last.step is None:
                last.step = await asyncio.to_thread(
                    _running_step, self._folder, target.name, stream
                )
            if target.stream != stream or target.outcome is not None:
                return
            at = time.time()
            since = at - (self._clock() - last.at)
            self._journal.append(
                events.OutputStalled(at=at, target=target.name, since=since, step=last.step)
            )
            last.warned = True


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _running_step(folder: RunFolder, target: str, stream: str) -> str:
    """Return the label of the step that was started last."""
    try:
        state = state_from_stream(folder, target, stream).targets[target]
    except OSError:
        return ""
    running = [step for step in state.steps.values() if step.status is Status.RUNNING]
    if not running:
        return ""
    step = max(running, key=lambda step: step.started or 0.0)
    several = len(state.platforms) > 1 and step.lane is not None
    label = step.name.short_label
    return f"{label} for {step.lane}" if several else label


_CONTROL_EVERY = 0.1
_WATCH_EVERY = 0.5


class Runner:
    """Executes one run; `execute` returns its outcome once no process of it is left."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.info = folder.info
        # The state from the journal; events that this runner writes are applied immediately.
        self.state = state_of(folder)
        self._journal = JournalWriter(folder, self.state)
        self._scheduler = Scheduler(folder, self._journal)
        self._request_handler = RequestHandler(self._scheduler, self._journal)
        self._watchdog = Watchdog(folder, self._journal)
        self._request_reader = RequestReader(folder, self.state.heard)
        self._requests_unreadable = False

    async def execute(self) -> Outcome:
        """Build and check every target, or handle the open requests of an earlier run.

        Raises OSError if the end of the run can't be recorded: it then looks interrupted.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.cancel, "")
        # A lost terminal must not end the run.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        is_new = self.state.started is None
        was_interrupted = not is_new and self.state.outcome is None
        self._journal.reserve_space()
        self._journal.append(events.RunStarted(at=time.time(), pid=os.getpid()))
        if is_new:
            self._start()
        elif was_interrupted:
            await self._recover()
        self._handle_requests(resumed=not is_new)
        polling = [
            asyncio.create_task(self._poll_requests()),
            asyncio.create_task(self._poll_streams()),
        ]
        while (
            pending := self._scheduler.pending()
            or self._handle_requests()
            or self._scheduler.start_push()
        ):
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in polling:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._close("")
        await self._clean_up()
        self._scheduler.note_idle_waivers()
        if trouble := await asyncio.to_thread(check_readable, state_of_run(self.folder)):
            self._journal.note(trouble)
        outcome = self.state.ending()
        self._journal.end(events.RunEnded(at=time.time(), outcome=outcome))
        return outcome

    def cancel(self, target: str) -> None:
        """Stop one target, or without a name everything that is running."""
        self._scheduler.cancel(target)

    def _start(self) -> None:
        """Build every target; or only those requested, if a runner died before it started."""
        requests = RequestReader(self.folder, 0).read()
        named = {request.target for request in requests if request.ask == "retry"}
        only = named if requests and all(r.ask == "retry" for r in requests) else {""}
        for name in self.state.targets:
            if "" in only or name in only:
                self._scheduler.build(name)

    async def _poll_requests(self) -> None:
        while True:
            await asyncio.sleep(_CONTROL_EVERY)
            self._handle_requests()

    async def _poll_streams(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            await self._watchdog.watch()
            self._journal.catch_up()

    def _handle_requests(self, *, resumed: bool = False) -> list[asyncio.Task[None]]:
        """Handle new requests, and return the running tasks."""
        try:
            requests = self._request_reader.read()
        except OSError as error:
            # Reported once: the run continues, and reading is tried again.
            if not self._requests_unreadable:
                traceback.print_exception(error)
            self._requests_unreadable = True
            return self._scheduler.pending()
        self._requests_unreadable = False
        if resumed:
            # Nothing was running when these were written, so they can't refer to later requests.
            requests = list(dropwhile(_is_cancel, requests))
        for request in requests:
            self._request_handler.do(request)
        if self._request_reader.upto > self.state.heard:
            self._journal.append(
                events.RequestReceived(at=time.time(), upto=self._request_reader.upto)
            )
        return self._scheduler.pending()

    async def _recover(self) -> None:
        """Stop what an interrupted runner left running, and record that it ended."""
        # Buildx continues without its runner and would overwrite the digest of the next attempt.
        await asyncio.gather(end_orphans(self.folder), self._remove_containers())
        self._close("the runner was interrupted")
        # The push is only repeated if a target or everything is requested again.
        self._scheduler.push_cancelled = self.info.push

    def _close(self, reason: str) -> None:
        """Record everything unfinished as cancelled."""
        unpushed: list[TargetState] = []
        if self._scheduler.push_cancelled and not unverified_images(self.state):
            unpushed = self._scheduler.unpushed()
            if self.state.ending() is Outcome.CANCELLED:
                # A push that was interrupted while running has recorded that itself.
                unpushed = [target for target in unpushed if target.pushed is None]
        for target in self.state.targets.values():
            name = target.name
            if target.outcome is None:
                attempt = self._scheduler.attempts[name]
                self._journal.append(ended_now(name, attempt, Outcome.CANCELLED, reason=reason))
            for lane in target.lanes.values():
                if lane.status is Status.CHECKING:
                    self._journal.append(
                        events.CheckCancelled(
                            at=time.time(), target=name, platform=str(lane.platform)
                        )
                    )
            if target.pushing or target in unpushed:
                self._journal.append(
                    events.PushEnded(
                        at=time.time(), target=name, outcome=Outcome.CANCELLED, reason=reason
                    )
                )

    async def _remove_containers(self) -> None:
        label = f"{RUN_LABEL}={self.info.id}"
        self._note_all(await asyncio.to_thread(remove_containers, label))

    async def _clean_up(self) -> None:
        """Remove containers of interrupted checks, pulled images and throwaway tags."""
        if self._scheduler.has_cancelled:
            await self._remove_containers()
        # Including those that an earlier runner of this run pulled and couldn't remove.
        self._note_all(await asyncio.to_thread(remove_pulled, list(self.state.pulled)))
        if self.info.test_only:
            tags = [tag for target in self.info.targets for tag in target.tags]
            self._note_all(await asyncio.to_thread(remove_images, tags))

    def _note_all(self, notes: Iterable[str]) -> None:
        for note in notes:
            self._journal.note(note)


def _is_cancel(request: Request) -> bool:
    return request.ask == "cancel"


def main(arguments: list[str]) -> int:
    """Execute the run in the folder of the first argument; the second is the held lock."""
    folder = RunFolder(Path(arguments[0]))
    lock = int(arguments[1]) if len(arguments) > 1 else folder.lock()
    # Buildx must not inherit the lock, or the run would look live after its runner is killed.
    os.set_inheritable(lock, False)
    outcome = asyncio.run(Runner(folder).execute())
    # Don't block on the history: release the run for others first.
    os.close(lock)
    if trouble := remember(folder):
        sys.stderr.write(f"the run isn't in the history yet: {trouble}\n")
    return {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.CANCELLED: 130}[outcome]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
