"""A built package, and one that is installed where nothing else is."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Built(NamedTuple):
    """The files of a release, and the source distribution unpacked and built once more."""

    wheel: Path
    sdist: Path
    source: Path
    wheel_of_source: Path


class Console(NamedTuple):
    """How the installed console is started, without Docker on its PATH."""

    command: tuple[str, ...]
    environment: dict[str, str]


class Installed(NamedTuple):
    """An environment with the package; `run` is a user in a folder, by default without Docker."""

    environment: Path

    @property
    def bin(self) -> Path:
        return self.environment / "bin"

    def run(
        self, *words: str, cwd: Path, path: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment; `path` is what PATH has beside the environment's."""
        home = cwd.parent / "home"
        home.mkdir(exist_ok=True)
        told = {"HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb", **variables}
        told["PATH"] = f"{self.bin}:{path}" if path else str(self.bin)
        return subprocess.run(
            [str(self.bin / words[0]), *words[1:]],
            cwd=cwd,
            env=told,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
