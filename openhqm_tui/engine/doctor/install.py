"""Docker Engine and Buildx: installing them on Debian and Ubuntu, starting and configuring them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from openhqm_tui.domain.findings import Fix
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.engine.docker.facts import (
    OLDEST_BUILDX,
    OLDEST_ENGINE,
    VERIFYING_ENGINE,
    dotted,
    version_tuple,
)
from openhqm_tui.engine.doctor.apt import main_archive, upstream
from openhqm_tui.engine.doctor.machine import Machine

CONFIG = "/etc/docker/daemon.json"
BACKUP = CONFIG + ".before-openhqm-tui"
ENGINE_LOG = "/var/log/openhqm-tui-dockerd.log"
CONTAINERD_LOG = "/var/log/openhqm-tui-containerd.log"

# The engine needs a few seconds; a busy machine with one core may need a minute.
_ANSWERS = """\
echo "engine: $(docker version --format '{{.Server.Version}}')"
"""
_WAIT_SYSTEMD = """\
tries=0
until docker info >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 300 ]; then
    echo "the engine did not respond within a minute; its last output:" >&2
    journalctl --no-pager -n 15 -u docker >&2 || true
    exit 1
  fi
  sleep 0.2
done
"""

# containerd first, and wait for its socket: otherwise dockerd would run its own containerd, and
# the images would seem to be gone after the next start. A stale pid file (of a container or VM
# that was stopped) prevents dockerd from starting.
_START_WITHOUT_INIT = f"""\
PATH="$PATH:/usr/sbin:/sbin"
runs() {{ grep -qsx "$1" /proc/[0-9]*/comm; }}
if ! runs containerd; then
  rm -f /run/containerd/containerd.sock
  setsid containerd >>{CONTAINERD_LOG} 2>&1 </dev/null &
fi
tries=0
until [ -S /run/containerd/containerd.sock ]; do
  tries=$((tries + 1))
  if [ "$tries" -ge 100 ]; then
    echo "containerd did not start; its last output:" >&2
    tail -n 15 {CONTAINERD_LOG} >&2
    exit 1
  fi
  sleep 0.2
done
if ! runs dockerd; then
  rm -f /var/run/docker.pid
  setsid dockerd >>{ENGINE_LOG} 2>&1 </dev/null &
  sleep 0.5
fi
tries=0
until docker info >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 300 ] || ! runs dockerd; then
    echo "the engine did not start; its last output:" >&2
    tail -n 15 {ENGINE_LOG} >&2
    exit 1
  fi
  sleep 0.2
done
"""

_STOP_WITHOUT_INIT = """\
pid=$(cat /var/run/docker.pid)
kill "$pid"
tries=0
while [ -d "/proc/$pid" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 150 ] || { echo "the engine did not stop within 30 s" >&2; exit 1; }
  sleep 0.2
