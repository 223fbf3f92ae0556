"""How long a followed run still takes, for the headless faces: unknown where nobody can know."""

from __future__ import annotations

from openhqm_tui.cli.output.summary import clock
from openhqm_tui.domain.history.estimate import Estimate, before_start, together
from openhqm_tui.domain.history.forecast import Countdown, Forecast, wanted
from openhqm_tui.domain.run.state import RunState, TargetState
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.run.follow.history_index import samples_before
from openhqm_tui.store.paths import state_folder

# Seconds between two reckonings.
_EVERY = 1.0


class TimeLeft:
    """What is left of the run that `follower` follows, by the builds of before it. Blocks once."""

    def __init__(self, follower: Follower) -> None:
        self._follower = follower
        self._samples = samples_before(state_folder(), follower.folder.info)
        self._forecast = Forecast(self._samples)
        self._countdowns: dict[str, Countdown] = {}
        self._told: dict[str, tuple[Estimate | None, float]] = {}

    @property
    def is_known(self) -> bool:
        """Tell whether anything was built before that tells of it."""
        return bool(self._samples)

    def at_first(self) -> Estimate | None:
        """Return how long the whole run will take; None: unknown."""
        state = self._follower.state
        check = state.info.check
        targets = state.targets.values()
        return together(
            [before_start(self._samples, wanted(target), check=check) for target in targets],
            state.info.jobs,
            push=state.info.push,
        )

    def run(self) -> Estimate | None:
        """Return the seconds until the run is over; None: unknown, or it is over."""
        return self._forecast.run(self._state, self._follower.now) if self._samples else None

    def target(self, target: TargetState) -> Estimate | None:
        """Return the seconds until a target is over; None: unknown, not begun, or it is over."""
        if not self._samples or target.started is None:
            return None
        return self._forecast.target(target, self._follower.now)

    def words(self, target: TargetState | None = None) -> str:
        """Return what is left of a target, or of the run: `0:12 left`; '' unknown. No leaps."""
        name, now = target.name if target else "", self._follower.now
        guess, at = self._told.get(name, (None, 0.0))
        # It is drawn more often than there is something new to reckon.
        if not at <= now < at + _EVERY:
            guess, at = self.run() if target is None else self.target(target), now
            self._told[name] = guess, at
        countdown = self._countdowns.setdefault(name, Countdown())
        seconds = countdown.feed(guess.seconds - (now - at) if guess else None, now)
        if guess is None or seconds is None:
            return ""
        # `clock` has no word for nought.
        return f"{'' if guess.whole else 'over '}{clock(max(1.0, seconds))} left"

    @property
    def _state(self) -> RunState:
        return self._follower.state


def expected_words(guess: Estimate) -> str:
    """Return how long a run is expected to take, in a line for people."""
    about = "about" if guess.whole else "over"
    unsure = f" (± {clock(guess.spread)})" if round(guess.spread) else ""
    builds = "build" if guess.count == 1 else "builds"
    return (
        f"takes {about} {clock(max(1.0, guess.seconds))}{unsure} by {guess.count} {builds} before"
    )
