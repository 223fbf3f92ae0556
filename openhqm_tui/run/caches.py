"""Whether the build caches that a person named can be used, found before a run starts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.cache import Cache, Way, parse_cache, unsupported
from openhqm_tui.domain.nodes import nodes_of
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.problems import EngineProblem, UsageProblem
from openhqm_tui.engine.facts import EngineFacts
from openhqm_tui.store.places import at_home

_OWN_BUILDER = "use a builder of its own (`openhqm-tui builders create NAME`)"
# What GitHub gives the steps of a job, and Buildx takes from the environment.
_IN_GITHUB = "ACTIONS_RUNTIME_TOKEN"


def caches_of(words: Sequence[str] | None, way: Way, folder: Path) -> tuple[Cache, ...]:
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
    for way, caches in ((Way.FROM, cache_from), (Way.TO, cache_to)):
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


def _not_here(kinds: tuple[str, ...], way: Way, facts: EngineFacts) -> EngineProblem:
    names = ", ".join(kinds)
    builder = facts.builder or "default"
    if facts.containerd_store:
        return EngineProblem(
            f"builder {builder} (docker) has no {way} of type {names}",
            fix=f"{_OWN_BUILDER} and give --builder NAME, or take registry, local, gha or inline",
        )
    only = "registry or local" if way is Way.FROM else "inline"
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
    raise UsageProblem(f"{Way.TO} local={folder}: {there} {why}", fix="name another folder")


def _on_several_nodes(facts: EngineFacts, platforms: Sequence[Platform]) -> bool:
    return len({node.name for node in nodes_of(facts.nodes, platforms).values()}) > 1
