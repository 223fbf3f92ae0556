"""Checks without running the image: config and layers from the engine's store."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import date
from weakref import WeakKeyDictionary

import msgspec

from openhqm_tui.domain.checks.evidence import Contents, Evidence, SeenConfig, SeenImage
from openhqm_tui.domain.checks.layers import FileKind, ScannedLayer, place
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.secrets.redact import Mask, config_secrets
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.api import EngineApi
from openhqm_tui.engine.docker.images import ImageUnknown, read_config, read_history
from openhqm_tui.engine.layers.scan import Limits, ScanLine, ScanOrder
from openhqm_tui.store.layer_cache import LayerCache

# The layers of an image come from the cache, or are exported by the engine and read in a child
# process: `docker image save` writes directly to engine/layers/scan, so that neither the image nor
# a file of it passes through this process.

# Seconds for an export and reading it, also on a busy machine.
PATIENCE = 900.0
_MOST_TOLD = 128 << 20
_MOST_ERRORS = 64 << 10
# The variables with which Python finds its modules; none of them is secret.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "SYSTEMROOT")

# One export at a time for each platform: lanes of one platform share most of their layers.
_EXPORTS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = (
    WeakKeyDictionary()
)


class LayersUnread(Problem):
    """Some layers of an image can't be read; `str()` is the reason."""


async def layers_of(
    reference: str,
    platform: str,
    digests: Sequence[str],
    cache: LayerCache | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> list[ScannedLayer]:
    """Return the layers of one platform's image, the lowest first.

    `reference` names it by digest, `digests` its layers as its config does. Raises LayersUnread.
    """
    cache = cache or LayerCache()
    known = await asyncio.to_thread(_from_cache, cache, digests)
    if not set(digests) <= set(known):
        locks = _EXPORTS.setdefault(asyncio.get_running_loop(), {})
        async with locks.setdefault(platform, asyncio.Lock()):
            # Meanwhile another lane may have read shared layers.
            known = await asyncio.to_thread(_from_cache, cache, digests)
            missing = [digest for digest in dict.fromkeys(digests) if digest not in known]
            if missing:
                blobs = tuple(layer.blob for layer in known.values() if layer.blob)
                order = ScanOrder(wanted=tuple(missing), known=blobs, limits=limits)
                read, why = await _export(reference, platform, order)
                known |= read
                await asyncio.to_thread(_keep, cache, read)
                left = sum(digest not in known for digest in missing)
                if left:
                    raise LayersUnread(f"{left} of {len(digests)} layers can't be read: {why}")
    return [known[digest] for digest in digests]


def _from_cache(cache: LayerCache, digests: Sequence[str]) -> dict[str, ScannedLayer]:
    found = ((digest, cache.get(digest)) for digest in dict.fromkeys(digests))
    return {digest: layer for digest, layer in found if layer is not None}


def _keep(cache: LayerCache, layers: dict[str, ScannedLayer]) -> None:
    for layer in layers.values():
        cache.put(layer)


async def _export(
    reference: str, platform: str, order: ScanOrder
) -> tuple[dict[str, ScannedLayer], str]:
    """Return the layers that were read, by digest, and why others weren't."""
    reading, writing = os.pipe()
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    running: list[asyncio.subprocess.Process] = []
    try:
        try:
            running.append(
                await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "openhqm_tui.engine.layers.scan"),
                    msgspec.json.encode(order).decode(),
                    stdin=reading,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    env=environment,
                    start_new_session=True,
                )
            )
            running.append(
                await asyncio.create_subprocess_exec(
                    *("docker", "image", "save", "--platform", platform, reference),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=writing,
                    stderr=asyncio.subprocess.PIPE,
                    start_new_session=True,
                )
            )
        finally:
            os.close(reading)
            os.close(writing)
        scan, save = running
        told, errors, words = await asyncio.wait_for(
            asyncio.gather(
                _read(scan.stdout, _MOST_TOLD),
                _read(scan.stderr, _MOST_ERRORS),
                _read(save.stderr, _MOST_ERRORS),
            ),
            PATIENCE,
        )
        scanned, saved = await scan.wait(), await save.wait()
    except TimeoutError:
        return {}, f"timed out after {PATIENCE:.0f} s"
    except OSError as error:
        return {}, f"the image export can't be started ({error.strerror})"
    finally:
        for process in running:
            await _end(process)
    return _parsed(told, scanned=scanned, errors=errors, saved=saved, words=words, order=order)


def _parsed(
    told: bytes, *, scanned: int, errors: bytes, saved: int, words: bytes, order: ScanOrder
) -> tuple[dict[str, ScannedLayer], str]:
    """Return layers and reasons from the output and exit codes of both programs."""
    layers: dict[str, ScannedLayer] = {}
    reasons: list[str] = []
    for line in told.splitlines():
        try:
            said = msgspec.json.decode(line, type=ScanLine)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            reasons.append("the layer reader's output can't be parsed")
            break
        if said.layer is not None and said.layer.digest in order.wanted:
            layers[said.layer.digest] = said.layer
        if said.trouble is not None:
            reasons.append(one_line(said.trouble.reason))
    if scanned in {-signal.SIGXCPU, -signal.SIGKILL}:
        reasons.append(f"it takes more than {order.limits.seconds} s to read")
    elif scanned:
        reasons.append(f"the layer reader failed: {one_line(errors[-400:]) or scanned}")
    # A reader with all layers exits early, and the export ends with a broken pipe.
    elif saved and not set(order.wanted) <= set(layers):
        reasons.append(f"the engine can't export the image: {one_line(words[-400:]) or saved}")
    return layers, "; ".join(dict.fromkeys(reasons)) or "they aren't in the engine's export"


async def _read(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    kept = bytearray()
    while stream is not None and (piece := await stream.read(65536)):
        if len(kept) < limit:
            kept += piece[: limit - len(kept)]
    return bytes(kept)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    # Shielded, so that a cancelled check leaves no process behind either.
    await asyncio.shield(process.wait())


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
            layers = await layers_of(reference, str(platform), told.layers)
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
