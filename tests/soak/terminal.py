"""The console on a real terminal (a pty), controlled by key presses."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

from openhqm_tui.store.run_folder import RunFolder
from tests.soak.place import OURS, Place, RoundFailed, until
from tests.terminal import start_on_terminal


class Console:
    """A running console; only the end of its output is kept."""

    def __init__(self, place: Place, cwd: Path, run: RunFolder | None = None) -> None:
        on_run = (sys.executable, "-m", "tests.soak.terminal", str(run.path) if run else "")
        environment = place.environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self._process, self._terminal = start_on_terminal(
            OURS if run is None else on_run, cwd=cwd, environment=environment
        )
        self._output = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, text: str) -> None:
        """Wait until a text is drawn."""
        until(
            lambda: text.encode() in self._output or not self.alive, f"'{text}' on the screen", 60
        )
        if not self.alive:
            raise RoundFailed(
                f"the console ended: {self._output[-500:].decode('utf-8', 'replace')}"
            )

    def press(self, *keys: str) -> None:
        """Press keys, as fast as a fast typist."""
        for key in keys:
            with contextlib.suppress(OSError):
                os.write(self._terminal, key.encode())
            time.sleep(0.05)

    @property
    def alive(self) -> bool:
        """Return whether the console is running."""
        return self._process.poll() is None

    def kill(self, *, with_terminal: bool) -> None:
        """Kill the console, and optionally close its terminal, which hangs up its processes."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if with_terminal:
            self._hang_up()

    def close(self) -> None:
        """End the console and its terminal."""
        if self.alive:
            self.kill(with_terminal=True)
        self._hang_up()
        self._reader.join(timeout=10)

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._terminal)

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._terminal, 1 << 16)
            except OSError:
                return
            if not piece:
                return
            self._output = (self._output + piece)[-200_000:]


def open_on(run: str) -> int:
    """Open the console on a run."""
    from openhqm_tui.cli.console import open_console
    from openhqm_tui.store.settings import read_settings

    return open_console(read_settings(Path.cwd()), RunFolder(Path(run)))


if __name__ == "__main__":
    sys.exit(open_on(sys.argv[1]))
