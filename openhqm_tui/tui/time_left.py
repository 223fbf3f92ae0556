"""How long what is built still takes, in the words of the screens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from openhqm_tui.tui.words import clock

if TYPE_CHECKING:
    from openhqm_tui.domain.estimate import Guess, Sample
    from openhqm_tui.domain.forecast import Countdown, Forecast
    from openhqm_tui.domain.state import RunState

# An estimate that is more unsure than this, in seconds and as a part of it, says so.
_UNSURE, _UNSURE_PART = 2.0, 0.4


class TimeLeft:
    """What is left of the run that is open; nothing until what was learnt before is read."""

    def __init__(self) -> None:
        self._run = ""
        self._forecast: Forecast | None = None
        self._countdowns: dict[str, Countdown] = {}
        self._whole: dict[str, bool] = {}

    def begin(self, run: str) -> None:
        """Say which run is open now: nothing is known of it yet."""
        self._run, self._forecast = run, None
        self._countdowns, self._whole = {}, {}

    def learn(self, run: str, samples: Iterable[Sample]) -> None:
        """Take in what earlier builds teach of the run that is open."""
        if run == self._run:
            from openhqm_tui.domain.forecast import Forecast

            self._forecast = Forecast(samples)

    def look(self, state: RunState, now: float) -> None:
        """Reckon anew what is left."""
        if self._forecast is None:
            return
        self._feed("", self._forecast.run(state, now), now)
        for target in state.targets.values():
            begun = target.started is not None or target.outcome is not None
            guess = self._forecast.target(target, now) if begun else None
            self._feed(target.name, guess, now)

    @property
    def is_unknown(self) -> bool:
        """Tell whether it was reckoned and nothing came of it."""
        return "" in self._countdowns and self.of() is None

    def of(self, target: str = "") -> Guess | None:
        """Return what is left of a target, or of the run; None: unknown, or it is over."""
        seconds = self._countdowns[target].seconds if target in self._countdowns else None
        if seconds is None:
            return None
        from openhqm_tui.domain.estimate import Guess

        return Guess(seconds, whole=self._whole[target])

    def _feed(self, name: str, guess: Guess | None, now: float) -> None:
        from openhqm_tui.domain.forecast import Countdown

        countdown = self._countdowns.setdefault(name, Countdown())
        countdown.feed(None if guess is None else guess.seconds, now)
        self._whole[name] = guess is None or guess.whole


def left_words(guess: Guess) -> str:
    """Return what is left: `0:12 left`, or `over 0:12 left` where a part of it is unknown."""
    over = "" if guess.whole else "over "
    return f"{over}{clock(guess.seconds + 0.5)} left"


def guess_words(guess: Guess | None) -> str:
    """Return how long something will take: `about 0:11`, or that nobody knows."""
    if guess is None:
        return "time unknown"
    if not guess.whole:
        return f"over {clock(guess.seconds + 0.5)}"
    about = f"about {clock(guess.seconds + 0.5)}"
    unsure = guess.spread >= max(_UNSURE, _UNSURE_PART * guess.seconds)
    return f"{about} (± {clock(guess.spread + 0.5)})" if unsure else about
