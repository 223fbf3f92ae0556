"""Plain lines: every line of every lane with its name before it; for pipes, CI, screen readers."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from typing import TextIO

from openhqm_tui.cli.summary import (
    MARKS,
    WORDS,
    check_lines,
    clock,
    failure_lines,
    failures_of,
    last_line,
    push_lines,
    table_lines,
    warning_lines,
)
from openhqm_tui.domain.log_lines import LogLines
from openhqm_tui.domain.plain_text import one_line, plain
from openhqm_tui.domain.state import Status, TargetState
from openhqm_tui.run.follow import Changes, Follower


class PlainOutput:
    """Prints log lines as they come and each lane's result when it is known."""

    def __init__(self, follower: Follower, out: TextIO) -> None:
        self._follower = follower
        self._out = out
        self._printed: dict[tuple[str, str, int], int] = {}
        self._told: dict[tuple[str, str], Status] = {}
        self._say(f"run {follower.folder.path.name} · {follower.folder.path}")
        self._noted = 0

    def update(self, changes: Changes) -> None:
        """Print the new lines of the lanes that moved."""
        state = self._follower.state
        for name in sorted(changes.targets):
            self._print_target(state.targets[name])
        for lane in state.lanes:
            status = lane.status
            if self._told.get(lane.key) is not status and status is not Status.WAITING:
                self._told[lane.key] = status
                self._tell(lane.key, status, lane.target)
        if notes := state.notes[self._noted :]:
            self._noted = len(state.notes)
            self._print_notes(notes)
        self._out.flush()

    def end(self) -> None:
        """Print digests of what failed, then the table."""
        folder = self._follower.folder.path
        state = self._follower.state
        for failure in failures_of(state, folder):
            self._say("", *failure_lines(failure))
        if wrong := check_lines(state, folder):
            self._say("", *wrong)
        if remarks := warning_lines(state):
            self._say("", *remarks)
        if pushed := push_lines(state):
            self._say("", *pushed)
        self._say("", *table_lines(state), "", last_line(state))
        self._out.flush()

    def _say(self, *lines: str) -> None:
        self._out.writelines(f"{line}\n" for line in lines)

    def _print_notes(self, notes: list[str]) -> None:
        self._say(*(f"note: {one_line(note, 500)}" for note in notes))

    def _print_target(self, target: TargetState) -> None:
        self._print_new(target, "", target.log)
        for platform, lane in target.lanes.items():
            self._print_new(target, str(platform), lane.log)

    def _print_new(self, target: TargetState, platform: str, log: LogLines) -> None:
        key = (target.name, platform, target.attempt)
        first, last = self._printed.get(key, 0), len(log)
        self._printed[key] = last
        name = f"{target.name} {platform}".strip()
        for index in range(first, last):
            self._say(f"{name} | {plain(log.text(index))}")

    def _tell(self, key: tuple[str, str], status: Status, target: TargetState) -> None:
        name = " ".join(key)
        if status is Status.CHECKING:
            took = clock((target.ended or 0.0) - (target.started or 0.0))
            self._say(f"{name} | built in {took}, checking")
        elif status.is_over:
            self._say(f"{name} | {MARKS[status]} {WORDS[status]}")


class GithubOutput(PlainOutput):
    """For GitHub Actions: each lane's log in a group of its own when its target is over."""

    def __init__(self, follower: Follower, out: TextIO) -> None:
        super().__init__(follower, out)
        self._grouped: set[tuple[str, int]] = set()

    def _print_target(self, target: TargetState) -> None:
        if target.outcome is None or (target.name, target.attempt) in self._grouped:
            return
        self._grouped.add((target.name, target.attempt))
        for lane, lines in [("", target.log), *((str(p), x.log) for p, x in target.lanes.items())]:
            self._say(f"::group::{target.name} {lane}".rstrip())
            with self._unheard():
                self._say(*(plain(lines.text(i)) for i in range(len(lines))))
            self._say("::endgroup::")

    def _print_notes(self, notes: list[str]) -> None:
        with self._unheard():
            super()._print_notes(notes)

    def end(self) -> None:
        """Annotate what failed, then print as plain does."""
        for failure in failures_of(self._follower.state, self._follower.folder.path):
            where = failure.where.rpartition(":")
            file = _escape(where[0]).replace(":", "%3A").replace(",", "%2C")
            place = f" file={file},line={where[2]}" if file else ""
            title = f"{failure.target} {failure.platform} {failure.step}"
            self._say(f"::error{place}::{_escape(f'{title}: {failure.reason}')}")
        with self._unheard():
            super().end()

    @contextlib.contextmanager
    def _unheard(self) -> Iterator[None]:
        """Keep Actions from obeying what is printed: a log may hold `::add-mask::` or `##[…]`.

        Commands are found after blanks and, in their old form, anywhere in a line, so nothing
        put before a line would do; a word that no build can guess ends the silence.
        """
        word = secrets.token_hex(16)
        self._say(f"::stop-commands::{word}")
        yield
        self._say(f"::{word}::")


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
