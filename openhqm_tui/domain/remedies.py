"""What the engine, registries and builds report when something fails, and what to do about it.

A row has the signs of a cause, and its messages wherever it may occur: in a build, a check, a push,
or the lookup of a base image. The first matching row counts; a row without a message for a place
doesn't match there.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal, NamedTuple


class EngineFailureKind(StrEnum):
    """What happened to the engine."""

    NOT_THERE = "engine-not-there"
    WENT_AWAY = "engine-went-away"
    STORE_WENT_AWAY = "store-went-away"
    NO_BUILDER = "no-builder"
    DISK_FULL = "engine-disk-full"
    NO_MEMORY = "no-memory"
    BUILDX_KILLED = "buildx-killed"


class Reach(StrEnum):
    """Whether an image can be pulled from its registry, and why not."""

    OK = "ok"
    NETWORK = "network"
    TLS = "tls"
    AUTH = "auth"
    RATE_LIMIT = "rate-limit"
    MISSING = "missing"
    OTHER = "other"


class Remedy(NamedTuple):
    """A cause: its signs in lower case, or as a pattern, and its messages.

    `build` and `check` are sentences, `push` a clause; `definition` replaces `build` where the
    bake definition or Dockerfile alone names the base images. `crashed`: `crash_hint` returns the
    message.
    """

    signs: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    build: str = ""
    definition: str = ""
    check: str = ""
    push: str = ""
    pull: Reach | None = None
    engine: EngineFailureKind | None = None
    crashed: bool = False

    def fits(self, text: str, lowered: str) -> bool:
        """Return whether an error has one of its signs; `lowered` is `said` in lower case."""
        if any(sign in lowered for sign in self.signs):
            return True
        return self.pattern is not None and self.pattern.search(text) is not None


Place = Literal["build", "check", "push", "pull", "engine"]

_NETWORK = (
    "The base image can't be pulled over the network: use --base-image REF, "
    "or let `openhqm-tui doctor --fix` build one from Debian packages."
)
_NO_IMAGE = (
    "The image can't be pulled: check its name and the network, or replace it with "
    "--build-context NAME=docker-image://REF."
)
_NO_EMULATOR = (
    "The program is for another architecture, and no emulator for it is registered: "
    "`openhqm-tui doctor --fix` registers one."
)
_NO_MEMORY = (
    "The step was killed, probably out of memory: build fewer targets in parallel (`--jobs 1`), or "
    "give the engine more memory."
)
_RAN_OUT_OF_MEMORY = (
    "The step probably ran out of memory: build fewer targets in parallel (`--jobs 1`), or give "
    "the engine more memory."
)
_HEAP_FULL = (
    "The program reached its own memory limit: raise it in the step (Node.js: "
    "`NODE_OPTIONS=--max-old-space-size=4096`; Java: `JAVA_TOOL_OPTIONS=-Xmx4g`)."
)
_LOG_IN = "Log in first: `docker login REGISTRY`."
_NO_ACCESS = (
    "The image doesn't exist, or needs a login: check its name, or run `docker login REGISTRY`."
)
_DENIED = "the registry denies access: log in with an account that has push access (`docker login`)"
_UNREACHABLE = "the registry can't be reached over the network"
_NO_TRUST = "this machine doesn't trust the registry's certificate"

REMEDIES: tuple[Remedy, ...] = (
    # The engine's sockets come before the network: both refuse connections.
    Remedy(
        pattern=re.compile(r"dial unix \S*containerd\.sock", re.I),
        engine=EngineFailureKind.STORE_WENT_AWAY,
    ),
    Remedy(
        pattern=re.compile(r"^ERROR: no builder \"", re.I | re.M),
        signs=("no such container: buildx_buildkit_",),
        engine=EngineFailureKind.NO_BUILDER,
    ),
    Remedy(
        ("no space left on device", "disk quota exceeded", "enospc"),
        build="The disk is full: free space with `docker buildx prune`, which removes build cache.",
        check="The container's /tmp, which is small, or the engine's disk is full: write less to "
        "/tmp, or free disk space with `docker buildx prune`, which removes build cache.",
        push="the registry's disk is full",
        engine=EngineFailureKind.DISK_FULL,
    ),
    # Only in the log of a step.
    Remedy(("heap out of memory", "java heap space", "gc overhead limit"), build=_HEAP_FULL),
    Remedy(
        ("cannot allocate memory", "out of memory", "memoryerror"),
        re.compile(r"(?:^|[ :(])Killed(?:$| signal terminated| \(program)", re.M),
        build=_RAN_OUT_OF_MEMORY,
    ),
    Remedy(
        ("cannot allocate memory",),
        re.compile(r"complete successfully: exit code: 137\b", re.I),
        build=_NO_MEMORY,
        engine=EngineFailureKind.NO_MEMORY,
    ),
    Remedy(("exit code: 137",), build=_NO_MEMORY),
    Remedy(
        (
            "cannot connect to the docker daemon",
            "failed to dial grpc",
            "error during connect:",
            "is the docker daemon running",
        ),
        re.compile(r"dial unix \S*(?:docker|buildkitd)\.sock", re.I),
        engine=EngineFailureKind.NOT_THERE,
    ),
    Remedy(
        # gRPC's wording: a registry's `503 Service Unavailable` differs.
        pattern=re.compile(
            r"code = Unavailable desc =|: Unavailable: |error reading from server"
            r"|transport is closing|closing transport due to|received prior goaway",
        ),
        engine=EngineFailureKind.WENT_AWAY,
    ),
    Remedy(
        ("exec format error", "no emulator for this platform"),
        build=_NO_EMULATOR,
        check=_NO_EMULATOR,
    ),
    Remedy(
        (
            *("uncaught target signal", "the emulator crashed", "illegal instruction"),
            "exit code: 132",
            *("exit code: 139", "exit code 139", "exited with code 139"),
        ),
        crashed=True,
    ),
    Remedy(
        ("needs a dynamic loader that isn't in the image",),
        check="The program was built for another C library or base image: build it for this "
        "image's C library (musl or glibc), or copy its loader and libraries too.",
    ),
    Remedy(
        pattern=re.compile(r"^(?:not checked: )?no \S+ in the image\b"),
        check="Install Python in the final stage, or set `interpreter` to its path; if the image "
        "needs no Python, set `python = false` in openhqm-checks.toml.",
    ),
    Remedy(
        ("toomanyrequests", "429 too many", "rate limit"),
        build="The registry limits pulls: log in with `docker login`, or use --base-image REF.",
        definition="The registry limits pulls: log in with `docker login`.",
        push="the registry limits requests: wait, or log in with `docker login`",
        pull=Reach.RATE_LIMIT,
    ),
    Remedy(("429",), pull=Reach.RATE_LIMIT),
    # Registries also report these two as denials.
    Remedy(
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
        push="the registry's quota is exhausted: delete images there, or ask for a higher quota",
    ),
    Remedy(
        ("immutable", "cannot be overwritten", "imagetagalreadyexists"),
        push="the tag exists, and the registry doesn't allow overwriting it: choose another tag",
    ),
    # Messages about TLS or a name also mention a failed request.
    Remedy(
        ("server gave http response to https client",),
        push="the registry speaks plain HTTP, which Docker accepts from `localhost` only: "
        "enable TLS on the registry, or add it to the engine's `insecure-registries`",
    ),
    Remedy(
        (
            *("certificate verify failed", "certificate verification failed"),
            *("unable to get local issuer certificate", "unable_to_get_issuer_cert"),
            *("self-signed certificate", "self signed certificate", "self_signed_cert_in_chain"),
            *("unable to verify the first certificate", "unable_to_verify_leaf_signature"),
            *("pkix path building failed", "problem confirming the ssl certificate"),
            *("x509: certificate signed by unknown authority", "unknownissuer"),
        ),
        build="The server's certificate isn't trusted, probably because a proxy intercepts TLS: "
        "pass its CA certificate with --ca-bundle FILE or, if the Dockerfile doesn't mount that "
        'file, add it to the base image (see "Behind a proxy" in the multi-arch guide).',
        push=_NO_TRUST,
        pull=Reach.TLS,
    ),
    Remedy(
        ("x509:", "certificate signed by", "certificate is not", "tls: failed to verify"),
        push=_NO_TRUST,
        pull=Reach.TLS,
    ),
    Remedy(
        ("no such host", "server misbehaving", "name or service not known"),
        build=_NETWORK,
        definition=_NO_IMAGE,
        push="the registry's host name can't be resolved: check the image's name, and DNS",
        pull=Reach.NETWORK,
    ),
    Remedy(
        ("i/o timeout", "connection refused"),
        build=_NETWORK,
        definition=_NO_IMAGE,
        push=_UNREACHABLE,
        pull=Reach.NETWORK,
    ),
    Remedy(
        (
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
            "proxyconnect",
            "dial tcp",
        ),
        push=_UNREACHABLE,
        pull=Reach.NETWORK,
    ),
    Remedy(
        ("502 bad", "503 service"),
        push="the registry reported an error: try again later",
        pull=Reach.NETWORK,
    ),
    Remedy(
        ("500 internal", "504 gateway", "internal server error"),
        push="the registry reported an error: try again later",
    ),
    Remedy(("507 insufficient",), push="the registry's disk is full"),
    Remedy(
        ("413 request entity too large", "entity too large"),
        push="the registry, or a proxy in front of it, doesn't accept layers that large",
    ),
    Remedy(
        (
            "unauthorized",
            "no basic auth credentials",
            "authentication required",
            "failed to authorize",
        ),
        build=_LOG_IN,
        push="not logged in to the registry: run `docker login`",
        pull=Reach.AUTH,
    ),
    Remedy(
        ("insufficient_scope", "access denied", "access to the resource is denied"),
        re.compile(r"(?<!permission )denied:", re.I),
        build=_NO_ACCESS,
        push=_DENIED,
        pull=Reach.AUTH,
    ),
    Remedy(
        ("403 forbidden",),
        push=f"{_DENIED}, and check whether the tag may be overwritten",
        pull=Reach.AUTH,
    ),
    Remedy(("401", "403", "denied", "authorization failed"), pull=Reach.AUTH),
    Remedy(
        ("name unknown", "repository name not known", "does not exist in the registry"),
        push="the registry has no such repository: create it first",
        pull=Reach.MISSING,
    ),
    Remedy(
        ("an image does not exist locally", "tag does not exist", "no such image"),
        push="the image is no longer in the engine's store: build it again",
    ),
    Remedy(
        ("@sha256: not found",),
        push="the registry no longer has the image (some registries delete untagged images): "
        "build it again",
    ),
    Remedy(
        ("apt-get: not found", "apt-get: command not found"),
        build="The base image has no apt-get: if an earlier version of openhqm-tui built it, "
        "`openhqm-tui doctor --fix` replaces it; if it isn't based on Debian, use its own package "
        "manager.",
    ),
    Remedy(("not found", "manifest unknown", "404"), pull=Reach.MISSING),
    Remedy(
        ("failed to calculate checksum of ref",),
        build="The path isn't in the build context, or in the stage or image of --from: check its "
        "spelling, and whether .dockerignore excludes it.",
    ),
    # Failures without a more specific sign.
    Remedy(("failed to resolve source metadata",), build=_NETWORK, definition=_NO_IMAGE),
)


def remedy_for(text: str, place: Place) -> Remedy | None:
    """Return the first row that matches an error and has a message for a place."""
    lowered = text.lower()
    return next(
        (
            remedy
            for remedy in REMEDIES
            if (getattr(remedy, place) or (remedy.crashed and place in {"build", "check"}))
            and remedy.fits(text, lowered)
        ),
        None,
    )
