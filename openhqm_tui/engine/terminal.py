"""The programs of the user's terminal: those that set a clipboard, and the pager."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from openhqm_tui.domain.errors import UsageProblem

_PATIENCE_SECONDS = 3.0


def copy_commands(
    env: Mapping[str, str], *, found: Callable[[str], object], mac: bool
) -> list[list[str]]:
    """Return the commands that set a clipboard from which the person can paste.

    `found` looks up a program. Over ssh, a clipboard is the person's own only if the display is
    forwarded; tmux is always used, because it passes the text to its own terminal.
    """
    commands: list[list[str]] = []
    if env.get("TMUX") and found("tmux"):
        commands.append(["tmux", "load-buffer", "-w", "-"])
    far = bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))
    if mac and not far and found("pbcopy"):
        commands.append(["pbcopy"])
    elif env.get("WAYLAND_DISPLAY") and found("wl-copy"):
        commands.append(["wl-copy"])
    elif env.get("DISPLAY") and found("xclip"):
        commands.append(["xclip", "-selection", "clipboard"])
    elif env.get("DISPLAY") and found("xsel"):
        commands.append(["xsel", "--clipboard", "--input"])
    return commands


def copy_to_system(text: str) -> None:
    """Copy text to every available clipboard; blocks for a few seconds at most, never raises."""
    commands = copy_commands(os.environ, found=shutil.which, mac=sys.platform == "darwin")
    for command in commands:
        # xclip keeps running to serve the text, and would keep an inherited pipe open.
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                command,
                input=text.encode("utf-8", "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_PATIENCE_SECONDS,
                start_new_session=True,
                check=False,
            )


def pager_command(
    environment: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """Return `$PAGER`, or `less -R`, or `more`, as words; raises UsageProblem if there is none."""
    setting = environment.get("PAGER", "").strip()
    if not setting:
        known = (["less", "-R"], ["more"])
        found = next((command for command in known if which(command[0])), None)
        if found is None:
            raise UsageProblem(
                "no pager found (tried less and more)", fix="set PAGER to the program to use"
            )
        return found
    try:
        words = shlex.split(setting)
    except ValueError as error:
        raise UsageProblem(f"PAGER can't be parsed: {setting} ({error})") from error
    if which(words[0]) is None:
        raise UsageProblem(
            f"the pager '{words[0]}' isn't installed",
            fix="install it, or set PAGER to another program",
        )
    return words


def page(file: Path) -> None:
    """Show a file in the pager and wait until it exits; raises UsageProblem."""
    command = pager_command(os.environ)
    # Ctrl+C belongs to the pager. Unlike SIG_IGN, a handler is not inherited by the pager.
    before = signal.signal(signal.SIGINT, _ignore)
    try:
        subprocess.run([*command, str(file)], check=False)
    except OSError as error:
        raise UsageProblem(f"the pager can't be started ({error.strerror})") from error
    finally:
        signal.signal(signal.SIGINT, before)


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing."""
