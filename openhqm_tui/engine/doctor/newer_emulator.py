"""A newer QEMU for the platforms where it is faster, next to the system package.

Only its binary is installed, in a folder of ours. Both are measured before anything is registered,
and the registration is made permanent: in the list of binfmt-support or a file for systemd. The
system's package stays installed, so that one command restores its emulator.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from openhqm_tui.domain.emulators import GOOD_VERSION
from openhqm_tui.domain.findings import Fix
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.facts import version_tuple
from openhqm_tui.engine.doctor.apt import main_archive, upstream
from openhqm_tui.engine.doctor.emulator_facts import OWN_FOLDER, PROBE
from openhqm_tui.engine.doctor.emulators import wait_for_buildkit
from openhqm_tui.engine.doctor.install import NEWER_KEYRING, NEWER_SUITE
from openhqm_tui.engine.doctor.machine import Machine

# The newest release whose digest could be looked up in public sources.
IMAGE = (
    "tonistiigi/binfmt:qemu-v10.2.3-68"
    "@sha256:400a4873b838d1b89194d982c45e5fb3cda4593fbfd7e08a02e76b03b21166f0"
)
_PACKAGE = "qemu-user"


def newer_emulator_fix(platforms: Sequence[Platform], machine: Machine, image: str) -> Fix | str:
    """Return the fix that registers a newer QEMU for `platforms` if it is faster, or advice.

    `machine` needs its packages (see `machine.ask_apt`); `image` is a local image of Python for
    the platforms, for measuring both.
    """
    if machine.system != "linux" or (machine.desktop and not machine.dockerd):
        arches = ",".join(dict.fromkeys(platform.arch for platform in platforms))
        install = f"`docker run --privileged --rm {IMAGE}"
        return (
            f"{install} --uninstall qemu-{platforms[0].qemu}`, then {install} --install {arches}`; "
            f"it lasts until {machine.desktop or 'the VM'} restarts"
        )
    if not image:
        return "pull or build the base image for this platform first: it is needed to measure both"
    names = [platform.qemu for platform in platforms]
    source, where = _source(machine, names)
    script = "".join(f"# to undo it: {_undo(name, machine)}\n" for name in names)
    script += _HEAD.format(folder=OWN_FOLDER, image=shlex.quote(image), probe=PROBE)
    script += source
    for platform in platforms:
        undo = shlex.quote(_undo(platform.qemu, machine))
        script += f"choose {platform.qemu} {shlex.quote(str(platform))} {undo}\n"
    for platform in platforms:
        script += wait_for_buildkit(platform)
    listed = ", ".join(str(platform) for platform in platforms)
    title = f"register a newer QEMU for {listed} where it is faster, {where}"
    return Fix(title=title, script=script, as_root=True)


def _undo(name: str, machine: Machine) -> str:
    """Return the command that restores the system's own emulator."""
    qemu = f"qemu-{name}"
    forget = f"rm -f /etc/binfmt.d/{qemu}.conf; "
    if machine.version_of("binfmt-support"):
        forget += f"update-binfmts --remove {qemu} {OWN_FOLDER}/{qemu}; "
        return forget + f"update-binfmts --import {qemu}"
    if machine.systemd:
        return forget + "systemctl restart systemd-binfmt"
    folder = "/proc/sys/fs/binfmt_misc"
    forget += f"echo -1 > {folder}/{qemu}; "
    return forget + f"grep ^: /usr/lib/binfmt.d/{qemu}.conf > {folder}/register"


def _source(machine: Machine, names: Sequence[str]) -> tuple[str, str]:
    """Return the script that fetches the new binaries into ./usr/bin, and their origin."""
    files = " ".join(f"./usr/bin/qemu-{name}" for name in names)
    image = _FROM_IMAGE.format(image=IMAGE, names=" ".join(names))
    own = machine.candidate(_PACKAGE)
    if machine.mendable and own and version_tuple(upstream(own)) >= GOOD_VERSION:
        return _OWN_SUITE.format(package=_PACKAGE, files=files), "from this system's own packages"
    archive = main_archive(machine.archives, machine.codename)
    if machine.debian and archive is not None and NEWER_KEYRING in machine.keyrings:
        script = _NEWER_SUITE.format(
            uri=archive.uri,
            suite=NEWER_SUITE,
            keyring=NEWER_KEYRING,
            package=_PACKAGE,
            files=files,
            instead=image.replace("\n", "\n  ").rstrip(" "),
        )
        return script, f"from Debian {NEWER_SUITE} (its binary only)"
    return image, f"from {IMAGE.partition('@')[0]} (its binary only)"


