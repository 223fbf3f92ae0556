"""Times, sizes and names as the screens write them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from openhqm_tui.domain.plain_text import one_line

if TYPE_CHECKING:
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.domain.state import LaneState, TargetState
    from openhqm_tui.domain.steps import How


def clock(seconds: float) -> str:
    """Return a duration that may still grow: `0:04`, `12:30`, `1:02:03`."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"


def path_words(path: Path) -> str:
    """Return a path as a shell understands it, the home folder written `~`."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def size(count: int) -> str:
    """Return a number of bytes in the units that Docker uses: `61 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def count(number: int, word: str) -> str:
    """Return `1 image`, `4 images`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def when(moment: float) -> str:
    """Return a moment in this machine's time zone: `23 Nov 15:14`."""
    return time.strftime("%d %b %H:%M", time.localtime(moment))


def since(moment: float, now: float) -> str:
    """Return a moment as one says it: `15:14` if it is of the same day as `now`."""
    then, today = time.localtime(moment), time.localtime(now)
    same_day = then[:3] == today[:3]
    return time.strftime("%H:%M", then) if same_day else when(moment)


def how_of(lane: LaneState) -> How | None:
    """Tell how a lane is built; None where nobody can say yet."""
    return lane.how


def way_words(lane: LaneState) -> str:
    """Return how and on which node a lane is built: `native on arm1`; '' where nobody can say."""
    how = how_of(lane)
    words = [how.value] if how is not None else []
    return " ".join([*words, *([f"on {one_line(lane.node_name, 24)}"] if lane.node_name else [])])


def short(platform: Platform) -> str:
    """Return the platform without `linux/`, for where every cell counts."""
    return str(platform).removeprefix("linux/")


def step_label(target: TargetState, number: int) -> str:
    """Return a step's name by its number in its target; what is of no step was said by Buildx."""
    steps = (step for step in target.steps.values() if step.number == number)
    return next((step.name.label for step in steps), "Buildx")
