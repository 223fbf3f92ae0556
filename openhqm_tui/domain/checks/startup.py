"""What an image starts: the words of its command, its Python, and programs that drop rights."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence

from openhqm_tui.domain.checks.evidence import SeenConfig

_PYTHON = re.compile(r"(?:python|pypy)(?:\d+(?:\.\d+)?t?)?")
_SHELLS = frozenset({"sh", "ash", "bash", "dash", "ksh", "zsh"})
# An image's own command may be long; what it starts is among its first words.
_MOST_WORDS = 16
_LONGEST_SCRIPT = 4096
_MOST_SCRIPTS = 4
# The program names that the probe accepts.
_WORD = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+@-]{0,255}")
# Programs that switch to another user before they start a command. The user's name or number is the
# next word, or follows an option.
_NEXT_WORD = frozenset({"gosu", "su-exec", "setuidgid", "s6-setuidgid", "setuser"})
_OPTIONS = {
    "setpriv": ("--reuid",),
    "runuser": ("-u", "--user"),
    "chpst": ("-u", "-U"),
    "sudo": ("-u", "--user"),
    "su": (),
}
DROPPING = _NEXT_WORD | set(_OPTIONS)


def words_of(command: Sequence[str]) -> list[str]:
    """Return the first words of a command; the script of a shell is split into its words too."""
    words = list(command[:_MOST_WORDS])
    for at, word in enumerate(words[:-1]):
        if _name(word) in _SHELLS:
            options = words[at + 1 :]
            script = next((n for n, one in enumerate(options) if not one.startswith("-")), None)
            if script and any("c" in one for one in options[:script]):
                return [*words[:at], *_script_words(options[script]), *options[script + 1 :]]
            break
    return words


def _script_words(script: str) -> list[str]:
    text = script[:_LONGEST_SCRIPT]
    reader = shlex.shlex(text, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    try:
        return list(reader)[:_MOST_WORDS]
    except ValueError:
        return text.split()[:_MOST_WORDS]


def python_of(command: Sequence[str]) -> str:
    """Return the Python that a command names, as it is spelled there; '' if none."""
    return next((word for word in words_of(command) if _PYTHON.fullmatch(_name(word))), "")


def interpreters_of(command: Sequence[str]) -> tuple[str, ...]:
    """Return the Pythons that may run a command, the likeliest first; the first that exists counts.

    If the command names one, it is the only one. A console script is usually next to its Python.
    """
    if named := python_of(command):
        return (named,)
    folders = [posixpath.dirname(word) for word in words_of(command) if word.startswith("/")]
    sibling = [f"{folder}/python" for folder in folders if folder.endswith("/bin")]
    return tuple(dict.fromkeys([*sibling[:1], "python", "python3"]))


def scripts_in(command: Sequence[str]) -> list[str]:
    """Return the words of a command that may be scripts; none if it names its Python."""
    words = words_of(command)
    if python_of(command):
        return []
    return [word for word in words if _WORD.fullmatch(word)][:_MOST_SCRIPTS]


def root_dropped_by(config: SeenConfig, scripts: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return the program that drops root's rights at startup, and the user that it switches to.

    `scripts` are files of the image that call such a program: path and program. Both are '' if the
    command starts none; so is the user if it is unknown.
    """
    words = words_of(config.command)
    for at, word in enumerate(words):
        if _name(word) in DROPPING:
            return _name(word), next(_users(_name(word), words[at + 1 :]), "")
    by_name = {_name(path): program for path, program in scripts}
    return next((by_name[_name(word)] for word in words if _name(word) in by_name), ""), ""


def _users(program: str, words: Sequence[str]) -> Iterator[str]:
    """Yield the user in the words after a program that drops root's rights."""
    if program in _NEXT_WORD:
        yield from words[:1]
        return
    for at, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in _OPTIONS[program]:
            yield from [value] if equals else words[at + 1 : at + 2]
        elif program == "su" and not word.startswith("-"):
            yield word


def _name(word: str) -> str:
    return word.rpartition("/")[2]
