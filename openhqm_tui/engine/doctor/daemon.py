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

# The engine needs a few seconds at most; a loaded machine of one core gets a minute.
_ANSWERS = """\
echo "engine: $(docker version --format '{{.Server.Version}}')"
"""
_WAIT_SYSTEMD = """\
tries=0
until docker info >/dev/null 2>&1; do
  tries=$((tries + 1))
  if [ "$tries" -ge 300 ]; then
    echo "the engine does not answer after a minute; its last words:" >&2
    journalctl --no-pager -n 15 -u docker >&2 || true
    exit 1
  fi
  sleep 0.2
done
"""

# containerd first, and its socket waited for: dockerd started beside it would run a private
# containerd, and after the next start all images would seem gone. A pid file that outlived
# its process (a container or VM that was stopped) keeps dockerd from starting.
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
    echo "containerd does not answer; its last words:" >&2
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
    echo "the engine does not come up; its last words:" >&2
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
    """Shell that puts a new engine in the place of the running one, where there is no init."""
    return _STOP_WITHOUT_INIT + _START_WITHOUT_INIT + _ANSWERS


class ConfigError(Exception):
    """The engine's configuration can't be changed safely; the text says why."""


def with_containerd_store(text: str | None) -> str | None:
    """Return the text of daemon.json with the containerd image store on, all else kept.

    None means that it is on already. Raises ConfigError for what isn't a JSON object.
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
    """Shell that writes the configuration: checked by the engine, backed up, swapped at once.

    Empty where nothing is to be written. Raises ConfigError.
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
    """Start the engine: by systemd where it runs, else as sessions of their own."""
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
    """Switch the running engine to the containerd image store. Raises ConfigError."""
    write = config_script(machine)
    restart = (
        "systemctl restart docker\n" + _WAIT_SYSTEMD + _ANSWERS
        if machine.systemd
        else stop_and_start()
    )
    hidden = (
        f"; {image_count} images of the old store stay on disk but are out of sight"
        if image_count
        else ""
    )
    return Fix(
        title=f"switch to the containerd image store and restart the engine{hidden}",
        script=write + restart,
        as_root=True,
    )
