"""The parser: suggests the nearest valid word, and builds a command's parser when it is named."""

from __future__ import annotations

import argparse
import importlib
import math
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from openhqm_tui.domain.errors import UsageProblem, nearest

FORMATS = ("auto", "tty", "plain", "json", "github")


class _Help(argparse.HelpFormatter):
    """Keeps lines that begin with blanks, as examples do; every other line is a paragraph."""

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):
            # argparse forgets that commands stand further in.
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
    """A parser whose errors are one line that names the near valid word.

    Words that come after a flag belong to the list `words_in`, if the command has one.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, "formatter_class": _Help, **options})
        self.words_in = ""

    def error(self, message: str) -> NoReturn:
        raise UsageProblem(message, fix=f"see `{self.prog} --help`")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = list(action.choices or ())
        if choices and value not in choices:
            guess = nearest(str(value), [str(choice) for choice in choices])
            what = action.option_strings[-1] if action.option_strings else _called(action)
            raise UsageProblem(
                f"unknown {what} '{value}'",
                fix=f"did you mean {guess}?" if guess else "",
                valid=" ".join(str(choice) for choice in choices),
            )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        parsed, unknown = super().parse_known_args(args, namespace)
        flags = [word for word in unknown if word.startswith("-")]
        if flags:
            word = flags[0].split("=")[0]
            valid = [option for option in self._option_string_actions if option != "-h"]
            guess = nearest(word, valid)
            raise UsageProblem(
                f"unknown flag '{word}'",
                fix=f"did you mean {guess}?" if guess else f"see `{self.prog} --help`",
            )
        if unknown and self.words_in:
            setattr(parsed, self.words_in, [*getattr(parsed, self.words_in), *unknown])
            return parsed, []
        if unknown:
            raise UsageProblem(f"what is '{unknown[0]}' for?", fix=f"see `{self.prog} --help`")
        return parsed, unknown


def later(place: str) -> Callable[[argparse.Namespace], int]:
    """Return a `run` that imports its module when it is called: `--help` stays quick.

    `place` is a module whose function is `run`, or `module:function`.
    """
    module, _, function = place.partition(":")

    def run(parsed: argparse.Namespace) -> int:
        return int(getattr(importlib.import_module(module), function or "run")(parsed))

    return run


def add_format(parser: argparse._ActionsContainer) -> None:
    """Give a command the formats that a run can be shown in."""
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="auto",
        help="auto: tty in a terminal, github in Actions, else plain (also for screen readers); "
        "json: one JSON object a line",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="list every answer, not only what is no pass"
    )


def add_list_format(parser: argparse._ActionsContainer) -> None:
    """Give a command the formats of a list."""
    parser.add_argument(
        "--format",
        choices=("auto", "plain", "json"),
        default="auto",
        help="plain (auto), or json: one JSON object a line",
    )


def seconds(flag: str) -> Callable[[str], float]:
    """Return the type of a flag that takes seconds, 0 for never."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number < math.inf:
            raise UsageProblem(f"{flag} {text}: that is no time in seconds", fix="try 300")
        return number

    return read


def at_least_one(flag: str, why: str, fix: str) -> Callable[[str], int]:
    """Return the type of a flag that takes a whole number from 1 on; `why` none is too few."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = 0
        if number < 1:
            raise UsageProblem(f"{flag} {text}: at least one {why}", fix=fix)
        return number

    return read


def _called(action: argparse.Action) -> str:
    """Return what a word without a flag is: a command, or what the help of its command calls it."""
    return "command" if isinstance(action, argparse._SubParsersAction) else action.dest


if TYPE_CHECKING:
    _SubParsers = argparse._SubParsersAction[Any]
else:
    _SubParsers = argparse._SubParsersAction


class _ToBe:
    """Remembers what it is told, and tells it to another once there is one."""

    def __init__(self) -> None:
        object.__setattr__(self, "_told", [])

    def __getattr__(self, name: str) -> Any:
        def remember(*words: Any, **more: Any) -> _ToBe:
            answer = _ToBe()
            self._told.append((name, words, more, answer))
            return answer

        return remember

    def __setattr__(self, name: str, value: Any) -> None:
        self._told.append((name, value, None, None))

    def become(self, made: Any) -> None:
        """Tell all of it to what was made meanwhile."""
        for name, words, more, answer in self._told:
            if answer is None:
                setattr(made, name, words)
            else:
                answer.become(getattr(made, name)(*words, **more))


class CommandsLater(_SubParsers):
    """Knows the names and one line of help of all commands, and makes the parser of one."""

    _later: dict[str, tuple[dict[str, Any], _ToBe]]

    def add_parser(self, name: str, *, help: str | None = None, **options: Any) -> Any:
        """Return what takes the place of a parser until somebody says its name."""
        if not hasattr(self, "_later"):
            self._later = {}
        self._choices_actions.append(self._ChoicesPseudoAction(name, (), help))
        self._name_parser_map[name] = None
        to_be = _ToBe()
        self._later[name] = options, to_be
        return to_be

    def __call__(
        self, parser: Any, namespace: Any, values: Any, option_string: str | None = None
    ) -> None:
        """Make the parser of the command that was said, and go on with it."""
        if values[0] in self._later:
            options, to_be = self._later.pop(values[0])
            del self._name_parser_map[values[0]]
            to_be.become(super().add_parser(values[0], **options))
        super().__call__(parser, namespace, values, option_string)
