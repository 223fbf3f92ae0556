"""The attributes of an entry of a bake target: of an output, a cache or a secret."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any


def attributes_of(entry: Any) -> dict[str, str]:
    """Return the attributes, whether `bake --print` gives them or a person writes `key=value,…`."""
    if isinstance(entry, Mapping):
        return {str(key): str(value) for key, value in entry.items()}
    pairs = (field.partition("=") for field in fields_of(str(entry)))
    return {key.strip().lower(): value for key, _, value in pairs}


def fields_of(text: str) -> list[str]:
    """Return the fields of an entry that is written as a line of CSV."""
    return next(csv.reader([text]), [])


def has_provenance(body: Mapping[str, Any]) -> bool:
    """Return whether a target asks for provenance; without a word, Buildx adds a minimal one."""
    attests = map(attributes_of, body.get("attest") or ())
    return any(
        attest.get("type") == "provenance" and attest.get("disabled", "").lower() != "true"
        for attest in attests
    )
