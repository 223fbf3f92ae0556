"""A step's name, times and bytes in few words."""

from __future__ import annotations

import re

from openhqm_tui.domain.step_state import StepState
from openhqm_tui.domain.steps import Kind
from openhqm_tui.tui.words import clock

# How a step is run, which its row has no room for; what it takes from where stays.
_FLAGS = re.compile(r"(?<= )--(?!from=|platform=)[a-z-]+(?:=(?:\"[^\"]*\"|'[^']*'|\S+))?(?= |$)")
_HEAD = re.compile(r"^(?:LINK )?[A-Z]+(?: --\S+)+")


def brief(seconds: float) -> str:
    """Return a duration with what matters of it: `0.04 s`, `2.3 s`, `15 s`, `2:03`."""
    if seconds < 0.005:
        return "0 s"
    if seconds < 0.095:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 59.5 else clock(max(60.0, seconds))


def tick_words(seconds: float) -> str:
    """Return a moment on an axis: `0`, `0.5 s`, `5 s`, `1:30`."""
    if seconds < 60:
        return f"{seconds:.3g} s" if seconds else "0"
    return clock(seconds)


def moved_words(current: int, total: int) -> str:
    """Return bytes moved of bytes to move: `12.4 MB`, `12.4 / 61.0 MB`; '' where none are told."""
    if not total:
        return ""
    unit, scale = next(
        ((u, s) for u, s in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if total >= s), ("B", 1.0)
    )
    digits = 1 if scale > 1 else 0
    whole = f"{total / scale:.{digits}f} {unit}"
    return whole if current >= total else f"{current / scale:.{digits}f} / {whole}"


def place_of(step: StepState) -> str:
    """Return stage and number of a step: `core 2/3`; '' where it has neither."""
    name = step.name
    return f"{name.stage} {name.index}/{name.of}".strip() if name.of else name.stage


def title_of(step: StepState) -> str:
    """Return a step's instruction without the flags that say how it is run."""
    title = step.name.title
    head = _HEAD.match(title)
    if head is None:
        return title
    return " ".join((_FLAGS.sub("", head[0]) + title[head.end() :]).split())


def short_name(step: StepState) -> str:
    """Return what a step is called among others: `core 2/3`, `export`."""
    if step.name.kind is Kind.EXPORT and step.name.title.startswith("exporting"):
        return "export"
    return place_of(step) if step.name.of else step.name.label
