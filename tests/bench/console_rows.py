"""The console's figures as rows: compared with its peers, an idle loop, or a limit."""

from __future__ import annotations

from typing import Any

from tests.bench.rows import Row

_PART = "Console"


def rows_of(figures: dict[str, Any]) -> list[Row]:
    """Return the rows of all measurements of `tests.bench.console`."""
    rate = f"{figures['rate']:,} lines/s, 16 lanes"
    return [
        row
        for name in ("8 panes", "16 panes")
        for row in _flooded(figures, name, f"{rate}, {figures[name]['panes']} visible panes")
    ] + _opened(figures)


def _flooded(figures: dict[str, Any], name: str, what: str) -> list[Row]:
    ours, idle = figures[name], figures["machine"]
    unprobed = figures[f"{name}, unprobed"]["cpu"]
    keys = ours["keys"]
    rows = [
        _lateness(
            f"{what}: event loop delay, {word}", ours["loop"]["late"][at], idle["late"][at], limit
        )
        for at, word, limit in ((1, "p99", 0.01), (2, "worst", 0.05))
    ]
    rows += [
        Row(
            _PART,
            f"{what}: longest uninterrupted work, worst",
            "ms",
            [ours["loop"]["own"][2]],
            wanted=("≤", 0.05),
        ),
        Row(_PART, f"{what}: CPU of a core", "%", [unprobed], wanted=("≤", 0.4)),
    ]
    if name == "16 panes":
        rows += [
            Row(
                _PART,
                f"{what}: CPU of a core",
                "%",
                [unprobed],
                f"16 × Textual's {peer}, same follower",
                [figures[peer]["cpu"]],
            )
            for peer in ("Log", "RichLog")
        ]
    rows += [
        Row(_PART, f"{what}: key → paint, worst", "ms", [keys["seconds"][2]]),
        Row(_PART, f"{what}: key → paint, median", "ms", [keys["seconds"][0]]),
        Row(_PART, f"{what}: keys without a response", "", [keys["unanswered"]], wanted=("≤", 0)),
        Row(_PART, f"{what}: lines missing", "", [ours["missing"]], wanted=("≤", 0)),
        Row(
            _PART,
            f"{what}: scrolled-up reader is moved",
            "",
            [float(not ours["reader"])],
            wanted=("≤", 0),
        ),
    ]
    return rows


def _opened(figures: dict[str, Any]) -> list[Row]:
    opening, idle = figures["opening"], figures["machine"]
    what = f"a finished run of {opening['lines']:,} lines"
    keys, loop = opening["keys"], opening["loop"]
    return [
        Row(
            _PART,
            f"{what}: process start → first lines visible",
            "s",
            [opening["first_screen"]],
            wanted=("≤", 2.0),
        ),
        Row(_PART, f"{what}: console's start → all read", "s", [opening["all_read"]]),
        _lateness(
            f"{what}: event loop delay while it is read, p99", loop["late"][1], idle["late"][1]
        ),
        _lateness(
            f"{what}: event loop delay while it is read, worst",
            loop["late"][2],
            idle["late"][2],
            0.05,
        ),
        Row(
            _PART,
            f"{what}: longest uninterrupted work while it is read, worst",
            "ms",
            [loop["own"][2]],
            wanted=("≤", 0.05),
        ),
        Row(_PART, f"{what}: key → paint while it is read, worst", "ms", [keys["seconds"][2]]),
        Row(_PART, f"{what}: key → paint while it is read, median", "ms", [keys["seconds"][0]]),
        Row(
            _PART,
            f"{what}: process memory, peak",
            "MB",
            [opening["memory"]],
            wanted=("≤", 150e6),
        ),
        Row(_PART, f"{what}: process memory, at the end", "MB", [opening["memory_now"]]),
    ]


def _lateness(what: str, ours: float, idle: float, limit: float | None = None) -> Row:
    """Return a row for the delay of a loop, with that of an idle loop in its name."""
    what = f"{what} (an idle loop: {idle * 1000:.1f} ms)"
    return Row(_PART, what, "ms", [ours], wanted=("≤", limit) if limit else None)
