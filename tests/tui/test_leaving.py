"""When a console quits or loses its terminal, the run continues and the terminal is restored.

On a real terminal, with the real console in a separate process.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui import folders
from tests.waiting import PATIENCE, until

_CONSOLE = """
import sys
from pathlib import Path
from openhqm_tui.store.run_folder import RunFolder
from tests.tui.conftest import World
run = RunFolder(Path(sys.argv[1]))
app = World(run.path.parent.parent).app(run)
code = app.run() or app.return_code or 0
print("terminal restored", flush=True)
sys.exit(code)
"""
_ALT_SCREEN_LEFT, _MOUSE_LEFT, _CURSOR_BACK = b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?25h"


class Console:
    """A console on its own terminal; `output` is what it wrote since the last key."""

    def __init__(self, run: Path) -> None:
        self.output = b""
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(Path(__file__).parents[2])
            os.environ |= {"TERM": "xterm-256color", "LINES": "30", "COLUMNS": "100"}
            os.execv(sys.executable, [sys.executable, "-c", _CONSOLE, str(run)])

    def sees(self, words: bytes) -> None:
        """Wait until the output since the last key contains `words`."""
        until(lambda: self._read() and words in self.output, f"the console shows {words!r}")

    def press(self, key: bytes) -> None:
        """Press a key."""
        self.output = b""
        os.write(self._terminal, key)

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self._terminal)
        self._terminal = -1

    def code(self) -> int:
        """Wait until the console has exited, and return its exit code."""
        deadline = time.monotonic() + PATIENCE
        while (gone := os.waitpid(self.pid, os.WNOHANG)) == (0, 0):
            assert time.monotonic() < deadline, "the console never exits"
            if self._terminal >= 0:
                self._read()
            else:
                time.sleep(0.01)
        self.pid = 0
        if self._terminal >= 0:
            self._read()
        return os.waitstatus_to_exitcode(gone[1])

    def close(self) -> None:
        """Close the terminal and kill the console."""
        if self._terminal >= 0:
            os.close(self._terminal)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def _read(self) -> bool:
        try:
            while select.select([self._terminal], [], [], 0.01)[0]:
                self.output += os.read(self._terminal, 1 << 16)
        except OSError:
            pass  # the other end is closed
        return True


@pytest.fixture
def made(tmp_path: Path) -> Iterator[folders.Made]:
    """A run in progress."""
    made = folders.running(tmp_path)
    yield made
    made.release()


@pytest.fixture
def console(made: folders.Made) -> Iterator[Console]:
    """A console that shows the run."""
    console = Console(made.run.path)
    try:
        console.sees(b"building")
        console.sees(b"redis")
        yield console
    finally:
        console.close()


def is_restored(console: Console) -> bool:
    """Return whether the terminal was restored, and nothing but our text was written afterwards."""
    output = console.output
    after = output.rpartition(b"\x1b[23;2t")[2].strip()
    left = all(ends in output for ends in (_ALT_SCREEN_LEFT, _MOUSE_LEFT, _CURSOR_BACK))
    return left and after == b"terminal restored"


def is_running(made: folders.Made) -> bool:
    return made.run.is_live() and made.run.control_file.read_bytes() == b""


@pytest.mark.parametrize("means", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminated_console_restores_the_terminal(console, made, means):
    os.kill(console.pid, means)
    assert console.code() == 128 + means
    assert is_restored(console), console.output[-400:]
    assert is_running(made)


def test_a_console_without_its_terminal_exits_and_the_run_continues(console, made):
    console.hang_up()
    assert console.code() == 128 + signal.SIGHUP
    assert is_running(made)


@pytest.mark.parametrize("key", [b"q", b"\x11"])
def test_quitting_twice_keeps_the_run_running(console, made, key):
    console.press(key)
    console.sees(b"Keep running")
    console.press(key)
    assert console.code() == 0
    assert is_restored(console), console.output[-400:]
    assert is_running(made)


def test_ctrl_c_shows_how_to_quit_and_stops_nothing(console, made):
    console.press(b"\x03")
    console.sees(b"to quit the app")
    console.press(b"\x03")
    console.press(b"q")
    console.sees(b"Keep running")
    console.press(b"\r")
    assert console.code() == 0
    assert is_restored(console), console.output[-400:]
    assert is_running(made)
