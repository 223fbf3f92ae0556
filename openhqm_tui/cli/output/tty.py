"""Terminal output: a live table of lanes (Rich), failures as they happen, a final summary."""

from __future__ import annotations

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from openhqm_tui.cli.output.summary import (
    COLUMNS,
    cause_lines,
    cells,
    check_lines,
    failures_of,
    last_line,
    push_lines,
    rows_of,
    warning_lines,
)
from openhqm_tui.domain.failures.causes import FailureCause, causes_of
from openhqm_tui.domain.formatting import clock_text, elapsed_text
from openhqm_tui.domain.run.decisions import status_text
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import LaneState
from openhqm_tui.domain.run.status import SILENT, STATUS_TEXTS, STOPPING, ColorRole, Status
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.run.follow.eta import left_text, time_left_of
from openhqm_tui.run.follow.follower import Changes, Follower

_STYLES: dict[ColorRole, str] = {
    ColorRole.MUTED: "dim",
    ColorRole.ACTIVE: "cyan",
    ColorRole.CHECKING: "magenta",
    ColorRole.SUCCESS: "green",
    ColorRole.WARNING: "yellow",
    ColorRole.ERROR: "bold red",
}
_BAR = 12


class TtyOutput:
    """Shows a table of lanes at the bottom of the terminal during the run."""

    def __init__(self, follower: Follower, ctrl_c: str, *, verbose: bool = False) -> None:
        self._follower = follower
        self._verbose = verbose
        self._ctrl_c = ctrl_c
        self._console = Console(highlight=False)
        self._digested = {
            (target.name, target.attempt)
            for target in follower.state.targets.values()
            if target.outcome is Outcome.FAILED
        }
        # Targets whose failure was printed.
        self._shown: set[str] = set()
        self._left = time_left_of(follower.folder.info)
        self._estimated = 0.0
        path = follower.folder.path
        self._console.print(Text(f"run {path.name} · {path}", style="dim"))
        self._live = Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=4,
            transient=True,
            vertical_overflow="crop",
        )
        self._live.start()

    def update(self, changes: Changes) -> None:
        """Print why targets have just failed, each cause once; the table redraws itself."""
        state = self._follower.state
        attempts = {
            name: state.targets[name].attempt
            for name in changes.targets
            # Until its stream has ended, its last output hasn't been read.
            if state.targets[name].status is Status.FAILED and name not in self._follower.targets
        }
        failed = {item for item in attempts.items() if item not in self._digested}
        if not failed:
            return
        for cause in causes_of(failures_of(state, self._follower.folder.path)):
            new = [
                one for one in cause.failures if (one.target, attempts.get(one.target)) in failed
            ]
            if new:
                part = FailureCause(tuple(new))
                told = [name for name in cause.targets if name in self._shown - {*part.targets}]
                lines = cause_lines(part)
                if told:
                    lines = [f"✗ {part.title} · the same error as {told[0]}"]
                self._console.print(Text("\n".join(lines) + "\n"))
                self._shown |= set(part.targets)
        self._digested |= failed

    def leave(self) -> None:
        """Remove the live table."""
        self._live.stop()

    def end(self) -> None:
        """Replace the live table with the final one, which stays in the scrollback."""
        self._live.stop()
        state = self._follower.state
        if wrong := check_lines(state, self._follower.folder.path, verbose=self._verbose):
            self._console.print(Text("\n".join(wrong) + "\n"))
        if warnings := warning_lines(state):
            self._console.print(Text("\n".join(warnings) + "\n", style="yellow"))
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in COLUMNS:
            table.add_column(
                Text(name), justify="right" if name in {"build time", "size"} else "left"
            )
        for row in rows_of(state):
            texts = [Text(plain(cell)) for cell in cells(row)]
            texts[2].stylize(_STYLES[STATUS_TEXTS[Status(row.status)].role])
            table.add_row(*texts)
        self._console.print(table)
        if pushed := push_lines(state):
            self._console.print(Text("\n" + "\n".join(pushed) + "\n"))
        self._console.print(Text(last_line(state), style="bold"))
        for note in state.notes:
            self._console.print(Text(f"note: {one_line(note, 500)}", style="yellow"))

    def _render(self) -> Group:
        now = self._follower.now
        state = self._follower.state
        # The table is drawn more often than estimates change.
        if not self._estimated <= now < self._estimated + 1.0:
            self._left.update(state, now)
            self._estimated = now
        table = Table.grid(padding=(0, 2))
        room = max(4, self._console.height - 3)
        lanes = state.lanes
        if len(lanes) > room:
            # Show what is active or failed; waiting and finished lanes are only counted.
            order = (Status.FAILED, Status.RUNNING, Status.CHECKING, Status.UNKNOWN)
            lanes = sorted(lanes, key=lambda lane: lane.status not in order)[:room]
        for lane in lanes:
            table.add_row(*self._cells(lane, now))
        hidden = len(state.lanes) - len(lanes)
        took = clock_text(state.elapsed(now))
        left = f" · {left_text(guess)}" if (guess := self._left.of()) else ""
        over = sum(lane.status.is_over for lane in state.lanes)
        foot = f"{over}/{len(state.lanes)} done · {took}{left} · Ctrl-C {self._ctrl_c}"
        if hidden:
            foot = f"{hidden} more · {foot}"
        return Group(table, Text(foot, style="dim"))

    def _cells(self, lane: LaneState, now: float) -> tuple[Text, ...]:
        status = lane.status
        done, known = lane.step_counts()
        full = _BAR if status.is_over or not known else min(_BAR, done * _BAR // known)
        if status is Status.WAITING:
            full = 0
        style = _STYLES[status_text(lane).role]
        left = self._left.of(lane.target.name)
        current = next((s for s in reversed(lane.steps) if s.status is Status.RUNNING), None)
        return (
            Text(f"{status_text(lane).symbol} {lane.target.name}", style=style),
            Text(str(lane.platform)),
            Text("━" * full, style=style) + Text("─" * (_BAR - full), style="dim"),
            Text(f"{done}/{known}" if known else ""),
            Text(elapsed_text(lane.target.elapsed(now), running=not lane.target.status.is_over)),
            *([Text(left_text(left) if left else "", style="dim")] if self._left.is_known else []),
            Text(_word(lane, now), style=style),
            Text(
                one_line(current.name.short_label, 60) if current else "",
                style="dim",
                no_wrap=True,
                overflow="ellipsis",
            ),
        )


def _word(lane: LaneState, now: float) -> str:
    target = lane.target
    if lane.status is Status.RUNNING and target.cancel_asked:
        return STOPPING.word
    if lane.status is Status.RUNNING and target.silent_since is not None:
        return f"{SILENT.word} {clock_text(now - target.silent_since)}"
    return status_text(lane).word
