"""Findings about the base image and its registry, and a base image from Debian packages."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence

from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.docker.api import USUAL_SOCKET, local_socket
from openhqm_tui.engine.docker.command import Runner, capture
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.doctor.apt import main_archive
from openhqm_tui.engine.doctor.emulators import runnable
from openhqm_tui.engine.doctor.install import install_script, lists_are_empty, update_fix
from openhqm_tui.engine.doctor.machine import Machine
from openhqm_tui.engine.source.base_image import (
    BOOTSTRAPPED_BASE,
    UPSTREAM_BASE,
    Pullable,
    check_pullable,
    local_platforms,
)

# A Python base image from Debian packages, for machines that can't reach Docker Hub.
#
# `mmdebstrap --variant=extract` unpacks packages of any architecture without running their
# scripts, so it needs no emulator. What the scripts would set up is done here, once for all
# platforms: users, certificates, the name `python`, the folder of pip's packages, the bytecode
# of Python's library (without it a start under QEMU takes 40 s, not 12). It contains only public
# certificates: a company's own belong in a build secret, not in an image that may be pushed.

SUITE = "trixie"
PYTHON = "3.13"
_KEYRINGS = (
    "/usr/share/keyrings/debian-archive-trixie-automatic.gpg",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
)

# GOARCH -> Debian's name, for the platforms on which Debian 13 has Python.
_DEBIAN_ARCH = {
    "amd64": "amd64",
    "arm64": "arm64",
    "386": "i386",
    "arm": "armhf",
    "ppc64le": "ppc64el",
    "s390x": "s390x",
    "riscv64": "riscv64",
}

DEBIAN_PLATFORMS = tuple(
    Platform("linux", arch, "v7" if arch == "arm" else "") for arch in _DEBIAN_ARCH
)

# tzdata and netbase: zoneinfo and getservbyname work in the official image too; libstdc++6: many
# wheels (grpcio) link to it and the official image has it.
_PACKAGES = (
    "python3,python3-pip,libpython3-stdlib,base-files,base-passwd,ca-certificates,"
    "libc-bin,libstdc++6,libgcc-s1,coreutils,dash,sed,grep,tzdata,netbase"
)

_PROOF = (
    "import ssl, sqlite3, ctypes, zoneinfo, platform, sys; zoneinfo.ZoneInfo('Europe/Berlin'); "
    "assert ssl.create_default_context().get_ca_certs(); "
    "print('base:', platform.machine(), 'Python', platform.python_version())"
)


def can_be_bootstrapped(base: str, platforms: Sequence[Platform], machine: Machine) -> bool:
    """Return whether this machine can build a replacement for `base` on all `platforms`."""
    return (
        base == UPSTREAM_BASE
        and machine.debian
        and main_archive(machine.archives, machine.codename) is not None
        and any(keyring in machine.keyrings for keyring in _KEYRINGS)
        and all(platform.arch in _DEBIAN_ARCH for platform in platforms)
    )


def bootstrap_fix(
    platforms: Sequence[Platform],
    machine: Machine,
    *,
    ref: str = BOOTSTRAPPED_BASE,
    socket: str | None = None,
) -> Fix:
    """Return the fix that builds `ref` for `platforms`, if `can_be_bootstrapped`.

    `machine` needs its packages (see `machine.ask_apt`). `socket` is the engine's (None: the
    one that `docker` uses here, '': not a local one). The fix takes about 20 s.
    """
    if not machine.version_of("mmdebstrap") and lists_are_empty(machine):
        return update_fix()
    archive = main_archive(machine.archives, machine.codename)
    keyring = next((path for path in _KEYRINGS if path in machine.keyrings), _KEYRINGS[0])
    if archive is None:
        raise ValueError("no Debian archive in apt's sources")
    names = ", ".join(str(platform) for platform in platforms)
    # Under sudo neither the user's Docker context nor DOCKER_HOST is known.
    script = engine_script(local_socket(os.environ) if socket is None else socket)
    if not machine.version_of("mmdebstrap"):
        script += install_script("mmdebstrap", machine=machine)
    script += _HEAD + "".join(
        _ROOT.format(
            name=shlex.quote(_file_name(platform)),
            debian=_DEBIAN_ARCH[platform.arch],
            keyring=shlex.quote(keyring),
            mirror=shlex.quote(archive.uri),
        )
        for platform in dict.fromkeys(
            # The build platform's root compiles for all platforms.
            (*platforms, *([machine.platform] if machine.platform else []))
        )
    )
    script += _REST.format(
        first=shlex.quote(_file_name(platforms[0])),
        ref=shlex.quote(ref),
        platforms=shlex.quote(",".join(str(platform) for platform in platforms)),
    )
    script += "".join(
        _TRY.format(
            ref=shlex.quote(ref), platform=shlex.quote(str(platform)), proof=shlex.quote(_PROOF)
        )
        for platform in platforms
        if runnable(platform, machine)
    )
    return Fix(
        title=f"build {ref} from Debian {SUITE} packages for {names} (about 20 s)",
        script=script,
        as_root=True,
    )


def engine_script(socket: str) -> str:
    """Return the lines that make a script use the engine at a local socket, as any user."""
    if socket in {"", USUAL_SOCKET}:
        return ""
    return f"export DOCKER_HOST={shlex.quote(f'unix://{socket}')}\n"


def _file_name(platform: Platform) -> str:
    # BuildKit's TARGETARCH and TARGETVARIANT, concatenated.
    return platform.arch + platform.variant


_HEAD = f"""\
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
root() {{ # name, Debian's architecture, keyring, mirror
  echo "unpacking Debian {SUITE} packages for $2"
  mmdebstrap --quiet --variant=extract --include={_PACKAGES} \\
    --architectures="$2" --keyring="$3" \\
    --aptopt='APT::Install-Recommends "false"' \\
    --dpkgopt='path-exclude=/usr/share/man/*' \\
    --dpkgopt='path-exclude=/usr/share/locale/*' \\
    --dpkgopt='path-exclude=/usr/share/doc/*' \\
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \\
    --dpkgopt='path-exclude=/usr/lib/python{PYTHON}/EXTERNALLY-MANAGED' \\
    {SUITE} "root-$1.tar" "$4"
}}
"""

_ROOT = 'root {name} {debian} {keyring} {mirror} & roots="${{roots:-}} $!"\n'

# Debian's Python looks for pip's packages in dist-packages, the official image has them in
# site-packages. One folder has both names, so that pip and COPY --from in a Dockerfile work as
# in the official image.
_REST = f"""\
for root in $roots; do wait "$root"; done
mkdir -p overlay/etc/ssl/certs overlay/usr/local/bin \\
  overlay/usr/local/lib/python{PYTHON}/site-packages
