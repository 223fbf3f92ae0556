"""The installed Pythons, and the required ones.

`python -m tests.pythons 3.13` prints the path of one. It uses only the standard library, because
`.ci/run` and the Makefile call it before there is a virtual environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")
# Required versions, separated by commas. Read on import, because tests clear our variables.
_REQUIRED = os.environ.get("OPENHQM_TUI_REQUIRE_PYTHONS", "").replace(",", " ").split()

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
_CAN_MAKE_ENVIRONMENTS = "import ensurepip, venv, sys; print('%d.%d' % sys.version_info[:2])"


def find_python(version: str) -> Path | None:
    """Return an interpreter of `version` (`3.12`) that can make environments; None without one."""
    return next((python for python in _candidates(version) if _is(python, version)), None)


def is_required(version: str) -> bool:
    """Return whether the tests fail without `version`."""
    return version in _REQUIRED


def others() -> list[str]:
    """Return the oldest and newest installed version, except for the running one."""
    installed = [version for version in SUPPORTED if find_python(version)]
    return [version for version in dict.fromkeys((installed[0], installed[-1])) if version != OWN]


def _candidates(version: str) -> Iterator[Path]:
    if version == OWN:
        yield Path(sys.executable)
    for name in (f"python{version}", "python3"):
        if found := shutil.which(name):
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from _newest_first(pyenv / "versions", f"{version}.*/bin/python")
    # The folder used by actions/setup-python.
    if tools := os.environ.get("RUNNER_TOOL_CACHE"):
        yield from _newest_first(Path(tools) / "Python", f"{version}.*/*/bin/python")
    if uv := shutil.which("uv"):
        path_text = _output(uv, "python", "find", "--no-project", "--no-python-downloads", version)
        if path_text:
            yield Path(path_text)


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
    """Print the path of an interpreter, or the versions of `others`; return 1 if none is found."""
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
