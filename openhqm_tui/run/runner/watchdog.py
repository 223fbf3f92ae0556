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
    return f"{step.name.label} for {step.lane}" if several else step.name.label
