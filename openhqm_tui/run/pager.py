"""The user's pager, in the terminal that the console has suspended."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from openhqm_tui.domain.errors import UsageProblem


def pager_command(
    environment: Mapping[str, str], which: Callable[[str], str | None] = shutil.which
) -> list[str]:
    """Return `$PAGER`, or `less -R`, or `more`, as words; raises UsageProblem if there is none."""
    setting = environment.get("PAGER", "").strip()
    if not setting:
        known = (["less", "-R"], ["more"])
        found = next((command for command in known if which(command[0])), None)
        if found is None:
            raise UsageProblem("no pager found (less, more)", fix="set PAGER to a program")
        return found
    try:
        words = shlex.split(setting)
    except ValueError as error:
        raise UsageProblem(f"PAGER can't be read: {setting} ({error})") from error
    if which(words[0]) is None:
        raise UsageProblem(f"the pager '{words[0]}' isn't installed", fix="set PAGER to another")
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
