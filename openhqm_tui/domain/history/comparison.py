"""Comparing two runs: what got slower, grew or started to fail, as data and as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.checks.layer_manifest import ImageLayer
from openhqm_tui.domain.checks.verdict import GOOD
from openhqm_tui.domain.formatting import change_text, duration_text, size_text
from openhqm_tui.domain.history.record import LaneRecord, RunRecord, StepRecord, TargetRecord
from openhqm_tui.domain.history.trends import BUILT
from openhqm_tui.domain.run.status import STATUS_TEXTS, Status
from openhqm_tui.domain.text import one_line

# A step is listed if its time differs by this many seconds and by this fraction.
_SECONDS, _PART = 0.5, 0.2
# A layer that differs by a few bytes only has new timestamps.
_BYTES = 1024
_GOOD = {answer.value for answer in GOOD}

# A lane by target and platform; platform '' is the target's own work.
LaneKey = tuple[str, str]


class LaneChange(msgspec.Struct, frozen=True, kw_only=True):
    """One image before and after; `failing` are checks that didn't fail or didn't run before."""

    target: str
    platform: str
    status: tuple[str, str]
    seconds: tuple[float, float]
    size: tuple[int, int]
    failing: tuple[str, ...] = ()
    fixed: tuple[str, ...] = msgspec.field(default=(), name="mended")


class StepChange(msgspec.Struct, frozen=True, kw_only=True):
    """A step whose time differs; None if it didn't exist. `cached` before and after."""

    target: str
    platform: str
    label: str
    seconds: tuple[float | None, float | None]
    cached: tuple[bool, bool]

    @property
    def more(self) -> float:
        """The difference in seconds; positive: slower."""
        return (self.seconds[1] or 0.0) - (self.seconds[0] or 0.0)


class LayerChange(msgspec.Struct, frozen=True, kw_only=True):
    """A layer that differs, by its instruction; sizes in bytes, None if it didn't exist."""

    target: str
    platform: str
    created_by: str
    size: tuple[int | None, int | None]

    @property
    def more(self) -> int:
        """The difference in bytes; positive: larger."""
        return (self.size[1] or 0) - (self.size[0] or 0)


