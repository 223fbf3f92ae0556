"""Trouble that is not the build's own but its engine's, named by what Buildx says of it."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from openhqm_tui.domain.plain_text import one_line


class Trouble(StrEnum):
    """What befell the engine."""

    NOT_THERE = "engine-not-there"
    WENT_AWAY = "engine-went-away"
    STORE_WENT_AWAY = "store-went-away"
    NO_BUILDER = "no-builder"
    DISK_FULL = "engine-disk-full"
    NO_MEMORY = "no-memory"
    BUILDX_KILLED = "buildx-killed"


class EngineFailure(msgspec.Struct, frozen=True):
    """A trouble in words, and what mends it."""

    kind: Trouble
    words: str
    remedy: str


# The first that fits. They are looked for in errors only, never in what a build prints: a step
# may well be refused a connection of its own.
_SIGNS: tuple[tuple[Trouble, re.Pattern[str]], ...] = (
    (Trouble.DISK_FULL, re.compile(r"no space left on device|disk quota exceeded", re.I)),
    (
        Trouble.NO_MEMORY,
        re.compile(r"cannot allocate memory|complete successfully: exit code: 137\b", re.I),
    ),
    (Trouble.STORE_WENT_AWAY, re.compile(r"dial unix \S*containerd\.sock", re.I)),
    (
        Trouble.NO_BUILDER,
        re.compile(r"^ERROR: no builder \"|no such container: buildx_buildkit_", re.I | re.M),
    ),
    (
        Trouble.NOT_THERE,
        re.compile(
            r"cannot connect to the docker daemon|failed to dial gRPC|error during connect:"
            r"|dial unix \S*(?:docker|buildkitd)\.sock|is the docker daemon running",
            re.I,
        ),
    ),
    (
        Trouble.WENT_AWAY,
        # Of gRPC: a registry's `503 Service Unavailable` is spelled otherwise.
        re.compile(
            r"code = Unavailable desc =|: Unavailable: |error reading from server"
            r"|transport is closing|closing transport due to|received prior goaway",
        ),
    ),
)
# Those whose numbers are the same everywhere.
_SIGNALS = {2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
_NO_MORE_MEMORY = "build fewer targets at once (`--jobs 1`), or give the engine more memory"


def engine_failure(said: str, exit_code: int = 1, builder: str = "") -> EngineFailure | None:
    """Return what befell the engine by the errors of a Buildx that failed; None: nothing known.

    A negative `exit_code` is the signal that ended Buildx; `builder` is the one that was named.
    """
    kind = next((kind for kind, signs in _SIGNS if signs.search(said)), None)
    if kind is None and exit_code < 0:
        kind = Trouble.BUILDX_KILLED
    if kind is None:
        return None
    words, remedy = _told(kind, exit_code, one_line(builder, 60))
    return EngineFailure(kind, words, remedy)


def _told(kind: Trouble, exit_code: int, builder: str) -> tuple[str, str]:
    match kind:
        case Trouble.NOT_THERE:
            return (
                "the engine can't be reached: it isn't running, or its socket is gone",
                "`openhqm-tui doctor` tells how to start it",
            )
        case Trouble.WENT_AWAY if builder:
            return (
                f"the builder {builder} went away in the middle: "
                "its container or its engine was stopped",
                f"`docker buildx inspect --bootstrap {builder}` starts it again",
            )
        case Trouble.WENT_AWAY:
            return (
                "the engine went away in the middle: it was stopped, restarted or killed",
                "`openhqm-tui doctor` tells whether it is back",
            )
        case Trouble.STORE_WENT_AWAY:
            return (
                "the engine's containerd went away in the middle",
                "restart the engine; `openhqm-tui doctor` tells how",
            )
        case Trouble.NO_BUILDER:
            named = f"the builder {builder} isn't there any more" if builder else ""
            return (
                named or "the builder isn't there any more",
                "`docker buildx ls` shows those that are",
            )
        case Trouble.DISK_FULL:
            return (
                "the engine's disk is full",
                "`docker buildx prune` and `docker image prune` make room",
            )
        case Trouble.NO_MEMORY:
            return "the step was killed, mostly for want of memory", _NO_MORE_MEMORY
        case Trouble.BUILDX_KILLED:
            return (
                f"Buildx was killed ({_signal_name(-exit_code)}), by hand or for want of memory",
                _NO_MORE_MEMORY,
            )


def _signal_name(number: int) -> str:
    return _SIGNALS.get(number, f"signal {number}")
