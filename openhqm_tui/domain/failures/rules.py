"""What engine, builder and registry say when something fails, and what to do about it."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from openhqm_tui.domain.text import one_line


class EngineFailureKind(StrEnum):
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

    kind: EngineFailureKind
    words: str
    remedy: str


# The first that fits. They are looked for in errors only, never in what a build prints: a step
# may well be refused a connection of its own.
_SIGNS: tuple[tuple[EngineFailureKind, re.Pattern[str]], ...] = (
    (EngineFailureKind.DISK_FULL, re.compile(r"no space left on device|disk quota exceeded", re.I)),
    (
        EngineFailureKind.NO_MEMORY,
        re.compile(r"cannot allocate memory|complete successfully: exit code: 137\b", re.I),
    ),
    (EngineFailureKind.STORE_WENT_AWAY, re.compile(r"dial unix \S*containerd\.sock", re.I)),
    (
        EngineFailureKind.NO_BUILDER,
        re.compile(r"^ERROR: no builder \"|no such container: buildx_buildkit_", re.I | re.M),
    ),
    (
        EngineFailureKind.NOT_THERE,
        re.compile(
            r"cannot connect to the docker daemon|failed to dial gRPC|error during connect:"
            r"|dial unix \S*(?:docker|buildkitd)\.sock|is the docker daemon running",
            re.I,
        ),
    ),
    (
        EngineFailureKind.WENT_AWAY,
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
        kind = EngineFailureKind.BUILDX_KILLED
    if kind is None:
        return None
    words, remedy = _told(kind, exit_code, one_line(builder, 60))
    return EngineFailure(kind, words, remedy)


def _told(kind: EngineFailureKind, exit_code: int, builder: str) -> tuple[str, str]:
    match kind:
        case EngineFailureKind.NOT_THERE:
            return (
                "the engine can't be reached: it isn't running, or its socket is gone",
                "`openhqm-tui doctor` tells how to start it",
            )
        case EngineFailureKind.WENT_AWAY if builder:
            return (
                f"the builder {builder} went away in the middle: "
                "its container or its engine was stopped",
                f"`docker buildx inspect --bootstrap {builder}` starts it again",
            )
        case EngineFailureKind.WENT_AWAY:
            return (
                "the engine went away in the middle: it was stopped, restarted or killed",
                "`openhqm-tui doctor` tells whether it is back",
            )
        case EngineFailureKind.STORE_WENT_AWAY:
            return (
                "the engine's containerd went away in the middle",
                "restart the engine; `openhqm-tui doctor` tells how",
            )
        case EngineFailureKind.NO_BUILDER:
            named = f"the builder {builder} isn't there any more" if builder else ""
            return (
                named or "the builder isn't there any more",
                "`docker buildx ls` shows those that are",
            )
        case EngineFailureKind.DISK_FULL:
            return (
                "the engine's disk is full",
                "`docker buildx prune` and `docker image prune` make room",
            )
        case EngineFailureKind.NO_MEMORY:
            return "the step was killed, mostly for want of memory", _NO_MORE_MEMORY
        case EngineFailureKind.BUILDX_KILLED:
            return (
                f"Buildx was killed ({_signal_name(-exit_code)}), by hand or for want of memory",
                _NO_MORE_MEMORY,
            )


def _signal_name(number: int) -> str:
    return _SIGNALS.get(number, f"signal {number}")


# The first that fits: a message about TLS or a name also tells of a failed request.
_REASONS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("toomanyrequests", "429 too many", "rate limit"),
        "the registry limits how often one may ask: wait, or log in with `docker login`",
    ),
    # Registries call these two a denial as well.
    (
        (
            "will exceed the configured upper limit",
            "over quota",
            "overquota",
            "over the quota",
            "quota exceeded",
            "exceeded quota",
            "exceeded its quota",
            "storage quota",
        ),
        "the registry's quota is used up: remove what isn't needed there, or have it raised",
    ),
    (
        ("immutable", "cannot be overwritten", "imagetagalreadyexists"),
        "the tag is there already and the registry lets none be replaced: choose another tag",
    ),
    (
        (
            "unauthorized",
            "no basic auth credentials",
            "authentication required",
            "failed to authorize",
        ),
        "not logged in to the registry: `docker login`",
    ),
    (
        ("insufficient_scope", "access denied", "access to the resource is denied", "denied:"),
        "the registry denies it: log in with `docker login` as one who may push there",
    ),
    (
        ("403 forbidden",),
        "the registry denies it: log in with `docker login` as one who may push there, and look "
        "whether the tag may be replaced",
    ),
    (
        ("name unknown", "repository name not known", "does not exist in the registry"),
        "the registry has no such repository: make it there first",
    ),
    (
        ("no such host", "server misbehaving", "name or service not known"),
        "there is no registry of that name: look at the image's name",
    ),
    (
        ("server gave http response to https client",),
        "the registry speaks plain HTTP, which Docker takes from `localhost` only: "
        "give it a certificate, or name it in the engine's `insecure-registries`",
    ),
    (
        ("x509:", "certificate signed by", "certificate is not", "tls: failed to verify"),
        "the registry's certificate isn't trusted here",
    ),
    (
        (
            "connection refused",
            "i/o timeout",
            "tls handshake timeout",
            "deadline exceeded",
            "network is unreachable",
            "no route to host",
            "connection reset",
            "unexpected eof",
            "broken pipe",
            "closed network connection",
            "read/write on closed pipe",
            ": eof",
            "request must be retried",
            "failed to copy after",
            "no response",
        ),
        "the registry can't be reached over the network",
    ),
    (
        ("413 request entity too large", "entity too large"),
        "the registry, or a proxy before it, takes no layer of that size",
    ),
    (("no space left on device", "507 insufficient"), "the registry's disk is full"),
    (
        ("500 internal", "502 bad", "503 service", "504 gateway", "internal server error"),
        "the registry itself failed: try again later",
    ),
    (
        ("an image does not exist locally", "tag does not exist", "no such image"),
        "the image isn't in the engine's store any more: build it again",
    ),
    (
        ("@sha256: not found",),
        "the registry has it no longer: some take away what has no tag: build it again",
    ),
)


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
    last = one_line(lines[-1], 240) if lines else "docker push said nothing"
    reason = push_reason(said, tag)
    return f"{reason} ({last})" if reason else last


def push_reason(said: str, tag: str = "") -> str:
    """Return why a push failed and what to do, in our words; '' where nobody knows."""
    lines = [line for line in said.splitlines() if line.strip() and not _PROGRESS.match(line)]
    lowered = _DIGEST.sub("", _without_names("\n".join(lines), tag).lower())
    return next((why for words, why in _REASONS if any(word in lowered for word in words)), "")


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
