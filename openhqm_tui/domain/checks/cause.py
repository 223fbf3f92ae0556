"""The line of a program's output that says why it failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from openhqm_tui.domain.text import one_line, plain

_WIDTH = 160
_HIGH = frozenset(
    (
        *("alert", "crit", "critical", "crt", "emerg", "emergency", "erro", "eror", "err"),
        *("error", "fail", "fata", "fatal", "ftl", "pani", "panic", "severe"),
    )
)
_LOW = frozenset(
    (
        *("dbg", "debu", "debug", "fine", "finer", "finest", "inf", "info", "information"),
        *("informational", "log", "note", "notice", "success", "system", "trace", "trc"),
        *("verbose", "vrb", "warn", "warning", "wrn"),
    )
)
# An exception at the start of a line; words for an error; words for what became of a process.
_EXCEPTION = re.compile(r"^\s*(?:[A-Za-z_][\w.$]*)?(?:Error|Exception)\b.*")
_ERROR = re.compile(r"(?i)\b(?:error|fatal|panic|exception|failed|cannot|can't)\b")
_SYMPTOM = re.compile(r"\b(?:died|killed|SIGKILL|SIGTERM|WORKER TIMEOUT)\b")
_TRACEBACK = "Traceback (most recent call last)"

# The names of fields in lower case; in the order of preference.
_LEVELS = (
    *("level", "levelname", "severity", "severitytext", "lvl", "loglevel", "log_level"),
    *("log.level", "log", "@l", "s"),
)
_MESSAGES = ("event", "msg", "message", "short_message", "@message", "@m", "@mt", "text")
_ERRORS = ("error", "exception", "err", "exc_info", "error.message", "exc", "@x", "stack")
_LETTERS = {"f": "fatal", "e": "error", "w": "warn", "i": "info"}
_PAIR = re.compile(r'(?<!\S)([\w.@-]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)')
# In JSON after a prefix, or whose start is missing.
_IN_JSON = re.compile(r'(?i)"(?:level|levelname|severity|lvl)":\s*"(\w+)"')
# The level among the tokens of a line's head: `[WARN]`, `core:warn]`, `WARNING:root:x`,
# `WARNING/MainProcess]`, `WARN[0000]`, `app.ERROR:`.
_TOKEN = re.compile(
    rf"(?i)[\[(|*]*(?:[\w.-]+[.:])??(?P<word>{'|'.join(sorted(_HIGH | _LOW))})"
    r"(?:\[\d+\])?(?:[:/]\S*)?[\])|*:,!-]*"
)
# Where a head starts with a date, a time, a process ID or a bracket.
_HEAD = re.compile(r"[\[(<\"]|\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b|[A-Z][a-z]{2} +\d")
_MOST_TOKENS, _MOST_NAMES = 9, 2
# Of Go and C++ (glog), and of Ruby; of syslog: facility and severity as a number.
_LETTER = re.compile(r"^([DIWEF])(?:\d{4} \d\d:\d\d:|, \[)")
_PRIORITY = re.compile(r"^<(\d{1,3})>")
_SYSLOG_ERROR = 3
# Of Python: `FILE:LINE: UserWarning: …`
_WARNING = re.compile(r"^\S+:\d+: \w*Warning: ")
_PINO_ERROR = 50


class Cause(msgspec.Struct, frozen=True):
    """The most likely cause, sanitized and on one line; `is_error`: it reports an error."""

    text: str = ""
    is_error: bool = False


def cause_in(output: str) -> Cause:
    """Return the most likely cause of a failure in a program's output.

    The last exception comes first, then the last line that is logged as an error, the last one
    with a word for an error, the last one about the end of a process, the last one with a word for
    an error that is logged at a lower level, and the last line.
    """
    ranked = [
        (_rank(line, is_error), number, line)
        for number, (line, is_error) in enumerate(_with_levels(output))
    ]
    rank, _, line = max(ranked, default=(0, 0, ""))
    return Cause(one_line(_message(line), _WIDTH), rank > 2 and not _SYMPTOM.search(line))


def without_minor_lines(output: str) -> str:
    """Return a program's output without the lines that are logged at a level below error."""
    return "\n".join(line for line, is_error in _with_levels(output) if is_error is not False)