tar -xOf root-{{first}}.tar --wildcards './usr/share/ca-certificates/mozilla/*.crt' \\
  > overlay/etc/ssl/certs/ca-certificates.crt
tar -xOf root-{{first}}.tar ./usr/share/base-passwd/passwd.master > overlay/etc/passwd
tar -xOf root-{{first}}.tar ./usr/share/base-passwd/group.master > overlay/etc/group
ln -s /usr/bin/python3 overlay/usr/local/bin/python
ln -s /usr/bin/python3 overlay/usr/local/bin/python3
ln -s site-packages overlay/usr/local/lib/python{PYTHON}/dist-packages
cat > Dockerfile <<'DOCKERFILE'
FROM scratch AS root
ARG TARGETARCH
ARG TARGETVARIANT
ADD root-${{{{TARGETARCH}}}}${{{{TARGETVARIANT}}}}.tar /
COPY overlay/ /

# Compile on the build platform, for every other one, what Debian's own scripts would compile.
FROM --platform=$BUILDPLATFORM scratch AS compiled
ARG BUILDARCH
ARG BUILDVARIANT
ADD root-${{{{BUILDARCH}}}}${{{{BUILDVARIANT}}}}.tar /
RUN --mount=type=bind,from=root,target=/target <<'COMPILE'
#!/usr/bin/python3
import sysconfig
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import compile
for source in Path("/target" + sysconfig.get_path("stdlib")).rglob("*.py"):
    name = f"/{{{{source.relative_to('/target')}}}}"
    compile(source, cfile="/layer" + cache_from_source(name), dfile=name, quiet=2)
