"""A server started on the command line, and its consoles."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.processes import is_gone
from tests.waiting import until

_ADDRESS_LINE = re.compile(r"^(http://\S+/)(?:\?token=(\S+))? opens the console")


class Served(NamedTuple):
    """A running server: its URL, the token it printed, and the file with its output."""

    process: subprocess.Popen[str]
    url: str
    token: str
    output: Path

    @property
    def open_url(self) -> str:
        return f"{self.url}?token={self.token}" if self.token else self.url

    def consoles(self) -> list[int]:
        """Return the processes it started that are still running."""
        ran = subprocess.run(
            ["ps", "-o", "pid=,stat=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        lines = (line.split() for line in ran.stdout.splitlines())
        return [int(pid) for pid, stat in lines if not stat.startswith("Z")]


@contextmanager
def serve(
    folder: Path, *words: str, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Run `openhqm-tui serve` on a free port until the block is left."""
    output = folder / "output"
    with output.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "openhqm_tui", "serve", "--port", "0", *words],
            cwd=folder,
            env=dict(os.environ) | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = _ADDRESS_LINE.match(line)
        assert match, f"{line}{output.read_text()}"
        yield Served(process, match[1], (match[2] or "").replace("…", ""), output)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        process.stdout and process.stdout.close()


def all_gone(pids: list[int]) -> None:
    """Wait until none of the processes is running."""
    until(lambda: all(is_gone(pid) for pid in pids), f"processes {pids} end")
