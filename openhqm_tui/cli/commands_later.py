"""Commands whose words are only made into a parser when they are said: `--help` stays quick."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

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
