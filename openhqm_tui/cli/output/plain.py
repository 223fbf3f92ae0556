"""Plain output for pipes, CI and screen readers: each log line is prefixed with its lane."""

from __future__ import annotations

from typing import TextIO, cast

from openhqm_tui.cli.output.check import check_annotations
from openhqm_tui.cli.output.github import annotation, escaped_commands, quiet
from openhqm_tui.cli.output.summary import (
    cause_lines,
    check_lines,
    failures_of,
    last_line,
    push_lines,
    table_lines,
    warning_lines,
)
from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.checks.verdict import Answer, worst
from openhqm_tui.domain.failures.causes import causes_of
from openhqm_tui.domain.formatting import clock_text, duration_text
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.decisions import held_words, status_text
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import LaneState, TargetState
from openhqm_tui.domain.run.status import STATUS_TEXTS, Status, StatusText
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.run.follow.eta import expected_text, time_left_of
from openhqm_tui.run.follow.follower import Changes, EventOrderer, Follower, logs_of

_RESULTS = {Answer.FAIL: Status.FAILED, Answer.UNKNOWN: Status.UNKNOWN}


class PlainOutput:
    """Prints log lines as they arrive, and each lane's result once it is known."""

    def __init__(self, follower: Follower, out: TextIO, *, verbose: bool = False) -> None:
        self._follower = follower
        self._verbose = verbose
        self._out = out
        self._orderer = EventOrderer(follower)
        # Lanes whose results were printed, with the attempt.
        self._printed = {_attempt(lane) for lane in follower.state.lanes if lane.status.is_over}
        self._say(f"run {follower.folder.path.name} · {follower.folder.path}")
        if follower.state.outcome is None and (
            guess := time_left_of(follower.folder.info).before_start(follower.state)
        ):
            self._say(expected_text(guess))

    def update(self, changes: Changes) -> None:
        """Print the new log lines and results of changed lanes."""
        for name in sorted(changes.targets):
            self._print_lines(self._follower.state.targets[name])
        for event in self._orderer.events(changes):
            self._print_event(event)
        if notes := [text for event in changes.events if (text := self._note(event))]:
            self._print_notes(notes)
        self._out.flush()

    def leave(self) -> None:
        """Flush; there is nothing to clean up."""
        self._out.flush()

    def end(self) -> None:
        """Print failures, then the table of results."""
        folder = self._follower.folder.path
        state = self._follower.state
        for lane in state.lanes:
            if lane.status.is_over and _attempt(lane) not in self._printed:
                self._print_result(lane, status_text(lane))
        for cause in causes_of(failures_of(state, folder)):
            self._say("", *cause_lines(cause))
        if wrong := check_lines(state, folder, verbose=self._verbose):
            self._say("", *wrong)
        if warnings := warning_lines(state):
            self._say("", *warnings)
        if pushed := push_lines(state):
            self._say("", *pushed)
        self._say("", *table_lines(state), "", last_line(state))
        self._out.flush()

    def _say(self, *lines: str) -> None:
        self._out.writelines(f"{line}\n" for line in lines)

    def _note(self, event: events.AnyEvent) -> str:
        match event:
            case events.Note():
                return event.text
            case events.CancelRequested():
                return f"{event.target or 'the run'} is being cancelled"
            case events.OutputStalled():
                at = f" in {event.step}" if event.step else ""
                lasts = clock_text(event.at - event.since)
                silent = f"{event.target} has printed nothing for {lasts}{at}"
                stops = f"openhqm-tui cancel {self._follower.folder.path.name} {event.target}"
                return f"{silent}, but is still running (`{stops}` stops it)"
            case events.OutputResumed():
                return f"{event.target} is printing output again"
        return ""

    def _print_notes(self, notes: list[str]) -> None:
        self._say(*(f"note: {one_line(note, 500)}" for note in notes))

    def _print_lines(self, target: TargetState) -> None:
        for platform, log, index in self._orderer.lines(target):
            name = f"{target.name} {platform}".strip()
            self._say(f"{name} | {plain(log.text(index))}")

    def _print_event(self, event: events.AnyEvent) -> None:
        state = self._follower.state
        match event:
            case events.TargetEnded():
                self._print_end(state.targets[event.target])
            case events.CheckStarted() if lane := state.lane(event.target, event.platform):
                if _attempt(lane) in self._printed:
                    self._print_lane(lane, "checking again")
            case events.LaneChecked() if lane := state.lane(event.target, event.platform):
                status = _RESULTS.get(worst(event.verdicts), Status.PASSED)
                self._print_result(lane, STATUS_TEXTS[status])
            case events.CheckCancelled() if lane := state.lane(event.target, event.platform):
                self._print_result(lane, STATUS_TEXTS[Status.CANCELLED])
            case events.ReadBack():
                held = f"{event.name}: {held_words(event)}"
                self._say(f"{event.target} | pushed and read back {held}")
            case _:
                pass

    def _print_end(self, target: TargetState) -> None:
        took = duration_text((target.ended or 0.0) - (target.started or 0.0))
        for lane in target.lanes.values():
            if target.outcome is Outcome.PASSED and target.is_checked:
                self._print_lane(lane, f"built in {took}, checking")
            elif _attempt(lane) not in self._printed:
                self._print_result(lane, status_text(lane))

    def _print_result(self, lane: LaneState, text: StatusText) -> None:
        self._printed.add(_attempt(lane))
        self._print_lane(lane, str(text))

    def _print_lane(self, lane: LaneState, what: str) -> None:
        self._say(f"{' '.join(lane.key)} | {what}")


class GithubOutput(PlainOutput):
    """Output for GitHub Actions: each lane's log in its own group, once its target has finished."""

    def __init__(self, follower: Follower, out: TextIO, *, verbose: bool = False) -> None:
        self._actions = quiet(out)
        super().__init__(follower, cast(TextIO, self._actions), verbose=verbose)

    def _command(self, line: str) -> None:
        self._actions.command(line)

    def _print_lines(self, target: TargetState) -> None:
        """Print nothing yet: lanes built in parallel would break up each other's groups."""

    def _print_end(self, target: TargetState) -> None:
        self._print_groups(target)
        super()._print_end(target)

    def _print_groups(self, target: TargetState) -> None:
        lines: dict[str, list[str]] = {platform: [] for platform, _ in logs_of(target)}
        for platform, log, index in self._orderer.lines(target):
            lines[platform].append(plain(log.text(index)))
        for platform, texts in lines.items():
            self._command(f"::group::{target.name} {platform}".rstrip())
            with escaped_commands(self._command):
                self._say(*texts)
            self._command("::endgroup::")

    def _print_notes(self, notes: list[str]) -> None:
        with escaped_commands(self._command):
            super()._print_notes(notes)

    def end(self) -> None:
        """Annotate failures, then print the same as plain output."""
        for target in self._follower.state.targets.values():
            if target.attempt and target.outcome is None:
                self._print_groups(target)  # the runner died before it finished
        for cause in causes_of(failures_of(self._follower.state, self._follower.folder.path)):
            failure = cause.first
            file, _, line = failure.where.rpartition(":")
            step = one_line(short_title(failure.step))
            title = " ".join(filter(None, (", ".join(cause.targets), failure.platform, step)))
            self._command(annotation("error", f"{title}: {failure.reason}", file=file, line=line))
        for lane in self._follower.state.lanes:
            for line in check_annotations(" ".join(lane.key), lane.verdicts):
                self._command(line)
        with escaped_commands(self._command):
            super().end()


def _attempt(lane: LaneState) -> tuple[str, str, int]:
    return *lane.key, lane.target.attempt
