"""The environment of a command: safe search paths, root's home under sudo, the folder's settings.

Imported at every start, so it imports as little as possible.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from openhqm_tui.domain.errors import UsageProblem

if TYPE_CHECKING:
    from pathlib import Path

    from openhqm_tui.store.settings import Settings

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
                f"{variable}={value} is a relative path, so Docker could load plugins from any "
                "folder",
                fix=f"use an absolute path: {variable}=$PWD/{value}",
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
    """Apply `leave_the_folder_out` to this process and its children."""
    leave_the_folder_out(os.environ, sys.path)


# Variables that may point into the home folder.
_PLACES = (
    *("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
    *("DOCKER_CONFIG", "BUILDX_CONFIG"),
)


def use_home_of_root() -> None:
    """Use root's own home folder if sudo kept the user's, for this process and its children.

    Otherwise root would own runs, caches and Buildx's files in `~/.docker` there, and the user's
    next build couldn't write.
    """
    import pwd

    from openhqm_tui.store.paths import user_of_sudo

    user = user_of_sudo()
    if user is None:
        return
    for name in _PLACES:
        if _owner(os.environ.get(name, "")) == user:
            del os.environ[name]
    home = os.environ.get("HOME", "")
    if _owner(home) == user:
        os.environ["HOME"] = pwd.getpwuid(0).pw_dir
        sys.stderr.write(
            f"openhqm-tui: running as root with home folder {os.environ['HOME']}: settings, runs "
            f"and Docker's configuration in {home} are not used\n"
        )


def _owner(place: str) -> int | None:
    """Return the owner of a folder, or of its nearest existing parent."""
    from pathlib import Path

    path = Path(place)
    if not path.is_absolute():
        return None
    above = next((one for one in (path, *path.parents) if one.exists()), path)
    try:
        return above.stat().st_uid
    except OSError:
        return None


def settings_here(folder: Path | None = None) -> Settings:
    """Return the settings of a folder (the current one); print refused ones on stderr."""
    from pathlib import Path

    from openhqm_tui.store.settings import read_settings

    settings = read_settings(folder or Path.cwd())
    for refused in settings.refused.values():
        sys.stderr.write(f"openhqm-tui: {refused.line}\n")
    return settings
