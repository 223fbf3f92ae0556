"""Removal of the current folder from search paths, so that none of its programs can run."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

from openhqm_tui.domain.errors import UsageProblem

# Docker's client runs plugins and credential helpers from these folders.
_DOCKERS = ("DOCKER_CONFIG", "BUILDX_CONFIG")


def leave_the_folder_out(environment: MutableMapping[str, str], path: list[str]) -> None:
    """Remove the current folder from the search paths of programs and modules.

    Changes `environment` and `path` (sys.path); raises UsageProblem for a Docker configuration
    with a relative path.
    """
    for variable in _DOCKERS:
        if (value := environment.get(variable, "")) and not value.startswith("/"):
            raise UsageProblem(
                f"{variable}={value} is a relative path, so any folder could add Docker plugins",
                fix=f"use the full path: {variable}=$PWD/{value}",
            )
    folders = environment.get("PATH", "").split(os.pathsep)
    # An empty entry is the current folder.
    kept = [folder for folder in folders if folder.startswith("/")]
    if kept != folders and "PATH" in environment:
        environment["PATH"] = os.pathsep.join(kept)
    ours = os.path.realpath(f"{__file__}/../../..")
    here = os.getcwd()  # noqa: PTH109 - every start would pay for the import of pathlib
    path[:] = [
        folder
        for folder in path
        if folder.startswith("/") and (os.path.normpath(folder) != here or here == ours)
    ]


def leave_this_folder_out() -> None:
    """Do so for this process and its children."""
    leave_the_folder_out(os.environ, sys.path)
