"""The folders that data is stored in, and whether they are safe to use."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from pathlib import Path

import platformdirs

from openhqm_tui.domain.errors import UsageProblem

STATE_VARIABLE = "OPENHQM_TUI_STATE_DIR"
CACHE_VARIABLE = "OPENHQM_TUI_CACHE_DIR"
_APP = "openhqm-tui"


def state_folder() -> Path:
    """Return the folder of runs and history: `OPENHQM_TUI_STATE_DIR` or the system's own.

    Raises UsageProblem for one that is somebody else's, or that others can write to.
    """
    folder = state_place()
    refusal = not_ours(folder)
    if refusal is not None:
        raise UsageProblem(f"the state folder {folder} {refusal.what}", fix=refusal.fix)
    return folder


def state_place() -> Path:
    """Return the path of the state folder, whether or not it exists, for any owner."""
    told = os.environ.get(STATE_VARIABLE)
    return at_home(told) if told else Path(platformdirs.user_state_dir(_APP))


def emulators_file() -> Path | None:
    """Return the file that keeps how fast the emulators here are; None where it can't be kept."""
    folder = state_place()
    return folder / "emulators.json" if not_ours(folder) is None else None


def cache_folder() -> Path | None:
    """Return the cache folder: `OPENHQM_TUI_CACHE_DIR` or the system's default.

    None for one that is somebody else's, or that others can write to.
    """
    told = os.environ.get(CACHE_VARIABLE)
    folder = at_home(told) if told else Path(platformdirs.user_cache_dir(_APP))
    return folder if not_ours(folder) is None else None


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
        make_private(folder)
        _close_to_others(folder / "runs")
        # Only a write shows it: root passes all permission bits, but not a read-only file system.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageProblem(
            f"can't write to the state folder {folder} ({error.strerror or error})",
            fix=f"make it writable, or name another with {STATE_VARIABLE}=DIR",
        ) from error
    return folder


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, open to its owner only; raises OSError."""
    # `mkdir(parents=True)` would leave those above to the umask.
    for place in (*reversed(folder.parents), folder):
        if not place.is_dir():
            place.mkdir(mode=0o700, exist_ok=True)


def not_ours(folder: Path) -> UsageProblem | None:
    """Return why nothing is read and written in a folder: whose it is, and who can write to it.

    One that isn't there yet is ours, unless root would leave its files to whoever became root by
    sudo.
    """
    name_another = f"name one of your own with {STATE_VARIABLE}=DIR"
    try:
        status = folder.stat()
    except PermissionError as error:
        return UsageProblem(f"can't be opened ({error.strerror})", fix=name_another)
    except OSError:
        if (user := user_of_sudo()) is not None:
            above = next((place for place in folder.parents if place.exists()), Path("/"))
            if above.stat().st_uid == user:
                what = f"would be root's, in a folder of {_user(user)}"
                return UsageProblem(what, fix=name_another)
        return None
    if status.st_uid != os.geteuid():
        what = f"belongs to {_user(status.st_uid)}, and you are {_user(os.geteuid())}"
        return UsageProblem(what, fix=name_another)
    others = stat.S_IWOTH if _is_private_group(status.st_gid) else stat.S_IWOTH | stat.S_IWGRP
    if status.st_mode & others:
        mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
        return UsageProblem(
            f"can be written to by others ({mode})",
            fix=f"run `chmod go-w {shlex.quote(str(folder))}`, or {name_another}",
        )
    return None


def user_of_sudo() -> int | None:
    """Return who became root by sudo; None where this isn't root, or always was."""
    told = os.environ.get("SUDO_UID", "")
    return int(told) if os.geteuid() == 0 and told.isdecimal() and int(told) else None


def _close_to_others(folder: Path) -> None:
    """Take a folder of ours from all others; raises OSError where it isn't ours."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        return
    if status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, f"{folder} belongs to {_user(status.st_uid)}")
    if status.st_mode & 0o077:
        folder.chmod(0o700)


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _is_private_group(gid: int) -> bool:
    """Tell whether a group is one user's own, as most Linux systems give one to each."""
    import grp

    try:
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    user = _user(os.geteuid())
    return gid == os.getegid() and group.gr_name == user and set(group.gr_mem) <= {user}


def bundled(name: str) -> Path:
    """Return a file or folder that ships with the package: `Dockerfile`, `context`, `guides`.

    In a wheel they lie inside the package, in a checkout at the top; the same way in both.
    """
    package = Path(__file__).resolve().parent.parent
    inside = package / "bundled"
    top = inside if inside.exists() else package.parent
    return top / name if (top / name).exists() else top / "assets" / name
