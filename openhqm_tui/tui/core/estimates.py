"""Estimates from earlier builds, loaded in threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.message import Message
from textual.worker import get_current_worker

from openhqm_tui.run.follow.eta import TimeLeft

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import Sample
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.tui.core.backend import Backend


class SamplesRead(Message):
    """Samples of earlier builds: for the source, or for the run named `run`."""

    def __init__(self, samples: list[Sample], run: str = "") -> None:
        super().__init__()
        self.samples = samples
        self.run = run


class EstimateLoader:
    """Reads samples of earlier builds when they are needed; None: not yet read."""

    def __init__(self, app: App[Any], backend: Backend, now: Callable[[], float]) -> None:
        self._app, self._backend, self._now = app, backend, now
        self._of: RunState | None = None
        self._goes_on = False
        self.samples: list[Sample] | None = None
        self.time_left = TimeLeft()

    def of_source(self, source: Source, host: str) -> None:
        """Read samples of earlier builds of a source on a host."""
        from openhqm_tui.store.history.rows import Origin

        file = source.dockerfile or source.bake_file
        origin = Origin(source.kind.value, source.context, file, host)
        names = [variant.name for variant in source.variants]
        self._read(lambda: self._backend.samples(origin, names), "samples")

    def of_run(self, state: RunState | None, *, goes_on: bool) -> None:
        """Start to estimate a newly opened run if it is in progress."""
        if state is self._of:
            return
        self._of, self._goes_on = state, goes_on
        self.time_left = TimeLeft()
        self.of_run_anew()

    def of_run_anew(self) -> None:
        """Read the samples of the open run again."""
        if self._of is not None and self._goes_on:
            info = self._of.info
            self._read(lambda: self._backend.samples_before(info), "forecast", info.id)

    def take(self, message: SamplesRead) -> None:
        """Take samples over."""
        if not message.run:
            self.samples = message.samples
        elif self._of is not None and self._of.info.id == message.run:
            self.time_left.learn(message.samples)
            self.poll()

    def poll(self) -> None:
        """Update the time left."""
        if self._of is not None:
            self.time_left.update(self._of, self._now())

    def _read(self, read: Callable[[], list[Sample]], group: str, run: str = "") -> None:
        def work() -> None:
            samples = read()
            # A later look may have been quicker, and knows more.
            if not get_current_worker().is_cancelled:
                self._app.post_message(SamplesRead(samples, run))

        self._app.run_worker(work, thread=True, exclusive=True, group=group)
