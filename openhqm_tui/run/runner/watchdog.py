"""Warnings about builds that print nothing for a long time; the builds are left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.run.runner.text_log import state_from_stream
from openhqm_tui.store.run_folder import RunFolder


class _Heard:
    """Size and time of a stream's last growth, and whether a warning was given."""

    def __init__(self, size: int, now: float) -> None:
        self.size, self.at = size, now
        self.told = False
        # What it is silent at, once that was read: a long stream is read once a silence.
        self.step: str | None = None


class Watchdog:
    """Monitor the streams of targets being built, and record warnings in the journal.

    Time is measured on a clock that stands still while the machine sleeps: what a laptop's lid
    has cut off isn't silence.
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
        self._heard: dict[str, _Heard] = {}

    async def watch(self) -> None:
        """Say which of the builds have fallen silent or speak again; costs a `stat` for each."""
        if self._quiet_after <= 0:
            return
        building = {
            target.stream: target
            for target in self._journal.state.targets.values()
            if target.started is not None and target.outcome is None
        }
        self._heard = {stream: self._heard[stream] for stream in building if stream in self._heard}
        for stream, target in building.items():
            await self._listen_to(target, stream)

    async def _listen_to(self, target: TargetState, stream: str) -> None:
        now, size = self._clock(), _size(self._folder.path / stream)
        heard = self._heard.setdefault(stream, _Heard(size, now))
        if size != heard.size:
            if heard.told:
                self._journal.append(events.OutputResumed(at=time.time(), target=target.name))
            self._heard[stream] = _Heard(size, now)
        elif not heard.told and now - heard.at >= self._quiet_after:
            if heard.step is None:
                heard.step = await asyncio.to_thread(
                    _running_step, self._folder, target.name, stream
                )
            if target.stream != stream or target.outcome is not None:
                return
            at = time.time()
            since = at - (self._clock() - heard.at)
            self._journal.append(
                events.OutputStalled(at=at, target=target.name, since=since, step=heard.step)
            )
            heard.told = True


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _running_step(folder: RunFolder, target: str, stream: str) -> str:
    """Return what a target's Buildx was last said to be at; read once a silence."""
    try:
        state = state_from_stream(folder, target, stream).targets[target]
    except OSError:
        return ""
    running = [step for step in state.steps.values() if step.status is Status.RUNNING]
    if not running:
        return ""
    step = max(running, key=lambda step: step.started or 0.0)
    several = len(state.platforms) > 1 and step.lane is not None
    return f"{step.name.label} for {step.lane}" if several else step.name.label