def _rank(line: str, is_error: bool | None) -> int:
    is_exception, has_word = _EXCEPTION.search(line), _ERROR.search(line)
    if is_error is False:
        return 1 if is_exception or has_word else 0
    if is_exception:
        return 5
    return 4 if is_error else 3 if has_word else 2 if _SYMPTOM.search(line) else 0


def _with_levels(output: str) -> Iterator[tuple[str, bool | None]]:
    """Yield each line, and whether it is logged as an error; None: at no level.

    A traceback right after a line belongs to it.
    """
    inherited: bool | None = None
    previous: bool | None = None
    for line in filter(str.strip, plain(output).splitlines()):
        level = is_logged_as_error(line)
        if line.startswith(_TRACEBACK):
            inherited = previous
        if level is None and inherited is not None:
            yield line, inherited
            if not line.startswith((" ", _TRACEBACK)):
                inherited = None
        else:
            inherited = None
            yield line, level
        previous = level


def is_logged_as_error(line: str) -> bool | None:
    """Return whether the level of a line is error or above; None: it has no level."""
    if level := _level_in(_fields(line)):
        return level in _HIGH
    if found := _IN_JSON.search(line):
        return found[1].lower() in _HIGH
    if letter := _LETTER.match(line):
        return letter[1] in "EF"
    if priority := _PRIORITY.match(line):
        return int(priority[1]) % 8 <= _SYSLOG_ERROR
    if _WARNING.match(line):
        return False
    return _level_in_head(line)


def _level_in_head(line: str) -> bool | None:
    """Find the level in a line's head: a date, a time, IDs, and names in front of the message."""
    has_head = _HEAD.match(line.lstrip()) is not None
    names = 0
    for at, token in enumerate(line.split(None, _MOST_TOKENS)[:_MOST_TOKENS]):
        if found := _TOKEN.fullmatch(token):
            enclosed = token[0] in "[(" or token[-1] in "])" or f"\t{token}\t" in line
            clear = found["word"].isupper() or (token.endswith(":") and not names)
            if enclosed or (clear and (at == 0 or has_head)):
                return found["word"].lower() in _HIGH
        if token.strip("-:|[]()").isalpha():
            names += 1
        if names > _MOST_NAMES or not (has_head or token.endswith(":")):
            break
    return None


def _fields(line: str) -> dict[str, Any]:
    """Return the fields of a line in JSON or logfmt, by their names in lower case."""
    if line.lstrip().startswith("{"):
        try:
            found = msgspec.json.decode(line)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return {}
        # Loguru nests the fields.
        record = found.get("record")
        fields = record if isinstance(record, dict) else found
        return {str(name).lower(): value for name, value in fields.items()}
    pairs = {name.lower(): value for name, value in _PAIR.findall(line)}
    return {name: _unquoted(value) for name, value in pairs.items()}


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _level_in(fields: dict[str, Any]) -> str:
    """Return the level that fields name, in lower case; '' for none."""
    for name in _LEVELS:
        value = fields.get(name)
        if isinstance(value, dict):
            value = value.get("name") or value.get("level")
        if isinstance(value, int):
            # Of syslog up to 7, of pino and bunyan from 10 on.
            return "error" if value <= _SYSLOG_ERROR or value >= _PINO_ERROR else "info"
        level = str(value).lower()
        if name == "s":
            level = _LETTERS.get(level, "")
        if level in _HIGH or level in _LOW:
            return level
    return ""


def _message(line: str) -> str:
    """Return what a line says: the message and the error of one with fields, else the line."""
    fields = _fields(line)
    told = next((text for name in _MESSAGES if (text := _text(fields.get(name)))), "")
    if not _level_in(fields) or not told:
        return line
    error = next((text for name in _ERRORS if (text := _text(fields.get(name)))), "")
    return told if error in told else f"{told}: {error}"


def _text(value: object) -> str:
    """Return the text of a field: of an error, its message; of a traceback, its exception."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        # structlog has `exc_value`.
        value = value.get("message") or value.get("msg") or value.get("exc_value")
    if not isinstance(value, str):
        return ""
    lines = [line.strip() for line in plain(value).splitlines() if line.strip()]
    exceptions = [line for line in lines if _EXCEPTION.search(line)]
    return (exceptions or lines or [""])[-1]
