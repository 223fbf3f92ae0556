"""QEMU for the platforms that this machine's processor can't run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from openhqm_tui.domain.findings import Fix
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.doctor.install import install_script, lists_are_empty, update_fix
from openhqm_tui.engine.doctor.machine import Machine

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
    by_image = f"`docker run --privileged --rm {_IMAGE} --install {arches}`"
    if machine.system == "darwin":
        desktop = machine.desktop or "Docker Desktop"
        return f"{desktop} brings the usual emulators; restart it, or {by_image}"
    if not machine.mendable:
        return f"install QEMU's user emulators with your package manager, or {by_image}"
    if lists_are_empty(machine):
        return update_fix()
    if machine.candidate("qemu-user-static"):
        packages = ["qemu-user-static", "binfmt-support"]
    elif machine.candidate("qemu-user-binfmt"):
        packages = ["qemu-user", "qemu-user-binfmt"]
    else:
        return f"apt knows no package of QEMU's user emulators; {by_image}"
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
    echo "the builder does not see its emulator for" {name} "yet" >&2
    break
  fi
  sleep 1
done
"""
