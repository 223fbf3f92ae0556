"""The diagnosis: what a build needs, its state, why it matters, and the fix."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from openhqm_tui.domain.emulators import speed_text
from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.formatting import count_text, size_text
from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS, Platform
from openhqm_tui.engine.docker.command import Runner, capture
from openhqm_tui.engine.docker.facts import (
    OLDEST_BUILDX,
    OLDEST_ENGINE,
    UNVERIFIED,
    VERIFYING_ENGINE,
    EngineFacts,
    EngineProblemKind,
    dotted,
    read_facts,
)
from openhqm_tui.engine.doctor.apply import (
    ways,
)
from openhqm_tui.engine.doctor.base_findings import base_findings, registry_finding
from openhqm_tui.engine.doctor.emulators import (
    IMAGE,
    emulator_fix,
    newer_emulator_fix,
    not_held_open,
    runnable,
    with_emulators,
)
from openhqm_tui.engine.doctor.install import (
    ConfigError,
    advice_elsewhere,
    engine_fix,
    start_fix,
    store_fix,
)
from openhqm_tui.engine.doctor.machine import Machine, ask_apt, read_machine
from openhqm_tui.engine.source.base_image import BOOTSTRAPPED_BASE, UPSTREAM_BASE, local_platforms
from openhqm_tui.engine.source.certificates import VARIABLES, ca_bundle

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
                "run `docker run --privileged --rm tonistiigi/binfmt "
                f"--install {arches}` on the builder's machine, or add a node for that platform",
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
        return Finding(
            key=key, title=title, health=Health.OK, detail=how, why=_ways_to_run(platform, facts)
        )
    cross = platform.arch in _CROSS_BUILT
    detail = "no emulator"
    if not_held_open(platform, machine):
        detail = "its emulator is not enabled for containers (binfmt flag F is missing)"
    why = "without an emulator for containers, images for this platform can't be "
    if cross:
        why += "checked, and Dockerfiles with RUN steps for it can't be built"
    else:
        why += "built or checked"
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


def _ways_to_run(platform: Platform, facts: EngineFacts) -> str:
    """Describe how steps and checks run: the builder runs the steps, the engine the checks."""
    slow = "under an emulator, several times slower"
    steps = slow if facts.emulated(platform) else "natively"
    native = facts.host is None or platform.runs_natively_on(facts.host)
    checks = "natively" if native else slow
    if steps == checks:
        return f"steps and checks for this platform run {steps}"
    return f"steps for this platform run {steps}; checks, on the engine, run {checks}"


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
            f"run `docker run --privileged --rm {IMAGE} --install {arches}` on the builder's "
            "machine, or add a node for that platform",
        )
    for platform in platforms:
        emulator = facts.emulators.get(str(platform))
        if emulator is None:
            continue
        named = emulator.title + (f", flags {emulator.flags}" if emulator.flags else "")
        newer = "a newer version was measured on this machine and is no faster"
        told = (speed_text(emulator, platform), newer if emulator.best else "")
        speed = "; ".join(filter(None, told))
        why = "programs of this platform, in build steps and checks, run under this emulator"
        if emulator.crashes:
            why = "this version crashes while running libc-bin's maintainer scripts and Node.js"
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


_GIB = 1 << 30
# All eight variants on two platforms with their caches take about 3 GiB.
_TIGHT_BYTES = 6 * _GIB
_FULL_BYTES = 1 * _GIB

_ENOUGH = dotted(VERIFYING_ENGINE)
_ON_HOSTED_CI = "in GitHub Actions, use docker/setup-docker-action"


def examine(
    platforms: Sequence[Platform] = DEFAULT_PLATFORMS,
    base: str = UPSTREAM_BASE,
    builder: str | None = None,
    *,
    deep: bool = True,
    memory: Path | None = None,
    run: Runner = capture,
) -> list[Finding]:
    """Return the findings about a build for `platforms`; blocks, never raises.

    It takes about half a second; with `deep` it also queries the base image's registry, for up
    to 15 s. `memory` is the file with the measured speed of the emulators: `deep` measures the
    missing ones, in a second or two per platform.
    """
    facts = read_facts(builder, run=run)
    facts = with_emulators(
        facts,
        platforms,
        image=_image(facts, platforms, base, run),
        memory=memory,
        measure=deep,
        run=run,
    )
    return diagnose(facts, read_machine(), platforms, base, deep=deep, run=run)


def diagnose(
    facts: EngineFacts,
    machine: Machine,
    platforms: Sequence[Platform] = DEFAULT_PLATFORMS,
    base: str = UPSTREAM_BASE,
    *,
    deep: bool = True,
    run: Runner = capture,
) -> list[Finding]:
    """Return the findings from facts; queries apt only if it could fix something."""
    asked: list[Machine] = []

    def with_apt() -> Machine:
        if not asked:
            asked.append(ask_apt(machine, run=run))
        return asked[0]

    found = [_client(facts, with_apt), _engine(facts, machine, with_apt)]
    if facts.client_version:
        found.append(_buildx(facts, with_apt))
    if facts.answers:
        found.append(_store(facts, machine, platforms))
        if facts.buildx_version:
            found.append(_builder(facts))
            found += platform_findings(facts, machine, platforms, with_apt)
            bases, answer = (
                base_findings(facts, platforms, base, with_apt, deep=deep, run=run)
                if base
                else ([], None)
            )
            found += bases
            image = _image(facts, platforms, base, run) if facts.emulators else ""
            found += emulator_findings(facts, platforms, with_apt, image)
            if deep and base:
                found.append(registry_finding(base, answer, run=run))
        found.append(_disk(facts))
    found.append(_certificates(machine))
    return found


def _image(facts: EngineFacts, platforms: Sequence[Platform], base: str, run: Runner) -> str:
    """Return a base image that is local for the engine's platform and `platforms`, or ''."""
    if not facts.answers or facts.host is None:
        return ""
    refs = tuple(filter(None, (base, BOOTSTRAPPED_BASE)))
    wanted = tuple(dict.fromkeys((facts.host, *platforms)))
    here = local_platforms(refs, wanted, run=run)
    return next((ref for ref in refs if len(here[ref]) == len(wanted)), "")


