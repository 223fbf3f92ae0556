"""Failures of the engine, and of a push, described for people."""

from __future__ import annotations

import re

import msgspec

from openhqm_tui.domain.remedies import EngineFailureKind, remedy_for
from openhqm_tui.domain.text import one_line


class EngineFailure(msgspec.Struct, frozen=True):
    """What happened to the engine, and the fix."""

    kind: EngineFailureKind
    words: str
    remedy: str


# Those whose numbers are the same everywhere.
_SIGNALS = {2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
_NO_MORE_MEMORY = "build fewer targets at once (`--jobs 1`), or give the engine more memory"


def engine_failure(said: str, exit_code: int = 1, builder: str = "") -> EngineFailure | None:
    """Return what befell the engine by the errors of a Buildx that failed; None: nothing known.

    A negative `exit_code` is the signal that ended Buildx; `builder` is the one that was named.
    """
    # Looked for in errors only, never in what a build prints: a step may well be refused a
    # connection of its own.
    remedy = remedy_for(said, "engine")
    kind = remedy.engine if remedy is not None else None
    if kind is None and exit_code < 0:
        kind = EngineFailureKind.BUILDX_KILLED
    if kind is None:
        return None
    return EngineFailure(kind, *_described(kind, exit_code, one_line(builder, 60)))


def _described(kind: EngineFailureKind, exit_code: int, builder: str) -> tuple[str, str]:
    match kind:
        case EngineFailureKind.NOT_THERE:
            return (
                "the engine can't be reached: it isn't running, or its socket is gone",
                "`openhqm-tui doctor` says how to start it",
            )
        case EngineFailureKind.WENT_AWAY if builder:
            return (
                f"the builder {builder} stopped responding during the build: "
                "its container or its engine was stopped",
                f"`docker buildx inspect --bootstrap {builder}` starts it again",
            )
        case EngineFailureKind.WENT_AWAY:
            return (
                "the engine stopped responding during the build: "
                "it was stopped, restarted or killed",
                "`openhqm-tui doctor` says whether it is back",
            )
        case EngineFailureKind.STORE_WENT_AWAY:
            return (
                "the engine's containerd stopped responding during the build",
                "restart the engine; `openhqm-tui doctor` says how",
            )
        case EngineFailureKind.NO_BUILDER:
            named = f"the builder {builder} no longer exists" if builder else ""
            return (
                named or "the builder no longer exists",
                "`docker buildx ls` lists the existing ones",
            )
        case EngineFailureKind.DISK_FULL:
            return (
                "the engine's disk is full",
                "`docker buildx prune` and `docker image prune` free space",
            )
        case EngineFailureKind.NO_MEMORY:
            return "the step was killed, probably out of memory", _NO_MORE_MEMORY
        case EngineFailureKind.BUILDX_KILLED:
            return (
                f"Buildx was killed ({_signal_name(-exit_code)}), manually or out of memory",
                _NO_MORE_MEMORY,
            )


def _signal_name(number: int) -> str:
    return _SIGNALS.get(number, f"signal {number}")


# What `docker push`, and Buildx, print of their progress; what they say else is of the failure.
_PROGRESS = re.compile(
    r"^(?:The push refers to|[0-9a-f]{6,}: [A-Z]|\S+: digest: sha256:"
    r"|#\d+ (?!.*ERROR: )|-{3,}$| > |(?:#\d+ )?\d+\.\d+ (?:copying|pushing) )"
)
_DIGEST = re.compile(r"(?<=@sha256:)[0-9a-f]{64}:")
_ADDRESS = re.compile(r"https?://[^\s\"]+")


def push_failure(said: str, tag: str = "") -> str:
    """Return why a push failed, from all that Docker or Buildx printed; its own words stand last.

    Names are no reasons: an image may well be called `denied/quota`, so `tag` and addresses
    aren't looked at.
    """
    lines = [line for line in said.splitlines() if line.strip()]
    last = one_line(lines[-1], 240) if lines else "docker push printed nothing"
    reason = push_reason(said, tag)
    return f"{reason} ({last})" if reason else last


def push_reason(said: str, tag: str = "") -> str:
    """Return why a push failed and what to do, in our words; '' where nobody knows."""
    lines = [line for line in said.splitlines() if line.strip() and not _PROGRESS.match(line)]
    remedy = remedy_for(_DIGEST.sub("", _without_names("\n".join(lines), tag)), "push")
    return remedy.push if remedy is not None else ""


def is_about_trust(said: str) -> bool:
    """Tell whether a registry wasn't asked for want of TLS, or of trust in its certificate."""
    lowered = said.lower()
    signs = ("server gave http response to https client", "x509:", "tls: failed to verify")
    return any(sign in lowered for sign in signs)


def _without_names(error: str, tag: str) -> str:
    error = _ADDRESS.sub("", error)
    repository = tag.rpartition(":")[0]
    path = repository.partition("/")[2]
    names = [tag, f"library/{repository}" if repository else "", path]
    # A name of one word may be a word of the error: `denied: requested access …`.
    names += [name for name in (repository,) if "/" in name]
    for name in sorted(filter(None, names), key=len, reverse=True):
        error = error.replace(name, "")
    return error
