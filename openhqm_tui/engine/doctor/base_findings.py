"""Findings about the base image and its registry, and a base image from Debian packages."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Sequence

from openhqm_tui.domain.emulators import EMULATED_CPU
from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS, Platform
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.docker.api import USUAL_SOCKET, local_socket
from openhqm_tui.engine.docker.command import Runner, capture
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.doctor.apt import main_archive
from openhqm_tui.engine.doctor.emulators import runnable
from openhqm_tui.engine.doctor.install import install_script, lists_are_empty, update_fix
from openhqm_tui.engine.doctor.machine import Machine
from openhqm_tui.engine.source.base_image import (
    BASE_KIND,
    BASE_LABEL,
    BOOTSTRAPPED_BASE,
    UPSTREAM_BASE,
    Pullable,
    check_pullable,
    is_current,
    local_platforms,
)

# A stand-in for python:3.13-slim from Debian packages, for machines that can't reach Docker Hub.
#
# mmdebstrap installs Debian with apt, dpkg and Python, so that other people's Dockerfiles build on
# it. Packages are configured on their own platform, for a foreign one under the emulator. Bytecode
# is the same everywhere, so the build platform compiles it for all (without it a start of Python
# under QEMU takes 40 s, not 12). The image keeps this machine's archives, but only public
# certificates: a company's own belong in a build secret, not in an image that may be pushed.

SUITE = "trixie"
PYTHON = "3.13"
_KEYRINGS = (
    "/usr/share/keyrings/debian-archive-trixie-automatic.gpg",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
)
_SECURITY_KEYRINGS = ("/usr/share/keyrings/debian-archive-trixie-security-automatic.gpg",)

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


def can_be_bootstrapped(base: str, platforms: Sequence[Platform], machine: Machine) -> bool:
    """Return whether this machine can build a replacement for `base` on all `platforms`."""
    return (
        base in {UPSTREAM_BASE, BOOTSTRAPPED_BASE}
        and machine.debian
        and main_archive(machine.archives, machine.codename) is not None
        and any(keyring in machine.keyrings for keyring in _KEYRINGS)
        and all(
            platform.arch in _DEBIAN_ARCH and runnable(platform, machine) for platform in platforms
        )
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
    one that `docker` uses here, '': not a local one). An image of that name is replaced only
    after the new one was tried on every platform.
    """
    if not machine.version_of("mmdebstrap") and lists_are_empty(machine):
        return update_fix()
    names = ", ".join(str(platform) for platform in platforms)
    # Under sudo neither the user's Docker context nor DOCKER_HOST is known.
    script = engine_script(local_socket(os.environ) if socket is None else socket)
    if not machine.version_of("mmdebstrap"):
        script += install_script("mmdebstrap", machine=machine)
    installed_from, kept = _sources(machine)
    # The build platform's root creates what is the same on all platforms.
    build = machine.platform or platforms[0]
    script += (
        f"ref={shlex.quote(ref)}\nbuild={shlex.quote(_file_name(build))}\n{_HEAD}"
        f"printf %s {shlex.quote(installed_from)} > sources.list\n"
        f"printf %s {shlex.quote(kept)} > overlay/etc/apt/sources.list.d/debian.sources\n"
        f"{_ROOT}"
    )
    for platform in dict.fromkeys((*platforms, build)):
        name, arch = shlex.quote(_file_name(platform)), _DEBIAN_ARCH[platform.arch]
        script += f'root {name} {arch} & roots="$roots $!"\n'
    script += (
        f"first={shlex.quote(_file_name(platforms[0]))}\n"
        f"platforms={shlex.quote(','.join(str(platform) for platform in platforms))}\n{_IMAGE}"
    )
    script += "".join(f"try {shlex.quote(str(platform))}\n" for platform in platforms)
    script += 'docker tag "$new" "$ref"\n'
    return Fix(
        title=f"build {ref} from Debian {SUITE} packages for {names} "
        f"({_time_text(platforms, machine)})",
        script=script,
        as_root=True,
    )


def engine_script(socket: str) -> str:
    """Return the lines that make a script use the engine at a local socket, as any user."""
    if socket in {"", USUAL_SOCKET}:
        return ""
    return f"export DOCKER_HOST={shlex.quote(f'unix://{socket}')}\n"


def _time_text(platforms: Sequence[Platform], machine: Machine) -> str:
    # Measured on two cores, idle (45 s and 3 minutes) and busy.
    native = machine.platform is not None and all(
        platform.runs_natively_on(machine.platform) for platform in platforms
    )
    return "1 to 4 minutes" if native else "3 to 10 minutes, mostly under emulation"


