"""`openhqm-tui completion SHELL`: the script that has a shell ask for completions."""

from __future__ import annotations

import argparse
import sys

from argcomplete.shell_integration import shellcode


def run(parsed: argparse.Namespace) -> int:
    """Print the script and return 0; it asks the command itself, so it never grows stale."""
    # Without readline's own: where no file is wanted, none is proposed.
    sys.stdout.write(shellcode(["openhqm-tui"], shell=parsed.shell, use_defaults=False))
    return 0
