"""The charts of the HTML report as SVG: timeline and sizes.

Every shape has a label or a title, and patterns repeat what colors show.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.formatting import (
    axis_text,
    count_text,
    duration_text,
    percent_text,
    size_text,
)
from openhqm_tui.domain.text import one_line
from openhqm_tui.report.elements import Html, element, joined
from openhqm_tui.report.model import Lane, Report, Step
from openhqm_tui.report.rows import SYMBOLS, shared_bytes, steps_of

_WIDTH, _RIGHT = 1000.0, 86.0
_ROW, _BAR = 24.0, 14.0
_TOP = 22.0
_TICKS = 8
_LANE_LABEL, _STEP_LABEL = 190.0, 400.0
# Width of the shortest bar, so that it stays visible.
_LEAST = 1.5
# Characters that fit into the label of a step.
_LETTERS = 54


def run_waterfall(report: Report) -> Html:
    """Return a chart of when each image was built and checked, from the run's start."""
    ends = [step.start + step.seconds for step in report.steps]
    ends += [
        lane.check_started + (lane.check_seconds or 0.0)
        for lane in report.lanes
        if lane.check_started is not None
    ]
    scale = _Scale(max(ends, default=0.0), _LANE_LABEL)
    rows = []
    for number, lane in enumerate(report.lanes):
        y = _TOP + number * _ROW
        built = [
            scale.bar(y, step.start, step.seconds, kind_of(step), _step_words(step))
            for step in steps_of(report, lane.target)
            if step.platform == lane.platform
        ]
        if lane.check_started is not None and lane.check_seconds is not None:
            words = f"checked ({lane.ran}), {duration_text(lane.check_seconds)}"
            built.append(scale.bar(y, lane.check_started, lane.check_seconds, "checked", words))
        label = f"{lane.target} {lane.platform.removeprefix('linux/')}"
        rows += [*_label(y, one_line(label, 27), f"{lane.target} {lane.platform}"), *built]
        rows.append(_note(y, f"{SYMBOLS[lane.result]} {lane.result}"))
    images = count_text(len(report.lanes), "image")
    desc = f"{images} over {duration_text(scale.end)}; see the tables below for the figures."
    return _chart("Build and check times of each image", desc, scale, len(report.lanes), rows)


def target_waterfall(report: Report, target: str) -> Html:
    """Return a chart of when each step of a target ran, from the run's start."""
    steps = [step for step in steps_of(report, target) if step.seconds > 0]
    scale = _Scale(max((s.start + s.seconds for s in steps), default=0.0), _STEP_LABEL)
    rows: list[Html] = []
    for number, step in enumerate(steps):
        y = _TOP + number * _ROW
        where = step.platform.removeprefix("linux/") or "all"
        name = one_line(f"{where} · {short_title(step.label)}", _LETTERS)
        rows += _label(y, name, _step_words(step))
        rows.append(scale.bar(y, step.start, step.seconds, kind_of(step), _step_words(step)))
        rows.append(_note(y, duration_text(step.seconds) + (" ◆" if step.on_path else "")))
    desc = f"{count_text(len(steps), 'step')}; ◆ marks those on the critical path."
    return _chart(f"Steps of {target}", desc, scale, len(steps), rows)


def sizes_chart(report: Report) -> Html:
    """Return a chart of each image's size, split into shared and unique layers."""
    lanes = [lane for lane in report.lanes if lane.bytes]
    most = max((lane.bytes or 0 for lane in lanes), default=0)
    room = _WIDTH - _LANE_LABEL - _RIGHT - 60
    rows: list[Html] = []
    for number, lane in enumerate(lanes):
        y = _TOP + number * _ROW
        label = f"{lane.target} {lane.platform.removeprefix('linux/')}"
        rows += _label(y, one_line(label, 27), f"{lane.target} {lane.platform}")
        x = _LANE_LABEL
        for kind, size, words in _parts(lane):
            width = room * size / most
            rows.append(_rect(x, y, width, kind, f"{words}: {size_text(size)}"))
            x += width
        note = size_text(lane.bytes or 0)
        if lane.against_all is not None and lane.against_all != 1:
            note += f" · {percent_text(lane.against_all)}"
        rows.append(element("text", note, x=x + 6, y=y + _BAR - 2))
    desc = f"{count_text(len(lanes), 'image')}; see the table below for the figures."
    return _svg("Compressed size of each image", desc, len(lanes), rows)


