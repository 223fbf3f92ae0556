"""The layers of a lane's image: from the cache, else exported by the engine and read apart.

`docker image save` writes straight into the program that reads (engine/layer_scan): neither the
image nor a file of it ever passes through this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import msgspec

from openhqm_tui.domain.layers import Layer
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.problems import Problem
from openhqm_tui.engine.layer_scan import Limits, Line, Order
from openhqm_tui.store.layer_cache import LayerCache

# Seconds for an export and its reading, whatever the processor does meanwhile.
PATIENCE = 900.0
_MOST_TOLD = 128 << 20
_MOST_ERRORS = 64 << 10
# What a Python needs to find its modules, and nothing that is secret.
_PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "SYSTEMROOT")

# One export at a time for each platform: lanes of one platform share most of their layers.
_EXPORTS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = (
    WeakKeyDictionary()
)


class LayersUnread(Problem):
    """Not all layers of an image could be read; `str()` says why."""


async def layers_of(
    reference: str,
    platform: str,
    digests: Sequence[str],
    cache: LayerCache | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> list[Layer]:
    """Return the layers of one platform's image, the lowest first.

    `reference` names it by digest, `digests` its layers as its config does. Raises LayersUnread.
    """
    cache = cache or LayerCache()
    known = await asyncio.to_thread(_from_cache, cache, digests)
    if not set(digests) <= set(known):
        locks = _EXPORTS.setdefault(asyncio.get_running_loop(), {})
        async with locks.setdefault(platform, asyncio.Lock()):
            # While we waited, another lane may have read what they share.
            known = await asyncio.to_thread(_from_cache, cache, digests)
            missing = [digest for digest in dict.fromkeys(digests) if digest not in known]
            if missing:
                blobs = tuple(layer.blob for layer in known.values() if layer.blob)
                order = Order(wanted=tuple(missing), known=blobs, limits=limits)
                read, why = await _export(reference, platform, order)
                known |= read
                await asyncio.to_thread(_keep, cache, read)
                left = sum(digest not in known for digest in missing)
                if left:
                    raise LayersUnread(f"{left} of {len(digests)} layers can't be read: {why}")
    return [known[digest] for digest in digests]


def _from_cache(cache: LayerCache, digests: Sequence[str]) -> dict[str, Layer]:
    found = ((digest, cache.get(digest)) for digest in dict.fromkeys(digests))
    return {digest: layer for digest, layer in found if layer is not None}


def _keep(cache: LayerCache, layers: dict[str, Layer]) -> None:
    for layer in layers.values():
        cache.put(layer)


async def _export(reference: str, platform: str, order: Order) -> tuple[dict[str, Layer], str]:
    """Return the layers that were read, by digest, and why others weren't, if so."""
    reading, writing = os.pipe()
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    running: list[asyncio.subprocess.Process] = []
    try:
        try:
            running.append(
                await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "openhqm_tui.engine.layer_scan"),
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
        return {}, f"not done in {PATIENCE:.0f} s"
    except OSError as error:
        return {}, f"its export can't be started ({error.strerror})"
    finally:
        for process in running:
            await _end(process)
    return _understood(told, scanned=scanned, errors=errors, saved=saved, words=words, order=order)


def _understood(
    told: bytes, *, scanned: int, errors: bytes, saved: int, words: bytes, order: Order
) -> tuple[dict[str, Layer], str]:
    """Make layers and reasons out of what both programs said and how they ended."""
    layers: dict[str, Layer] = {}
    reasons: list[str] = []
    for line in told.splitlines():
        try:
            said = msgspec.json.decode(line, type=Line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            reasons.append("what was read of it can't be understood")
            break
        if said.layer is not None and said.layer.digest in order.wanted:
            layers[said.layer.digest] = said.layer
        if said.trouble is not None:
            reasons.append(one_line(said.trouble.reason))
    if scanned in {-signal.SIGXCPU, -signal.SIGKILL}:
        reasons.append(f"it takes more than {order.limits.seconds} s to read")
    elif scanned:
        reasons.append(f"its reader failed: {one_line(errors[-400:]) or scanned}")
    # A reader that has seen enough lets go, and the export ends with a broken pipe.
    elif saved and not set(order.wanted) <= set(layers):
        reasons.append(f"the engine doesn't export it: {one_line(words[-400:]) or saved}")
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
    # Shielded: a cancelled check, too, leaves no process behind.
    await asyncio.shield(process.wait())
