"""`openhqm-tui completion SHELL`."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.manual import Section, epilog
from openhqm_tui.cli.parser import Parser

HELP = "print a shell completion script"

_INSTALLATION: Section = (
    "installation",
    """\
  bash  mkdir -p ~/.local/share/bash-completion/completions
        openhqm-tui completion bash \\
          > ~/.local/share/bash-completion/completions/openhqm-tui
  zsh   openhqm-tui completion zsh > "${fpath[1]}/_openhqm-tui"
        (or any other folder in your fpath)
  fish  openhqm-tui completion fish \\
          > ~/.config/fish/completions/openhqm-tui.fish
For this shell only:
  bash, zsh  eval "$(openhqm-tui completion bash)"    zsh: after compinit
  fish       openhqm-tui completion fish | source""",
)


def add_arguments(parser: Parser) -> None:
    """Add the shell."""
    parser.description = (
        "Print a script that completes commands, flags, variants, platforms, runs, builders and "
        "files in your shell."
    )
    parser.epilog = epilog(_INSTALLATION)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="your shell")


def run(parsed: argparse.Namespace) -> int:
    """Print the script and return 0; it calls the command itself, so it is never out of date."""
    from argcomplete.shell_integration import shellcode

    # Without readline's default completion, which would propose files where none is valid.
    sys.stdout.write(shellcode(["openhqm-tui"], shell=parsed.shell, use_defaults=False))
    return 0
