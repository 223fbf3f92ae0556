"""A fake `docker` for tests: a small configurable program on PATH that records its calls.

It replaces the client only for tests of our own handling of its processes, streams and responses.
The behavior of Docker itself is tested in `tests/real`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import fake_registry
from tests.recordings import recording

_PROGRAM = r'''
import hashlib, io, json, os, signal, sys, tarfile, time
from urllib.parse import parse_qs, urlsplit

HOME = os.environ["FAKE_DOCKER"]
MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}


def place(name):
    return os.path.join(HOME, name)


def touch(name):
    open(place(name), "w").close()


def wait_for(name):
    started = time.monotonic()
    while not os.path.exists(place(name)):
        if options["outlives"] and time.monotonic() < started + 300:
            time.sleep(0.05)
            continue
        if os.getppid() == 1:
            os._exit(1)  # the parent process is gone, and so is the test
        time.sleep(0.005)


def hold(name, release):
    """Wait until interrupted or released by the test."""
    def cancelled(*_):
        os.write(2, b"ERROR: failed to solve: Canceled: context canceled\n")
        os._exit(130)
    signal.signal(signal.SIGINT, cancelled)
    touch(name)
    wait_for(release)


# registries
def push(words):
    tag = words[-1]
    do = options["pushes"].get(tag, {})
    os.write(2, b"The push refers to repository [docker.io/library/openhqm]\n")
    if do.get("hold"):
        hold("held-push", "release-push")
    if do.get("err"):
        os.write(2, do["err"].encode() + b"\n")
        return 1
    variant = do.get("takes", tag.rpartition("-")[2])
    if variant:
        os.write(1, ("latest: digest: sha256:%s size: 855\n" % digest_of(variant)).encode())
    return 0


def bake(words):
    target = words[-1]
    tries = options["targets"].get(target, [{}])
    with open(place("tries-" + target), "ab+") as file:
        attempt = file.tell()
        file.write(b"x")
    do = tries[min(attempt, len(tries) - 1)]
    if do.get("alone"):
        try:
            os.mkdir(place("busy"))
        except OSError:
            touch("overlap")
    for other in do.get("together", ()):
        touch("here-" + target)
        wait_for("here-" + other)
    if "stream" in do:
        with open(do["stream"], "rb") as stream:
            os.write(2, stream.read())
    if do.get("hold"):
        hold("held-" + target, "release-" + target)
    if do.get("alone"):
        os.rmdir(place("busy"))
    if do.get("exit"):
        return do["exit"]
    with open(words[words.index("--metadata-file") + 1], "w") as file:
        json.dump(built_digests(words), file)
    return 0


def run(words):
    platform = words[words.index("--platform") + 1]
    do = options["containers"].get(platform, {})
    if do.get("hold"):
        hold("held-container", "release-container")
    os.write(2, do.get("err", "").encode())
    if do.get("exit"):
        return do["exit"]
    program = words.index("-c")
    nonce, *arguments = words[program + 2:]
    wanted = dict(word.partition("=")[::2] for word in arguments)
    names = {
        key: [word.partition("=")[0] for word in wanted.get(key, "").split(",") if word]
        for key in ("clients", "absent", "library", "modules")
    }
    machine = do.get("machine", MACHINES[platform])
    port, status = (wanted.get("service", "0,0,0,") or "0,0,0,").split(",")[:2]
    answer = {
        "machine": machine,
        "implementation": "CPython",
        "python": "3.13.5",
        "python_platform": "linux-" + machine,
        "ext_suffix": ".cpython-313-%s-linux-gnu.so" % machine,
        "uid": 1000,
        "clients": [{"distribution": d, "version": "1.0", "found": True} for d in names["clients"]],
        "absent": [{"distribution": d, "version": "", "found": False} for d in names["absent"]],
        "library": [{"distribution": d, "version": "", "found": True} for d in names["library"]],
        "extensions": [{"distribution": d, "version": "", "found": True} for d in names["modules"]],
        "byte_code": {"asked": 77, "missing": 0, "names": []},
        "service": {"status": int(status), "milliseconds": 400, "listens": True},
        "health": {"exit_code": 0, "milliseconds": 90},
    }
    image = next(word for word in words if "@sha256:" in word).rpartition(":")[2]
    first = "asked-" + image[:12] + platform.replace("/", "-")
    if "first_service" in do and not os.path.exists(place(first)):
        touch(first)
        answer["service"] = do["first_service"]
    print("openhqm-tui-probe:" + nonce + json.dumps(answer))
    return 0


OCI_LABELS = [
    "org.opencontainers.image." + word
    for word in (
        *("title", "description", "vendor", "licenses", "source"),
        *("version", "revision", "created", "base.name"),
    )
]


def dial():
    """Answer requests of the Engine API in order."""
    received = b""
    while piece := os.read(0, 65536):
        received += piece
        while b"\r\n\r\n" in received:
            head, _, received = received.partition(b"\r\n\r\n")
            answer(head)
    return 0


def exported(digest):
    """Answer with the export of an image: an index without manifests."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as file:
        member = tarfile.TarInfo("blobs/sha256/" + digest)
        member.size = 2
        file.addfile(member, io.BytesIO(b"{}"))
    data = made.getvalue()
    os.write(1, b"HTTP/1.1 200 x\r\nContent-Length: %d\r\n\r\n" % len(data) + data)