class PackageChange(msgspec.Struct, frozen=True, kw_only=True):
    """A distribution whose version differs, '' if it wasn't installed, in `lanes`."""

    name: str
    version: tuple[str, str]
    lanes: tuple[LaneKey, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The differences between two runs, the most important first in each list.

    `facts` are differences in the environment (engine, base image…): name, before, after. `size`
    is that of the images that both runs built; `gone` and `new` are those in only one of them.
    """

    runs: tuple[str, str]
    status: tuple[str, str]
    seconds: tuple[float, float]
    size: tuple[int, int]
    facts: tuple[tuple[str, str, str], ...]
    lanes: tuple[LaneChange, ...]
    steps: tuple[StepChange, ...]
    layers: tuple[LayerChange, ...]
    packages: tuple[PackageChange, ...]
    gone: tuple[LaneKey, ...]
    new: tuple[LaneKey, ...]


def compare(before: RunRecord, after: RunRecord) -> Comparison:
    """Compare runs; steps, layers and packages only of images that both have."""
    old, new = _lanes(before), _lanes(after)
    both = [key for key in new if key in old]
    pairs = [(key, old[key], new[key]) for key in both]
    lanes = sorted((_lane(*pair) for pair in pairs), key=_severity)
    weighed = [(a, b) for _, a, b in pairs if a.size and b.size]
    return Comparison(
        runs=(before.id, after.id),
        status=(before.status, after.status),
        seconds=(before.seconds, after.seconds),
        size=(sum(a.size for a, _ in weighed), sum(b.size for _, b in weighed)),
        facts=tuple(_facts(before, after)),
        lanes=tuple(lanes),
        steps=tuple(sorted(_steps(before, after), key=lambda s: -abs(s.more))),
        layers=tuple(
            sorted(
                (change for pair in pairs for change in _layers(*pair)),
                key=lambda layer: -abs(layer.more),
            )
        ),
        packages=tuple(_packages(pairs)),
        gone=tuple(key for key in old if key not in new),
        new=tuple(key for key in new if key not in old),
    )


def before(run: RunRecord, runs: Iterable[RunRecord]) -> RunRecord | None:
    """Return the best run to compare with: the latest earlier one that built the same.

    `runs` are latest first.
    """
    earlier = [r for r in runs if (r.created, r.id) < (run.created, run.id)]
    mine = set(_lanes(run))
    same = (r for r in earlier if set(_lanes(r)) == mine)
    some = (r for r in earlier if not mine.isdisjoint(_lanes(r)))
    return next(same, None) or next(some, None)


def _lanes(run: RunRecord) -> dict[LaneKey, LaneRecord]:
    return {(t.name, lane.platform): lane for t in run.targets for lane in t.lanes}


def _lane(key: LaneKey, old: LaneRecord, new: LaneRecord) -> LaneChange:
    was = {verdict.check: verdict.answer for verdict in old.verdicts}
    now = {verdict.check: verdict.answer for verdict in new.verdicts}
    bad = [check for check, answer in now.items() if answer not in _GOOD]
    return LaneChange(
        target=key[0],
        platform=key[1],
        status=(old.status, new.status),
        seconds=(old.seconds, new.seconds),
        size=(old.size, new.size),
        failing=tuple(check for check in bad if was.get(check, "pass") in _GOOD),
        fixed=tuple(
            check
            for check, answer in was.items()
            if answer not in _GOOD and now.get(check) in _GOOD
        ),
    )


def _severity(lane: LaneChange) -> tuple[bool, bool, float]:
    worse = lane.status[0] != lane.status[1] and lane.status[1] in {"failed", "unknown"}
    return not worse, not lane.failing, lane.seconds[0] - lane.seconds[1]


def _facts(old: RunRecord, new: RunRecord) -> Iterator[tuple[str, str, str]]:
    for name in ("revision", "base", "engine", "buildx", "builder", "host", "version", "jobs"):
        was, now = str(getattr(old, name)), str(getattr(new, name))
        if was != now:
            yield name, was, now


def _steps(before: RunRecord, after: RunRecord) -> Iterator[StepChange]:
    old = {target.name: target for target in before.targets}
    for target in after.targets:
        if target.name in old:
            yield from _steps_of(old[target.name], target)


def _steps_of(before: TargetRecord, after: TargetRecord) -> Iterator[StepChange]:
    old = {(step.platform, step.label): step for step in before.steps}
    new = {(step.platform, step.label): step for step in after.steps}
    platforms = {lane.platform for lane in before.lanes} & {lane.platform for lane in after.lanes}
    for key in {**old, **new}:
        was, now = old.get(key), new.get(key)
        a, b = _seconds(was), _seconds(now)
        differs = abs((a or 0.0) - (b or 0.0))
        longer = max(a or 0.0, b or 0.0)
        if key[0] in platforms | {""} and differs >= max(_SECONDS, _PART * longer):
            yield StepChange(
                target=after.name,
                platform=key[0],
                label=key[1],
                seconds=(a, b),
                cached=(was is not None and was.cached, now is not None and now.cached),
            )


def _seconds(step: StepRecord | None) -> float | None:
    return None if step is None else 0.0 if step.cached else step.seconds


def _layers(key: LaneKey, old: LaneRecord, new: LaneRecord) -> Iterator[LayerChange]:
    kept = {layer.digest for layer in old.layers} & {layer.digest for layer in new.layers}
    was, now = _by_maker(old.layers, kept), _by_maker(new.layers, kept)
    for maker in {**was, **now}:
        a, b = was.get(maker), now.get(maker)
        if a is None or b is None or abs(a - b) >= _BYTES:
            yield LayerChange(target=key[0], platform=key[1], created_by=maker, size=(a, b))


def _by_maker(layers: Iterable[ImageLayer], kept: set[str]) -> dict[str, int]:
    """Return the bytes per instruction, of layers that the other image doesn't have."""
    found: dict[str, int] = {}
    for layer in layers:
        if layer.digest not in kept:
            found[layer.created_by] = found.get(layer.created_by, 0) + layer.size
    return found


def _packages(pairs: Iterable[tuple[LaneKey, LaneRecord, LaneRecord]]) -> Iterator[PackageChange]:
    found: dict[tuple[str, str, str], list[LaneKey]] = {}
    for key, old, new in pairs:
        if not old.packages or not new.packages:
            continue  # one of them wasn't checked
        for name in sorted({**old.packages, **new.packages}):
            was, now = old.packages.get(name, ""), new.packages.get(name, "")
            if was != now:
                found.setdefault((name, was, now), []).append(key)
    for (name, was, now), lanes in found.items():
        yield PackageChange(name=name, version=(was, now), lanes=tuple(lanes))


_LONGEST_STEP = 90
# Lines per heading; the rest are counted.
_MOST = 12
_MOST_NAMES = 3
_WORSE, _BETTER, _OTHER = "▲", "▼", "·"
_BAD = {Status.FAILED.value, Status.UNKNOWN.value, Status.CANCELLED.value}


class Line(NamedTuple):
    """One line; `mark` '' is a heading, ✗ and ▲ mean worse, ✓ and ▼ better, · neither."""

    mark: str
    text: str


def lines_of(told: Comparison) -> list[Line]:
    """Return all differences, under headings; one line if there are none."""
    found = [Line("", f"{told.runs[0]} → {told.runs[1]}"), *_whole(told)]
    for title, lines in (
        ("environment", [Line(_OTHER, _fact(*fact)) for fact in told.facts]),
        ("images", [*_images(told), *_only(told)]),
        ("steps", _step_lines(told)),
        ("layers", _layer_lines(told)),
        ("packages", list(_package_lines(told))),
    ):
        if lines:
            found += [Line("", title), *lines[:_MOST]]
            if len(lines) > _MOST:
                found.append(Line(_OTHER, f"{len(lines) - _MOST} more"))
    if len(found) == 1 + len(list(_whole(told))):
        found.append(Line(_OTHER, "no other differences"))
    return found


def _whole(told: Comparison) -> Iterator[Line]:
    was, now = told.status
    if was != now:
        turn = "✓" if now == Status.PASSED.value else "✗" if was == Status.PASSED.value else _OTHER
        yield Line(turn, f"{was} → {now}")
    took = [duration_text(seconds) for seconds in told.seconds]
    change = _change("run time", *told.seconds, *took)
    # A failed run is shorter, but not better.
    yield change if was == now else change._replace(mark=_OTHER)
    if all(told.size):
        sizes = size_text(told.size[0]), size_text(told.size[1])
        yield _change("total image size", *told.size, *sizes)


def _change(what: str, was: float, now: float, old: str, new: str) -> Line:
    if old == new:
        return Line(_OTHER, f"{what} {new}, unchanged")
    changed = change_text(now / was) if was else ""
    part = "" if changed in {"", "0.0 %"} else f" ({changed})"
    return Line(_WORSE if now > was else _BETTER, f"{what} {old} → {new}{part}")


def _fact(name: str, was: str, now: str) -> str:
    short = 12 if name == "revision" else 80
    return f"{name} {was[:short] or 'unknown'} → {now[:short] or 'unknown'}"


def _images(told: Comparison) -> Iterator[Line]:
    for lane in told.lanes:
        yield from _image(lane)


def _image(lane: LaneChange) -> Iterator[Line]:
    where = f"{lane.target} {lane.platform}"
    if lane.status[0] != lane.status[1]:
        yield Line(_turn(*lane.status), f"{where}: {' → '.join(map(_word, lane.status))}")
    if lane.failing:
        yield Line("✗", f"{where}: now failing: {', '.join(lane.failing)}")
    if lane.fixed:
        yield Line("✓", f"{where}: no longer failing: {', '.join(lane.fixed)}")
    old, new = lane.seconds
    # A build without an image is shorter, but not faster.
    if set(lane.status) <= BUILT and abs(new - old) >= max(0.5, 0.2 * max(old, new)):
        yield _change(where, old, new, duration_text(old), duration_text(new))
    a, b = lane.size
    if a and b and size_text(a) != size_text(b):
        yield _change(where, a, b, size_text(a), size_text(b))


def _turn(was: str, now: str) -> str:
    """Return the mark of a change of status: unchecked is neither better nor worse."""
    if now in _BAD:
        return "✗"
    return "✓" if now == Status.PASSED.value or (was in _BAD and now in BUILT) else _OTHER


def _word(status: str) -> str:
    """Return the word for an image's status; one of a newer version is its own."""
    return next((text.word for one, text in STATUS_TEXTS.items() if one == status), status)


def _only(told: Comparison) -> Iterator[Line]:
    if told.gone:
        yield Line(_OTHER, f"only in the earlier run: {_lane_lines(told.gone)}")
    if told.new:
        yield Line(_OTHER, f"only in the later run: {_lane_lines(told.new)}")


def _step_lines(told: Comparison) -> list[Line]:
    """Return the steps; a step shared by several targets is one line."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for step in told.steps:
        sides = [
            "cached" if cached else duration_text(seconds)
            for seconds, cached in zip(step.seconds, step.cached, strict=True)
        ]
        mark = _WORSE if step.more > 0 else _BETTER
        key = mark, f"{sides[0]} → {sides[1]}", step.platform, step.label
        found.setdefault(key, []).append(step.target)
    return [
        Line(mark, "  ".join([change, f"{_some(targets)} {platform}".strip(), _instruction(label)]))
        for (mark, change, platform, label), targets in found.items()
    ]


def _layer_lines(told: Comparison) -> list[Line]:
    """Return the layers; a layer shared by several targets is one line."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for layer in told.layers:
        mark = _WORSE if layer.more > 0 else _BETTER
        change = " → ".join(size_text(size) for size in layer.size)
        key = mark, change, layer.platform, layer.created_by
        found.setdefault(key, []).append(layer.target)
    return [
        Line(mark, "  ".join([change, f"{_some(targets)} {platform}", _made(created_by)]))
        for (mark, change, platform, created_by), targets in found.items()
    ]


def _made(created_by: str) -> str:
    return _instruction(created_by) or "unknown instruction"


def _instruction(text: str) -> str:
    return one_line(short_title(text), _LONGEST_STEP)


def _some(names: list[str]) -> str:
    """Return up to three names, and the number of others."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _package_lines(told: Comparison) -> Iterator[Line]:
    for package in told.packages:
        was, now = (version or "–" for version in package.version)
        yield Line(_OTHER, f"{package.name} {was} → {now}  {_lane_lines(package.lanes)}")


def _lane_lines(lanes: Iterable[LaneKey]) -> str:
    """Return lanes as short text, grouped by target."""
    by_target: dict[str, list[str]] = {}
    for target, platform in lanes:
        by_target.setdefault(target, []).append(platform.removeprefix("linux/"))
    return ", ".join(f"{target} {'+'.join(platforms)}" for target, platforms in by_target.items())
