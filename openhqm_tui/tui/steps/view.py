"""Steps of a target or lanes of a run: summary, waterfall, details."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from openhqm_tui.domain.run.state import RunState
from openhqm_tui.tui.steps.chart import Chart
from openhqm_tui.tui.steps.run_chart import RunChart, lane_row
from openhqm_tui.tui.steps.target_chart import TargetChart
from openhqm_tui.tui.steps.waterfall import Waterfall
from openhqm_tui.tui.widgets.links import LinkedText

# Lines for the details including the border, by minimum height.
_DETAIL = ((34, 8), (18, 6), (12, 3))


class StepHeader(LinkedText):
    """Two lines of summary; the second ends with clickable actions."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    StepHeader {
        height: 2;
        padding: 0 1;
        background: $surface;
        text-wrap: nowrap;
    }
    """

    def show(self, chart: Chart, width: int, *, cached: bool) -> None:
        """Show a chart's summary; `cached` says whether it shows cached steps."""
        words = [
            ("s Logs", "leave"),
            ("a Target" if chart.what == "image" else "a Whole run", "whole"),
        ]
        if chart.what == "step":
            words.append((". Hide cached" if cached else ". Show cached", "cached"))
        links = Content(" ").join(
            Content.styled(f" {word} ", Style.from_meta({"@click": action}))
            for word, action in words
        )
        room = width - links.cell_length - 1
        facts = next((text for text in chart.facts() if len(text) <= room), "")
        second = Content.assemble(
            (facts, "$foreground-muted"), " " * (room + 1 - len(facts)), links
        )
        self.update(Content("\n").join([chart.head(width), second]), layout=False)

    def action_leave(self) -> None:
        """Request the logs."""
        self.post_message(Waterfall.Left(wholly=True))

    def action_whole(self) -> None:
        """Request to switch between the whole run and the target."""
        self.post_message(Waterfall.Whole())

    def action_cached(self) -> None:
        """Request to hide or show cached steps."""
        self.post_message(Waterfall.Cached())


class StepView(Vertical):
    """A chart with its header and the details of the selected row."""

    DEFAULT_CSS = """
    StepView {
        height: 1fr;
        & > #steps-detail {
            padding: 0 1;
            border-top: solid $border-blurred;
            scrollbar-size-vertical: 1;
            & > Static { width: 1fr; }
        }
    }
    """

    class Opened(Message):
        """A request for the log of a step, or of a lane if `step` is None.

        `platform` is '' if the step belongs to no lane.
        """

        def __init__(self, target: str, platform: str, step: int | None) -> None:
            super().__init__()
            self.target = target
            self.platform = platform
            self.step = step

    class Chosen(Message):
        """Another target is shown."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    class Left(Message):
        """A request to close the steps."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.target = ""
        self.whole = False
        self.cached = True
        self._state: RunState | None = None
        self._chart: Chart | None = None
        self._now = 0.0
        self._told: tuple[str, str, str] | None = None

    def compose(self) -> ComposeResult:
        """Build header, waterfall and details."""
        yield StepHeader()
        yield Waterfall()
        yield VerticalScroll(Static(), id="steps-detail", can_focus=False)

    @property
    def waterfall(self) -> Waterfall:
        """The rows."""
        return self.query_one(Waterfall)

    def show(self, state: RunState, target: str, now: float) -> None:
        """Show a target's steps, or the whole run."""
        key = None
        if state is not self._state or target != self.target:
            self.waterfall.forget()
            lanes = state.targets[target].lanes if self.whole else {}
            key = next((lane_row(target, str(platform)) for platform in lanes), None)
        self._state, self._now, self.target = state, now, target
        self._draw(key)

    def on_resize(self) -> None:
        """Adapt the details to the height; it stays fixed so that rows don't jump."""
        rows = next((rows for least, rows in _DETAIL if self.size.height >= least), 0)
        self.query_one("#steps-detail").styles.height = rows
        self._draw_words()

    @on(Waterfall.Marked)
    def row_marked(self, message: Waterfall.Marked) -> None:
        """Describe the selected row."""
        message.stop()
        self._draw_words()

    @on(Waterfall.Whole)
    def whole_wanted(self, message: Waterfall.Whole) -> None:
        """Switch between the whole run and the target."""
        message.stop()
        self.whole = not self.whole
        self.waterfall.forget()
        self._draw()
        self.screen.refresh_bindings()

    @on(Waterfall.Cached)
    def cached_wanted(self, message: Waterfall.Cached) -> None:
        """Hide or show cached steps."""
        message.stop()
        self.cached = not self.cached
        self._draw()

    @on(Waterfall.Read)
    def read_on(self, message: Waterfall.Read) -> None:
        """Scroll the details."""
        message.stop()
        detail = self.query_one("#steps-detail")
        detail.scroll_to(y=detail.scroll_offset.y + message.lines, animate=False, force=True)

    @on(Waterfall.Left)
    def left(self, message: Waterfall.Left) -> None:
        """Go back from the whole run to the target, or from there to the logs."""
        message.stop()
        if self.whole and not message.wholly:
            self.whole_wanted(Waterfall.Whole())
        else:
            self.post_message(self.Left())

    @on(Waterfall.Opened)
    def row_opened(self, message: Waterfall.Opened) -> None:
        """Open a step's log, or a lane's steps."""
        message.stop()
        row, chart = self.waterfall.row, self._chart
        if isinstance(chart, RunChart):
            lane = chart.lane(row)
            self.whole = False
            self.target = lane.target.name
            self._draw(str(lane.platform))
            self.screen.refresh_bindings()
            self.post_message(self.Chosen(lane.target.name))
        elif isinstance(chart, TargetChart):
            step, platform = chart.step(row), chart.lane(row)
            number = step.number if step is not None else None
            self.post_message(self.Opened(chart.target.name, str(platform or ""), number))

    def _draw(self, key: str | None = None) -> None:
        state = self._state
        target = state.targets.get(self.target) if state is not None else None
        if state is None or target is None:
            return
        self._chart = (
            RunChart(state, self._now)
            if self.whole
            else TargetChart(target, self._now, cached=self.cached)
        )
        self.waterfall.show(self._chart, key)
        self._draw_words()

    def _draw_words(self) -> None:
        chart = self._chart
        if chart is None:
            return
        width = max(0, self.size.width - 2)
        self.query_one(StepHeader).show(chart, width, cached=self.cached)
        row = self.waterfall.row
        detail = self.query_one("#steps-detail")
        detail.display = bool(chart.keys) and self.size.height >= _DETAIL[-1][0]
        if chart.keys:
            detail.query_one(Static).update(chart.detail(row))
            if self._told != (told := (chart.what, self.target, chart.keys[row])):
                self._told = told
                detail.scroll_to(y=0, animate=False, force=True)
