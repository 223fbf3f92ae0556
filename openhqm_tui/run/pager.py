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
    told = environment.get("PAGER", "").strip()
    if not told:
        known = (["less", "-R"], ["more"])
        found = next((command for command in known if which(command[0])), None)
        if found is None:
            raise UsageProblem("there is no pager here", fix="set PAGER to a program that shows it")
        return found
    try:
        words = shlex.split(told)
    except ValueError as error:
        raise UsageProblem(f"PAGER can't be read: {told} ({error})") from error
    if which(words[0]) is None:
        raise UsageProblem(f"the pager '{words[0]}' isn't here", fix="set PAGER to one that is")
    return words


def page(file: Path) -> None:
    """Show a file in the pager and wait until it is left; raises UsageProblem."""
    command = pager_command(os.environ)
    # Ctrl+c in the pager is the pager's; a handler of ours is not inherited, unlike SIG_IGN.
    before = signal.signal(signal.SIGINT, _leave_it_to_the_pager)
    try:
        subprocess.run([*command, str(file)], check=False)
    except OSError as error:
        raise UsageProblem(f"the pager can't be started ({error.strerror})") from error
    finally:
        signal.signal(signal.SIGINT, before)


def _leave_it_to_the_pager(_number: int, _frame: object) -> None:
    """Do nothing."""
