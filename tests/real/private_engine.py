"""A private engine for one test, to stop, kill and fill up; the shared one is untouched.

It has its own containerd, sockets and data, no network, and builds only from this machine's shell.
Needs root and Linux.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from openhqm_tui.domain.platforms import parse_platform
from tests.waiting import until

# Two targets with one RUN each, which takes so many seconds.
_DOCKERFILE = """\
FROM scratch AS base
COPY rootfs/ /
FROM base
ARG WHO SECONDS=2
RUN --network=none echo $WHO begins; sleep $SECONDS; echo $WHO is over
"""


def why_unavailable() -> str:
    """Return why no engine can be started here, or ''."""
    if os.geteuid() != 0:
        return "only root can start an engine"
    missing = [name for name in ("dockerd", "containerd", "unshare") if shutil.which(name) is None]
    if missing:
        return f"no {' '.join(missing)} here"
    return ""


class PrivateEngine:
    """A dockerd with its containerd; `host` is its DOCKER_HOST."""

    def __init__(self, place: Path, megabytes: int) -> None:
        self.place = place
        # The path of a socket must be short.
        self.socket = place / "d.sock"
        self.host = f"unix://{self.socket}"
        self.data = place / "data"
        self._run = place / "run"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.data.mkdir(parents=True)
        self._run.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(self.data)]
        subprocess.run(mount, check=True)

    def start(self) -> None:
        """Start whatever isn't running, and wait until the engine responds."""
        containerd = self._run / "c.sock"
        if not self._is_running("containerd"):
            config = self.place / "containerd.toml"
            config.write_text(
                f'version = 2\nroot = "{self.data}/containerd"\nstate = "{self._run}/containerd"\n'
                'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
                f'[grpc]\naddress = "{containerd}"\n[ttrpc]\naddress = "{self._run}/t.sock"\n'
            )
            self._spawn("containerd", "--config", str(config))
            until(containerd.is_socket, "containerd listens")
        self.socket.unlink(missing_ok=True)
        pid_file = self._run / "docker.pid"
        pid_file.unlink(missing_ok=True)
        config = self.place / "daemon.json"
        config.write_text(json.dumps({"features": {"containerd-snapshotter": True}}))
        self._spawn(
            *("dockerd", "--config-file", str(config), "--containerd", str(containerd)),
            *("--data-root", f"{self.data}/docker", "--exec-root", f"{self._run}/docker"),
            *("--pidfile", str(pid_file), "--host", self.host),
            *("--bridge=none", "--iptables=false", "--ip6tables=false"),
        )
        until(lambda: self._responds() or not self._is_running("dockerd"), "the engine responds")
        assert self._is_running("dockerd"), (self.place / "dockerd.log").read_text()[-2000:]

    def forward_port(self, port: int) -> None:
        """Forward `localhost:PORT` of this machine into the engine's network; needs socat.

        The engine has its own network namespace, with nothing in it.
        """
        inside = ["nsenter", "--target", str(self._processes["dockerd"].pid), "--net"]
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        relay = self.place / f"{port}.sock"
        source, destination = f"UNIX-LISTEN:{relay},fork", f"TCP:127.0.0.1:{port}"
        self._start(f"{port}-out", ["socat", source, destination])
        until(relay.is_socket, "the relay listens")
        listen = f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr"
        self._start(f"{port}-in", [*inside, "socat", listen, f"UNIX-CONNECT:{relay}"])

    def send(self, means: signal.Signals) -> None:
        """Send a signal to dockerd."""
        self._processes["dockerd"].send_signal(means)

    def end(self, means: signal.Signals = signal.SIGKILL) -> None:
        """End dockerd with a signal, and wait until it has exited."""
        self.send(means)
        self._processes["dockerd"].wait(60)

    def finish_steps(self) -> None:
        """End the `sleep` that the steps wait for, so that they finish."""
        for pid, command in _commands():
            if command.startswith("sleep\0") and self._is_step(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def fill(self) -> Path:
        """Fill the engine's disk; return the file that fills it."""
        taken = self.data / "taken"
        with contextlib.suppress(OSError), taken.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        return taken

    def clear(self) -> None:
        """End all processes, and unmount everything."""
        for name in reversed(self._processes):
            if self._is_running(name):
                process = self._processes[name]
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait(60)
        for pid, command in _commands():
            # The shims of containers, and steps, outlive the engine.
            if str(self.place) in command or self._is_step(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        mounts = Path("/proc/mounts").read_text().splitlines()
        for mount in reversed([line.split()[1] for line in mounts]):
            if mount.startswith(f"{self.place}/"):
                subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)
        shutil.rmtree(self.place, ignore_errors=True)

    def _is_step(self, pid: int) -> bool:
        """Return whether a process has its root in this engine's data."""
        try:
            mounts = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
        except OSError:
            return False
        roots = [line for line in mounts if line.split()[4] == "/"]
        return any(str(self.data) in line for line in roots)

    def _responds(self) -> bool:
        ran = subprocess.run(
            ["docker", "--host", self.host, "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            check=False,
        )
        return ran.returncode == 0

    def _is_running(self, name: str) -> bool:
        return name in self._processes and self._processes[name].poll() is None

    def _spawn(self, name: str, *words: str) -> None:
        # In its own network namespace: an engine without a bridge removes the shared engine's
        # `docker0`, and with it the network of all its builds.
        self._start(name, ["unshare", "--net", name, *words])

    def _start(self, name: str, command: list[str]) -> None:
        with (self.place / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )


def checkout(folder: Path) -> Path:
    """Write a folder with a bake file of two targets that need no network."""
    rootfs = folder / "rootfs"
    for name in ("sh", "sleep", "dd"):
        program = Path(str(shutil.which(name))).resolve()
        libraries = subprocess.run(
            ["ldd", str(program)], capture_output=True, text=True, check=False
        ).stdout.split()
        places = {Path("/bin") / name: program}
        places |= {Path(word): Path(word) for word in libraries if word.startswith("/")}
        for path, file in places.items():
            copy = rootfs / path.relative_to("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    (folder / "Dockerfile").write_text(_DOCKERFILE)
    plan(folder, seconds=2)
    return folder


def plan(folder: Path, *, seconds: float) -> None:
    """Write the bake file, with the duration of every RUN."""
    targets = {
        name: {
            "args": {"WHO": name, "SECONDS": str(seconds)},
            "platforms": [str(parse_platform(platform.machine()))],
            "tags": [f"private/{name}:1"],
        }
        for name in ("web", "worker")
    }
    bake = {"group": {"default": {"targets": list(targets)}}, "target": targets}
    (folder / "docker-bake.json").write_text(json.dumps(bake))


def _commands() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                yield int(entry.name), (entry / "cmdline").read_bytes().decode("utf-8", "replace")