def _file_name(platform: Platform) -> str:
    # BuildKit's TARGETARCH and TARGETVARIANT, concatenated.
    return platform.arch + platform.variant


def _sources(machine: Machine) -> tuple[str, str]:
    """Return the archives to install from, as lines, and those that the image keeps, in deb822.

    They are this machine's, with the suites of Debian 13. The image never keeps a login.
    """
    main = main_archive(machine.archives, machine.codename)
    if main is None:
        raise ValueError("no Debian archive in apt's sources")
    uris = {
        suite.rpartition("-")[2]: archive.uri
        for archive in reversed(machine.archives)
        if "main" in archive.components
        for suite in archive.suites
    }
    suites = [SUITE, *([f"{SUITE}-updates"] if uris.get("updates") == main.uri else [])]
    keyring = next((path for path in _KEYRINGS if path in machine.keyrings), _KEYRINGS[0])
    found = [(main.uri, suites, keyring)]
    for path in (*_SECURITY_KEYRINGS, *_KEYRINGS[1:]):
        if "security" in uris and path in machine.keyrings:
            found.append((uris["security"], [f"{SUITE}-security"], path))
            break
    lines = "".join(
        f"deb [signed-by={path}] {uri} {suite} main\n"
        for uri, suites, path in found
        for suite in suites
    )
    kept = "\n".join(
        f"Types: deb\nURIs: {re.sub('(?<=://)[^/@]*@', '', uri)}\nSuites: {' '.join(suites)}\n"
        "Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
        for uri, suites, _ in found
    )
    return lines, kept


# The settings are those of Debian's images for Docker: apt leaves no caches behind, and a package
# that is installed during a build starts no service.
_HEAD = r"""new=$ref-new
roots=
work=$(mktemp -d)
clean() {
  [ -z "$roots" ] || kill -KILL $roots 2>/dev/null || true
  docker image rm "$new" >/dev/null 2>&1 || true
  rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$work"
cd "$work"
conf=overlay/etc/apt/apt.conf.d
mkdir -p "$conf" overlay/etc/apt/sources.list.d overlay/usr/sbin overlay/usr/local/bin
archives=/var/cache/apt/archives
tidy="rm -f $archives/*.deb $archives/partial/*.deb /var/cache/apt/*.bin || true"
cat > "$conf/docker-clean" <<CONF
DPkg::Post-Invoke { "$tidy"; };
APT::Update::Post-Invoke { "$tidy"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONF
cat > "$conf/docker" <<'CONF'
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
CONF
printf '#!/bin/sh\nexit 101\n' > overlay/usr/sbin/policy-rc.d
chmod 755 overlay/usr/sbin/policy-rc.d
for name in python python3; do ln -s /usr/bin/python3 "overlay/usr/local/bin/$name"; done
# Keep the settings that this machine's archives need: dates of a snapshot, a proxy.
apt-config dump --format '%F "%v";%n' |
  grep -iE '^Acquire::(Check-(Date|Valid-Until)|https?::Proxy) "[^"@]+";' > apt.conf || true
"""

