"""What earlier builds teach, read in threads: of what can be built here, and of the open run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message
from textual.worker import get_current_worker

from openhqm_tui.tui.time_left import TimeLeft

if TYPE_CHECKING:
    from openhqm_tui.domain.estimate import Sample
    from openhqm_tui.domain.plan import Source
    from openhqm_tui.domain.state import RunState
    from openhqm_tui.tui.app import ConsoleApp


class SamplesRead(Message):
    """What earlier builds teach: of all that can be built here, or of the run named `run`."""

    def __init__(self, samples: list[Sample], run: str = "") -> None:
        super().__init__()
        self.samples = samples
        self.run = run


class Learning:
    """Has samples read when there is something to reckon with them; `samples` None: not yet."""

    def __init__(self, app: ConsoleApp) -> None:
        self._app = app
        self._of: RunState | None = None
        self._goes_on = False
        self.samples: list[Sample] | None = None
        self.time_left = TimeLeft()

    def of_source(self, source: Source, host: str) -> None:
        """Have read what earlier builds of a source teach, on a host of a platform."""
        from openhqm_tui.store.history_rows import Origin

        file = source.dockerfile or source.bake_file
        origin = Origin(source.kind.value, source.context, file, host)
        names = [variant.name for variant in source.variants]
        self._read(lambda: self._app.services.samples(origin, names), "samples")

    def of_run(self, state: RunState | None, *, goes_on: bool) -> None:
        """Begin to reckon what is left of a run that is newly open, if it goes on."""
        if state is self._of:
            return
        self._of, self._goes_on = state, goes_on
        self.time_left.begin("" if state is None else state.info.id)
        self.of_run_anew()

    def of_run_anew(self) -> None:
        """Have read once more what is known of the open run: there may be more of it by now."""
        if self._of is not None and self._goes_on:
            info = self._of.info
            self._read(lambda: self._app.services.samples_before(info), "forecast", info.id)

    def take(self, message: SamplesRead) -> None:
        """Take over what was read."""
        if not message.run:
            self.samples = message.samples
        elif self._of is not None:
            self.time_left.learn(message.run, message.samples)
            self.look()

    def look(self) -> None:
        """Reckon anew what is left."""
        if self._of is not None:
            self.time_left.look(self._of, self._app.now)

    def _read(self, read: Callable[[], list[Sample]], group: str, run: str = "") -> None:
        def work() -> None:
            samples = read()
            # A later look may have been quicker, and knows more.
            if not get_current_worker().is_cancelled:
                self._app.post_message(SamplesRead(samples, run))

        self._app.run_worker(work, thread=True, exclusive=True, group=group)
