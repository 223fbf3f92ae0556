"""The built package, and its installation in an otherwise empty environment."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Built(NamedTuple):
    """The files of a release, the unpacked source distribution, and a wheel built from it."""

    wheel: Path
    sdist: Path
    source: Path
    wheel_of_source: Path


class Console(NamedTuple):
    """The command that starts the installed console, without Docker on its PATH."""

    command: tuple[str, ...]
    environment: dict[str, str]


class Installed(NamedTuple):
    """An environment with the package."""

    environment: Path

    @property
    def bin(self) -> Path:
        return self.environment / "bin"

    def run(
        self, *words: str, cwd: Path, path: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, by default without Docker; `path` extends its PATH."""
        home = cwd.parent / "home"
        home.mkdir(exist_ok=True)
        environment_ = {"HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb", **variables}
        environment_["PATH"] = f"{self.bin}:{path}" if path else str(self.bin)
        return subprocess.run(
            [str(self.bin / words[0]), *words[1:]],
            cwd=cwd,
            env=environment_,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
