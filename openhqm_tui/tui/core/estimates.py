"""Estimates from earlier builds: loaded in threads, and the time left in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.message import Message
from textual.worker import get_current_worker

from openhqm_tui.tui.core.labels import clock

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import Estimate, Sample
    from openhqm_tui.domain.history.forecast import Countdown, Forecast
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.tui.core.backend import Backend


# An estimate that is more unsure than this, in seconds and as a part of it, says so.
_UNSURE, _UNSURE_PART = 2.0, 0.4


class TimeLeft:
    """The time left of the open run; None until earlier builds are read."""

    def __init__(self) -> None:
        self._run = ""
        self._forecast: Forecast | None = None
        self._countdowns: dict[str, Countdown] = {}
        self._whole: dict[str, bool] = {}

    def start(self, run: str) -> None:
        """Start for another run."""
        self._run, self._forecast = run, None
        self._countdowns, self._whole = {}, {}

    def learn(self, run: str, samples: Iterable[Sample]) -> None:
        """Take the samples of earlier builds for the open run."""
        if run == self._run:
            from openhqm_tui.domain.history.forecast import Forecast

            self._forecast = Forecast(samples)

    def update(self, state: RunState, now: float) -> None:
        """Update the time left."""
        if self._forecast is None:
            return
        self._feed("", self._forecast.run(state, now), now)
        for target in state.targets.values():
            begun = target.started is not None or target.outcome is not None
            guess = self._forecast.target(target, now) if begun else None
            self._feed(target.name, guess, now)

    @property
    def is_unknown(self) -> bool:
        """Whether no estimate is possible."""
        return "" in self._countdowns and self.of() is None

    def of(self, target: str = "") -> Estimate | None:
        """Return the time left of a target or the run; None if unknown or finished."""
        seconds = self._countdowns[target].seconds if target in self._countdowns else None
        if seconds is None:
            return None
        from openhqm_tui.domain.history.estimate import Estimate

        return Estimate(seconds, whole=self._whole[target])

    def _feed(self, name: str, guess: Estimate | None, now: float) -> None:
        from openhqm_tui.domain.history.forecast import Countdown

        countdown = self._countdowns.setdefault(name, Countdown())
        countdown.feed(None if guess is None else guess.seconds, now)
        self._whole[name] = guess is None or guess.whole


def left_words(guess: Estimate) -> str:
    """Return what is left: `0:12 left`, or `over 0:12 left` where a part of it is unknown."""
    over = "" if guess.whole else "over "
    return f"{over}{clock(guess.seconds + 0.5)} left"


def guess_words(guess: Estimate | None) -> str:
    """Return how long something will take: `about 0:11`, or that nobody knows."""
    if guess is None:
        return "no estimate yet"
    if not guess.whole:
        return f"over {clock(guess.seconds + 0.5)}"
    about = f"about {clock(guess.seconds + 0.5)}"
    unsure = guess.spread >= max(_UNSURE, _UNSURE_PART * guess.seconds)
    return f"{about} (± {clock(guess.spread + 0.5)})" if unsure else about


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
        self.time_left.start("" if state is None else state.info.id)
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
        elif self._of is not None:
            self.time_left.learn(message.run, message.samples)
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