def _client(facts: EngineFacts, with_apt: Callable[[], Machine]) -> Finding:
    why = "the `docker` command starts all builds"
    title = "Docker client"
    if facts.trouble not in {EngineProblemKind.NO_CLIENT, EngineProblemKind.NOT_DOCKER}:
        return Finding(
            key="client", title=title, health=Health.OK, detail=facts.client_version, why=why
        )
    fixes, advice = ways(engine_fix(with_apt()))
    return Finding(
        key="client",
        title=title,
        health=Health.FAIL,
        detail=facts.error,
        why=why,
        fixes=fixes,
        advice=advice,
        needed=True,
    )


def _engine(facts: EngineFacts, machine: Machine, with_apt: Callable[[], Machine]) -> Finding:
    why = "the engine stores and checks images, and builds them unless another builder is used"
    title = "Docker Engine"
    if facts.answers and not facts.engine_too_old:
        cpus = count_text(facts.cpus, "CPU")
        memory = size_text(facts.memory_bytes)
        return Finding(
            key="engine",
            title=title,
            health=Health.OK if facts.verifies else Health.WARN,
            detail=f"{facts.server_version} on {facts.host} ({cpus}, {memory})",
            why=why if facts.verifies else UNVERIFIED,
            advice="" if facts.verifies else f"upgrade to {_ENOUGH} or later; {_ON_HOSTED_CI}",
        )
    fixes: tuple[Fix, ...] = ()
    advice = ""
    detail = facts.error
    if facts.engine_too_old:
        detail = f"{facts.server_version} is too old: {dotted(OLDEST_ENGINE)} or later is required"
        if facts.local:
            fixes, advice = ways(engine_fix(with_apt()))
        else:
            advice = "upgrade the engine on its host: docs.docker.com/engine/install"
    elif facts.trouble is EngineProblemKind.NO_CLIENT:
        advice = "install the Docker client first"
    elif facts.trouble is EngineProblemKind.PERMISSION:
        why = "access to the socket is equivalent to root access to this machine"
        fixes, advice = _permission(machine)
    elif facts.trouble is EngineProblemKind.NOT_RUNNING:
        fixes, advice = _not_running(machine, with_apt)
    elif facts.trouble is EngineProblemKind.UNREACHABLE:
        advice = "check `docker context ls` and DOCKER_HOST, or start the engine on its host"
    elif facts.trouble is EngineProblemKind.NOT_DOCKER:
        advice = "install Docker Engine: Podman's socket doesn't support BuildKit"
    else:
        log = " (`journalctl -u docker`)" if machine.systemd and facts.local else ""
        advice = f"check the engine's log{log}, or restart the engine"
    return Finding(
        key="engine",
        title=title,
        health=Health.FAIL,
        detail=detail,
        why=why,
        fixes=fixes,
        advice=advice,
        needed=True,
    )


