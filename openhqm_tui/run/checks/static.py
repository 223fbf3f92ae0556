"""Checks without running the image: config and layers from the engine's store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import date

import msgspec

from openhqm_tui.domain.checks.evidence import Contents, Evidence, SeenConfig, SeenImage
from openhqm_tui.domain.checks.layers import FileKind, ScannedLayer, place
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.secrets.redact import Mask, config_secrets
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.api import EngineApi
from openhqm_tui.engine.docker.images import ImageUnknown, read_config, read_history
from openhqm_tui.run.checks.layer_reader import LayerReader, LayersUnread

# An image's texts can have any length; these limits keep the evidence file readable.
_MOST_LINES = 200
_MOST_LETTERS = 500
_MOST_FILES = 200


async def config_of(reference: str, platform: str) -> SeenConfig | ImageUnknown:
    """Return the config and history of one platform's image, or why they are unknown."""
    try:
        return await asyncio.to_thread(_read_config_and_history, reference, platform)
    except ImageUnknown as error:
        return error


async def look_at(
    reference: str,
    platform: Platform,
    index: list[SeenImage] | ImageUnknown,
    config: SeenConfig | ImageUnknown,
    layer_reader: LayerReader,
) -> tuple[Evidence, dict[str, object]]:
    """Return what is read of one lane's image without running it, and the evidence to keep."""
    seen, why_index = (None, str(index)) if isinstance(index, ImageUnknown) else (index, "")
    told, why = (None, str(config)) if isinstance(config, ImageUnknown) else (config, "")
    layers: list[ScannedLayer] | None = None
    contents: Contents | None = None
    if told is not None and told.layers is None:
        why = "the engine doesn't list the image's layers"
    elif told is not None and told.layers is not None:
        try:
            layers = await layer_reader.read(reference, str(platform), told.layers)
            contents = Contents(tuple(await asyncio.to_thread(place, layers)), len(layers))
        except LayersUnread as error:
            why = str(error)
    read = Evidence(
        index=seen,
        why_index=why_index,
        config=told,
        contents=contents,
        why=why,
        today=date.today(),
    )
    evidence: dict[str, object] = {
        "index": why_index or [_without_annotations(image) for image in seen or ()],
        "config": why if told is None else without_secrets(told),
        "layers": why if layers is None else [_layer_evidence(layer) for layer in layers],
        "files": why if contents is None else _files_evidence(contents, platform.binary),
    }
    return read, evidence


def _without_annotations(image: SeenImage) -> SeenImage:
    return msgspec.structs.replace(image, annotations={})


def without_secrets(config: SeenConfig) -> SeenConfig:
    """Return a config as it may be kept and shown: secrets masked, long texts cut."""
    mask = Mask(config_secrets(config.env, config.labels))
    named = [line.partition("=") for line in config.env[:_MOST_LINES]]
    history = config.history
    return msgspec.structs.replace(
        config,
        labels={
            _cut(name): _cut(mask.start(value, name))
            for name, value in list(config.labels.items())[:_MOST_LINES]
        },
        env=tuple(_cut(f"{name}{to}{mask.start(value, name)}") for name, to, value in named),
        author=_cut(mask.start(config.author)),
        working_dir=_cut(mask.start(config.working_dir)),
        stop_signal=_cut(config.stop_signal),
        ports=_masked(config.ports, mask),
        entrypoint=_masked(config.entrypoint, mask),
        cmd=_masked(config.cmd, mask),
        health_check=_masked(config.health_check, mask),
        history=None if history is None else _masked(history, mask),
        comments=_masked(config.comments, mask),
    )


def _masked(lines: Sequence[str], mask: Mask) -> tuple[str, ...]:
    return tuple(_cut(mask.start(line)) for line in lines[:_MOST_LINES])


def _cut(text: str) -> str:
    return one_line(text, _MOST_LETTERS)


def _layer_evidence(layer: ScannedLayer) -> dict[str, object]:
    kinds = Counter(found.kind.value for found in layer.found)
    return {"digest": layer.digest, "bytes": layer.size, "entries": layer.entries, **kinds}


def _files_evidence(contents: Contents, binary: str) -> dict[str, object]:
    """Return the number of files of each kind, and the paths of suspicious ones."""
    there = [one for one in contents.placed if not one.deleted]
    named = [
        f"{one.found.kind.value}: {one_line(one.found.place, 300)} ({one_line(one.found.what)}), "
        f"layer {one.layer}" + (", deleted later" if one.deleted else "")
        for one in contents.placed
        if one.found.kind not in {FileKind.CACHE, FileKind.ACCOUNT}
        and (one.found.kind is not FileKind.BINARY or one.found.what != binary)
    ]
    return {
        "binaries": Counter(one.found.what for one in there if one.found.kind is FileKind.BINARY),
        "caches": Counter(one.found.what for one in there if one.found.kind is FileKind.CACHE),
        "named": named[:_MOST_FILES],
        "not named": max(0, len(named) - _MOST_FILES),
    }


def _read_config_and_history(reference: str, platform: str) -> SeenConfig:
    with EngineApi() as api:
        config = read_config(reference, platform, api)
        try:
            history, comments = read_history(reference, platform, api)
        except ImageUnknown:
            return config
        return msgspec.structs.replace(config, history=history, comments=comments)
