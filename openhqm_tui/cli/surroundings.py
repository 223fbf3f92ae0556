"""What a command is started with, so far as it could make a program of the folder run."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

from openhqm_tui.domain.errors import UsageProblem

# Docker's client runs the plugins and credential helpers that these name.
_DOCKERS = ("DOCKER_CONFIG", "BUILDX_CONFIG")


def leave_the_folder_out(environment: MutableMapping[str, str], path: list[str]) -> None:
    """Look for programs and modules nowhere below the current folder, whoever wrote it.

    Changes `environment` and `path` (sys.path); raises UsageProblem for a Docker configuration
    that is wherever one happens to be.
    """
    for variable in _DOCKERS:
        if (value := environment.get(variable, "")) and not Path(value).is_absolute():
            raise UsageProblem(
                f"{variable}={value} is a relative path, so any folder could bring Docker plugins",
                fix=f"write the full path, as in {variable}=$PWD/{value}",
            )
    folders = environment.get("PATH", "").split(os.pathsep)
    # An empty one is the current folder.
    kept = [folder for folder in folders if Path(folder).is_absolute()]
    if kept != folders and "PATH" in environment:
        environment["PATH"] = os.pathsep.join(kept)
    ours = Path(__file__).resolve().parents[2]
    here = Path.cwd()
    path[:] = [
        folder
        for folder in path
        if Path(folder).is_absolute() and (Path(folder) != here or here == ours)
    ]


def leave_this_folder_out() -> None:
    """Do so for this process and all that it starts."""
    leave_the_folder_out(os.environ, sys.path)
