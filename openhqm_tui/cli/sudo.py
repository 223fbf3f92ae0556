"""Root by sudo keeps its files out of the home of whoever called it."""

from __future__ import annotations

import os
import pwd
import sys
from pathlib import Path

from openhqm_tui.store.paths import user_of_sudo

# What would lead back there.
_PLACES = (
    *("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
    *("DOCKER_CONFIG", "BUILDX_CONFIG"),
)


def use_home_of_root() -> None:
    """Let root's own home be the home where sudo kept the user's, for this process and Docker's.

    Otherwise runs, caches and what Buildx writes below `~/.docker` would be root's there, and the
    user's next build couldn't write.
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
            f"openhqm-tui: as root, the home is {os.environ['HOME']}: no file of root is left in "
            f"{home}, and settings, runs and Docker's configuration there aren't used\n"
        )


def _owner(place: str) -> int | None:
    """Return who owns a folder, or the nearest one above that is there."""
    path = Path(place)
    if not path.is_absolute():
        return None
    above = next((one for one in (path, *path.parents) if one.exists()), path)
    try:
        return above.stat().st_uid
    except OSError:
        return None
