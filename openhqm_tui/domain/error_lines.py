"""Which lines of a build's log look like errors."""

from __future__ import annotations

import re

_WORD = (
    r"(?:error|errors|fatal|failed|failure|panic|panicked|traceback|exception|abort(?:ed|ing)|"
    r"segmentation\ fault|segfault|cannot|can't|unable\ to|no\ such\ file|not\ found|"
    r"permission\ denied|denied|undefined\ reference|out\ of\ memory|killed)"
)
# `KeyError:` and `ERR!` are words as well; `error_handler.o` and `--fail-fast` are names.
_SAYS = re.compile(
    rf"(?<![\w./=-])(?i:{_WORD})(?![\w/=-]|\.\w)"
    r"|(?<![\w./-])[A-Z]\w*(?:Error|Exception)(?=:|\b(?![\w/.(-]))"
    r"|\bERR!|^\s*E:|✗|×",
    re.VERBOSE,
)
# What programs write on standard output is an error only where the line begins by saying so.
_BEGINS = re.compile(
    r"^\s*(?:[\w./:\\-]+:\s+)*(?:\[?(?i:error|fatal|critical|panic)\b\]?(?![\w/.=-])"
    r"|Traceback\ \(most|\w*(?:Error|Exception):|FAILED\b|E:\ |(?:npm\ )?ERR!)",
    re.VERBOSE,
)
_NONE_OF_IT = re.compile(
    r"\b(?:0|no|without|zero|ignoring|ignored)\s+(?:\w+\s+)?(?:errors?|failures?|failed|exceptions?)\b"
    r"|\b(?:errors?|failures?|failed)\s*[:=]\s*0\b",
    re.IGNORECASE,
)
# Of every error that is believed at a word, one of these is a part: far quicker to look for.
_TRACES = (
    *("err", "fail", "fatal", "panic", "traceback", "exception", "abort", "fault", "cannot"),
    *("can't", "unable", "no such", "not found", "denied", "undefined", "out of", "killed"),
    *("e:", "✗", "×"),
)
# Far longer than any message; what is beyond is data.
_FAR_ENOUGH = 1000


def looks_like_error(text: str, stream: int) -> bool:
    """Tell whether a plain line looks like an error; `stream` is 0 for our own words, else 1 or 2.

    Standard error is believed at a word; standard output only where the line begins with it.
    """
    if stream == 0:
        return text.startswith("✗")
    text = text[:_FAR_ENOUGH]
    small = text.lower()
    if not any(trace in small for trace in _TRACES):
        return False
    found = _SAYS.search(text) if stream == 2 else _BEGINS.match(text)
    return found is not None and _NONE_OF_IT.search(text) is None
