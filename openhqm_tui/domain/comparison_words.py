"""A comparison in lines for people: a mark, and what differs; nothing is told by colour only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from openhqm_tui.domain.comparison import Comparison, LaneChange, LaneKey
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.status import Status
from openhqm_tui.domain.trend import BUILT

# As many of a kind are told; the rest are counted.
_MOST = 12
_MOST_NAMES = 3
_MOUNT = re.compile(r"--mount=\S*\s+")
_WORSE, _BETTER, _OTHER = "▲", "▼", "·"
_BAD = {Status.FAILED.value, Status.UNKNOWN.value, Status.CANCELLED.value}


class Line(NamedTuple):
    """One line; `mark` '' is a heading, ✗ and ▲ are worse, ✓ and ▼ better, · neither."""

    mark: str
    text: str


def lines_of(told: Comparison) -> list[Line]:
    """Return all that differs, under headings; one line where nothing does."""
    found = [Line("", f"{told.runs[0]} → {told.runs[1]}"), *_whole(told)]
    for title, lines in (
        ("what they stand on", [Line(_OTHER, _fact(*fact)) for fact in told.facts]),
        ("images", [*_images(told), *_only(told)]),
        ("steps", _steps(told)),
        ("layers", _layers(told)),
        ("packages", list(_packages(told))),
    ):
        if lines:
            found += [Line("", title), *lines[:_MOST]]
            if len(lines) > _MOST:
                found.append(Line(_OTHER, f"{len(lines) - _MOST} more"))
    if len(found) == 1 + len(list(_whole(told))):
        found.append(Line(_OTHER, "nothing else differs"))
    return found


def seconds_words(seconds: float | None) -> str:
    """Return a time to a tenth below a minute: `4.2 s`, `3:05`; – for none."""
    if seconds is None:
        return "–"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def bytes_words(size: int | None) -> str:
    """Return a size in the units that Docker uses; – for none."""
    if size is None:
        return "–"
    amount = float(size)
    for unit in ("B", "kB"):
        if amount < 999.5:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} MB"


def _whole(told: Comparison) -> Iterator[Line]:
    was, now = told.status
    if was != now:
        turn = "✓" if now == Status.PASSED.value else "✗" if was == Status.PASSED.value else _OTHER
        yield Line(turn, f"{was} → {now}")
    took = [seconds_words(seconds) for seconds in told.seconds]
    change = _change("took", *told.seconds, *took)
    # A run that failed was over sooner, and no better.
    yield change if was == now else change._replace(mark=_OTHER)
    if all(told.size):
        sizes = bytes_words(told.size[0]), bytes_words(told.size[1])
        yield _change("images", *told.size, *sizes)


def _change(what: str, was: float, now: float, old: str, new: str) -> Line:
    if old == new:
        return Line(_OTHER, f"{what} {new}, as before")
    part = _part((now - was) / was) if was else ""
    return Line(_WORSE if now > was else _BETTER, f"{what} {old} → {new}{part}")


def _part(more: float) -> str:
    """Return ` (−12%)`; nothing where it would be nought: that says no change."""
    told = f"{more:+.0%}".replace("-", "−")
    return "" if told in {"+0%", "−0%"} else f" ({told})"


def _fact(name: str, was: str, now: str) -> str:
    short = 12 if name == "revision" else 80
    return f"{name} {was[:short] or 'unknown'} → {now[:short] or 'unknown'}"


def _images(told: Comparison) -> Iterator[Line]:
    for lane in told.lanes:
        yield from _image(lane)


def _image(lane: LaneChange) -> Iterator[Line]:
    where = f"{lane.target} {lane.platform}"
    if lane.status[0] != lane.status[1]:
        yield Line(_turn(*lane.status), f"{where}: {lane.status[0]} → {lane.status[1]}")
    if lane.failing:
        yield Line("✗", f"{where}: newly failing {', '.join(lane.failing)}")
    if lane.mended:
        yield Line("✓", f"{where}: well again {', '.join(lane.mended)}")
    old, new = lane.seconds
    # What came to no image was over sooner, and no quicker.
    if set(lane.status) <= BUILT and abs(new - old) >= max(0.5, 0.2 * max(old, new)):
        yield _change(where, old, new, seconds_words(old), seconds_words(new))
    a, b = lane.size
    if a and b and bytes_words(a) != bytes_words(b):
        yield _change(where, a, b, bytes_words(a), bytes_words(b))


def _turn(was: str, now: str) -> str:
    """Return the mark of what became of an image: one that wasn't asked is neither."""
    if now in _BAD:
        return "✗"
    return "✓" if now == Status.PASSED.value or (was in _BAD and now in BUILT) else _OTHER


def _only(told: Comparison) -> Iterator[Line]:
    if told.gone:
        yield Line(_OTHER, f"only before: {_lanes(told.gone)}")
    if told.new:
        yield Line(_OTHER, f"only after: {_lanes(told.new)}")


def _steps(told: Comparison) -> list[Line]:
    """Return the steps; one that several targets share and waited for is one line."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for step in told.steps:
        sides = [
            "cached" if cached else seconds_words(seconds)
            for seconds, cached in zip(step.seconds, step.cached, strict=True)
        ]
        mark = _WORSE if step.more > 0 else _BETTER
        key = mark, f"{sides[0]} → {sides[1]}", step.platform, step.label
        found.setdefault(key, []).append(step.target)
    return [
        Line(mark, "  ".join([change, f"{_some(targets)} {platform}".strip(), _instruction(label)]))
        for (mark, change, platform, label), targets in found.items()
    ]


def _layers(told: Comparison) -> list[Line]:
    """Return the layers; one that several targets share is one line."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for layer in told.layers:
        mark = _WORSE if layer.more > 0 else _BETTER
        change = " → ".join(bytes_words(size) for size in layer.size)
        key = mark, change, layer.platform, layer.created_by
        found.setdefault(key, []).append(layer.target)
    return [
        Line(mark, "  ".join([change, f"{_some(targets)} {platform}", _made(created_by)]))
        for (mark, change, platform, created_by), targets in found.items()
    ]


def _made(created_by: str) -> str:
    return _instruction(created_by) or "an instruction that isn't told"


def _instruction(text: str) -> str:
    """Return an instruction without its mounts, which say little and are long."""
    return one_line(_MOUNT.sub("", text), 90)


def _some(names: list[str]) -> str:
    """Return up to three names, the rest counted."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _packages(told: Comparison) -> Iterator[Line]:
    for package in told.packages:
        was, now = (version or "–" for version in package.version)
        yield Line(_OTHER, f"{package.name} {was} → {now}  {_lanes(package.lanes)}")


def _lanes(lanes: Iterable[LaneKey]) -> str:
    """Return lanes in few words: those of a target together."""
    by_target: dict[str, list[str]] = {}
    for target, platform in lanes:
        by_target.setdefault(target, []).append(platform.removeprefix("linux/"))
    return ", ".join(f"{target} {'+'.join(platforms)}" for target, platforms in by_target.items())
