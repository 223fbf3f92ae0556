"""The console on a real terminal (a pty), for somebody who types, and may be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

from openhqm_tui.store.run_folder import RunFolder
from tests.soak.place import OURS, Broken, Place, until
from tests.terminal import start_on_terminal


class Console:
    """A console at work; what it draws is read and thrown away, but for the last of it."""

    def __init__(self, place: Place, cwd: Path, run: RunFolder | None = None) -> None:
        on_run = (sys.executable, "-m", "tests.soak.terminal", str(run.path) if run else "")
        environment = place.environment | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self._process, self._terminal = start_on_terminal(
            OURS if run is None else on_run, cwd=cwd, environment=environment
        )
        self._said = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, text: str) -> None:
        """Wait until a text was drawn."""
        until(lambda: text.encode() in self._said or not self.alive, f"'{text}' on the screen", 60)
        if not self.alive:
            raise Broken(f"the console ended: {self._said[-500:].decode('utf-8', 'replace')}")

    def press(self, *keys: str) -> None:
        """Press keys, as fast as a quick person."""
        for key in keys:
            with contextlib.suppress(OSError):
                os.write(self._terminal, key.encode())
            time.sleep(0.05)

    @property
    def alive(self) -> bool:
        """Return whether the console is there."""
        return self._process.poll() is None

    def kill(self, *, with_terminal: bool) -> None:
        """Kill it, and let its terminal die as well, which hangs up all that belongs to it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if with_terminal:
            self._hang_up()

    def close(self) -> None:
        """Leave nothing of it."""
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
            self._said = (self._said + piece)[-200_000:]


def open_on(run: str) -> int:
    """Open the console on a run."""
    from openhqm_tui.cli.console import open_console
    from openhqm_tui.store.settings import read_settings

    return open_console(read_settings(Path.cwd()), RunFolder(Path(run)))


if __name__ == "__main__":
    sys.exit(open_on(sys.argv[1]))
