"""GitHub Actions: annotations, escaped workflow commands, the step summary."""

from __future__ import annotations

import contextlib
import io
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO, cast

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.report.formats.github import append_summary
from openhqm_tui.report.gather import report_of
from openhqm_tui.run.follow.follower import Follower

Say = Callable[[str], object]

# The runner obeys `::name…::` at the start of a line, even after blanks, and `##[name]` anywhere.
_COMMAND = re.compile(
    r"(?:(?P<blanks>(?:^|(?<=\r))[^\S\r\n]*)(?=::)|(?=##))(?P<word>::|##\[)", re.MULTILINE
)
# Equivalent in JSON, and not a command to the runner.
_IN_JSON = "\\u0023#["
_JSON = frozenset('{}["')


class QuietStream(io.TextIOBase):
    """A stream on which only text written by `command` is a command to GitHub Actions."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # The end of the output so far, which a command could continue.
        self._tail = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the underlying stream."""
        return self._stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        """Write text that may contain untrusted text."""
        whole, seam = self._tail + text, len(self._tail)
        if any(found.start("word") < seam < found.end() for found in _COMMAND.finditer(whole)):
            # The command began in the previous output.
            self._stream.write(" ")
            self._tail = "x"
        begun = self._tail if self._tail.strip() else ""
        self._stream.write(muted(begun + text)[len(begun) :])
        line = re.split(r"[\r\n]", self._tail + text)[-1]
        self._tail = line if len(line) < 3 or line.strip() in {"", ":"} else f"x{line[-2:]}"
        return len(text)

    def writelines(self, lines: Iterable[Any]) -> None:
        """Write several texts."""
        for line in lines:
            self.write(line)

    def command(self, line: str) -> None:
        """Write a workflow command."""
        self._stream.write(f"{line}\n")
        self._tail = ""

    def flush(self) -> None:
        """Flush the underlying stream."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Return whether the underlying stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the underlying file descriptor."""
        return self._stream.fileno()


def muted(text: str) -> str:
    """Return the text with everything that the runner would treat as a command neutralized."""
    if "::" not in text and "##[" not in text:
        return text
    return _COMMAND.sub(_broken, text)


def _broken(found: re.Match[str]) -> str:
    if found["word"] == "::":
        return f"{found['blanks']}: :"
    line = found.string[found.string.rfind("\n", 0, found.start()) + 1 :].lstrip()
    return _IN_JSON if line[:1] in _JSON else "# #["


def quiet(stream: TextIO) -> QuietStream:
    """Return a stream on which only our own commands take effect."""
    return stream if isinstance(stream, QuietStream) else QuietStream(stream)


@contextlib.contextmanager
def commands_muted() -> Iterator[None]:
    """Neutralize all output in a GitHub Actions job; files get the text unchanged."""
    before = sys.stdout, sys.stderr
    if os.environ.get("GITHUB_ACTIONS", "") not in {"", "false"}:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if not _is_file(stream):
                setattr(sys, name, cast(TextIO, quiet(stream)))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def annotation(kind: str, text: str, *, file: str = "", line: str = "", title: str = "") -> str:
    """Return the command that annotates a file or the job; `kind`: error, warning, notice."""
    properties = [("file", file), ("line", line if file else ""), ("title", title)]
    fields = ",".join(f"{name}={_property(value)}" for name, value in properties if value)
    return f"::{kind}{' ' if fields else ''}{fields}::{_escape(muted(text))}"


@contextlib.contextmanager
def escaped_commands(say: Say) -> Iterator[None]:
    """Disable workflow commands while untrusted text is printed, in case `muted` misses one.

    A word that no build can guess enables them again.
    """
    word = secrets.token_hex(16)
    say(f"::stop-commands::{word}")
    yield
    say(f"::{word}::")


def _property(text: str) -> str:
    return _escape(muted(text)).replace(":", "%3A").replace(",", "%2C")


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def add_step_summary(follower: Follower) -> None:
    """Append a report on a finished run to the step's summary, if there is one.

    If the summary can't be written, print the reason; the exit code stays the same.
    """
    file = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not file:
        return
    report = report_of(follower.folder, follower.state, follower.now)
    try:
        append_summary(Path(file), report)
    except UsageProblem as problem:
        sys.stderr.write(f"openhqm-tui: {problem}\n")
