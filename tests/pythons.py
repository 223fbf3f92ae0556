"""The Pythons of this machine, and those that must be on it.

`python -m tests.pythons 3.13` prints the path of one. Needs the standard library only: `.ci/run`
and the Makefile call it before there is an environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
# Versions whose absence is a failure, separated by commas. Read at once: tests lose our variables.
_REQUIRED = os.environ.get("OPENHQM_TUI_REQUIRE_PYTHONS", "").replace(",", " ").split()

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
_CAN_MAKE_ENVIRONMENTS = "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2])"


def find_python(version: str) -> Path | None:
    """Return an interpreter of `version` (`3.12`) that can make environments; None without one."""
    return next((python for python in _candidates(version) if _is(python, version)), None)


def is_required(version: str) -> bool:
    """Return whether a machine without `version` fails the tests."""
    return version in _REQUIRED


def others() -> list[str]:
    """Return the oldest and the newest supported version that are here, but not the running one."""
    here = [version for version in SUPPORTED if find_python(version)]
    return [version for version in dict.fromkeys((here[0], here[-1])) if version != OWN]


def _candidates(version: str) -> Iterator[Path]:
    if version == OWN:
        yield Path(sys.executable)
    for name in (f"python{version}", "python3"):
        if found := shutil.which(name):
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from _newest_first(pyenv / "versions", f"{version}.*/bin/python")
    # Where actions/setup-python puts them.
    if tools := os.environ.get("RUNNER_TOOL_CACHE"):
        yield from _newest_first(Path(tools) / "Python", f"{version}.*/*/bin/python")
    if uv := shutil.which("uv"):
        told = _output(uv, "python", "find", "--no-project", "--no-python-downloads", version)
        if told:
            yield Path(told)


def _newest_first(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern), key=_numbers, reverse=True)
    except OSError:
        return []


def _numbers(path: Path) -> list[int]:
    return [int(part) for part in str(path).replace("/", ".").split(".") if part.isdecimal()]


def _is(python: Path, version: str) -> bool:
    return _output(str(python), "-c", _CAN_MAKE_ENVIRONMENTS) == version


def _output(*command: str) -> str:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""


def main(version: str) -> int:
    """Print the path of an interpreter, for `others` their versions; 1 where there is none."""
    if version == "others":
        print(*others())
        return 0
    python = find_python(version)
    if python is None:
        print(f"Python {version} is not on this machine: install it (pyenv, uv)", file=sys.stderr)
        return 1
    print(python)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