done
"""


def stop_and_start() -> str:
    """Return the script that replaces the running engine with a new one, without an init."""
    return _STOP_WITHOUT_INIT + _START_WITHOUT_INIT + _ANSWERS


class ConfigError(Exception):
    """The engine's configuration can't be changed safely; the text is the reason."""


def with_containerd_store(text: str | None) -> str | None:
    """Return daemon.json with the containerd image store enabled and the rest unchanged.

    None if it is already enabled. Raises ConfigError for anything but a JSON object.
    """
    config: Any = {}
    if text is not None and text.strip():
        try:
            config = msgspec.json.decode(text.encode())
        except msgspec.DecodeError as trouble:
            raise ConfigError(f"{CONFIG} is not valid JSON ({trouble})") from None
    if not isinstance(config, dict):
        raise ConfigError(f"{CONFIG} isn't a JSON object")
    features = config.get("features", {})
    if not isinstance(features, dict):
        raise ConfigError(f"`features` in {CONFIG} isn't a JSON object")
    if features.get("containerd-snapshotter") is True:
        return None
    config["features"] = {**features, "containerd-snapshotter": True}
    return msgspec.json.format(msgspec.json.encode(config), indent=2).decode() + "\n"


def config_script(machine: Machine) -> str:
    """Return the script that replaces the configuration: validated, backed up, atomically.

    '' if nothing changes. Raises ConfigError.
    """
    if machine.store_config_error:
        raise ConfigError(f"{CONFIG} can't be read: {machine.store_config_error}")
    text = with_containerd_store(machine.store_config)
    if text is None:
        return ""
    keep = f"cp -p {CONFIG} {BACKUP}\n" if machine.store_config is not None else ""
    check = f"dockerd --validate --config-file {CONFIG}.new\n" if machine.dockerd else ""
    return (
        f"mkdir -p /etc/docker\n{keep}cat > {CONFIG}.new <<'JSON'\n{text}JSON\n"
        f"{check}mv {CONFIG}.new {CONFIG}\n"
    )


def start_fix(machine: Machine) -> Fix:
    """Return the fix that starts the engine: with systemd, else as detached processes."""
    if machine.systemd:
        return Fix(
            title="start the engine, now and at every boot",
            script="systemctl enable --now docker\n" + _WAIT_SYSTEMD + _ANSWERS,
            as_root=True,
        )
    return Fix(
        title="start containerd and the engine (no systemd: they won't restart after a reboot)",
        script=_START_WITHOUT_INIT + _ANSWERS,
        as_root=True,
    )


def store_fix(machine: Machine, image_count: int) -> Fix:
    """Return the fix that switches to the containerd image store; raises ConfigError."""
    write = config_script(machine)
    restart = (
        "systemctl restart docker\n" + _WAIT_SYSTEMD + _ANSWERS
        if machine.systemd
        else stop_and_start()
    )
    hidden = (
        f"; {count_text(image_count, 'image')} in the old store will be hidden, but not deleted"
        if image_count
        else ""
    )
    return Fix(
        title=f"switch to the containerd image store and restart the engine{hidden}",
        script=write + restart,
        as_root=True,
    )


# Debian 12's own docker.io is 20.10, without Buildx; Debian 13's is 26.1, with Buildx 0.13,
# whose progress can't be read line by line. forky's packages are the first with Engine 28 and
# its containerd store, and work with Debian 12's libc.
NEWER_SUITE = "forky"
# The key that signs forky; it comes with Debian 12's own debian-archive-keyring.
NEWER_KEYRING = "/usr/share/keyrings/debian-archive-trixie-automatic.gpg"
_FROM_NEWER = "docker.io docker-cli docker-buildx containerd tini-static"
_SOURCE = f"/etc/apt/sources.list.d/openhqm-tui-{NEWER_SUITE}.sources"
_PIN = f"/etc/apt/preferences.d/openhqm-tui-{NEWER_SUITE}"

# Without systemd the package would start its service with a SysV script: dockerd alone, with its
# own containerd. Debian's policy-rc.d prevents that; the subshell removes it again, however the
# installation ends.
_STARTING_NOTHING = """\
(
  if ! [ -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
  fi
  {install}
)
"""


def install_script(*packages: str, machine: Machine, update: bool = False) -> str:
    """Return the command that installs `packages` without recommended ones or questions."""
    # A machine that has just started may be installing upgrades: wait for them.
    options = "-y -qq -o DPkg::Lock::Timeout=120 --no-install-recommends"
    install = f"apt-get install {options} {' '.join(packages)}"
    return (
        "export DEBIAN_FRONTEND=noninteractive\n"
        + ("apt-get update -qq\n" if update else "")
        + (f"{install}\n" if machine.systemd else _STARTING_NOTHING.format(install=install))
    )


def lists_are_empty(machine: Machine) -> bool:
    """Return whether apt has no package lists yet (a fresh container or image)."""
    return not any(package.candidate for package in machine.packages.values())


def update_fix() -> Fix:
    """Return the fix that fetches apt's package lists."""
    return Fix(title="update apt's package lists", script="apt-get update -qq\n", as_root=True)


def engine_fix(machine: Machine, *, buildx_only: bool = False) -> Fix | str:
    """Return the fix that installs or upgrades Engine and Buildx, or advice if there is none.

    `buildx_only` doesn't change the engine. `machine` needs its packages (see
    `machine.ask_apt`).
    """
    if not machine.mendable:
        return advice_elsewhere(machine)
    if machine.version_of("podman-docker"):
        return (
            "remove the package podman-docker, which replaces Docker "
            "(`apt-get remove podman-docker`), then check again"
        )
    if machine.version_of("docker-ce") or machine.candidate("docker-ce"):
        # Docker's own archive is configured: its packages conflict with Debian's.
        packages = ["docker-buildx-plugin"]
        if not buildx_only:
            packages = ["docker-ce", "docker-ce-cli", "containerd.io", *packages]
        return _install_fix("from Docker's own packages", packages, machine)
    packages = ["docker-buildx"]
    if not buildx_only:
        # If the client is a package of its own, docker.io only recommends it.
        cli = ["docker-cli"] if machine.candidate("docker-cli") else []
        packages = ["ca-certificates", "docker.io", *cli, *packages]
    old_debian = machine.debian and machine.release.isdigit() and int(machine.release) <= 12
    if _offers(machine, VERIFYING_ENGINE, buildx_only=buildx_only):
        return _install_fix("from this system's packages", packages, machine)
    if lists_are_empty(machine) and not old_debian:
        return update_fix()
    if machine.debian:
        if "docker-cli" not in packages and not buildx_only:
            packages.append("docker-cli")
        return _from_newer_suite(packages, machine)
    if _offers(machine, OLDEST_ENGINE, buildx_only=buildx_only):
        return _install_fix("from this system's packages", packages, machine)
    return (
        f"{machine.distro_name} has no packages for Docker Engine {dotted(OLDEST_ENGINE)} and "
        f"Buildx {dotted(OLDEST_BUILDX)} or later: install Docker's packages "
        "(docs.docker.com/engine/install), then check again"
    )


def advice_elsewhere(machine: Machine) -> str:
    """Return advice for a system on which we don't install anything."""
    if machine.system == "darwin":
        if machine.desktop:
            return f"start {machine.desktop}, then check again"
        return (
            "install Docker Desktop, OrbStack or Colima (`brew install colima docker "
            "docker-buildx && colima start`), start it, then check again"
        )
    if machine.distro in {"fedora", "rhel", "centos", "rocky", "almalinux"} or (
        {"fedora", "rhel"} & set(machine.likes)
    ):
        return (
            "install Docker's packages (docker-ce docker-ce-cli containerd.io "
            "docker-buildx-plugin) as described at docs.docker.com/engine/install, then run "
            "`systemctl enable --now docker`; Podman's `docker` has no Buildx"
        )
    if machine.distro == "arch" or "arch" in machine.likes:
        return "run `pacman -S docker docker-buildx`, then `systemctl enable --now docker`"
    if machine.distro == "alpine":
        return (
            "run `apk add docker docker-cli-buildx`, then `rc-update add docker` and "
            "`service docker start`"
        )
    return "install Docker Engine with Buildx as described at docs.docker.com/engine/install"


def _offers(machine: Machine, oldest: tuple[int, ...], *, buildx_only: bool) -> bool:
    engine, buildx = machine.candidate("docker.io"), machine.candidate("docker-buildx")
    if not buildx or version_tuple(upstream(buildx)) < OLDEST_BUILDX:
        return False
    return buildx_only or bool(engine and version_tuple(upstream(engine)) >= oldest)


def _install_fix(
    where: str, packages: Sequence[str], machine: Machine, *, before: str = "", update: bool = False
) -> Fix:
    engine = len(packages) > 1
    names = "Docker Engine and Buildx" if engine else "Docker Buildx"
    restart = ""
    if engine and machine.docker_running and not machine.systemd:
        # The packages don't restart a running engine without systemd.
        restart = stop_and_start()
        where += ", and restart the engine"
    return Fix(
        title=f"install {names} {where}",
        script=before
        + (_choose_store(machine) if engine else "")
        + install_script(*packages, machine=machine, update=update)
        + restart,
        as_root=True,
    )


def _from_newer_suite(packages: Sequence[str], machine: Machine) -> Fix | str:
    archive = main_archive(machine.archives, machine.codename)
    if archive is None:
        return (
            "apt's sources have no Docker packages that are new enough: add Debian "
            f"{NEWER_SUITE}, or install Docker's own packages (docs.docker.com/engine/install)"
        )
    if NEWER_KEYRING not in machine.keyrings:
        return (
            f"the archive key of Debian {NEWER_SUITE} is missing ({NEWER_KEYRING}): run "
            "`apt-get install --only-upgrade debian-archive-keyring`, then check again"
        )
    source = (
        f"cat > {_SOURCE} <<'SOURCE'\n"
        f"Types: deb\nURIs: {archive.uri}\nSuites: {NEWER_SUITE}\nComponents: main\n"
        f"Signed-By: {NEWER_KEYRING}\nSOURCE\n"
    )
    # 50: nothing else is ever installed from there automatically.
    pin = (
        f"cat > {_PIN} <<'PIN'\n"
        f"Package: *\nPin: release n={NEWER_SUITE}\nPin-Priority: 50\n\n"
        f"Package: {_FROM_NEWER}\nPin: release n={NEWER_SUITE}\nPin-Priority: 990\nPIN\n"
    )
    return _install_fix(
        f"and nothing else from Debian {NEWER_SUITE} "
        f"({machine.distro_name}'s packages are too old)",
        packages,
        machine,
        before=source + pin,
        update=True,
    )


def _choose_store(machine: Machine) -> str:
    """Return the script that selects the image store before an engine's first start."""
    if machine.dockerd:
        # It may have images already: switching its store is a separate fix.
        return ""
    try:
        return config_script(machine)
    except ConfigError:
        return ""
