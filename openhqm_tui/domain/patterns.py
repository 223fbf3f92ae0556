"""Regular expressions typed by users: smart case, and none that could run forever."""

from __future__ import annotations

import re
import warnings

from openhqm_tui.domain.errors import Problem

# Nobody types longer expressions.
_LONGEST = 300
_MOST_REPEATS = 20
# Maximum number of repeats of variable-length groups: each may double the work.
_MOST_WITHIN = 8
_REPEAT = re.compile(r"[*+?]|\{(\d*)(,?)(\d*)\}")
# Constructs that change how the rest is parsed; not useful for searching logs.
_ODD = re.compile(r"\(\?(?:\(|[a-zA-Z]*x)")
_CAPITAL = re.compile(r"(?:[^\\]|^)(?:\\\\)*[A-Z]")


def parse_pattern(text: str) -> re.Pattern[str]:
    """Compile a typed expression; raises Problem if it can't be used.

    It is case-sensitive only if it contains upper-case letters.
    """
    if len(text) > _LONGEST:
        raise Problem(f"the expression is longer than {_LONGEST} characters")
    flags = re.NOFLAG if _CAPITAL.search(text) else re.IGNORECASE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = re.compile(text, flags)
    except re.error as error:
        place = "" if error.pos is None else f" (position {error.pos + 1})"
        raise Problem(f"invalid regular expression: {error.msg}{place}") from None
    except (OverflowError, RecursionError):
        raise Problem("the regular expression is too complex") from None
    if odd := _ODD.search(text):
        raise Problem(f"conditionals and verbose mode aren't supported: {odd[0]}")
    if runs_away(text):
        raise Problem("nested or many repeats could take forever: use [ab]+ instead of (a|b)+")
    return pattern


def runs_away(text: str) -> bool:
    """Return whether an expression may take exponential time in the length of a line.

    It may if a repeated group can match in several ways: `(a+)+`, `(a|aa)*`.
    """
    nested, _, repeats = _repeats(text)
    return nested or repeats > _MOST_REPEATS


def steepness(text: str) -> int:
    """Return the degree of an expression's worst-case polynomial time, from 1."""
    return 1 + _repeats(text)[1]


def _repeats(text: str) -> tuple[bool, int, int]:
    """Return whether repeats are nested, the number of unbounded ones, and the total."""
    varies = [False]
    group_varies = nested = False
    endless = repeats = within = at = 0
    while at < len(text):
        sign = text[at]
        if repeat := _REPEAT.match(text, at):
            least, comma, most = repeat[1], repeat[2], repeat[3]
            times = int((most if comma else least) or 99) if sign == "{" else 99
            many = sign != "?" and times > 9
            if group_varies and sign != "?":
                within += times
                nested = nested or within > _MOST_WITHIN
            endless += many
            repeats += 1
            varies[-1] = True
            group_varies = False
            at = repeat.end()
            at += text[at : at + 1] in {"?", "+"}
            continue
        group_varies = False
        if sign == "\\":
            at += 1
        elif sign == "[":
            at = _class_end(text, at)
        elif sign == "(":
            varies.append(False)
            at = _group_start(text, at)
        elif sign == ")":
            group_varies = varies.pop()
            varies[-1] = varies[-1] or group_varies
        elif sign == "|":
            varies[-1] = True
        at += 1
    return nested, endless, repeats


def _class_end(text: str, start: int) -> int:
    """Return the index of a character class's `]`."""
    at = start + 1
    at += text[at] == "^"
    at += text[at] == "]"
    while text[at] != "]":
        at += 2 if text[at] == "\\" else 1
    return at


def _group_start(text: str, start: int) -> int:
    """Return the index of the end of a group's opening: the `>` of `(?P<name>`."""
    if text[start + 1 : start + 2] != "?":
        return start
    at = start + 2
    while text[at] not in ":=!>)":
        at += 1
    return at - 1 if text[at] == ")" else at
