"""Text in a bake file that is to be taken as it is: bake evaluates `${…}` and `%{…}` in JSON too.

`bake --print` escapes them in some attributes only. Run as it is, what it printed would be
evaluated once more, so that a path could turn into another one after it was judged.
"""

from __future__ import annotations

from typing import Any

# As Buildx 0.29.1 does, bake/bake.go, Target.MarshalJSON; of maps the values only.
_ESCAPED_BY_PRINT = {"annotations", "args", "dockerfile-inline", "extra-hosts", "labels"}


def literal(body: dict[str, Any], *, printed: bool) -> dict[str, Any]:
    """Return a target so that bake takes all of its text literally.

    `printed`: it is as `bake --print` writes it.
    """
    return {
        _escaped(key): _mapped(value, values=not (printed and key in _ESCAPED_BY_PRINT))
        for key, value in body.items()
    }


def read_literal(value: Any) -> Any:
    """Return the text that bake takes from what `literal` returned, but for what print escapes."""
    if isinstance(value, str):
        return value.replace("$${", "${").replace("%%{", "%{")
    if isinstance(value, list | tuple):
        return [read_literal(one) for one in value]
    if isinstance(value, dict):
        return {read_literal(key): read_literal(one) for key, one in value.items()}
    return value


def _mapped(value: Any, *, values: bool) -> Any:
    if isinstance(value, str):
        return _escaped(value) if values else value
    if isinstance(value, list | tuple):
        return [_mapped(one, values=values) for one in value]
    if isinstance(value, dict):
        return {_escaped(str(key)): _mapped(one, values=values) for key, one in value.items()}
    return value


def _escaped(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")
