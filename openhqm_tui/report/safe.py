"""A report's texts made safe to show, all of them: no control character, no secret.

Done once, over the whole of it: a field that is added later can't be forgotten.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from openhqm_tui.domain.masking import Mask
from openhqm_tui.domain.plain_text import plain

_Told = TypeVar("_Told", bound=msgspec.Struct)

# Characters of one text: more is no help to a reader.
_LONGEST = 4000
# XML knows no such characters, whatever way they are written.
_NOT_XML = dict.fromkeys((65534, 65535))


def made_safe(told: _Told, mask: Mask) -> _Told:
    """Return the same record with every text safe to show and without the secrets of `mask`."""
    return msgspec.convert(_safe(msgspec.to_builtins(told), mask), type(told))


def _safe(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return _text(value, mask)
    if isinstance(value, dict):
        return {_text(name, mask): _named(name, one, mask) for name, one in value.items()}
    if isinstance(value, list | tuple):
        if value and all(isinstance(one, str) for one in value):
            # Together: a key may go over several lines of a log.
            return [_text(line, None) for line in mask.lines(_one_line(line) for line in value)]
        return [_safe(one, mask) for one in value]
    return value


def _named(name: str, value: Any, mask: Mask) -> Any:
    return mask.named(name, _text(value, None)) if isinstance(value, str) else _safe(value, mask)


def _one_line(text: str) -> str:
    return plain(text).replace("\n", " ")


def _text(text: str, mask: Mask | None) -> str:
    told = plain(text).translate(_NOT_XML)
    # Before it is cut: half a token can't be known as one.
    told = mask.text(told) if mask is not None else told
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"