# As in the official image: tzdata and netbase for zoneinfo and getservbyname, libstdc++6 for wheels
# (grpcio), venv, and what pip compiles with: headers and libpython (uWSGI). adduser is no longer
# in a minimal Debian 13, but Dockerfiles expect it.
#
# Debian's Python has pip's packages in /usr/local/lib/python3.13/dist-packages, and with
# `--prefix=/x` in /x/local/lib. The official image has them in site-packages, in /x/lib. One folder
# gets both names, and sysconfig the official layout, so that `COPY --from` works as it does there.
_ROOT = rf"""
cat > before.sh <<'BEFORE'
set -eu
echo "$2: essential packages configured; installing Python"
for file in $3; do
  dpkg-divert --root="$1" --quiet --local --rename --add "$file"
  mkdir -p "$1${{file%/*}}"
  printf '#!/bin/true\n' > "$1$file"
  chmod 755 "$1$file"
done
BEFORE
cat > after.sh <<'AFTER'
set -eu
echo "$2: all packages configured"
for file in $3; do
  rm "$1$file"
  dpkg-divert --root="$1" --quiet --local --rename --remove "$file"
done
work=$PWD
mkdir "headers-$2"
cd "headers-$2"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG \
  apt-get -qq -o APT::Sandbox::User=root download libpython{PYTHON}-dev
dpkg-deb --fsys-tarfile ./*.deb |
  tar -xC "$1" --wildcards ./usr/include './usr/lib/*/libpython{PYTHON}.so'
cd "$1"
rm -rf etc/apt/sources.list etc/apt/sources.list.d/* etc/hostname etc/resolv.conf
cp -dRT "$work/overlay" .
rm -f var/cache/apt/*.bin var/cache/debconf/*-old var/lib/dpkg/*-old
site=local/lib/python{PYTHON}/site-packages
mkdir "usr/$site"
rmdir "usr/${{site%/*}}/dist-packages"
ln -s site-packages "usr/${{site%/*}}/dist-packages"
ln -s "../../$site" usr/lib/python{PYTHON}/site-packages
sed -i "s/prefix_scheme = 'posix_local'/prefix_scheme = 'posix_prefix'/
/^    _extend_dict(vars, get_config_vars())/i\\
    if sys.prefix == '/usr':\\
        vars = {{'base': '/usr/local', 'platbase': '/usr/local'}} | vars
" usr/lib/python{PYTHON}/sysconfig/__init__.py
# BuildKit's cache ignores the time of a change, but bytecode records it.
touch --reference=usr/lib/python{PYTHON}/os.py usr/lib/python{PYTHON}/sysconfig/__init__.py
AFTER
root() {{ # name, Debian's architecture
  echo "$1: unpacking Debian {SUITE} packages"
  # Programs that take minutes under the emulator, and write the same files on every platform.
  slow="/usr/bin/py3compile /usr/lib/python{PYTHON}/py_compile.py"
  [ "$1" = "$build" ] || slow="$slow /usr/sbin/update-ca-certificates"
  # Before QEMU 10, the emulator's default CPU is five times slower. Other architectures don't
  # accept this setting.
  if [ "$2" = arm64 ]; then export QEMU_CPU={EMULATED_CPU["arm64"]}; fi
  # Separate namespaces: no process or mount is left behind, however this script ends.
  TMPDIR=$work exec unshare --mount --pid --mount-proc --fork --kill-child \
    mmdebstrap --quiet --mode=root --variant=minbase --format=tar \
    --skip=check/qemu,chroot/policy-rc.d,output/dev \
    --architectures="$2" \
    --include=python3,python3-pip,python3-venv,libpython{PYTHON},libstdc++6 \
    --include=ca-certificates,tzdata,netbase,adduser \
    --aptopt="$work/apt.conf" --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/groff/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/lintian/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/lib/python{PYTHON}/EXTERNALLY-MANAGED' \
    --essential-hook="sh '$work/before.sh' \"\$1\" $1 '$slow'" \
    --customize-hook="cd '$work' && sh '$work/after.sh' \"\$1\" $1 '$slow'" \
    {SUITE} "root-$1.tar" - < sources.list
}}
"""

_IMAGE = rf"""
while [ "$roots" ]; do
  root=${{roots##* }}
  roots=${{roots% *}}
  wait "$root"
done
cat > Dockerfile <<'DOCKERFILE'
FROM scratch AS root
ARG TARGETARCH
ARG TARGETVARIANT
ADD root-${{TARGETARCH}}${{TARGETVARIANT}}.tar /

FROM --platform=$BUILDPLATFORM scratch AS compiled
ARG BUILDARCH
ARG BUILDVARIANT
ADD root-${{BUILDARCH}}${{BUILDVARIANT}}.tar /
RUN --mount=type=bind,from=root,target=/target <<'COMPILE'
#!/usr/bin/python3
import sysconfig
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import compile
from shutil import copytree
for source in Path("/target" + sysconfig.get_path("stdlib")).rglob("*.py"):
    name = f"/{{source.relative_to('/target')}}"
    compile(source, cfile="/layer" + cache_from_source(name), dfile=name, quiet=2)
copytree("/etc/ssl/certs", "/layer/etc/ssl/certs", symlinks=True)
COMPILE

FROM root
ARG PYTHON_VERSION
COPY --link --from=compiled /layer/ /
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    PYTHON_VERSION=$PYTHON_VERSION
LABEL {BASE_LABEL}="{BASE_KIND}"
CMD ["python3"]
DOCKERFILE
version=$(tar -xOf "root-$first.tar" ./var/lib/dpkg/status |
  sed -n '/^Package: python{PYTHON}$/,/^$/s/^Version: \([0-9.]*\).*/\1/p')
echo "compiling the bytecode of Python $version and building the image"
# Only the engine's default builder can load the image; the builder is named after the context.
docker buildx build --builder "$(docker info --format '{{{{.ClientInfo.Context}}}}')" \
  --quiet --provenance=false --load --build-arg PYTHON_VERSION="$version" \
  --tag "$new" --platform "$platforms" .
cat > try.sh <<'TRY'
test -z "$(dpkg --audit)"
apt-get -qq check
useradd tried
python <<'PYTHON'
import os, ssl, sqlite3, ctypes, venv, pip, zoneinfo, platform, sysconfig
from importlib.util import cache_from_source
from pathlib import Path
folder = "lib/python{PYTHON}/site-packages"
assert sysconfig.get_path("purelib") == f"/usr/local/{{folder}}"
assert sysconfig.get_path("purelib", vars={{"base": "/x"}}) == f"/x/{{folder}}"
zoneinfo.ZoneInfo("Europe/Berlin")
for source in Path(os.__file__).parent.rglob("*.py"):
    compiled = Path(cache_from_source(source))
    seen = compiled.read_bytes()[8:12] if compiled.exists() else None
    assert seen in (None, int(source.stat().st_mtime).to_bytes(4, "little")), source
assert ssl.create_default_context().get_ca_certs()
print("base:", platform.machine(), "Python", platform.python_version())
PYTHON
TRY
try() {{ # platform
  case $1 in
    */arm64*) set -- "$1" --env QEMU_CPU={EMULATED_CPU["arm64"]} ;;
  esac
  docker run --rm --network none --platform "$@" "$new" sh -euc "$(cat try.sh)"
}}
"""


