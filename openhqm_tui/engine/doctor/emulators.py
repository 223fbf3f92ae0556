"""Emulators: those that the kernel uses, how fast they are, and how QEMU is installed.

A newer QEMU is installed next to the system's package, for the platforms where it is faster.
Only its binary is installed, in a folder of ours. Both are measured before anything is registered,
and the registration is made permanent: in the list of binfmt-support or a file for systemd. The
system's package stays installed, so that one command restores its emulator.
"""

from __future__ import annotations

import contextlib
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.checks.file_kinds import header
from openhqm_tui.domain.emulators import GOOD_VERSION, Emulator, parse_version
from openhqm_tui.domain.findings import Fix
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.command import Runner, capture
from openhqm_tui.engine.docker.facts import EngineFacts, version_tuple
from openhqm_tui.engine.doctor.apt import main_archive, upstream
from openhqm_tui.engine.doctor.install import (
    NEWER_KEYRING,
    NEWER_SUITE,
    install_script,
    lists_are_empty,
    update_fix,
)
from openhqm_tui.engine.doctor.machine import Machine, emulator_flags
from openhqm_tui.files.replace import replace_file

# Typical work of build steps: Python starts, compiles, parses and unpacks. It measures CPU time,
# so that other work on the machine hardly affects the result.
PROBE = """\
import inspect, json, textwrap, time, zlib
text = inspect.getsource(json) + inspect.getsource(textwrap)
compile(text, "probe", "exec")
rows = [{"name": str(n * 7919 % 10007), "value": n * 1.5} for n in range(4000)]
json.loads(json.dumps(rows))
rows.sort(key=lambda row: row["name"])
zlib.decompress(zlib.compress(text.encode() * 60))
print("seconds", time.process_time())
"""
# QEMU also reads its options from the environment, so any program that it starts prints the
# version of the binary that binfmt_misc has open, wherever its file is or was.
ASK_VERSION = "QEMU_VERSION=1"
# The folder for newer emulators, and for the versions that were measured to be no faster.
OWN_FOLDER = "/usr/local/lib/openhqm-tui"
# Builders of other drivers run on another machine, which can't be examined.
_ON_THE_ENGINE = {"docker", "docker-container"}
_ASK_SECONDS = 10.0
_PROBE_SECONDS = 60.0


class Measured(msgspec.Struct, frozen=True):
    """A factor and the emulator that it was measured with; it isn't valid for another."""

    key: str
    factor: float


def with_emulators(
    facts: EngineFacts,
    platforms: Sequence[Platform],
    *,
    image: str = "",
    memory: Path | None = None,
    measure: bool = False,
    run: Runner = capture,
) -> EngineFacts:
    """Add the emulators of `platforms`; blocks, never raises.

    `image` is a local image of Python for the native and the emulated platforms: with it, an
    engine on another machine is examined too. `measure` measures the speeds that the file
    `memory` doesn't have yet, in a second or two per platform.
    """
    emulated = [platform for platform in platforms if facts.emulated(platform)]
    if not emulated or facts.driver not in _ON_THE_ENGINE:
        return facts
    output = _said_here(emulated, run=run) if facts.local and facts.driver == "docker" else {}
    known = _read(memory)
    found = dict(facts.emulators)
    for platform in emulated:
        emulator = _ask(platform, facts, output.get(platform, ""), image, run=run)
        if emulator is None:
            continue
        key = f"{facts.engine_name} {platform} {emulator.name} {emulator.version}"
        factor = next((one.factor for one in known if one.key == key), 0.0)
        if not factor and measure and image:
            factor = _measure(platform, facts, image, run=run)
            if factor:
                known = (*(one for one in known if one.key != key), Measured(key, factor))
                _write(memory, known)
        best = was_tried(platform, emulator)
        found[str(platform)] = msgspec.structs.replace(emulator, factor=factor, best=best)
    return msgspec.structs.replace(facts, emulators=found)


def probe_command(platform: Platform, image: str, *environment: str) -> list[str]:
    """Return the `docker run` of the probe."""
    return [
        "docker", "run", "--rm", "--pull", "never", "--network", "none",
        "--platform", str(platform),
        *(word for setting in environment for word in ("--env", setting)),
        "--entrypoint", "python", image, "-c", PROBE,
    ]  # fmt: skip


def _ask(
    platform: Platform, facts: EngineFacts, output: str, image: str, *, run: Runner
) -> Emulator | None:
    if not output and image:
        (outcome,) = run(probe_command(platform, image, ASK_VERSION), timeout=_PROBE_SECONDS)
        output = outcome.out if outcome.ok else ""
    flags = emulator_flags(platform) if facts.local else ""
    if version := parse_version(output):
        return Emulator(version=version, flags=flags)
    if output.startswith("seconds "):
        # It ran the program instead of printing a version, so it isn't QEMU.
        return Emulator(name="Rosetta" if platform.arch == "amd64" else "an emulator")
    return None