COMPILE

FROM root
COPY --link --from=compiled /layer/ /
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
LABEL org.opencontainers.image.title="Python {PYTHON} from Debian {SUITE} packages" \\
      org.opencontainers.image.description="Replacement for {UPSTREAM_BASE}, by openhqm-tui doctor"
CMD ["python3"]
DOCKERFILE
# Only the engine's own builder takes an image from its store; it is named after the context.
docker buildx build --builder "$(docker info --format '{{{{{{{{.ClientInfo.Context}}}}}}}}')" \\
  --quiet --provenance=false --load \\
  --tag {{ref}} --platform {{platforms}} .
"""

_TRY = """\
docker run --rm --network none --platform {platform} {ref} python -c {proof}
"""


BOTH = (Platform("linux", "amd64"), Platform("linux", "arm64"))

_WHY = "every image is based on it"

_WAYS_OUT = {
    Reach.NETWORK: "check the network and proxy settings of the engine and the client",
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
    """Return a finding per platform, and the registry's response if it was queried.

    That is only if `deep` and the base isn't local for all platforms.
    """
    refs = (base, BOOTSTRAPPED_BASE) if base == UPSTREAM_BASE else (base,)
    if facts.driver != "docker":
        # Other drivers don't see the engine's store: their BuildKit always uses the registry.
        return _from_registry(facts, platforms, base, with_apt, {base: ()}, deep=deep, run=run)
    here = local_platforms(refs, platforms, run=run)
    for ref in refs:
        if all(platform in here[ref] for platform in platforms):
            words = "in the local store" if ref == base else f"instead of {base}"
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
        words = f"{base}: not in the local store; the first build pulls it"
        return [_finding(platform, Health.UNKNOWN, words) for platform in platforms], None
    answer = check_pullable(base, run=run)
    missing = answer.missing(platforms)
    if answer.reach is Reach.OK and not missing:
        return [
            _finding(platform, Health.OK, f"{base} (can be pulled)") for platform in platforms
        ], answer
    fixes, advice = _way_out(facts, platforms, base, with_apt, answer, run=run)
    found = []
    for platform in platforms:
        if platform in here[base]:
            found.append(_finding(platform, Health.OK, f"{base} (in the local store)"))
        elif answer.reach is Reach.OK and platform not in missing:
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
    """Return a finding about the base image's registry; local images need none."""
    answer = answer or check_pullable(base, run=run)
    reached = answer.reach in {Reach.OK, Reach.MISSING, Reach.AUTH}
    return Finding(
        key="registry",
        title="Registry",
        health=Health.OK if reached else Health.WARN,
        detail=f"responded to a query for {base}" if reached else answer.detail,
        why="base images are pulled from there; builds with local images don't need it",
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
            f"{first}; or push a base to a registry that the builder can reach, and name it with "
            "--base-image REF"
        )
    machine = with_apt()
    if (
        facts.local
        # The classic image store can't hold several platforms: fix that first.
        and facts.containerd_store
        and can_be_bootstrapped(base, platforms, machine)
    ):
        # A rebuild drops omitted platforms: keep the existing ones and the usual two.
        known = tuple(platform for platform in DEBIAN_PLATFORMS if platform not in platforms)
        held = local_platforms((BOOTSTRAPPED_BASE,), known, run=run)[BOOTSTRAPPED_BASE]
        every = tuple(dict.fromkeys((*BOTH, *platforms, *held)))
        return (bootstrap_fix(every, machine),), ""
    return (), f"{first}; or use a base that you have: --base-image REF"


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
