"""The process that executes a run: one Buildx per target, checks as soon as a target is built.

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
from collections.abc import Iterable
from itertools import dropwhile
from pathlib import Path

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.publishing import unverified_images
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.engine.docker.cleanup import remove_containers, remove_images, remove_pulled
from openhqm_tui.run.checks.container import RUN_LABEL
from openhqm_tui.run.follow.history_index import check_readable, remember, state_of_run
from openhqm_tui.run.follow.load_state import state_of
from openhqm_tui.run.runner.build import ended_now
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.run.runner.orphans import end_orphans
from openhqm_tui.run.runner.request_handler import RequestHandler
from openhqm_tui.run.runner.requests import RequestReader
from openhqm_tui.run.runner.scheduler import Scheduler
from openhqm_tui.run.runner.watchdog import Watchdog
from openhqm_tui.store.run_folder import Request, RunFolder

_CONTROL_EVERY = 0.1
_WATCH_EVERY = 0.5


class Runner:
    """Executes one run; `execute` returns its outcome when nothing of it is left running."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.info = folder.info
        # The state from the journal; what this runner writes there is folded in immediately.
        self.state = state_of(folder)
        self._journal = JournalWriter(folder, self.state)
        self._work = Scheduler(folder, self._journal)
        self._request_handler = RequestHandler(self._work, self._journal)
        self._watchdog = Watchdog(folder, self._journal)
        self._request_reader = RequestReader(folder, self.state.heard)
        self._deaf = False

    async def execute(self) -> Outcome:
        """Build and check every target, or do what is asked of a run that was executed before.

        Raises OSError where the run's end can't be written down: it looks interrupted then.
        """
        loop = asyncio.get_running_loop()
        for means in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(means, self.cancel, "")
        # A lost terminal must not end the run.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        begins = self.state.started is None
        cut_off = not begins and self.state.outcome is None
        self._journal.hold_room()
        self._journal.append(events.RunStarted(at=time.time(), pid=os.getpid()))
        if begins:
            self._start()
        elif cut_off:
            await self._settle()
        self._hear(taken_up=not begins)
        tending = [asyncio.create_task(self._listen()), asyncio.create_task(self._watch())]
        while pending := self._work.pending() or self._hear() or self._work.start_push():
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in tending:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._close("")
        await self._clean_up()
        if trouble := await asyncio.to_thread(check_readable, state_of_run(self.folder)):
            self._journal.note(trouble)
        outcome = self.state.ending()
        self._journal.end(events.RunEnded(at=time.time(), outcome=outcome))
        return outcome

    def cancel(self, target: str) -> None:
        """Stop one target, or with no name all that isn't over."""
        self._work.cancel(target)

    def _start(self) -> None:
        """Build every target; or what was asked alone, where a runner died before it began."""
        asked = RequestReader(self.folder, 0).listen()
        named = {request.target for request in asked if request.ask == "retry"}
        only = named if asked and all(request.ask == "retry" for request in asked) else {""}
        for name in self.state.targets:
            if "" in only or name in only:
                self._work.build(name)

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(_CONTROL_EVERY)
            self._hear()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_EVERY)
            await self._watchdog.watch()
            self._journal.catch_up()

    def _hear(self, *, taken_up: bool = False) -> list[asyncio.Task[None]]:
        """Do what is newly asked, and return what is to be waited for then."""
        try:
            requests = self._request_reader.listen()
        except OSError as error:
            # Reported once: the run and the listening continue.
            if not self._deaf:
                traceback.print_exception(error)
            self._deaf = True
            return self._work.pending()
        self._deaf = False
        if taken_up:
            # Nothing ran when these were written: they can't mean what is asked after them.
            requests = list(dropwhile(_is_cancel, requests))
        for request in requests:
            self._request_handler.do(request)
        if self._request_reader.upto > self.state.heard:
            self._journal.append(
                events.RequestReceived(at=time.time(), upto=self._request_reader.upto)
            )
        return self._work.pending()

    async def _settle(self) -> None:
        """End what a runner that was cut off left running, and say that it is over."""
        # Buildx continues without its runner and would overwrite the digest of the next attempt.
        await asyncio.gather(end_orphans(self.folder), self._remove_containers())
        self._close("the runner was cut off")
        # The pending push is wanted only if the rest or a target is requested again.
        self._work.push_called_off = self.info.push

    def _close(self, reason: str) -> None:
        """Say of all that never came to its end that it was cancelled."""
        called_off: list[TargetState] = []
        if self._work.push_called_off and not unverified_images(self.state):
            called_off = self._work.unpushed()
            if self.state.ending() is Outcome.CANCELLED:
                # A push that was cut off while it ran has said so itself.
                called_off = [target for target in called_off if target.pushed is None]
        for target in self.state.targets.values():
            name = target.name
            if target.outcome is None:
                attempt = self._work.attempts[name]
                self._journal.append(ended_now(name, attempt, Outcome.CANCELLED, reason=reason))
            for lane in target.lanes.values():
                if lane.status is Status.CHECKING:
                    self._journal.append(
                        events.CheckCancelled(
                            at=time.time(), target=name, platform=str(lane.platform)
                        )
                    )
            if target.pushing or target in called_off:
                self._journal.append(
                    events.PushEnded(
                        at=time.time(), target=name, outcome=Outcome.CANCELLED, reason=reason
                    )
                )

    async def _remove_containers(self) -> None:
        label = f"{RUN_LABEL}={self.info.id}"
        self._note_all(await asyncio.to_thread(remove_containers, label))

    async def _clean_up(self) -> None:
        """Leave nothing behind: no container of a cut-off check, no throwaway tag."""
        if self._work.has_cancelled:
            await self._remove_containers()
        # Also what an earlier runner of this run had pulled, and could not take away.
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
    # Buildx must not inherit the lock: a runner that is killed has to look dead at once.
    os.set_inheritable(lock, False)
    outcome = asyncio.run(Runner(folder).execute())
    # Don't block on the history: release the run for others first.
    os.close(lock)
    if trouble := remember(folder):
        sys.stderr.write(f"not in the history yet: {trouble}\n")
    return {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.CANCELLED: 130}[outcome]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
