"""An image's layers, read from its manifest and its config: what each weighs, what made it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from openhqm_tui.domain.journal import Layer
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.secrets.redact import Mask, config_secrets

# The engine keeps no more than 128; the journal's line must stay one that can be read.
_MOST_LAYERS = 256
_LONGEST = 120
_OURS = re.compile(r"^/bin/sh -c (?:#\(nop\)\s*)?|\s*# buildkit$")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def config_digest(manifest: bytes) -> str:
    """Return the digest of the config that a manifest names; '' where it names none."""
    digest = _dict(_read(manifest).get("config")).get("digest")
    return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""


def layers_of(manifest: bytes, config: bytes) -> tuple[Layer, ...]:
    """Return the layers of an image, the lowest first; () where the manifest can't be read.

    What made them is told where the config's history has as many entries that made a layer.
    """
    told = _read(manifest).get("layers")
    found = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    whole = _read(config)
    history, mask = whole.get("history"), _mask_of(_dict(whole.get("config")))
    made = [
        str(step.get("created_by") or "")
        for step in (history if isinstance(history, list) else ())
        if isinstance(step, dict) and not step.get("empty_layer")
    ]
    if len(made) != len(found):
        made = [""] * len(found)
    layers = []
    for one, made_by in zip(found, made, strict=True):
        digest, size = one.get("digest"), one.get("size")
        if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
            return ()
        if not isinstance(size, int) or not 0 <= size < 2**63:
            return ()
        # Masked before it is cut: half a token can't be known as one.
        words = one_line(_OURS.sub("", mask.start(made_by)), _LONGEST)
        layers.append(Layer(digest=digest, size=size, created_by=words))
    return tuple(layers[:_MOST_LAYERS])


def _mask_of(config: dict[str, Any]) -> Mask:
    env = config.get("Env")
    lines = [line for line in env if isinstance(line, str)] if isinstance(env, list) else []
    labels = {name: str(value) for name, value in _dict(config.get("Labels")).items()}
    return Mask(config_secrets(lines, labels))


def _read(blob: bytes) -> dict[str, Any]:
    try:
        return _dict(json.loads(blob))
    except (ValueError, RecursionError):
        return {}


def _dict(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
