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
    """Return the commands that take text for a clipboard that the person can paste from.

    `found` tells whether there is a program. Over ssh a clipboard is only the person's if their
    display came along; tmux is asked in any case, for it hands the text to its own terminal.
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
    """Put text on the clipboards there are; waits some seconds at most, and never raises."""
    commands = copy_commands(os.environ, found=shutil.which, mac=sys.platform == "darwin")
    for command in commands:
        # xclip stays to serve the text, and would keep a pipe open that it had inherited.
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
