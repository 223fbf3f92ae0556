"""Reading the layers of images, without running them.

The layers come from the cache, or are exported by the engine and read in a child process: `docker
image save` writes directly to `engine/layers/scan`, so that neither the image nor a file of it
passes through this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence

import msgspec

from openhqm_tui.domain.checks.layers import ScannedLayer
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.images import ImageUnknown, read_config
from openhqm_tui.engine.layers.scan import Limits, ScanLine, ScanOrder
from openhqm_tui.store.layer_cache import LayerCache

# Seconds for an export and reading it, also on a busy machine.
PATIENCE = 900.0
_MOST_TOLD = 128 << 20
_MOST_ERRORS = 64 << 10
# Images in one export.
_MOST_TOGETHER = 16
# The variables with which Python finds its modules; none of them is secret.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "SYSTEMROOT")


class LayersUnread(Problem):
    """Some layers of an image can't be read; `str()` is the reason."""


class _Missing(msgspec.Struct, frozen=True):
    """The layers of an image that aren't in the cache, and the blobs of those that are."""

    reference: str
    digests: tuple[str, ...]
    blobs: tuple[str, ...]


class LayerReader:
    """Reads the layers of images, from the cache or from exports.

    One export at a time for each platform, since images share most of their layers. Images that
    were announced are exported together: an export costs the engine about the same for several.
    """

    def __init__(self, cache: LayerCache | None = None, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._cache = cache or LayerCache()
        self._limits = limits
        self._locks: dict[str, asyncio.Lock] = {}
        self._announced: dict[str, list[str]] = {}

    def announce(self, reference: str, platform: str) -> None:
        """Say that the layers of an image will be read."""
        self._announced.setdefault(platform, []).append(reference)

    async def read(
        self, reference: str, platform: str, digests: Sequence[str]
    ) -> list[ScannedLayer]:
        """Return the layers of one platform's image, the lowest first.

        `reference` names it by digest, `digests` its layers as its config does. Raises
        LayersUnread.
        """
        known = await asyncio.to_thread(self._from_cache, digests)
        if not set(digests) <= set(known):
            async with self._locks.setdefault(platform, asyncio.Lock()):
                # Meanwhile they may have been read for another lane.
                known = await asyncio.to_thread(self._from_cache, digests)
                missing = _missing(reference, digests, known)
                if missing.digests:
                    read, why = await self._export(missing, platform)
                    known |= read
                    left = sum(digest not in known for digest in missing.digests)
                    if left:
                        raise LayersUnread(f"{left} of {len(digests)} layers can't be read: {why}")
        return [known[digest] for digest in digests]

    async def _export(self, own: _Missing, platform: str) -> tuple[dict[str, ScannedLayer], str]:
        """Export an image with those announced; return what was read, and why others weren't."""
        announced = self._announced.setdefault(platform, [])
        references = set(announced[:_MOST_TOGETHER]) - {own.reference}
        del announced[:_MOST_TOGETHER]
        others = await asyncio.to_thread(self._all_missing, sorted(references), platform)
        read, why = await _export([own, *others], platform, self._limits)
        if others and not set(own.digests) <= set(read):
            # One of the others may be the reason.
            alone, why = await _export([own], platform, self._limits)
            read |= alone
        await asyncio.to_thread(self._keep, read)
        return read, why

    def _all_missing(self, references: Sequence[str], platform: str) -> list[_Missing]:
        """Return what is missing of the images that have layers to read."""
        found = []
        for reference in references:
            with contextlib.suppress(ImageUnknown):
                digests = read_config(reference, platform).layers or ()
                found.append(_missing(reference, digests, self._from_cache(digests)))
        return [missing for missing in found if missing.digests]

    def _from_cache(self, digests: Sequence[str]) -> dict[str, ScannedLayer]:
        found = ((digest, self._cache.get(digest)) for digest in dict.fromkeys(digests))
        return {digest: layer for digest, layer in found if layer is not None}

    def _keep(self, layers: dict[str, ScannedLayer]) -> None:
        for layer in layers.values():
            self._cache.put(layer)


def _missing(reference: str, digests: Sequence[str], known: Mapping[str, ScannedLayer]) -> _Missing:
    return _Missing(
        reference,
        tuple(digest for digest in dict.fromkeys(digests) if digest not in known),
        tuple(layer.blob for layer in known.values() if layer.blob),
    )


async def _export(
    images: Sequence[_Missing], platform: str, limits: Limits
) -> tuple[dict[str, ScannedLayer], str]:
    """Return the layers that were read, by digest, and why others weren't."""
    order = ScanOrder(
        wanted=tuple(dict.fromkeys(digest for image in images for digest in image.digests)),
        known=tuple(dict.fromkeys(blob for image in images for blob in image.blobs)),
        limits=limits,
    )
    references = [image.reference for image in images]
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
                    *("docker", "image", "save", "--platform", platform, *references),
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
            record = msgspec.json.decode(line, type=ScanLine)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            reasons.append("the layer reader's output can't be parsed")
            break
        if record.layer is not None and record.layer.digest in order.wanted:
            layers[record.layer.digest] = record.layer
        if record.trouble is not None:
            reasons.append(one_line(record.trouble.reason))
    if scanned == -signal.SIGXCPU:
        reasons.append(f"the layer reader reached its limit of {order.limits.seconds} s CPU time")
    elif scanned == -signal.SIGKILL:
        reasons.append("the layer reader was killed, probably out of memory")
    elif scanned:
        reasons.append(f"the layer reader failed: {_end_text(errors, scanned)}")
    # A reader with all layers exits early, and the export ends with a broken pipe.
    elif saved and not set(order.wanted) <= set(layers):
        reasons.append(f"the engine can't export the image: {_end_text(words, saved)}")
    return layers, "; ".join(dict.fromkeys(reasons)) or "the engine's export is incomplete"


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


def _end_text(errors: bytes, code: int) -> str:
    return one_line(errors[-400:]) or f"exit code {code}"
