"""A report's texts made safe to show, all of them: no control character, no secret.

Done once, over the whole of it: a field that is added later can't be forgotten.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from openhqm_tui.domain.plain_text import plain
from openhqm_tui.domain.secrets.redact import Mask

_Told = TypeVar("_Told", bound=msgspec.Struct)

# Characters of one text: more is no help to a reader.
_LONGEST = 4000
# Whose text has lines; all other is on one.
_WITH_LINES = {"stderr"}
# XML knows no such characters, whatever way they are written.
_NOT_XML = dict.fromkeys((65534, 65535))


def made_safe(told: _Told, mask: Mask) -> _Told:
    """Return the same record with every text safe to show and without the secrets of `mask`."""
    return msgspec.convert(_safe(msgspec.to_builtins(told), mask), type(told))


def _safe(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return _cut(mask.text(_on_one_line(value)))
    if isinstance(value, dict):
        return {_safe(name, mask): _named(name, one, mask) for name, one in value.items()}
    if isinstance(value, list | tuple):
        if value and all(isinstance(one, str) for one in value):
            # Together: a key may go over several lines of a log.
            lines = mask.lines(_on_one_line(line) for line in value)
            return [_cut(line) for line in lines]
        return [_safe(one, mask) for one in value]
    return value


def _named(name: str, value: Any, mask: Mask) -> Any:
    """Return what stands under a name, of a build argument perhaps, which may be a secret's."""
    if not isinstance(value, str):
        return _safe(value, mask)
    shown = _shown(value) if name in _WITH_LINES else _on_one_line(value)
    return _cut(mask.named(name, shown))


def _shown(text: str) -> str:
    return plain(text).translate(_NOT_XML)


def _on_one_line(text: str) -> str:
    return _shown(text).replace("\n", " ")


def _cut(text: str) -> str:
    # After it was masked: half a token can't be known as one.
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
