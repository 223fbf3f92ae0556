"""The argument parser, and the arguments that several commands share."""

from __future__ import annotations

import argparse
import math
import re
import textwrap
from collections.abc import Callable, Iterable
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn

from openhqm_tui.domain.errors import UsageProblem, nearest

if TYPE_CHECKING:
    Subcommands = argparse._SubParsersAction["Parser"]

# Flags that publish, permit, delete, change the machine, or leave checks out.
WITH_EFFECTS = frozenset(
    {
        *("--push", "--cache-to", "--allow", "--allow-unknown", "--allow-control", "--all"),
        *("--no-check", "--no-companions", "--fix", "--yes"),
    }
)
_EXPLICIT = re.compile(r"argument (\S+): ignored explicit argument .*", re.S)
FORMATS = ("auto", "tty", "plain", "json", "github")
RUN = "a run ID, its first characters, or the path of a run folder"


class _Help(argparse.HelpFormatter):
    """Keeps indented lines, which are examples, and wraps all others as paragraphs."""

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            # argparse ignores the indentation of commands.
            self._action_max_length += self._indent_increment

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(
            line
            if line.startswith(" ")
            else textwrap.fill(
                line,
                width,
                initial_indent=indent,
                subsequent_indent=indent,
                break_on_hyphens=False,
            )
            for line in text.splitlines()
        )


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line that suggests the nearest valid word.

    Positional arguments after a flag are appended to `rest_in`, if the command has such a list.
    `refused` has flags of other programs: why they aren't accepted, and what to use instead.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, "formatter_class": _Help, **options})
        self.rest_in = ""
        self.refused: dict[str, tuple[str, str]] = {}

    def add_commands(self, dest: str) -> Subcommands:
        """Add a group of subcommands; `dest` receives the name of the chosen one."""
        return self.add_subparsers(dest=dest, metavar="COMMAND", title="commands")

    def error(self, message: str) -> NoReturn:
        if match := _EXPLICIT.fullmatch(message):
            raise UsageProblem(
                f"{match[1].rpartition('/')[2]} takes no value", fix="omit the value"
            )
        raise UsageProblem(message, fix=f"see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = list(action.choices or ())
        if choices and value not in choices:
            guess = nearest(str(value), [str(choice) for choice in choices])
            option = action.option_strings[-1] if action.option_strings else ""
            raise UsageProblem(
                f"invalid value '{value}' for {option}"
                if option
                else f"unknown {_name_of(action)} '{value}'",
                fix=f"did you mean {guess}?" if guess else "",
                valid=" ".join(str(choice) for choice in choices),
            )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed, unknown = super().parse_known_args(args, namespace)
        flags = [word for word in unknown if word.startswith("-")]
        if flags:
            word = flags[0].split("=")[0]
            if word in self.refused:
                why, fix = self.refused[word]
                raise UsageProblem(f"{word} is not available: {why}", fix=fix)
            valid = [option for option in self._option_string_actions if option != "-h"]
            guess = nearest_flag(word, valid)
            raise UsageProblem(
                f"unknown flag '{word}'",
                fix=f"did you mean {guess}?" if guess else f"see `{self.prog} --help`",
            )
        if unknown and self.rest_in:
            setattr(parsed, self.rest_in, [*getattr(parsed, self.rest_in), *unknown])
            return parsed, []
        if unknown:
            raise UsageProblem(
                f"unexpected argument '{unknown[0]}'", fix=f"see `{self.prog} --help`"
            )
        return parsed, unknown


class Once(argparse.Action):
    """Stores a value, and refuses a second one: the first would be dropped without a word."""

    def __call__(
        self, _: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, *__: Any
    ) -> None:
        flag = self.option_strings[-1]
        if getattr(namespace, self.dest) is not None:
            raise UsageProblem(f"{flag} is given twice", fix="use only one")
        setattr(namespace, self.dest, values)


def nearest_flag(word: str, flags: Iterable[str]) -> str | None:
    """Return the flag that is most similar to `word`, if any is close.

    One with effects that a typo must not have is suggested only for a single wrong letter.
    """
    flags = list(flags)
    close = [flag for flag in flags if _one_letter_off(word, flag)]
    return nearest(word, close or [flag for flag in flags if flag not in WITH_EFFECTS])


def _one_letter_off(word: str, flag: str) -> bool:
    """Return whether a letter is missing, added or wrong, or two are swapped."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(word, flag, strict=False))
    start = len(list(same))
    typed, meant = word[start:], flag[start:]
    ways = {(typed[1:], meant), (typed, meant[1:]), (typed[1:], meant[1:])}
    swapped = typed[:2] == meant[:2][::-1] and typed[2:] == meant[2:]
    return swapped or any(one == other for one, other in ways)


def add_format(parser: argparse._ActionsContainer) -> None:
    """Add the output formats of a run."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="auto",
        help="auto: tty in a terminal, github in GitHub Actions, otherwise plain, which also suits "
        "screen readers; json: one JSON object per line",
    )
    parser.add_argument("--verbose", action="store_true", help="also list passed checks")


def add_list_format(parser: argparse._ActionsContainer) -> None:
    """Add the output formats of a list."""
    parser.add_argument(
        "--format",
        choices=("auto", "plain", "json"),
        default="auto",
        help="auto: same as plain; json: one JSON object per line",
    )


def add_run(parser: argparse._ActionsContainer, default: str = "the latest run") -> None:
    """Add an optional RUN; `default` says which run is used without one."""
    parser.add_argument("run_name", nargs="?", metavar="RUN", help=f"{RUN} (default: {default})")


def seconds(flag: str) -> Callable[[str], float]:
    """Return the type of a flag that takes seconds, 0 to disable it."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number < math.inf:
            raise UsageProblem(f"{flag} {text}: not a valid number of seconds", fix="use 0 or more")
        return number

    return read


def positive_integer(flag: str, fix: str) -> Callable[[str], int]:
    """Return the type of a flag that takes a positive integer."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = 0
        if number < 1:
            raise UsageProblem(f"{flag} {text}: not a positive integer", fix=fix)
        return number

    return read


def _name_of(action: argparse.Action) -> str:
    return "command" if isinstance(action, argparse._SubParsersAction) else action.dest