_HEAD = """\
binfmt=/proc/sys/fs/binfmt_misc
lib={folder}
image={image}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > probe.py <<'PROBE'
{probe}PROBE
run() {{ # platform, then options of docker run
  platform=$1; shift
  docker run --rm --pull never --network none --platform "$platform" "$@"
}}
least() {{ # the least processor time of three runs of the probe
  for round in 1 2 3; do run "$@" -c "$(cat probe.py)"; done |
    awk '$1 == "seconds" && (!least || $2 < least) {{ least = $2 }} END {{ print least + 0 }}'
}}
choose() {{ # QEMU's name of an architecture, platform, how to undo it
  name=qemu-$1; new=$work/usr/bin/$name
  version=$(run "$2" --env QEMU_VERSION=1 --entrypoint python "$image" -c pass |
    sed -n 's/^qemu-[^ ]* version //p')
  newer=$("$new" --version | sed -n 's/^qemu-[^ ]* version //p')
  if [ "$version" = "$newer" ]; then echo "$name: $version is registered already"; return; fi
  is=$(least "$2" --entrypoint python "$image")
  python=$(run "$2" --entrypoint python "$image" -c 'import sys; print(sys.executable)')
  would=$(least "$2" --volume "$new:/qemu:ro" --entrypoint /qemu "$image" "$python")
  echo "$name: probe $is s with $version, $would s with $newer"
  mkdir -p "$lib"
  if ! awk "BEGIN {{ exit !($would > 0 && ($is == 0 || $would < 0.9 * $is)) }}"; then
    echo "$name: the registered one stays"
    printf '%s\\n' "$version" "$newer" > "$lib/$name.kept"
    return
  fi
  rm -f "$lib/$name.kept"
  install -m 755 "$new" "$lib/$name.new"
  mv "$lib/$name.new" "$lib/$name"
  register "$name"
  echo "to restore the old one: $3"
}}
register() {{ # the registered magic, mask and flags with our binary
  magic=$(sed -n 's/^magic //p' "$binfmt/$1" | sed 's/../\\\\x&/g')
  mask=$(sed -n 's/^mask //p' "$binfmt/$1" | sed 's/../\\\\x&/g')
  flags=$(sed -n 's/^flags: *//p' "$binfmt/$1")
  line=":$1:M:0:$magic:$mask:$lib/$1:$flags"
  owner=$(head -n 1 "/var/lib/binfmts/$1" 2>/dev/null || true)
  if [ -n "$owner" ]; then
    # A format without a package is the administrator's own: later imports leave it alone.
    if [ "$owner" = : ]; then
      update-binfmts --remove "$1" "$lib/$1"
    elif [ -e "/usr/share/binfmts/$1" ]; then
      update-binfmts --unimport "$1"
    else
      update-binfmts --package "$owner" --remove "$1" "$(sed -n 's/^interpreter //p' "$binfmt/$1")"
    fi
    has() {{ case $flags in *"$1"*) echo yes ;; *) echo no ;; esac; }}
    update-binfmts --install "$1" "$lib/$1" --offset 0 --magic "$magic" --mask "$mask" \\
      --preserve "$(has P)" --fix-binary "$(has F)" --credentials "$(has C)"
  fi
  if [ -z "$owner" ] || [ -e "/usr/lib/binfmt.d/$1.conf" ] || [ -d /run/systemd/system ]; then
    mkdir -p /etc/binfmt.d
    printf '%s\\n' "$line" > "/etc/binfmt.d/$1.conf"
  fi
  if ! grep -qsx "interpreter $lib/$1" "$binfmt/$1"; then
    [ ! -e "$binfmt/$1" ] || echo -1 > "$binfmt/$1"
    printf '%s' "$line" > "$binfmt/register"
  fi
  echo "$1: $(sed -n 2,3p "$binfmt/$1" | tr '\\n' ' ')"
}}
"""

_OWN_SUITE = """\
apt-get update -qq
apt-get download -qq -o APT::Sandbox::User=root {package}
dpkg-deb --fsys-tarfile {package}_*.deb | tar -x {files}
"""

# Separate lists and sources, so that the suite isn't added to this machine's apt.
_NEWER_SUITE = """\
cat > newer.sources <<'SOURCE'
Types: deb
URIs: {uri}
Suites: {suite}
Components: main
Signed-By: {keyring}
SOURCE
mkdir -p lists/partial cache/archives/partial
apt="apt-get -qq -o APT::Sandbox::User=root -o Dir::Etc::SourceList=$work/newer.sources
  -o Dir::Etc::SourceParts=- -o Dir::State::Lists=$work/lists -o Dir::Cache=$work/cache"
if ! {{ $apt update && $apt download {package}; }}; then
  {instead}else
  dpkg-deb --fsys-tarfile {package}_*.deb | tar -x {files}
fi
"""

_FROM_IMAGE = """\
docker pull --quiet {image}
box=$(docker create {image})
mkdir -p usr/bin
for name in {names}; do docker cp "$box:/usr/bin/qemu-$name" usr/bin/; done
docker rm "$box" >/dev/null
"""
