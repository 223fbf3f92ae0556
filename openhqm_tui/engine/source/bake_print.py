"""A bake definition as Buildx resolves it, read without changing any file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.source import read_only

_PATIENCE = 60.0
_NO_OUTPUTS = ("--set", "*.output=type=cacheonly")
_NOT_OPENED = re.compile(r"failed to open open (.+): permission denied")
_READER = "_openhqm-outputs"


def print_definition(folder: Path, name: str, targets: list[str]) -> dict[str, dict[str, Any]]:
    """Return the resolved targets of a bake file, variables, inheritance and matrices included.

    Buildx 0.29 truncates the files that outputs name even if it only prints. So it runs without
    write access. If the kernel doesn't support that, outputs aren't read.
    Raises UsageProblem with the error of Buildx.
    """
    whole = _bake(folder, name, *targets)
    if whole.returncode == 0:
        return _targets(whole)
    bare = _bake(folder, name, *_NO_OUTPUTS, *targets)
    if bare.returncode == read_only.UNAVAILABLE:
        bare = _run(
            folder, ["docker", "buildx", "bake", "--print", "-f", name, *_NO_OUTPUTS, *targets]
        )
        return _without_outputs(_checked(bare, folder / name))
    bodies = _without_outputs(_checked(bare, folder / name))
    if not _NOT_OPENED.search(_words(whole)):
        _checked(whole, folder / name)
    for target, body in bodies.items():
        if outputs := _outputs(folder, name, target):
            body["output"] = outputs
    return bodies


def _outputs(folder: Path, name: str, target: str) -> list[Any]:
    """Return the outputs of one target, some of which may be files."""
    printed = _bake(folder, name, target)
    if printed.returncode == 0:
        return list(_targets(printed).get(target, {}).get("output") or ())
    # A second definition can refer to attributes of the first, but not to inherited ones.
    reader = {"args": {"outputs": f"${{jsonencode(target.{target}.output)}}"}}
    definition = json.dumps({"target": {_READER: reader}}).encode()
    read = _bake(folder, name, "-f", "-", _READER, stdin=definition)
    if read.returncode == 0:
        outputs = json.loads(_targets(read)[_READER]["args"]["outputs"])
        return list(outputs) if isinstance(outputs, list) else [outputs]
    # Any type that writes to one file.
    file = _NOT_OPENED.search(_words(printed))
    return [{"type": "tar", "dest": file[1]}] if file else []


def _bake(
    folder: Path, name: str, *words: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Print the definition with a Buildx that can't write files."""
    program = [sys.executable, "-I", "-S", read_only.__file__]
    command = [*program, "docker", "buildx", "bake", "--print", "-f", name, *words]
    return _run(folder, command, stdin)


def _run(
    folder: Path, command: list[str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            input=stdin,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageProblem(f"{folder} can't be read: Buildx did not answer") from error


def _checked(printed: subprocess.CompletedProcess[bytes], file: Path) -> dict[str, dict[str, Any]]:
    if printed.returncode == 0:
        return _targets(printed)
    words = _words(printed).strip().splitlines()
    reason = words[-1].removeprefix("ERROR: ") if words else "no reason given"
    raise UsageProblem(f"{file} is not a valid bake file: {one_line(reason, 500)}")


def _words(printed: subprocess.CompletedProcess[bytes]) -> str:
    return printed.stderr.decode("utf-8", "replace")


def _targets(printed: subprocess.CompletedProcess[bytes]) -> dict[str, dict[str, Any]]:
    return json.loads(printed.stdout).get("target") or {}


def _without_outputs(bodies: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: {key: value for key, value in body.items() if key != "output"}
        for name, body in bodies.items()
    }
