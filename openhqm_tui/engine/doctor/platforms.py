"""Findings about platforms: which run natively, which under an emulator, which not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openhqm_tui.domain.emulators import speed_text
from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.doctor.apply import ways
from openhqm_tui.engine.doctor.emulators import emulator_fix, not_held_open, runnable
from openhqm_tui.engine.doctor.machine import Machine
from openhqm_tui.engine.doctor.newer_emulator import IMAGE, newer_emulator_fix

# Our Dockerfile resolves these on the build platform: no step of theirs runs under QEMU.
_CROSS_BUILT = {"amd64", "arm64"}


def platform_findings(
    facts: EngineFacts,
    machine: Machine,
    platforms: Sequence[Platform],
    with_apt: Callable[[], Machine],
) -> list[Finding]:
    """Return a finding per platform: native, emulated, or how to make it run here."""
    missing = [platform for platform in platforms if _lacks_emulator(platform, facts, machine)]
    way: tuple[tuple[Fix, ...], str] = ((), "")
    if missing:
        if facts.local and facts.driver in {"docker", "docker-container"}:
            way = ways(emulator_fix(missing, with_apt()))
        else:
            arches = ",".join(platform.arch for platform in missing)
            way = (
                (),
                "on the builder's machine: `docker run --privileged --rm tonistiigi/binfmt "
                f"--install {arches}`; or add a node of that platform",
            )
    return [
        _platform(platform, facts, missing=platform in missing, way=way, machine=machine)
        for platform in platforms
    ]


def _lacks_emulator(platform: Platform, facts: EngineFacts, machine: Machine) -> bool:
    if facts.how(platform) == "none":
        return True
    # On this kernel we can verify what the builder assumes: the emulator may be registered for
    # the machine but not for containers, and images are checked by running them here.
    here = facts.local and facts.driver == "docker"
    return here and (not_held_open(platform, machine) or not runnable(platform, machine))


def _platform(
    platform: Platform,
    facts: EngineFacts,
    *,
    missing: bool,
    way: tuple[tuple[Fix, ...], str],
    machine: Machine,
) -> Finding:
    key, title = f"platform:{platform}", str(platform)
    how = facts.how(platform)
    if not missing:
        why = "steps and checks of this platform run natively"
        if how == "emulated":
            why = "steps and checks of this platform run under an emulator, several times slower"
        return Finding(key=key, title=title, health=Health.OK, detail=how, why=why)
    cross = platform.arch in _CROSS_BUILT
    detail = "no emulator"
    if not_held_open(platform, machine):
        detail = "its emulator is not enabled for containers (binfmt flag F is missing)"
    why = "without one its images can't be run, so they can't be checked"
    if cross:
        why += "; a Dockerfile that runs steps on this platform can't be built"
    else:
        why += " or built"
    return Finding(
        key=key,
        title=title,
        health=Health.WARN if cross else Health.FAIL,
        detail=detail,
        why=why,
        fixes=way[0],
        advice=way[1],
        needed=not cross,
    )


def emulator_findings(
    facts: EngineFacts,
    platforms: Sequence[Platform],
    with_apt: Callable[[], Machine],
    image: str,
) -> list[Finding]:
    """Return a finding per emulated platform: the emulator's version and speed, and a faster one.

    `image` is a local image of Python for the platforms; '' if there is none.
    """
    found = []
    wrong = [platform for platform in platforms if _wants_newer(platform, facts)]
    way: tuple[tuple[Fix, ...], str] = ((), "")
    if wrong and facts.local and facts.driver == "docker":
        way = ways(newer_emulator_fix(wrong, with_apt(), image))
    elif wrong:
        arches = ",".join(platform.arch for platform in wrong)
        way = (
            (),
            f"on the builder's machine: `docker run --privileged --rm {IMAGE} --install {arches}`; "
            "or add a node of that platform",
        )
    for platform in platforms:
        emulator = facts.emulators.get(str(platform))
        if emulator is None:
            continue
        named = emulator.title + (f", flags {emulator.flags}" if emulator.flags else "")
        speed = speed_text(emulator, platform)
        if emulator.best:
            speed += "; a newer version was measured here and is not faster"
        why = "emulated steps take that much longer"
        if emulator.crashes:
            why = "this version crashes in the scripts of libc-bin and in Node"
        found.append(
            Finding(
                key=f"emulator:{platform}",
                title=f"Emulator, {platform}",
                health=Health.WARN if platform in wrong else Health.OK,
                detail=f"{named}: {speed}" if speed else named,
                why=why,
                fixes=way[0] if platform in wrong else (),
                advice=way[1] if platform in wrong else "",
            )
        )
    return found


def _wants_newer(platform: Platform, facts: EngineFacts) -> bool:
    emulator = facts.emulators.get(str(platform))
    return emulator is not None and (emulator.slow_on(platform) or emulator.crashes)
