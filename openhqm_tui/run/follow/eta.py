"""The remaining time of a run, estimated from earlier builds, for every front end.

The modules that estimate are imported late: the console shows its first screen without them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from openhqm_tui.domain.formatting import count_text, time_left_text

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import Estimate, Sample
    from openhqm_tui.domain.history.forecast import Countdown, Forecast
    from openhqm_tui.domain.run.events import RunInfo
    from openhqm_tui.domain.run.state import RunState

# A spread of at least this many seconds, and of this part of the estimate, is shown with it.
_LEAST_SPREAD, _LEAST_SPREAD_PART = 2.0, 0.4


class TimeLeft:
    """The remaining time of one run and of each of its targets; unknown until `learn` is called."""

    def __init__(self, samples: Iterable[Sample] | None = None) -> None:
        self._samples: list[Sample] = []
        self._forecast: Forecast | None = None
        self._countdowns: dict[str, Countdown] = {}
        self._whole: dict[str, bool] = {}
        if samples is not None:
            self.learn(samples)

    def learn(self, samples: Iterable[Sample]) -> None:
        """Estimate from these earlier builds."""
        from openhqm_tui.domain.history.forecast import Forecast

        self._samples = list(samples)
        self._forecast = Forecast(self._samples)

    @property
    def is_known(self) -> bool:
        """Whether there are earlier builds to estimate from."""
        return bool(self._samples)

    @property
    def is_unknown(self) -> bool:
        """Whether an estimate was tried and there is none."""
        return "" in self._countdowns and self.of() is None

    def before_start(self, state: RunState) -> Estimate | None:
        """Return how long the whole run takes; None: unknown."""
        from openhqm_tui.domain.history.estimate import before_start, together
        from openhqm_tui.domain.history.forecast import wanted

        info = state.info
        guesses = [
            before_start(self._samples, wanted(target), check=info.check)
            for target in state.targets.values()
        ]
        return together(guesses, info.jobs, push=info.push)

    def update(self, state: RunState, now: float) -> None:
        """Estimate again, at a moment in seconds since the epoch."""
        if self._forecast is None:
            return
        self._feed("", self._forecast.run(state, now), now)
        for target in state.targets.values():
            begun = target.started is not None or target.outcome is not None
            guess = self._forecast.target(target, now) if begun else None
            self._feed(target.name, guess, now)

    def of(self, target: str = "") -> Estimate | None:
        """Return the remaining time of a target, or of the run; None: unknown, or it has ended."""
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


def time_left_of(info: RunInfo) -> TimeLeft:
    """Return the remaining time of a run, from the history of this machine. Blocks."""
    from openhqm_tui.run.follow.history_index import samples_before
    from openhqm_tui.store.paths import state_folder

    return TimeLeft(samples_before(state_folder(), info))


def left_text(guess: Estimate) -> str:
    """Return the remaining time: `0:12 left`, or `over 0:12 left` if a part of it is unknown."""
    return f"{'' if guess.whole else 'over '}{time_left_text(guess.seconds)} left"


def estimate_text(guess: Estimate | None) -> str:
    """Return how long something will take, `about 0:11`, or that there is no estimate."""
    if guess is None:
        return "no estimate yet"
    text = f"{'about' if guess.whole else 'over'} {time_left_text(guess.seconds)}"
    unsure = guess.spread >= max(_LEAST_SPREAD, _LEAST_SPREAD_PART * guess.seconds)
    return f"{text} (± {time_left_text(guess.spread)})" if guess.whole and unsure else text


def expected_text(guess: Estimate) -> str:
    """Return how long a run is expected to take, and why: `takes about 0:11, based on 2 builds`."""
    return f"takes {estimate_text(guess)}, based on {count_text(guess.count, 'build')}"