def _said_here(platforms: Sequence[Platform], *, run: Runner) -> dict[Platform, str]:
    """Return what the emulators print for programs of the platforms, which are only headers."""
    heads = {platform: head for platform in platforms if (head := header(platform.arch))}
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory(prefix="openhqm-tui-") as folder:
        programs = [Path(folder, str(number)) for number in range(len(heads))]
        for program, head in zip(programs, heads.values(), strict=True):
            program.write_bytes(head)
            program.chmod(0o700)
        commands = (["env", ASK_VERSION, str(program)] for program in programs)
        outcomes = run(*commands, timeout=_ASK_SECONDS)
        return {
            platform: outcome.out
            for platform, outcome in zip(heads, outcomes, strict=True)
            if outcome.ok
        }
    return {}


def _measure(platform: Platform, facts: EngineFacts, image: str, *, run: Runner) -> float:
    node = facts.node_of(platform)
    native = node.native if node is not None and node.native is not None else facts.host
    if native is None:
        return 0.0
    seconds = []
    for one in (native, platform):
        (outcome,) = run(probe_command(one, image), timeout=_PROBE_SECONDS)
        seconds.append(_seconds(outcome.out) if outcome.ok else 0.0)
    return round(seconds[1] / seconds[0], 1) if all(seconds) else 0.0


def _seconds(text: str) -> float:
    word, _, number = text.strip().partition(" ")
    try:
        return float(number) if word == "seconds" else 0.0
    except ValueError:
        return 0.0


def was_tried(platform: Platform, emulator: Emulator, folder: Path = Path(OWN_FOLDER)) -> bool:
    """Return whether a newer version was measured against this one, and was no faster."""
    try:
        kept = (folder / f"qemu-{platform.qemu}.kept").read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False
    return bool(emulator.version) and emulator.version in kept.splitlines()


def _read(memory: Path | None) -> tuple[Measured, ...]:
    if memory is None:
        return ()
    try:
        return msgspec.json.decode(memory.read_bytes(), type=tuple[Measured, ...])
    except (OSError, msgspec.DecodeError):
        return ()


def _write(memory: Path | None, known: tuple[Measured, ...]) -> None:
    if memory is None:
        return
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(memory, msgspec.json.encode(known))


_FOLDER = "/proc/sys/fs/binfmt_misc"
_IMAGE = "tonistiigi/binfmt"


def runnable(platform: Platform, machine: Machine) -> bool:
    """Return whether this machine's kernel runs programs of `platform` in a container."""
    if machine.platform is not None and platform.runs_natively_on(machine.platform):
        return True
    return "F" in machine.emulators.get(f"qemu-{platform.qemu}", "") or (
        platform.arch == "amd64" and "F" in machine.emulators.get("rosetta", "")
    )


def not_held_open(platform: Platform, machine: Machine) -> bool:
    """Return whether the emulator is registered, but not for containers (flag F is missing).

    Without F the kernel looks for the emulator inside the container, where it isn't.
    """
    flags = machine.emulators.get(f"qemu-{platform.qemu}")
    return flags is not None and "F" not in flags


def emulator_fix(platforms: Sequence[Platform], machine: Machine) -> Fix | str:
    """Return the fix that registers QEMU for `platforms`, or advice if there is none.

    `machine` needs its packages (see `machine.ask_apt`).
    """
    arches = ",".join(dict.fromkeys(platform.arch for platform in platforms))
    by_image = f"run `docker run --privileged --rm {_IMAGE} --install {arches}`"
    if machine.system == "darwin":
        desktop = machine.desktop or "Docker Desktop"
        return f"{desktop} includes the usual emulators: restart it, or {by_image}"
    if not machine.mendable:
        return f"install QEMU's user-mode emulators with your package manager, or {by_image}"
    if lists_are_empty(machine):
        return update_fix()
    if machine.candidate("qemu-user-static"):
        packages = ["qemu-user-static", "binfmt-support"]
    elif machine.candidate("qemu-user-binfmt"):
        packages = ["qemu-user", "qemu-user-binfmt"]
    else:
        return f"apt has no package with QEMU's user-mode emulators: {by_image}"
    missing = [name for name in packages if not machine.version_of(name)]
    script = f"mountpoint -q {_FOLDER} || mount -t binfmt_misc binfmt_misc {_FOLDER}\n"
    if missing:
        script += install_script(*missing, machine=machine)
    for name in dict.fromkeys(f"qemu-{platform.qemu}" for platform in platforms):
        script += _enable(name)
    for platform in platforms:
        script += wait_for_buildkit(platform)
    names = ", ".join(str(platform) for platform in platforms)
    return Fix(title=f"install and enable QEMU for {names}", script=script, as_root=True)