_WHY = "OpenHQM's images are built from the base image"

_WAYS_OUT = {
    Reach.NETWORK: "check the network and proxy settings of the engine and the client",
    Reach.TLS: (
        "add your company's CA certificate to those that this machine trusts (on Debian: copy it "
        "to /usr/local/share/ca-certificates and run `update-ca-certificates`), and restart the "
        "engine"
    ),
    Reach.AUTH: "run `docker login`, or check the image name",
    Reach.RATE_LIMIT: "run `docker login` to raise the limit, or wait",
    Reach.MISSING: "check the image name",
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
            if ref == BOOTSTRAPPED_BASE and not is_current(ref, run=run):
                return _earlier_kind(facts, platforms, with_apt, run=run), None
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
        words = f"{base} is pulled by the builder; the registry wasn't queried"
        if facts.driver == "docker":
            words = f"{base} isn't in the local store; the first build pulls it"
        return [
            _finding(platform, Health.OK, f"{base} (in the local store)")
            if platform in here[base]
            else _finding(platform, Health.UNKNOWN, words)
            for platform in platforms
        ], None
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


def _earlier_kind(
    facts: EngineFacts,
    platforms: Sequence[Platform],
    with_apt: Callable[[], Machine],
    *,
    run: Runner,
) -> list[Finding]:
    fix = _bootstrap(facts, platforms, BOOTSTRAPPED_BASE, with_apt, run=run)
    return [
        _finding(
            platform,
            Health.WARN,
            f"{BOOTSTRAPPED_BASE} was built by an earlier version of openhqm-tui and has no "
            "apt-get: the bundled Dockerfile works with it, but others may not",
            fixes=(fix,) if fix else (),
            advice="" if fix else "choose another base image with --base-image REF",
        )
        for platform in platforms
    ]


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
        why="base images that the builder doesn't have are pulled from the registry",
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
    first = _WAYS_OUT[answer.reach] or "choose another base image"
    if facts.driver != "docker":
        return (), (
            f"{first}; or push a base image to a registry that the builder can reach, and use "
            "--base-image REF"
        )
    fix = _bootstrap(facts, platforms, base, with_apt, run=run)
    if fix is not None:
        return (fix,), ""
    return (), f"{first}; or use a local base image with --base-image REF"


def _bootstrap(
    facts: EngineFacts,
    platforms: Sequence[Platform],
    base: str,
    with_apt: Callable[[], Machine],
    *,
    run: Runner,
) -> Fix | None:
    # The classic image store can't hold several platforms: fix that first.
    if not (facts.local and facts.containerd_store):
        return None
    machine = with_apt()
    if not can_be_bootstrapped(base, platforms, machine):
        return None
    # A rebuild drops omitted platforms: keep the existing ones and the usual two.
    known = tuple(platform for platform in DEBIAN_PLATFORMS if platform not in platforms)
    held = local_platforms((BOOTSTRAPPED_BASE,), known, run=run)[BOOTSTRAPPED_BASE]
    every = dict.fromkeys((*DEFAULT_PLATFORMS, *platforms, *held))
    return bootstrap_fix([one for one in every if runnable(one, machine)], machine)


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