def answer(request):
    url = urlsplit(request.split()[1].decode())
    query = parse_qs(url.query)
    name, _, what = url.path.rpartition("/")
    if what == "get":
        name = query["names"][0]
    # A tag selects the variant that it ends with, otherwise the redis variant.
    variant = name.rpartition("-")[2] if "latest-" in name else "redis"
    variant = options["tags"].get(name.rpartition("/")[2], variant)
    digest = name.rpartition("sha256:")[2] if "sha256:" in name else digest_of(variant)
    target = variant_of(digest)
    if what == "get":
        return exported(digest)
    code, body = 200, {}
    far = options["far"] and not pulled(digest)
    if target in options["missing"] or far:
        code, body = 404, {"message": "No such image: " + target}
    elif what == "history":
        body = [{"CreatedBy": "CMD [python]"}]
    elif "platform" in query:
        wanted = json.loads(query["platform"][0])
        body = {
            "Os": wanted["os"],
            "Architecture": wanted["architecture"],
            "Config": {
                "User": "openhqm",
                "Labels": {"queue.backend": target} | dict.fromkeys(OCI_LABELS, "set"),
                "Env": ["OPENHQM_QUEUE_BACKEND=" + target, "PYTHONPATH=/app/src"],
                "Cmd": ["python", "-m", "openhqm.api.listener"],
                "Healthcheck": {"Test": ["CMD", "python", "-c", "pass"]},
                "WorkingDir": "/app",
                "ExposedPorts": {"8000/tcp": {}},
            },
            "RootFS": {"Type": "layers", "Layers": options["layers"]},
        }
    else:
        body = {"Descriptor": {"digest": "sha256:" + digest}, "Manifests": [
            {
                "ID": "sha256:" + arch,
                "Kind": "image",
                "Available": not options["far"] or arch in pulled(digest),
                "Descriptor": {"platform": {"os": "linux", "architecture": arch}},
                "Size": {"Content": 1000},
                "ImageData": {"Size": {"Unpacked": 3000}},
            }
            for arch in options["archs"]
        ]}
    data = json.dumps(body).encode()
    head = "HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n" % (code, len(data))
    os.write(1, head.encode() + data)


def save(words):
    if not options["export"]:
        os.write(2, b"Error response from daemon: unable to export\n")
        return 1
    if options["export_hold"]:
        hold("held-export", "release-export")
    with open(options["export"], "rb") as export:
        while piece := export.read(1 << 20):
            sys.stdout.buffer.write(piece)
    return 0


def main(words):
    with open(place("calls.jsonl"), "a") as calls:
        calls.write(json.dumps(words) + "\n")
    if "bake" in words:
        return bake(words)
    if words[0] == "run":
        return run(words)
    if words[0] == "push":
        return push(words)
    if "imagetools" in words:
        return imagetools(words)
    if words[0] == "pull":
        return pull(words)
    if words[:2] == ["image", "rm"]:
        return remove(words)
    if words[:2] == ["system", "dial-stdio"]:
        return dial()
    if words[:2] == ["image", "save"]:
        return save(words)
    if words[0] == "info":
        print(json.dumps(options["info"]))
    if words[:2] == ["buildx", "inspect"]:
        print(options["inspect"])
    if words[:2] == ["image", "inspect"]:
        names = [words[-1], *options["named"]]
        print("linux/amd64" if "--format" in words else json.dumps([{"RepoTags": names}]))
    return 0


