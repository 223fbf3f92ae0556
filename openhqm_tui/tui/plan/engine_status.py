"""The engine's status in one line, and what prevents a build."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

from openhqm_tui.domain.plan.bake import Source, SourceKind

if TYPE_CHECKING:
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.engine.docker.facts import EngineFacts

# Variants that our Dockerfile cross-builds without running foreign code.
_CROSS_BUILT = {"amd64", "arm64"}


class PlatformSupport(StrEnum):
    """How the images of a platform are built and checked."""

    NATIVE = "native"
    CROSS = "cross"
    EMULATED = "emulated"
    SLOW = "emulated, slow"
    NONE = "none"


def blocker(facts: EngineFacts | None) -> str:
    """Return briefly why nothing can be built now; '' if possible."""
    if facts is None:
        return "connecting to the engine…"
    if facts.trouble or not facts.answers:
        return facts.error or "the engine is not reachable"
    if not facts.buildx_version:
        return "Buildx is missing"
    if facts.buildx_too_old:
        return f"Buildx {facts.buildx_version} is too old"
    if facts.engine_too_old:
        return f"engine {facts.server_version} is too old"
    return f"the builder is not available: {facts.builder_error}" if facts.builder_error else ""


def engine_words(facts: EngineFacts | None) -> list[str]:
    """Return engine, builder and host briefly, most important first."""
    if facts is None:
        return ["connecting to the engine…"]
    words = []
    if facts.server_version:
        words.append(f"engine {facts.server_version.split('+')[0]}")
    if facts.builder:
        many = f", {len(facts.nodes)} nodes" if len(facts.nodes) > 1 else ""
        words.append(f"builder {facts.builder} ({facts.driver}{many})")
    if facts.host is not None:
        words.append(f"host {facts.host}")
    return words


def node_names(platforms: Iterable[Platform], facts: EngineFacts | None) -> dict[Platform, str]:
    """Return the names of the nodes that build the platforms; empty if not worth showing."""
    if facts is None:
        return {}
    from openhqm_tui.domain.plan.builders import worth_telling

    if not worth_telling(facts.nodes, facts.driver):
        return {}
    nodes = {platform: facts.node_of(platform) for platform in platforms}
    return {platform: node.name for platform, node in nodes.items() if node is not None}


def platform_support(
    platform: Platform, facts: EngineFacts | None, source: Source | None
) -> PlatformSupport | None:
    """Return how images of `platform` are built here; None while unknown.

    Cross: our own Dockerfile needs an emulator for the checks only. Slow: another version of the
    emulator is much faster.
    """
    if facts is None or not facts.answers:
        return None
    way = PlatformSupport(facts.how(platform))
    ours = source is not None and source.kind is SourceKind.BUNDLED
    if way is PlatformSupport.EMULATED and ours and platform.arch in _CROSS_BUILT:
        return PlatformSupport.CROSS
    emulator = facts.emulators.get(str(platform))
    slow = emulator is not None and emulator.slow_on(platform)
    return PlatformSupport.SLOW if way is PlatformSupport.EMULATED and slow else way
