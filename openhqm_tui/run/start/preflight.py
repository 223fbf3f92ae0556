"""Checks before the start for everything that would make a run fail."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.errors import EngineProblem, UsageProblem
from openhqm_tui.domain.findings import Finding
from openhqm_tui.domain.plan.cache import Cache, CacheKind, parse_cache, unsupported
from openhqm_tui.domain.plan.nodes import nodes_of
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.facts import VERIFYING_ENGINE, EngineFacts, dotted
from openhqm_tui.engine.doctor.diagnose import OLD_API, UNVERIFIED, diagnose
from openhqm_tui.engine.doctor.machine import read_machine
from openhqm_tui.engine.source.base_image import (
    WILL_BE_PULLED,
    BaseChoice,
    Reach,
    check_pullable,
    local_platforms,
)
from openhqm_tui.store.paths import at_home

_MEND = "`openhqm-tui doctor --fix` can mend it"


def check_engine(
    facts: EngineFacts, platforms: tuple[Platform, ...], *, many: bool, check: bool
) -> list[str]:
    """Raise EngineProblem for what would keep a run from working; return what to warn of.

    `many`: a target has several platforms; `check`: its images will be run.
    """
    if facts.error or facts.builder_error or facts.engine_too_old or facts.buildx_too_old:
        raise _in_the_doctors_words(facts, platforms)
    if not facts.buildx_version:
        raise _in_the_doctors_words(facts, platforms)
    if many and not facts.can_load_many_platforms:
        raise EngineProblem(
            "the engine's image store keeps one platform an image",
            fix=f"switch to the containerd image store ({_MEND}) or build one platform",
        )
    missing = [str(platform) for platform in platforms if facts.how(platform) == "none"]
    if missing and check:
        raise EngineProblem(
            f"no emulator here for {', '.join(missing)}, so its images can't be checked",
            fix=f"{_MEND}, or give --no-check",
        )
    warnings = [f"no emulator here for {name}: a RUN step on it will fail" for name in missing]
    if check and not facts.verifies:
        warnings.append(f"Docker Engine {facts.server_version}: {UNVERIFIED}")
    return warnings


def why_not_loaded(facts: EngineFacts, *, many: bool, push: bool) -> str:
    """Return why the selected builder can't bring its images into the engine's store, or ''.

    `many`: a target has several platforms. What is pushed comes back from the registry.
    """
    if push or facts.driver in {"", "docker"} or len(facts.nodes) < 2 or not many:
        return ""
    return (
        f"builder {facts.builder} has {len(facts.nodes)} nodes, and Buildx can't bring images of "
        "several platforms from several nodes into this engine's store"
    )


def check_loading(facts: EngineFacts, *, many: bool, push: bool) -> None:
    """Raise EngineProblem where the images would come nowhere they can be checked."""
    if why := why_not_loaded(facts, many=many, push=push):
        raise EngineProblem(
            why,
            fix="push them (--push --name REGISTRY/NAME; a local registry will do: "
            "localhost:5000/openhqm), build one platform, or choose another --builder",
        )


def check_publishing(facts: EngineFacts, *, push: bool, allow_unknown: bool = False) -> None:
    """Raise EngineProblem where nothing could be pushed as verified.

    The classic store knows an image by its config's digest, and a registry by its manifest's. An
    engine with an old API leaves checks unknown, which only `allow_unknown` lets through.
    """
    if push and not facts.verifies and not allow_unknown:
        raise EngineProblem(
            f"only verified images are pushed, and Docker Engine {facts.server_version} can't "
            f"verify any: {OLD_API}",
            fix=f"use Docker Engine {dotted(VERIFYING_ENGINE)} or later, leave out --push, or give "
            "--allow-unknown to push images with inconclusive checks",
        )
    if push and not facts.containerd_store:
        raise EngineProblem(
            "the engine's image store doesn't keep the digests that a registry has, so what is "
            "pushed can't be compared with what was verified",
            fix=f"switch to the containerd image store ({_MEND}), or leave out --push",
        )


def check_base(
    base: BaseChoice, platforms: tuple[Platform, ...], facts: EngineFacts, *, asked: bool
) -> list[str]:
    """Ask the registry first: a build that can't get its base would fail late and eight times.

    `asked`: a person named it. Returns what to warn of; raises EngineProblem.
    """
    if facts.driver not in {"", "docker"}:
        return _check_far_base(base, platforms, facts.builder, asked=asked)
    _check_upstream(base, platforms)
    return []


def _check_far_base(
    base: BaseChoice, platforms: tuple[Platform, ...], builder: str, *, asked: bool
) -> list[str]:
    """Look for the base of a builder that doesn't see this engine's images."""
    answer = check_pullable(base.ref)
    lacking = ", ".join(str(platform) for platform in answer.lacks(platforms))
    why = f"it isn't made for {lacking}" if lacking else answer.detail
    if not why:
        return []
    here = any(local_platforms((base.ref,), platforms).values())
    if here or lacking or not asked:
        alone = f"builder {builder} doesn't see this engine's images, so the base image must come "
        raise EngineProblem(
            f"{alone}from a registry: {why}",
            fix="push one to a registry that the builder reaches, for all platforms "
            "(`docker tag BASE localhost:5000/base`, `docker push localhost:5000/base`), "
            "and give --base-image localhost:5000/base",
        )
    # The builder may reach what this machine doesn't.
    return [f"the base image can't be seen from here; builder {builder} may know better: {why}"]


def _check_upstream(base: BaseChoice, platforms: tuple[Platform, ...]) -> None:
    if base.reason != WILL_BE_PULLED:
        return
    answer = check_pullable(base.ref)
    ways_out = "give --base-image REF, or make one from Debian: `openhqm-tui doctor --fix`"
    if answer.reach is not Reach.OK:
        names = ", ".join(str(platform) for platform in platforms)
        raise EngineProblem(
            f"the base image can't be had for {names}: {answer.detail}", fix=ways_out
        )
    if lacking := answer.lacks(platforms):
        names = ", ".join(str(platform) for platform in lacking)
        raise EngineProblem(f"the base image {base.ref} isn't made for {names}", fix=ways_out)


def _in_the_doctors_words(facts: EngineFacts, platforms: tuple[Platform, ...]) -> EngineProblem:
    findings = diagnose(facts, read_machine(), platforms, deep=False)
    blocking = [finding for finding in findings if finding.blocks]
    if not blocking:
        return EngineProblem(facts.error or facts.builder_error or "the engine can't be used")
    ways_out = [_way_out(finding) for finding in blocking]
    if not facts.answers:
        ways_out.append("`openhqm-tui replay` shows a recorded run without an engine")
    return EngineProblem(
        "; ".join(dict.fromkeys(finding.detail for finding in blocking)),
        fix="; ".join(dict.fromkeys(ways_out)),
    )


def _way_out(finding: Finding) -> str:
    if finding.fixes:
        return _MEND
    return finding.advice or "see `openhqm-tui doctor`"


_OWN_BUILDER = "use a builder of its own (`openhqm-tui builders create NAME`)"
# What GitHub gives the steps of a job, and Buildx takes from the environment.
_IN_GITHUB = "ACTIONS_RUNTIME_TOKEN"


def caches_of(words: Sequence[str] | None, way: CacheKind, folder: Path) -> tuple[Cache, ...]:
    """Read the caches that a person named; folders are seen from `folder`.

    Raises UsageProblem for the first wrong word.
    """
    caches = dict.fromkeys(parse_cache(word, way) for word in words or ())
    return tuple(_from(folder, cache) for cache in caches)


def check_caches(
    facts: EngineFacts,
    cache_from: tuple[Cache, ...],
    cache_to: tuple[Cache, ...],
    platforms: Iterable[Sequence[Platform]],
) -> list[str]:
    """Raise for caches that the builder hasn't, or that can't be written; return warnings.

    `platforms` are those of each target. Raises EngineProblem and UsageProblem.
    """
    for way, caches in ((CacheKind.FROM, cache_from), (CacheKind.TO, cache_to)):
        kinds = unsupported(
            caches, way, driver=facts.driver or "docker", containerd_store=facts.containerd_store
        )
        if kinds:
            raise _not_here(kinds, way, facts)
    for folder in {cache.folder_of("") for cache in cache_to} - {""}:
        _check_writable(Path(folder))
    warnings = []
    of_github = any(cache.kind == "gha" for cache in (*cache_from, *cache_to))
    if of_github and not os.environ.get(_IN_GITHUB):
        warnings.append(
            f"no cache of GitHub Actions here ({_IN_GITHUB} isn't set): Buildx leaves it out"
        )
    kept = [cache for cache in cache_to if cache.kind != "inline"]
    if kept and any(_on_several_nodes(facts, chosen) for chosen in platforms):
        warnings.append(
            "every node of the builder gives to the same cache: only the last one's is kept"
        )
    return warnings


def _from(folder: Path, cache: Cache) -> Cache:
    if cache.kind != "local" or cache.own:
        return cache
    place = folder / at_home(cache.place)
    return msgspec.structs.replace(cache, place=str(place.resolve()))


def _not_here(kinds: tuple[str, ...], way: CacheKind, facts: EngineFacts) -> EngineProblem:
    names = ", ".join(kinds)
    builder = facts.builder or "default"
    if facts.containerd_store:
        return EngineProblem(
            f"builder {builder} (docker) has no {way} of type {names}",
            fix=f"{_OWN_BUILDER} and give --builder NAME, or take registry, local, gha or inline",
        )
    only = "registry or local" if way is CacheKind.FROM else "inline"
    return EngineProblem(
        f"builder {builder} (docker, classic image store) has no {way} of type {names}",
        fix="switch to the containerd image store (`openhqm-tui doctor --fix` can mend it), "
        f"{_OWN_BUILDER}, or take {only}",
    )


def _check_writable(folder: Path) -> None:
    """Raise UsageProblem where a local cache can't be written; folders are made by Buildx."""
    there = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    why = "can't be written" if there.is_dir() else "is no folder"
    raise UsageProblem(f"{CacheKind.TO} local={folder}: {there} {why}", fix="name another folder")


def _on_several_nodes(facts: EngineFacts, platforms: Sequence[Platform]) -> bool:
    return len({node.name for node in nodes_of(facts.nodes, platforms).values()}) > 1
