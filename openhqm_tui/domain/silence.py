"""What people are told of a build that says nothing for long."""

from __future__ import annotations

from openhqm_tui.domain.journal import FellSilent
from openhqm_tui.domain.plain_text import one_line


def silence_words(event: FellSilent, run: str) -> str:
    """Return a silence as one line that says how it goes on; `run` is the run's name."""
    at = f", at step `{one_line(event.step, 120)}`" if event.step else ""
    heard = f"{event.target}: nothing heard for {_lasting(event.at - event.since)}{at}"
    return f"{heard}; it goes on; cancel it with `openhqm-tui cancel {run} {event.target}`"


def _lasting(seconds: float) -> str:
    """Return a duration as `5:00` or `1:02:03`, a shorter one than a minute as `12 s`."""
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