def _enable(name: str) -> str:
    name = shlex.quote(name)
    # Debian registers formats with binfmt-support, with systemd's folder, or has them already.
    return f"""\
if [ -e /usr/share/binfmts/{name} ] || [ -e /var/lib/binfmts/{name} ]; then
  update-binfmts --enable {name}
elif ! [ -e {_FOLDER}/{name} ]; then
  # Like systemd: the administrator's file has priority over the package's.
  for conf in /etc/binfmt.d/{name}.conf /usr/lib/binfmt.d/{name}.conf; do
    if [ -e "$conf" ]; then
      grep '^:' "$conf" > {_FOLDER}/register
      break
    fi
  done
fi
if ! grep -q '^flags:.*F' {_FOLDER}/{name}; then
  echo {name} "is not enabled for containers" >&2
  exit 1
fi
echo {name}: "$(grep '^flags:' {_FOLDER}/{name})"
"""


def wait_for_buildkit(platform: Platform) -> str:
    """Return the script that waits until the builder finds its emulator for `platform`."""
    # BuildKit looks for new emulators only every 20 seconds (seen with Engine 28.5).
    name = shlex.quote(str(platform))
    return f"""\
tries=0
while docker buildx inspect >/dev/null 2>&1 && ! docker buildx inspect | grep -qF -e {name}; do
  tries=$((tries + 1))
  if [ "$tries" -ge 60 ]; then
    echo "the builder has not detected the emulator for" {name} "yet" >&2
    break
  fi
  sleep 1
done
"""


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
        old = ",".join(dict.fromkeys(f"qemu-{platform.qemu}" for platform in platforms))
        install = f"`docker run --privileged --rm {IMAGE}"
        return (
            f"run {install} --uninstall {old}`, then {install} --install {arches}`; "
            f"repeat this whenever {machine.desktop or 'the VM'} restarts"
        )
    if not image:
        return (
            "pull or build the base image for this platform first, so that both versions of QEMU "
            "can be measured"
        )
    names = [platform.qemu for platform in platforms]
    source, where = _source(machine, names)
    script = "".join(f"# to undo: {_undo(name, machine)}\n" for name in names)
    script += _HEAD.format(folder=OWN_FOLDER, image=shlex.quote(image), probe=PROBE)
    script += source
    for platform in platforms:
        undo = shlex.quote(_undo(platform.qemu, machine))
        script += f"choose {platform.qemu} {shlex.quote(str(platform))} {undo}\n"
    for platform in platforms:
        script += wait_for_buildkit(platform)
    listed = ", ".join(str(platform) for platform in platforms)
    title = f"register a newer QEMU for {listed} if it is faster ({where})"
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
        return _OWN_SUITE.format(package=_PACKAGE, files=files), "from this system's packages"
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
        return script, f"only the binary, from Debian {NEWER_SUITE}"
    return image, f"only the binary, from {IMAGE.partition('@')[0]}"


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
least() {{ # the lowest CPU time of three runs of the probe
  for round in 1 2 3; do run "$@" -c "$(cat probe.py)"; done |
    awk '$1 == "seconds" && (!least || $2 < least) {{ least = $2 }} END {{ print least + 0 }}'
}}
choose() {{ # QEMU's name of an architecture, platform, how to undo it
  name=qemu-$1; new=$work/usr/bin/$name
  version=$(run "$2" --env QEMU_VERSION=1 --entrypoint python "$image" -c pass |
    sed -n 's/^qemu-[^ ]* version //p')
  newer=$("$new" --version | sed -n 's/^qemu-[^ ]* version //p')
  if [ "$version" = "$newer" ]; then echo "$name: $version is already registered"; return; fi
  is=$(least "$2" --entrypoint python "$image")
  python=$(run "$2" --entrypoint python "$image" -c 'import sys; print(sys.executable)')
  would=$(least "$2" --volume "$new:/qemu:ro" --entrypoint /qemu "$image" "$python")
  echo "$name: benchmark took $is s with $version, $would s with $newer"
  mkdir -p "$lib"
  if ! awk "BEGIN {{ exit !($would > 0 && ($is == 0 || $would < 0.9 * $is)) }}"; then
    echo "$name: keeping the registered version"
    printf '%s\\n' "$version" "$newer" > "$lib/$name.kept"
    return
  fi
  rm -f "$lib/$name.kept"
  install -m 755 "$new" "$lib/$name.new"
  mv "$lib/$name.new" "$lib/$name"
  register "$name"
  echo "to restore the old version: $3"
}}
register() {{ # the registered magic, mask and flags with our binary
  magic=$(sed -n 's/^magic //p' "$binfmt/$1" | sed 's/../\\\\x&/g')
  mask=$(sed -n 's/^mask //p' "$binfmt/$1" | sed 's/../\\\\x&/g')
  flags=$(sed -n 's/^flags: *//p' "$binfmt/$1")
  line=":$1:M:0:$magic:$mask:$lib/$1:$flags"
  owner=$(head -n 1 "/var/lib/binfmts/$1" 2>/dev/null || true)
  if [ -n "$owner" ]; then
    # A format without a package was registered by the administrator: later imports keep it.
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