def _permission(machine: Machine) -> tuple[tuple[Fix, ...], str]:
    if machine.system != "linux" or os.environ.get("DOCKER_HOST"):
        return (), "use a Docker context or DOCKER_HOST whose socket you can access"
    script = f"usermod -aG docker {shlex.quote(machine.user)}\n"
    fix = Fix(title=f"add {machine.user} to the docker group", script=script, as_root=True)
    return (fix,), "after the fix, log in again or run `newgrp docker`: groups are read at login"


def _not_running(machine: Machine, with_apt: Callable[[], Machine]) -> tuple[tuple[Fix, ...], str]:
    endpoint = os.environ.get("DOCKER_HOST", "")
    if endpoint and endpoint not in {"unix:///var/run/docker.sock", "unix:///run/docker.sock"}:
        return (), f"start the engine at DOCKER_HOST={endpoint}, or unset DOCKER_HOST"
    if machine.system != "linux" or (machine.desktop and not machine.dockerd):
        return (), advice_elsewhere(machine)
    if not machine.dockerd:
        # A client alone, without the engine's package.
        return ways(engine_fix(with_apt()))
    if machine.docker_running and not machine.systemd:
        return (), "dockerd is running but doesn't respond: check its log, or restart it"
    if machine.systemd or machine.mendable:
        return (start_fix(machine),), ""
    return (), "start the Docker service (`rc-service docker start` or `service docker start`)"


def _buildx(facts: EngineFacts, with_apt: Callable[[], Machine]) -> Finding:
    why = "Buildx builds multi-platform images and reports its progress as JSON"
    title = "Docker Buildx"
    if facts.buildx_version and not facts.buildx_too_old:
        return Finding(
            key="buildx", title=title, health=Health.OK, detail=facts.buildx_version, why=why
        )
    detail = "the Docker client has no Buildx plugin"
    if facts.buildx_too_old:
        detail = f"{facts.buildx_version} is too old: {dotted(OLDEST_BUILDX)} or later is required"
    # Without an engine, the fix for the client or the engine installs Buildx too.
    only = facts.answers and not facts.engine_too_old
    fixes, advice = ways(engine_fix(with_apt(), buildx_only=only))
    return Finding(
        key="buildx",
        title=title,
        health=Health.FAIL,
        detail=detail,
        why=why,
        fixes=fixes,
        advice=advice,
        needed=True,
    )


