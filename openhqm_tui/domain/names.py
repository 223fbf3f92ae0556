"""Long names of targets: shortened so that they stay distinct, and filtered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import takewhile

from openhqm_tui.domain.text import ELLIPSIS, cut_end

# Fewer characters of a common start say nothing.
_LEAST_START = 4
_LEAST_PIECES = 8
_SEPARATORS = "-_."


def cut_middle(text: str, room: int) -> str:
    """Return text of at most `room` characters, without its middle if it is longer.

    With little room, its end is left out: two short pieces are harder to read.
    """
    if len(text) <= room or room < _LEAST_PIECES:
        return cut_end(text, room)
    end = room // 2
    return text[: room - 1 - end] + ELLIPSIS + text[-end:]


def shortened(names: Iterable[str], room: int) -> Mapping[str, str]:
    """Return names of at most `room` characters by their full names, distinct where possible.

    If one doesn't fit, all lose as much as necessary of their common start, since the rest tells
    them apart; what still doesn't fit loses its middle.
    """
    return _shortened(tuple(names), max(1, room))


@lru_cache(maxsize=64)
def _shortened(names: tuple[str, ...], room: int) -> Mapping[str, str]:
    if max(map(len, names), default=0) <= room:
        return {name: name for name in names}
    common = _common_words(names) if len(names) > 1 else 0
    kept = max(0, room - 1 - max(len(name) - common for name in names))
    kept = kept if kept >= _LEAST_START else 0
    if kept < common - 1:
        short = {name: name[:kept] + ELLIPSIS + name[common:] for name in names}
    else:
        short = {name: name for name in names}
    alike = defaultdict(list)
    for name, text in short.items():
        alike[cut_middle(text, room)].append(name)
    found = {}
    for text, group in alike.items():
        start = _common_words(group)
        for name in group:
            # They differ only in the middle: show what comes after their common start.
            rest = ELLIPSIS + name[start:]
            found[name] = text if len(group) == 1 else cut_end(rest, room)
    return {name: found[name] for name in names}


def _common_words(names: Sequence[str]) -> int:
    """Return the length of the whole words that all names begin with."""
    first, last = min(names), max(names)
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    common = first[: sum(1 for _ in pairs)]
    return max(common.rfind(separator) for separator in _SEPARATORS) + 1


def matches(text: str, words: str) -> bool:
    """Return whether a text contains each of some words, in any case."""
    folded = text.casefold()
    return all(word in folded for word in words.casefold().split())
