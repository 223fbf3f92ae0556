"""A server as a person starts it, and the consoles that it has started."""

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

_TOLD = re.compile(r"^(http://\S+/)(?:\?token=(\S+))? opens the console")


class Served(NamedTuple):
    """A server that runs: where it is, the token that it told, and what it says."""

    process: subprocess.Popen[str]
    url: str
    token: str
    said: Path

    @property
    def open_url(self) -> str:
        return f"{self.url}?token={self.token}" if self.token else self.url

    def consoles(self) -> list[int]:
        """Return the processes that it started and that still run."""
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
    said = folder / "said"
    with said.open("w") as errors:
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
        told = _TOLD.match(line)
        assert told, f"{line}{said.read_text()}"
        yield Served(process, told[1], (told[2] or "").replace("…", ""), said)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(60)
        process.stdout and process.stdout.close()


def all_gone(pids: list[int]) -> None:
    """Wait until none of them runs."""
    until(lambda: all(is_gone(pid) for pid in pids), f"processes {pids} end")
