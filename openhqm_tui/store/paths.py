"""The folders of data and of the package, whether they are safe, and how to upgrade."""

from __future__ import annotations

import errno
import os
import shlex
import stat
import sys
from pathlib import Path

import platformdirs

from openhqm_tui.domain.errors import UsageProblem

STATE_VARIABLE = "OPENHQM_TUI_STATE_DIR"
CACHE_VARIABLE = "OPENHQM_TUI_CACHE_DIR"
_APP = "openhqm-tui"


def state_folder() -> Path:
    """Return the folder of runs and history: `OPENHQM_TUI_STATE_DIR` or the system's default.

    Raises UsageProblem if it belongs to another user, or others can write to it.
    """
    folder = state_place()
    refusal = not_ours(folder)
    if refusal is not None:
        raise UsageProblem(f"the state folder {folder} {refusal.what}", fix=refusal.fix)
    return folder


def state_place() -> Path:
    """Return the path of the state folder, whether or not it exists or is safe."""
    value = os.environ.get(STATE_VARIABLE)
    return at_home(value) if value else Path(platformdirs.user_state_dir(_APP))


def emulators_file() -> Path | None:
    """Return the file with the measured speed of the emulators; None if it can't be kept."""
    folder = state_place()
    return folder / "emulators.json" if not_ours(folder) is None else None


def cache_folder() -> Path | None:
    """Return the cache folder: `OPENHQM_TUI_CACHE_DIR` or the system's default.

    None if it belongs to another user, or others can write to it.
    """
    value = os.environ.get(CACHE_VARIABLE)
    folder = at_home(value) if value else Path(platformdirs.user_cache_dir(_APP))
    return folder if not_ours(folder) is None else None


def at_home(value: str) -> Path:
    """Return a path that a person wrote, with `~` expanded; raises UsageProblem."""
    try:
        path = Path(value).expanduser()
    except RuntimeError as error:
        raise UsageProblem(f"{value}: no such user", fix="specify an absolute path") from error
    if "\0" in value:
        raise UsageProblem(f"{value!r} is not a valid path", fix="remove the NUL character")
    return path


def user_settings_file() -> Path:
    """Return the path of the user's settings, whether or not the file exists."""
    return Path(platformdirs.user_config_dir(_APP)) / "settings.toml"


def ready_state_folder() -> Path:
    """Return the state folder, created if necessary with access for its owner only.

    Raises UsageProblem if nothing can be written there.
    """
    import tempfile

    folder = state_folder()
    try:
        make_private(folder)
        _close_to_others(folder / "runs")
        # Permission bits don't show it: root ignores them, but not a read-only file system.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageProblem(
            f"can't write to the state folder {folder} ({error.strerror or error})",
            fix=f"make the folder writable, or choose another folder with {STATE_VARIABLE}=DIR",
        ) from error
    return folder


def make_private(folder: Path) -> None:
    """Create a folder and its missing parents with access for the owner only; raises OSError."""
    # `mkdir(parents=True)` would create the parents with the umask.
    for place in (*reversed(folder.parents), folder):
        if not place.is_dir():
            place.mkdir(mode=0o700, exist_ok=True)


def not_ours(folder: Path) -> UsageProblem | None:
    """Return why a folder isn't used: because of its owner, or because others can write to it.

    A folder that doesn't exist yet may be used, unless root would create it for a user of sudo.
    """
    name_another = f"choose another folder with {STATE_VARIABLE}=DIR"
    try:
        status = folder.stat()
    except PermissionError as error:
        return UsageProblem(f"can't be opened ({error.strerror})", fix=name_another)
    except OSError:
        if (user := user_of_sudo()) is not None:
            above = next((place for place in folder.parents if place.exists()), Path("/"))
            if above.stat().st_uid == user:
                what = f"would be owned by root, inside a folder owned by {_user(user)}"
                return UsageProblem(what, fix=name_another)
        return None
    if status.st_uid != os.geteuid():
        what = f"belongs to {_user(status.st_uid)}, but you are {_user(os.geteuid())}"
        return UsageProblem(what, fix=name_another)
    others = stat.S_IWOTH if _is_private_group(status.st_gid) else stat.S_IWOTH | stat.S_IWGRP
    if status.st_mode & others:
        mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
        return UsageProblem(
            f"is writable by other users ({mode})",
            fix=f"run `chmod go-w {shlex.quote(str(folder))}`, or {name_another}",
        )
    return None


def user_of_sudo() -> int | None:
    """Return the user who became root with sudo; None if this isn't root, or without sudo."""
    value = os.environ.get("SUDO_UID", "")
    return int(value) if os.geteuid() == 0 and value.isdecimal() and int(value) else None


def _close_to_others(folder: Path) -> None:
    """Restrict a folder to its owner; raises OSError if that is another user."""
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
    """Return whether a group is one user's private group, as most Linux systems create."""
    import grp

    try:
        group = grp.getgrgid(gid)
    except KeyError:
        return False
    user = _user(os.geteuid())
    return gid == os.getegid() and group.gr_name == user and set(group.gr_mem) <= {user}


def bundled(name: str) -> Path:
    """Return a file or folder that ships with the package: `Dockerfile`, `context`, `guides`.

    In a wheel these are inside the package, in a checkout at the top.
    """
    package = Path(__file__).resolve().parent.parent
    inside = package / "bundled"
    top = inside if inside.exists() else package.parent
    return top / name if (top / name).exists() else top / "assets" / name


_NAME = "openhqm-tui"


def upgrade_command() -> str:
    """Return the command that upgrades this installation: pipx's, uv's or pip's."""
    environment = Path(sys.prefix)
    # pipx and `uv tool` each write a file into the environments they create.
    if (environment / "pipx_metadata.json").exists():
        return f"pipx upgrade {_NAME}"
    if (environment / "uv-receipt.toml").exists():
        return f"uv tool upgrade {_NAME}"
    pip = "uv pip" if _installer() == "uv" else "pip"
    return f"{pip} install --upgrade {_NAME}"


def _installer() -> str:
    """Return the contents of the distribution's INSTALLER file; '' if there is none."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return (distribution(_NAME).read_text("INSTALLER") or "").strip()
    except PackageNotFoundError:
        return ""
