"""The engine's process and configuration: start, restart, choose the image store."""

from __future__ import annotations

from typing import Any

import msgspec

from openhqm_tui.domain.findings import Fix
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
    echo "the engine does not answer after a minute; its last output:" >&2
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
    echo "containerd does not answer; its last output:" >&2
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
    echo "the engine does not start; its last output:" >&2
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
  [ "$tries" -lt 150 ] || { echo "the engine does not stop" >&2; exit 1; }
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
        raise ConfigError(f"{CONFIG} holds no JSON object")
    features = config.get("features", {})
    if not isinstance(features, dict):
        raise ConfigError(f"`features` in {CONFIG} is no JSON object")
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
        title="start containerd and the engine (there is no systemd: until the next reboot)",
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
        f"; {image_count} images of the old store stay on disk but are hidden"
        if image_count
        else ""
    )
    return Fix(
        title=f"switch to the containerd image store and restart the engine{hidden}",
        script=write + restart,
        as_root=True,
    )
