"""The clipboard of the machine that runs the console, through any program that can set it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping

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
