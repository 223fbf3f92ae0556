"""Which base image a build starts from, and whether one is available."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.builders import covers
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.remedies import Reach, remedy_for
from openhqm_tui.domain.text import Inert
from openhqm_tui.engine.docker.command import NOT_FOUND, TIMED_OUT, CommandResult, Runner, capture

UPSTREAM_BASE = "python:3.13-slim"
BOOTSTRAPPED_BASE = "openhqm-base:3.13-debian"
# Which recipe the doctor made it with; the first had no label, and no apt.
BASE_LABEL = "openhqm-tui.base"
BASE_KIND = "2"

WILL_BE_PULLED = "will be pulled"

_LOOK_SECONDS = 10.0


class BaseChoice(Inert, frozen=True):
    """The base of a build; with `mapped`, the plan maps the name in `FROM` to it."""

    ref: str
    reason: str
    mapped: bool = False


class Pullable(Inert, frozen=True):
    """The registry's response: `platforms` if it is an index, else a `detail` to show."""

    reach: Reach
    detail: str = ""
    platforms: tuple[Platform, ...] = ()

    def missing(self, wanted: Sequence[Platform]) -> tuple[Platform, ...]:
        """Return the wanted platforms that the image doesn't have; () if they aren't known."""
        if not self.platforms:
            return ()
        return tuple(
            platform
            for platform in wanted
            if not any(_serves(listed, platform) for listed in self.platforms)
        )


def choose_base(
    platforms: Sequence[Platform],
    *,
    explicit: str | None,
    upstream: str = UPSTREAM_BASE,
    bootstrapped: str = BOOTSTRAPPED_BASE,
    driver: str = "docker",
    run: Runner = capture,
) -> BaseChoice:
    """Choose the base: the explicit one, else a local upstream image, else a local one of ours.

    Offline, and quick: all queries of the local store run in parallel. If neither is there,
    BuildKit pulls upstream's. Only builds with the `docker` driver use the engine's store.
    """
    if explicit:
        mapped = explicit != upstream
        return BaseChoice(explicit, "set explicitly", mapped)
    if driver != "docker":
        return BaseChoice(upstream, "will be pulled by the builder")
    here = local_platforms((upstream, bootstrapped), platforms, run=run)
    if here[upstream] and not _absent(here[upstream], platforms):
        return BaseChoice(upstream, "in the local store")
    if here[bootstrapped] and not _absent(here[bootstrapped], platforms):
        return BaseChoice(
            bootstrapped,
            f"built from Debian packages, because {upstream} is not in the local store",
            mapped=True,
        )
    return BaseChoice(upstream, WILL_BE_PULLED)


def local_platforms(
    refs: Sequence[str], platforms: Sequence[Platform], *, run: Runner = capture
) -> dict[str, tuple[Platform, ...]]:
    """Return which of `platforms` the local store has for each image."""
    asked = [(ref, platform) for ref in refs for platform in platforms]
    outcomes = run(
        *(
            ["docker", "image", "inspect", "--platform", str(platform), "--format", _FORMAT, ref]
            for ref, platform in asked
        ),
        timeout=_LOOK_SECONDS,
    )
    if any(_too_old_to_be_asked(outcome) for outcome in outcomes):
        return _local_platforms_of_old(refs, platforms, run=run)
    found: dict[str, list[Platform]] = {ref: [] for ref in refs}
    for (ref, platform), outcome in zip(asked, outcomes, strict=True):
        # The store may return a variant (arm64/v8 for arm64); it decides what matches.
        if outcome.ok:
            found[ref].append(platform)
    return {ref: tuple(held) for ref, held in found.items()}


def is_current(ref: str, *, run: Runner = capture) -> bool:
    """Return whether a local image was made with the doctor's current recipe."""
    (outcome,) = run(
        ["docker", "image", "inspect", "--format", "{{json .Config.Labels}}", ref],
        timeout=_LOOK_SECONDS,
    )
    try:
        labels = msgspec.json.decode(outcome.out.encode(), type=dict[str, str] | None)
    except (msgspec.DecodeError, UnicodeError):
        return False
    return (labels or {}).get(BASE_LABEL) == BASE_KIND


