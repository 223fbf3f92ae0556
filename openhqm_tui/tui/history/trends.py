"""Times and sizes of images over past runs: a table, and a chart of the selected one."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from openhqm_tui.domain.formatting import (
    count_text,
    duration_text,
    local_time_text,
    percent_text,
    size_text,
)
from openhqm_tui.domain.history.trends import Series, columns, sparkline
from openhqm_tui.domain.text import one_line
from openhqm_tui.tui.widgets.table import CellTable

_HEADING = ("image", "last", "median", "times", "size", "cached", "sizes")
_LEAST_LINE, _MOST_LINE = 8, 40
# Approximate width of the columns without sparklines.
_FIXED = 64
_AXIS = 9
_WIDEST = 4


class TrendView(Vertical):
    """A table of images, and a chart of the selected one's times and sizes by run."""

    DEFAULT_CSS = """
    TrendView {
        & > CellTable { height: 1fr; }
        & > #trend-chart { height: auto; padding: 1 1 0 1; text-wrap: nowrap; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._series: list[Series] = []

    def compose(self) -> ComposeResult:
        """Build table and chart."""
        yield CellTable(id="trend-table")
        yield Static(id="trend-chart")

    @property
    def table(self) -> CellTable:
        """The table of images."""
        return self.query_one(CellTable)

    def show(self, series: Sequence[Series]) -> None:
        """Show other series."""
        self._series = list(series)
        self._draw()

    def on_resize(self) -> None:
        """Redraw for the new size."""
        self._draw()

    @on(CellTable.Marked)
    def marked(self, message: CellTable.Marked) -> None:
        """Show the chart of another image."""
        message.stop()
        self._draw_chart()

    def _draw(self) -> None:
        room = (self.size.width - _FIXED) // 2
        width = max(_LEAST_LINE, min(_MOST_LINE, room))
        self.table.show(_HEADING, [_cells(series, width) for series in self._series])
        self._draw_chart()

    def _draw_chart(self) -> None:
        chart = self.query_one("#trend-chart", Static)
        row = self.table.row
        # The table keeps half of a small screen.
        height = min(6, (self.size.height - 8) // 4)
        if row >= len(self._series) or height < 1:
            chart.display = False
            return
        chart.display = True
        chart.update(chart_of(self._series[row], self.size.width - 2, height))


def chart_of(series: Series, width: int, height: int) -> Content:
    """Return a series' times and sizes as column charts, scaled to the largest value."""
    room = max(1, width - _AXIS - 2)
    shown = series.points[-room:]
    title = Content.assemble(
        (one_line(f"{series.variant} {series.platform}", 60), "bold"),
        f" · {count_text(len(shown), 'run')} · {local_time_text(shown[0].at)}"
        f" to {local_time_text(shown[-1].at)}",
    )
    seconds = [point.seconds for point in shown]
    sizes = [float(point.size) for point in shown]
    return Content("\n").join(
        [
            title,
            *_chart(seconds, room, height, duration_text(max(seconds)), "$primary"),
            *_chart(sizes, room, height, size_text(max(sizes)), "$accent"),
        ]
    )


def _chart(values: Sequence[float], room: int, height: int, most: str, style: str) -> list[Content]:
    """Return a column chart with its axis; empty without measurements."""
    if not any(values):
        return []
    # Few runs fill the width with wider columns.
    wide = max(1, min(_WIDEST, room // len(values)))
    lines = ["".join(char * wide for char in line) for line in columns(values, room, height)]
    axis = [most, *[""] * (height - 2), "0"] if height > 1 else [most]
    return [
        Content.assemble((f"{label:>{_AXIS}} ┤", "$foreground-muted"), (line, style))
        for label, line in zip(axis, lines, strict=True)
    ]


def _cells(series: Series, width: int) -> Sequence[Content]:
    last, hit = series.points[-1], series.hit
    return (
        Content(one_line(f"{series.variant} {series.platform}", 60)),
        Content(duration_text(last.seconds)),
        Content(duration_text(series.usual)),
        Content.styled(sparkline(series.seconds, width), "$primary"),
        Content(size_text(last.size or None)),
        Content(percent_text(hit)),
        Content.styled(sparkline(series.sizes, width), "$accent"),
    )
