"""Where things are kept on this machine, and whether they can be."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from openhqm_tui.domain.problems import UsageProblem

STATE_VARIABLE = "OPENHQM_TUI_STATE_DIR"
CACHE_VARIABLE = "OPENHQM_TUI_CACHE_DIR"
_APP = "openhqm-tui"


def state_folder() -> Path:
    """Return the folder of runs and history: `OPENHQM_TUI_STATE_DIR` or the system's own."""
    told = os.environ.get(STATE_VARIABLE)
    return at_home(told) if told else Path(platformdirs.user_state_dir(_APP))


def emulators_file() -> Path:
    """Return the file that keeps how fast the emulators here are; it need not exist."""
    return state_folder() / "emulators.json"


def cache_folder() -> Path:
    """Return the folder of what can be found out anew: `OPENHQM_TUI_CACHE_DIR` or the system's."""
    told = os.environ.get(CACHE_VARIABLE)
    return at_home(told) if told else Path(platformdirs.user_cache_dir(_APP))


def at_home(told: str) -> Path:
    """Return the path that a person wrote, `~` being the home; raises UsageProblem."""
    try:
        path = Path(told).expanduser()
    except RuntimeError as error:
        raise UsageProblem(
            f"{told}: nobody's home is known under that name", fix="write the path in full"
        ) from error
    if "\0" in told:
        raise UsageProblem(f"{told!r} can't be a path", fix="write one without NUL")
    return path


def user_settings_file() -> Path:
    """Return where the user's settings are, whether or not the file exists."""
    return Path(platformdirs.user_config_dir(_APP)) / "settings.toml"


def ready_state_folder() -> Path:
    """Return the state folder, made if need be and open to its owner only.

    Raises UsageProblem where nothing can be written there.
    """
    import tempfile

    folder = state_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Only a write tells: root passes every permission bit, but not a read-only file system.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageProblem(
            f"can't write to the state folder {folder} ({error.strerror or error})",
            fix=f"make it writable, or name another with {STATE_VARIABLE}=DIR",
        ) from error
    return folder


def bundled(name: str) -> Path:
    """Return a file or folder that ships with the package: `Dockerfile`, `context`, `guides`.

    In a wheel they lie inside the package, in a checkout at the top; the same way in both.
    """
    package = Path(__file__).resolve().parent.parent
    inside = package / "bundled"
    top = inside if inside.exists() else package.parent
    return top / name if (top / name).exists() else top / "assets" / name