def _store(facts: EngineFacts, machine: Machine, platforms: Sequence[Platform]) -> Finding:
    why = "only the containerd image store supports multi-platform images"
    title = "Image store"
    if facts.containerd_store:
        return Finding(key="store", title=title, health=Health.OK, detail="containerd", why=why)
    detail = "the engine uses the classic image store, which keeps one platform per image"
    fixes: tuple[Fix, ...] = ()
    advice = ""
    if facts.local and machine.dockerd:
        try:
            fixes = (store_fix(machine, facts.image_count),)
        except ConfigError as trouble:
            advice = (
                f'{trouble}: fix the file, add "features": {{"containerd-snapshotter": true}}, and '
                "restart the engine"
            )
        if facts.image_count:
            detail += (
                f"; its {count_text(facts.image_count, 'image')} and all containers are hidden "
                "while the containerd store is enabled, and reappear if you switch back"
            )
    elif machine.desktop == "Colima":
        advice = (
            "run `colima start --edit` and set docker: {features: {containerd-snapshotter: true}}"
        )
    elif machine.desktop == "OrbStack":
        advice = (
            'in OrbStack, add "features": {"containerd-snapshotter": true} in Settings > Docker'
        )
    elif machine.desktop:
        advice = (
            "in Docker Desktop, enable “Use containerd for pulling and storing images” in "
            "Settings > General"
        )
    else:
        advice = (
            'add "features": {"containerd-snapshotter": true} to /etc/docker/daemon.json on the '
            "engine's machine, and restart the engine"
        )
    return Finding(
        key="store",
        title=title,
        health=Health.FAIL if len(platforms) > 1 else Health.WARN,
        detail=detail,
        why=why,
        fixes=fixes,
        advice=advice,
        needed=len(platforms) > 1,
    )


def _builder(facts: EngineFacts) -> Finding:
    why = "the builder runs all build steps"
    detail = f"{facts.builder} ({facts.driver}"
    detail += f", {len(facts.nodes)} nodes)" if len(facts.nodes) > 1 else ")"
    health, advice = Health.OK, ""
    if facts.builder_error:
        health, detail = Health.FAIL, facts.builder_error
        advice = "choose another builder with --builder (see `docker buildx ls`), or fix this one"
    elif idle := [node for node in facts.nodes if node.status in {"inactive", "stopped"}]:
        which = "not running" if len(idle) == len(facts.nodes) else f"{len(idle)} not running"
        detail += f", {which}: the next build starts {'it' if len(idle) == 1 else 'them'}"
    return Finding(
        key="builder",
        title="Builder",
        health=health,
        detail=detail,
        why=why,
        advice=advice,
        needed=True,
    )


def _disk(facts: EngineFacts) -> Finding:
    title, why = "Disk", "images and BuildKit's cache need disk space"
    if facts.free_bytes is None:
        return Finding(
            key="disk",
            title=title,
            health=Health.OK,
            detail="the engine's free disk space can't be read from this machine",
            why=why,
        )
    health, advice = Health.OK, ""
    if facts.free_bytes < _TIGHT_BYTES:
        full = facts.free_bytes < _FULL_BYTES
        health = Health.FAIL if full else Health.WARN
        advice = "`docker buildx du` and `docker system df` show what uses disk space; "
        advice += "`docker buildx prune` removes build cache"
    return Finding(
        key="disk",
        title=title,
        health=health,
        detail=f"{size_text(facts.free_bytes)} free in {facts.root_dir}",
        why=why,
        advice=advice,
        needed=True,
    )


def _certificates(machine: Machine) -> Finding:
    why = "behind a proxy that re-signs TLS, build steps need this machine's CA certificates"
    variable = next((name for name in VARIABLES if os.environ.get(name)), "")
    health, detail, advice = Health.OK, "no private CA certificates", ""
    if variable and not Path(os.environ[variable]).is_file():
        health, detail = Health.WARN, f"{variable}={os.environ[variable]}: no such file"
        advice = f"create the file, or unset {variable}"
    elif bundle := ca_bundle(own=bool(machine.private_cas)):
        detail = f"OpenHQM's build steps get {bundle} as a secret, which isn't stored in any layer"
    return Finding(
        key="certificates",
        title="Certificates",
        health=health,
        detail=detail,
        why=why,
        advice=advice,
    )
