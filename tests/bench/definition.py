"""`make bench PARTS=definition`: the CPU time of reading a bake file with 100 targets.

Each command alternates with the `docker buildx bake --print` that resolves the same targets. The
client is sufficient: no engine is needed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.rows import Row

PART = "Bake file of 100 targets"
ROUNDS = 21
TARGETS = 100
_BASELINE = "docker buildx bake --print"
_FILE = """
variable "TAG" { default = "1" }
group "default" { targets = [%s] }
target "_common" {
  platforms = ["linux/amd64", "linux/arm64"]
}
"""
_TARGET = """
target "%(name)s" {
  inherits = ["_common"]
  tags = ["acme/%(name)s:${TAG}"]
  args = { NAME = "%(name)s" }
}
"""


def measure(_: argparse.Namespace) -> list[Row]:
    """Measure everything and return the rows."""
    ours = str(Path(sys.executable).parent / "openhqm-tui")
    commands = {
        "`openhqm-tui plan`: CPU time": (ours, "plan"),
        "`openhqm-tui plan --build-all`: CPU time": (ours, "plan", "--build-all"),
        "`openhqm-tui variants`: CPU time": (ours, "variants"),
        _BASELINE: tuple(_BASELINE.split()),
    }
    used: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        _write(Path(folder))
        for number in range(ROUNDS):
            turn = list(commands.items())
            for name, command in turn if number % 2 == 0 else turn[::-1]:
                used[name].append(_cpu(command, folder))
    baseline = used.pop(_BASELINE)
    return [
        Row(PART, name, "ms", seconds, _BASELINE, baseline, ("≤", 2.0))
        for name, seconds in used.items()
    ]


def _write(folder: Path) -> None:
    names = [f"service-{number:03}" for number in range(TARGETS)]
    text = _FILE % ", ".join(f'"{name}"' for name in names)
    text += "".join(_TARGET % {"name": name} for name in names)
    (folder / "docker-bake.hcl").write_text(text)
    (folder / "Dockerfile").write_text("FROM scratch\n")


def _cpu(command: Sequence[str], folder: str) -> float:
    """Run a command and return the CPU time of its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
