"""Rows of the bench: each measurement compared with a baseline or a limit.

A row is a ratio or a figure with an optional target. The parts measure and return rows; this
module formats them as a Markdown table and as JSON.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Wanted = tuple[Literal["≤", "≥"], float]

_UNIT_SCALES = {"ms": 1e3, "µs": 1e6, "MB": 1e-6, "%": 1e2}


@dataclass(frozen=True)
class Row:
    """One measurement.

    `ours` and `theirs` have a figure for each round, in seconds, bytes, shares or counts per
    second; `unit` is the displayed unit (`s`, `ms`, `µs`, `MB`, `%`, or any word). Without
    `theirs`, `wanted` is a limit for the figure itself, in base units; with it, for the ratio
    of the medians, ours / theirs.
    """

    part: str
    what: str
    unit: str
    ours: Sequence[float]
    baseline: str = ""
    theirs: Sequence[float] = ()
    wanted: Wanted | None = None

    @property
    def ratio(self) -> float | None:
        """The median of ours divided by that of the baseline; None without a baseline."""
        if not self.theirs:
            return None
        under = statistics.median(self.theirs)
        return statistics.median(self.ours) / under if under else None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.wanted is None:
            return None
        operator, limit = self.wanted
        value = self.ratio if self.theirs else statistics.median(self.ours)
        if value is None:
            return None
        return value <= limit if operator == "≤" else value >= limit


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown tables, with a heading for each part."""
    lines: list[str] = []
    part = ""
    for row in rows:
        if row.part != part:
            part = row.part
            lines += [
                *([""] if lines else []),
                f"### {part}",
                "",
                "| measurement | openhqm-tui | baseline | | ratio | target | |",
                "|---|---|---|---|---|---|---|",
            ]
        lines.append(f"| {' | '.join(_cells(row))} |")
    return "\n".join(lines) + "\n"


def missed(rows: Sequence[Row]) -> str:
    """Return the rows that missed their target, as a line or a list."""
    wanted = [row for row in rows if row.wanted is not None]
    wrong = [row for row in wanted if not row.is_met]
    if not wrong:
        return f"All {len(wanted)} rows with a target met it."
    lines = [f"{len(wrong)} of {len(wanted)} rows missed their target:"]
    lines += [f"- {row.part}: {' · '.join(cell for cell in _cells(row) if cell)}" for row in wrong]
    return "\n".join(lines)


def keep(rows: Sequence[Row], place: Path, machine: str = "") -> None:
    """Write `bench.md` and `bench.json` to a folder, with the description of the machine."""
    place.mkdir(parents=True, exist_ok=True)
    page = f"{machine}\n\n{table(rows)}\n{missed(rows)}\n" if machine else table(rows)
    (place / "bench.md").write_text(page, encoding="utf-8")
    kept = {"machine": machine, "rows": [_as_json(row) for row in rows]}
    text = json.dumps(kept, indent=2, ensure_ascii=False)
    (place / "bench.json").write_text(text + "\n", encoding="utf-8")


def kept(place: Path) -> tuple[str, list[Row]]:
    """Return the description of the machine and the rows written by `keep`."""
    saved = json.loads((place / "bench.json").read_bytes())
    return saved["machine"], [
        Row(
            row["part"],
            row["what"],
            row["unit"],
            row["ours"],
            row["baseline"],
            row["theirs"],
            None if row["wanted"] is None else (row["wanted"][0], row["wanted"][1]),
        )
        for row in saved["rows"]
    ]


def figure(value: float, unit: str) -> str:
    """Return a figure in base units as text: three digits and the unit."""
    value *= _UNIT_SCALES.get(unit, 1.0)
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{number} %" if unit == "%" else f"{number} {unit}".rstrip()


def _cells(row: Row) -> list[str]:
    ratio = row.ratio
    wanted, mark = "", ""
    if row.wanted is not None:
        operator, limit = row.wanted
        wanted = (
            f"{operator} {limit:g} ×" if row.theirs else f"{operator} {figure(limit, row.unit)}"
        )
        mark = {True: "✓", False: "✗ missed", None: "not measured"}[row.is_met]
    return [
        row.what,
        _spread(row.ours, row.unit),
        row.baseline,
        _spread(row.theirs, row.unit),
        "" if ratio is None else f"{ratio:.3g}",
        wanted,
        mark,
    ]


def _spread(values: Sequence[float], unit: str) -> str:
    """Return the median, with the range if there are several rounds."""
    if not values:
        return ""
    middle = figure(statistics.median(values), unit)
    if len(values) == 1:
        return middle
    return f"{middle} ({figure(min(values), unit)}–{figure(max(values), unit)})"


def _as_json(row: Row) -> dict[str, Any]:
    return {
        "part": row.part,
        "what": row.what,
        "unit": row.unit,
        "ours": list(row.ours),
        "baseline": row.baseline,
        "theirs": list(row.theirs),
        "ratio": row.ratio,
        "wanted": None if row.wanted is None else list(row.wanted),
        "is_met": row.is_met,
    }
