"""The doctor's look at the base image, per platform, and at the registry it comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.base_image import (
    BOOTSTRAPPED_BASE,
    UPSTREAM_BASE,
    Pullable,
    Reach,
    check_pullable,
    local_platforms,
)
from openhqm_tui.engine.base_recipe import DEBIAN_PLATFORMS, bootstrap_fix, can_be_bootstrapped
from openhqm_tui.engine.facts import EngineFacts
from openhqm_tui.engine.machine import Machine
from openhqm_tui.engine.shell import Runner, capture

BOTH = (Platform("linux", "amd64"), Platform("linux", "arm64"))

_WHY = "every image starts from it"

_WAYS_OUT = {
    Reach.NETWORK: "check network and proxy of engine and client",
    Reach.TLS: (
        "put your company's certificate into /usr/local/share/ca-certificates, run "
        "`update-ca-certificates` and restart the engine"
    ),
    Reach.AUTH: "`docker login`, or check the name",
    Reach.RATE_LIMIT: "`docker login` raises the limit, or wait",
    Reach.MISSING: "check the name",
    Reach.OTHER: "try again later",
    Reach.OK: "",
}


def base_findings(
    facts: EngineFacts,
    platforms: Sequence[Platform],
    base: str,
    with_apt: Callable[[], Machine],
    *,
    deep: bool,
    run: Runner = capture,
) -> tuple[list[Finding], Pullable | None]:
    """One finding per platform, and the registry's answer if it was asked.

    It is asked only if `deep` and the base isn't here for all platforms.
    """
    refs = (base, BOOTSTRAPPED_BASE) if base == UPSTREAM_BASE else (base,)
    if facts.driver != "docker":
        # Another driver's BuildKit doesn't see the engine's store: it always asks the registry.
        return _from_registry(facts, platforms, base, with_apt, {base: ()}, deep=deep, run=run)
    here = local_platforms(refs, platforms, run=run)
    for ref in refs:
        if all(platform in here[ref] for platform in platforms):
            words = "in the local store" if ref == base else f"in the place of {base}"
            return [
                _finding(platform, Health.OK, f"{ref} ({words})") for platform in platforms
            ], None
    return _from_registry(facts, platforms, base, with_apt, here, deep=deep, run=run)


def _from_registry(
    facts: EngineFacts,
    platforms: Sequence[Platform],
    base: str,
    with_apt: Callable[[], Machine],
    here: dict[str, tuple[Platform, ...]],
    *,
    deep: bool,
    run: Runner,
) -> tuple[list[Finding], Pullable | None]:
    if not deep:
        words = f"{base}: not at hand; the first build pulls it"
        return [_finding(platform, Health.UNKNOWN, words) for platform in platforms], None
    answer = check_pullable(base, run=run)
    lacking = answer.lacks(platforms)
    if answer.reach is Reach.OK and not lacking:
        return [
            _finding(platform, Health.OK, f"{base} (can be pulled)") for platform in platforms
        ], answer
    fixes, advice = _way_out(facts, platforms, base, with_apt, answer, run=run)
    found = []
    for platform in platforms:
        if platform in here[base]:
            found.append(_finding(platform, Health.OK, f"{base} (in the local store)"))
        elif answer.reach is Reach.OK and platform not in lacking:
            found.append(_finding(platform, Health.OK, f"{base} (can be pulled)"))
        else:
            detail = answer.detail or f"{base} has no image for {platform}"
            found.append(
                _finding(platform, Health.FAIL, detail, fixes=fixes, advice=advice, needed=True)
            )
    return found, answer


def registry_finding(
    base: str, answer: Pullable | None = None, *, run: Runner = capture
) -> Finding:
    """Tell whether the base image's registry answers; without it, local work still goes."""
    answer = answer or check_pullable(base, run=run)
    reached = answer.reach in {Reach.OK, Reach.MISSING, Reach.AUTH}
    return Finding(
        key="registry",
        title="Registry",
        health=Health.OK if reached else Health.WARN,
        detail=f"answers for {base}" if reached else answer.detail,
        why="base images are pulled from there; builds on what is here don't need it",
        advice="" if reached else _WAYS_OUT[answer.reach],
    )


def _way_out(
    facts: EngineFacts,
    platforms: Sequence[Platform],
    base: str,
    with_apt: Callable[[], Machine],
    answer: Pullable,
    *,
    run: Runner,
) -> tuple[tuple[Fix, ...], str]:
    first = _WAYS_OUT[answer.reach] or "choose another base"
    if facts.driver != "docker":
        return (), (
            f"{first}; or push a base to a registry that the builder reaches, and give it with "
            "--base-image REF"
        )
    machine = with_apt()
    if (
        facts.local
        # The old image stores can't hold it for several platforms: that is mended first.
        and facts.containerd_store
        and can_be_bootstrapped(base, platforms, machine)
    ):
        # Building it anew drops the platforms left out: keep those it has, and the usual two.
        known = tuple(platform for platform in DEBIAN_PLATFORMS if platform not in platforms)
        held = local_platforms((BOOTSTRAPPED_BASE,), known, run=run)[BOOTSTRAPPED_BASE]
        every = tuple(dict.fromkeys((*BOTH, *platforms, *held)))
        return (bootstrap_fix(every, machine),), ""
    return (), f"{first}; or give a base that you have with --base-image REF"


def _finding(
    platform: Platform,
    health: Health,
    detail: str,
    *,
    fixes: tuple[Fix, ...] = (),
    advice: str = "",
    needed: bool = False,
) -> Finding:
    return Finding(
        key=f"base:{platform}",
        title=f"Base image, {platform}",
        health=health,
        detail=detail,
        why=_WHY,
        fixes=fixes,
        advice=advice,
        needed=needed,
    )