def check_pullable(ref: str, timeout: float = 15, *, run: Runner = capture) -> Pullable:
    """Fetch `ref`'s index from its registry, without pulling; blocks, never raises.

    `timeout` is in seconds. The Docker client on this machine fetches it; the engine of a
    remote builder may be in another network.
    """
    (outcome,) = run(["docker", "buildx", "imagetools", "inspect", "--raw", ref], timeout=timeout)
    if not outcome.ok:
        return _why_not(ref, outcome)
    try:
        index = msgspec.json.decode(outcome.out.encode())
        manifests = index.get("manifests") or []
        found = [_platform_of(entry.get("platform") or {}) for entry in manifests]
    except (msgspec.DecodeError, AttributeError, UnicodeError):
        return Pullable(Reach.OTHER, f"the registry's response for {ref} can't be parsed")
    return Pullable(Reach.OK, platforms=tuple(platform for platform in found if platform))


def look_for(
    ref: str, platforms: Sequence[Platform], *, driver: str, run: Runner = capture
) -> Pullable:
    """Return whether `ref` is available for `platforms`: locally, else from its registry.

    Blocks, never raises. Only builds with the `docker` driver use the engine's store.
    """
    if driver == "docker" and platforms:
        held = local_platforms((ref,), platforms, run=run)[ref]
        if not _absent(held, platforms):
            return Pullable(Reach.OK, platforms=held)
    return check_pullable(ref, run=run)


_FORMAT = "{{.Os}}/{{.Architecture}}"

# Prefixes that Buildx adds to the cause.
_WRAPPING = re.compile(r'^ERROR: |failed to do request: \w+ "[^"]*": |failed to fetch \w+ token: ')

_WORDS = {
    Reach.TLS: "the registry's certificate isn't trusted on this machine",
    Reach.RATE_LIMIT: "the registry's pull rate limit has been reached",
    Reach.NETWORK: "the registry can't be reached",
    Reach.AUTH: "the registry requires a login, or the image doesn't exist",
    Reach.MISSING: "the registry has no such image",
    Reach.OTHER: "the registry returned an error",
}


def _why_not(ref: str, outcome: CommandResult) -> Pullable:
    if outcome.code == NOT_FOUND:
        return Pullable(Reach.OTHER, "the `docker` command was not found")
    if outcome.code == TIMED_OUT:
        return Pullable(Reach.NETWORK, f"{ref}: the registry didn't respond in time")
    words = _WRAPPING.sub("", outcome.last_words)
    remedy = remedy_for(outcome.err, "pull")
    reach = (remedy.pull if remedy is not None else None) or Reach.OTHER
    return Pullable(reach, f"{ref}: {_WORDS[reach]} ({words})")


def _too_old_to_be_asked(outcome: CommandResult) -> bool:
    low = outcome.err.lower()
    # Clients before 28.1 don't know the flag; engines before 28.1 refuse it by API version.
    return not outcome.ok and ("unknown flag" in low or "requires api version" in low)


def _local_platforms_of_old(
    refs: Sequence[str], platforms: Sequence[Platform], *, run: Runner
) -> dict[str, tuple[Platform, ...]]:
    """Do the same for engines and clients before 28.1, which show only one platform.

    The containerd store keeps all platforms of an image under one name, so the others are
    assumed to be there; with the classic store an image has one platform.
    """
    outcomes = run(
        ["docker", "info", "--format", "{{json .DriverStatus}}"],
        *(["docker", "image", "inspect", "--format", _FORMAT, ref] for ref in refs),
        timeout=_LOOK_SECONDS,
    )
    whole = "containerd.snapshotter" in outcomes[0].out
    found: dict[str, tuple[Platform, ...]] = {}
    for ref, outcome in zip(refs, outcomes[1:], strict=True):
        one = _parse(outcome.out.strip()) if outcome.ok else None
        found[ref] = tuple(
            platform for platform in platforms if one and (whole or _serves(one, platform))
        )
    return found


def _absent(held: Sequence[Platform], wanted: Sequence[Platform]) -> tuple[Platform, ...]:
    return tuple(platform for platform in wanted if platform not in held)


def _serves(listed: Platform, wanted: Platform) -> bool:
    plain = not listed.variant or not wanted.variant
    return covers(listed, wanted) or (
        plain and (listed.os, listed.arch) == (wanted.os, wanted.arch)
    )


def _platform_of(entry: dict[str, str]) -> Platform | None:
    parts = (entry.get("os", ""), entry.get("architecture", ""), entry.get("variant", ""))
    return _parse("/".join(part for part in parts if part))


def _parse(text: str) -> Platform | None:
    try:
        return parse_platform(text)
    except UsageProblem:
        # The platform of attestations in an index is `unknown/unknown`.
        return None
