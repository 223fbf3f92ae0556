"""Under sudo, keep root's files out of the home folder of the calling user."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

from openhqm_tui.store.paths import user_of_sudo

# Variables that may point into that folder.
_PLACES = (
    *("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
    *("DOCKER_CONFIG", "BUILDX_CONFIG"),
)


def use_home_of_root() -> None:
    """Use root's own home folder if sudo kept the user's, for this process and its children.

    Otherwise root would own runs, caches and Buildx's files in `~/.docker` there, and the user's
    next build couldn't write.
    """
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
    path = Path(place)
    if not path.is_absolute():
        return None
    above = next((one for one in (path, *path.parents) if one.exists()), path)
    try:
        return above.stat().st_uid
    except OSError:
        return None