def legend(kinds: Iterable[tuple[str, str]]) -> Html:
    """Return a legend of the patterns; `kinds` are their classes and labels."""
    return element(
        "ul",
        *(
            element(
                "li",
                element(
                    "svg",
                    element("rect", width=22, height=12, class_=f"bar {kind}"),
                    width=22,
                    height=12,
                    aria_hidden="true",
                ),
                f" {words}",
            )
            for kind, words in kinds
        ),
        class_="legend",
    )


def patterns() -> Html:
    """Return the patterns that all charts use, once for the whole document."""
    hatch = element("path", d="M0 6L6 0M-1 1L1 -1M5 7L7 5", class_="stripe")
    dots = element("circle", cx=3, cy=3, r=1.3, class_="dot")
    back = element("path", d="M0 0L6 6M-1 5L1 7M5 -1L7 1", class_="stripe")
    shapes = (("emulated", hatch), ("checked", dots), ("failed", back), ("common", hatch))
    made = [
        element(
            "pattern",
            element("rect", width=6, height=6, class_=f"ground {name}"),
            shape,
            id=f"p-{name}",
            width=6,
            height=6,
            patternUnits="userSpaceOnUse",
        )
        for name, shape in shapes
    ]
    return element(
        "svg", element("defs", *made), width=0, height=0, class_="defs", aria_hidden="true"
    )


class _Scale:
    """Maps seconds to a chart's width."""

    def __init__(self, end: float, label: float) -> None:
        self.end = max(end, 0.001)
        self.label = label
        self.room = _WIDTH - label - _RIGHT

    def x(self, seconds: float) -> float:
        return self.label + self.room * min(seconds, self.end) / self.end

    def bar(self, y: float, start: float, seconds: float, kind: str, words: str) -> Html:
        width = max(_LEAST, self.x(start + seconds) - self.x(start))
        return _rect(self.x(start), y, width, kind, words)

    def axis(self, rows: int) -> list[Html]:
        step = _nice(self.end / _TICKS)
        drawn: list[Html] = []
        for number in range(math.floor(self.end / step) + 1):
            x = self.x(number * step)
            drawn.append(
                element("line", x1=x, x2=x, y1=_TOP - 6, y2=_TOP + rows * _ROW, class_="tick")
            )
            drawn.append(element("text", axis_text(number * step), x=x, y=_TOP - 9, class_="axis"))
        return drawn


def _chart(title: str, desc: str, scale: _Scale, rows: int, drawn: Sequence[Html]) -> Html:
    return _svg(title, desc, rows, [*scale.axis(rows), *drawn])


def _svg(title: str, desc: str, rows: int, drawn: Sequence[Html]) -> Html:
    return element(
        "svg",
        element("title", title),
        element("desc", desc),
        joined(drawn),
        viewBox=f"0 0 {_WIDTH:.0f} {_TOP + rows * _ROW + 4:.0f}",
        role="img",
        aria_label=f"{title}. {desc}",
        class_="picture",
    )


def _label(y: float, text: str, whole: str) -> list[Html]:
    return [element("text", element("title", whole), text, x=0, y=y + _BAR - 2)]


def _note(y: float, text: str) -> Html:
    return element("text", text, x=_WIDTH, y=y + _BAR - 2, class_="note")


def _rect(x: float, y: float, width: float, kind: str, words: str) -> Html:
    return element(
        "rect",
        element("title", words),
        x=x,
        y=y,
        width=max(0.0, width),
        height=_BAR,
        class_=f"bar {kind}",
    )


def _parts(lane: Lane) -> list[tuple[str, int, str]]:
    shared = shared_bytes(lane)
    if shared is None:
        return [("plain", lane.bytes or 0, "compressed")]
    common = lane.common_bytes or 0
    rest = max(0, (lane.bytes or 0) - shared - common)
    return [
        ("common", common, "shared by all images of the platform"),
        ("shared", shared, "shared by some images"),
        ("own", rest, "only in this image"),
    ]


def kind_of(step: Step) -> str:
    """Return the CSS class of a step's bar: how it ran, or that it failed."""
    return "failed" if step.status == "failed" else step.how or "plain"


def _step_words(step: Step) -> str:
    shared = f", shared by {len(step.targets)} targets" if len(step.targets) > 1 else ""
    where = f"{step.platform} {step.how}".strip()
    return f"{one_line(step.label, 400)} · {where} · {duration_text(step.seconds)}{shared}".replace(
        " ·  · ", " · "
    )


def _nice(step: float) -> float:
    """Round up to 1, 2 or 5 × 10ⁿ seconds."""
    power = 10.0 ** math.floor(math.log10(max(step, 1e-6)))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * 0.999)