with open(place("options.json")) as file:
    options = json.load(file)
sys.exit(main(sys.argv[1:]))
'''

_INFO = {
    "ServerVersion": "28.5.2",
    "OSType": "linux",
    "Architecture": "x86_64",
    "Name": "fake",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
    "ClientInfo": {"Version": "28.5.2", "Plugins": [{"Name": "buildx", "Version": "v0.29.1"}]},
}
_INSPECT = (
    "Name:          default\nDriver:        docker\n\nNodes:\n"
    "Name:      default\nEndpoint:  default\nStatus:    running\n"
    "Platforms: linux/amd64, linux/arm64\n"
)


class FakeDocker:
    """The fake client: its configuration and its recorded calls."""

    def __init__(self, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place = place
        (place / "bin").mkdir(parents=True)
        self.program = place / "bin" / "docker"
        whole = _PROGRAM.replace("# registries\n", fake_registry.PROGRAM)
        self.program.write_text(f"#!{sys.executable} -IS\n{whole}")
        self.program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{self.program.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("FAKE_DOCKER", str(place))
        # A local socket would be used instead of this program.
        monkeypatch.setenv("DOCKER_HOST", "tcp://fake.example:2375")
        self._options: dict[str, Any] = {
            "targets": {},
            "containers": {},
            "missing": [],
            "tags": {},
            "pushes": {},
            "layers": [],
            "export": "",
            "export_hold": False,
            "read_backs": {},
            "pull_error": "",
            "far": False,
            "named": [],
            "archs": ["amd64", "arm64"],
            "info": _INFO,
            "inspect": _INSPECT,
            "outlives": False,
        }
        self._write()

    def target(self, name: str, *tries: dict[str, Any]) -> None:
        """Set what Buildx does with a target at the first attempt, the second, …"""
        attempts = [dict(one) for one in tries]
        for one in attempts:
            if "stream" in one:
                run, stream = one["stream"].split("/")
                one["stream"] = str(recording(run).path / f"{stream}.rawjson")
        self._options["targets"][name] = attempts
        self._write()

    def container(self, platform: str, **does: Any) -> None:
        """Set what a container of a platform does; `first_service` only once per image."""
        self._options["containers"][platform] = does
        self._write()

    def push(self, tag: str, **does: Any) -> None:
        """Set what a push of a tag does: `err` is its error, `takes` the variant that it pushes."""
        self._options["pushes"][tag] = does
        self._write()

    def reads_back(self, tag: str, **does: Any) -> None:
        """Set what the registry returns for a tag: the bytes `raw`, or the error `err`."""
        self._options["read_backs"][tag] = does
        self._write()

    def use_remote_builder(self, *nodes: str) -> None:
        """Use a builder on another machine, whose images aren't in the store until pulled."""
        head = "Name:          far\nDriver:        remote\n\nNodes:\n"
        listed = [
            f"Name:      {node}\nEndpoint:  tcp://{node}:1234\nStatus:    running\n"
            "Platforms: linux/amd64, linux/arm64\n"
            for node in nodes
        ]
        self.configure(far=True, inspect=head + "\n".join(listed))

    def configure(self, **more: Any) -> None:
        """Set any other option: `archs`, `missing`, `tags`, `info`, `inspect`, `outlives`, …"""
        self._options |= more
        self._write()

    def release(self, name: str) -> None:
        """Release a held target or `container`."""
        (self.place / f"release-{name}").touch()

    def has(self, name: str) -> bool:
        """Return whether a marker exists: `held-redis`, `overlap`."""
        return (self.place / name).exists()

    @property
    def calls(self) -> list[list[str]]:
        """Every call, in order."""
        file = self.place / "calls.jsonl"
        return [json.loads(x) for x in file.read_text().splitlines()] if file.exists() else []

    def calls_of(self, *words: str) -> list[list[str]]:
        """The calls that have all of `words`."""
        return [call for call in self.calls if set(words) <= set(call)]

    def _write(self) -> None:
        (self.place / "options.json").write_text(json.dumps(self._options))
