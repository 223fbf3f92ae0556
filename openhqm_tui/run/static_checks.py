"""What can be told of a lane's image without running it: evidence from the store, then verdicts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec

from openhqm_tui.domain.config_proof import judge_config
from openhqm_tui.domain.contents import Contents, judge_contents, judge_secrets, judge_size
from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.layers import Kind, Layer, place
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.proof import SeenConfig, SeenImage, judge_index
from openhqm_tui.domain.secrets.redact import Mask, config_secrets
from openhqm_tui.domain.verdicts import Verdict
from openhqm_tui.engine.api import EngineApi
from openhqm_tui.engine.images import ImageUnknown, read_config, read_history
from openhqm_tui.run.layer_reading import LayersUnread, layers_of

# An image may say anything at any length; the evidence file stays a file that people can read.
_MOST_LINES = 200
_MOST_LETTERS = 500
_MOST_FILES = 200


async def config_of(reference: str, platform: str) -> SeenConfig | ImageUnknown:
    """Return the config and history of one platform's image, or why nobody can tell."""
    try:
        return await asyncio.to_thread(_ask, reference, platform)
    except ImageUnknown as error:
        return error


async def look_at(
    reference: str,
    expected: Expectation,
    index: list[SeenImage] | ImageUnknown,
    config: SeenConfig | ImageUnknown,
) -> tuple[list[Verdict], dict[str, object]]:
    """Return the static verdicts on one lane's image, in their order, and the evidence to keep."""
    seen, why_index = (None, str(index)) if isinstance(index, ImageUnknown) else (index, "")
    told, why = (None, str(config)) if isinstance(config, ImageUnknown) else (config, "")
    layers: list[Layer] | None = None
    contents: Contents | None = None
    if told is not None and told.layers is None:
        why = "the engine doesn't tell its layers"
    elif told is not None and told.layers is not None:
        try:
            layers = await layers_of(reference, str(expected.platform), told.layers)
            contents = Contents(tuple(await asyncio.to_thread(place, layers)), len(layers))
        except LayersUnread as error:
            why = str(error)
    verdicts = [
        judge_index(expected, seen, why_index),
        *judge_config(expected, told, why),
        *judge_contents(expected, contents, why),
        judge_secrets(expected, told, contents, why),
        *judge_size(expected, seen, why_index),
    ]
    evidence: dict[str, object] = {
        "index": why_index or seen,
        "config": why if told is None else without_secrets(told),
        "layers": why if layers is None else [_layer_told(layer) for layer in layers],
        "files": why if contents is None else _files_told(contents, expected.platform.binary),
    }
    return verdicts, evidence


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
        entrypoint=_masked(config.entrypoint, mask),
        cmd=_masked(config.cmd, mask),
        health_check=_masked(config.health_check, mask),
        history=None if history is None else _masked(history, mask),
    )


def _masked(lines: Sequence[str], mask: Mask) -> tuple[str, ...]:
    return tuple(_cut(mask.start(line)) for line in lines[:_MOST_LINES])


def _cut(text: str) -> str:
    return one_line(text, _MOST_LETTERS)


def _layer_told(layer: Layer) -> dict[str, object]:
    kinds = Counter(found.kind.value for found in layer.found)
    return {"digest": layer.digest, "bytes": layer.size, "entries": layer.entries, **kinds}


def _files_told(contents: Contents, binary: str) -> dict[str, object]:
    """Return how many there are of each sort, and the files that may be wrong by their paths."""
    there = [one for one in contents.placed if not one.deleted]
    named = [
        f"{one.found.kind.value}: {one_line(one.found.path, 300)} ({one_line(one.found.what)}), "
        f"layer {one.layer}" + (", deleted later" if one.deleted else "")
        for one in contents.placed
        if one.found.kind is not Kind.CACHE
        and (one.found.kind is not Kind.BINARY or one.found.what != binary)
    ]
    return {
        "binaries": Counter(one.found.what for one in there if one.found.kind is Kind.BINARY),
        "caches": Counter(one.found.what for one in there if one.found.kind is Kind.CACHE),
        "named": named[:_MOST_FILES],
        "not named": max(0, len(named) - _MOST_FILES),
    }


def _ask(reference: str, platform: str) -> SeenConfig:
    with EngineApi() as api:
        config = read_config(reference, platform, api)
        try:
            history = read_history(reference, platform, api)
        except ImageUnknown:
            return config
        return msgspec.structs.replace(config, history=history)
