"""What a target of a bake definition produces: images, and artifacts, which aren't images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from openhqm_tui.domain.plan.attributes import attributes_of, fields_of

# How an image is written; other attributes say where it goes.
_OPTIONS = {
    *("compression", "compression-level", "force-compression", "oci-mediatypes", "oci-artifact"),
    *("rewrite-timestamp", "prefer-nondist-layers"),
}
_ANNOTATION = "annotation"
_WITHOUT_PLACE = {"cacheonly": "build cache", "check": "lint result"}


def read_output(entry: Any) -> dict[str, str]:
    """Return the attributes of an output as `bake --print` or a person writes it."""
    text = str(entry)
    if (
        not isinstance(entry, Mapping)
        and not text.startswith("type=")
        and fields_of(text) == [text]
    ):
        return {"type": "tar" if entry == "-" else "local", "dest": text}
    return attributes_of(entry)


def is_image(output: Mapping[str, str]) -> bool:
    """Return whether an output is an image in an engine or a registry."""
    kind = output.get("type")
    return kind in {"image", "registry"} or (kind == "docker" and not output.get("dest"))


def builds_image(body: Mapping[str, Any]) -> bool:
    """Return whether a target builds an image; without outputs, it does."""
    outputs = [read_output(entry) for entry in body.get("output") or ()]
    return not _call(body) and (not outputs or any(map(is_image, outputs)))


def artifacts_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Describe what a target produces besides an image: `local ./out`, `cacheonly`, `check`."""
    if call := _call(body):
        return (call,)
    outputs = map(read_output, body.get("output") or ())
    return tuple(
        f"{output.get('type', '')} {output.get('dest', '')}".strip()
        for output in outputs
        if not is_image(output)
    )


def artifact_text(artifact: str) -> str:
    """Return briefly where one of `artifacts_of` goes: `→ ./out`; or what it is: `lint result`."""
    kind, _, place = artifact.partition(" ")
    if place:
        return f"→ {place}"
    kind = kind.partition(",")[0]
    return _WITHOUT_PLACE.get(kind, kind)


def image_options(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return how the image is to be written, such as `compression=zstd`."""
    found: dict[str, str] = {}
    for output in map(read_output, body.get("output") or ()):
        if is_image(output):
            found |= {k: v for k, v in output.items() if k in _OPTIONS or k.startswith(_ANNOTATION)}
    return tuple(f"{key}={value}" for key, value in sorted(found.items()))


def output_entry(fields: Iterable[str]) -> str:
    """Return an output with these attributes as one text."""
    special = (",", '"', "\n")
    return ",".join(
        '"' + field.replace('"', '""') + '"' if any(map(field.count, special)) else field
        for field in fields
    )


def artifact_entries(body: Mapping[str, Any]) -> list[Any]:
    """Return the outputs that aren't images, as they are."""
    return [entry for entry in body.get("output") or () if not is_image(read_output(entry))]


def destinations(bodies: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the types of the outputs of images that the definition sends elsewhere."""
    outputs = (read_output(entry) for body in bodies for entry in body.get("output") or ())
    types = (output.get("type", "") for output in outputs if is_image(output))
    return tuple(sorted({kind for kind in types if kind != "docker"}))


def _call(body: Mapping[str, Any]) -> str:
    call = str(body.get("call") or "")
    return "" if call == "build" else call
