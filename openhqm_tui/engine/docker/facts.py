"""Facts about the engine and the selected builder, read at every start.

By two `docker` commands side by side, without python-on-whales: see `engine/docker/client.py`.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.builders import Node, NodeWay, nodes_of
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.text import Inert
from openhqm_tui.engine.docker.command import NOT_FOUND, TIMED_OUT, CommandResult, Runner, capture

# The endpoint that Buildx stores for a node on the engine of the context `default`.
_USUAL_SOCKET = "unix:///var/run/docker.sock"

# Before 0.15 `--progress rawjson` wrote each record over many lines (moby/buildkit#4770).
OLDEST_BUILDX = (0, 15)
# Engine 25 is the first whose containerd image store runs, loads and pushes what we build.
OLDEST_ENGINE = (25, 0)
# Engine 28.1 (API 1.49) is the first that shows the index of a local image and the config of each
# platform: without it twelve checks are `unknown` for every image. Seen with 28.0.4 and 26.1.
VERIFYING_ENGINE = (28, 1)
VERIFYING_API = "1.49"
OLD_API = f"its API is older than {VERIFYING_API} and doesn't report an image's index"
UNVERIFIED = f"{OLD_API}, so images can't be verified"


class EngineProblemKind(StrEnum):
    """Why the engine can't be used; each reason has its own fix."""

    NONE = ""
    NO_CLIENT = "no-client"
    NOT_RUNNING = "not-running"
    PERMISSION = "permission"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    NOT_DOCKER = "not-docker"
    OTHER = "other"


class EngineFacts(Inert, frozen=True):
    """Facts about engine and builder; the version of a missing program is ''.

    `buildx_path` is the plugin's program, `host` the engine's own platform, `free_bytes` the free
    space for its images (None: not on this machine). `error` is why the engine didn't respond,
    `builder_error` why the builder didn't, both to show; `emulators`: see `with_emulators`.
    """

    client_version: str = ""
    server_version: str = ""
    buildx_version: str = ""
    buildx_path: str = ""
    context: str = ""
    host: Platform | None = None
    containerd_store: bool = False
    image_count: int = 0
    builder: str = ""
    driver: str = ""
    nodes: tuple[Node, ...] = ()
    platforms: tuple[Platform, ...] = ()
    engine_name: str = ""
    cpus: int = 0
    memory_bytes: int = 0
    root_dir: str = ""
    free_bytes: int | None = None
    local: bool = False
    trouble: EngineProblemKind = EngineProblemKind.NONE
    error: str = ""
    builder_error: str = ""
    emulators: dict[str, Emulator] = {}  # noqa: RUF012 - a struct copies its defaults

    @property
    def answers(self) -> bool:
        """Whether the engine responded."""
        return bool(self.server_version)

    @property
    def engine_too_old(self) -> bool:
        """Whether the engine is older than the oldest supported one."""
        return self.answers and version_tuple(self.server_version) < OLDEST_ENGINE

    @property
    def verifies(self) -> bool:
        """Whether the engine's API is new enough for every check."""
        return version_tuple(self.server_version) >= VERIFYING_ENGINE

    @property
    def buildx_too_old(self) -> bool:
        """Whether Buildx is too old to print its progress as JSON."""
        return bool(self.buildx_version) and version_tuple(self.buildx_version) < OLDEST_BUILDX

    @property
    def can_load_many_platforms(self) -> bool:
        """Whether `--load` can store an image of several platforms."""
        return self.containerd_store

    @property
    def native(self) -> Platform | None:
        """The builder's own platform, for which Buildx builds by default; None if unknown."""
        return next((node.native for node in self.nodes if node.native), None) or self.host

    def node_of(self, platform: Platform) -> Node | None:
        """Return the node on which Buildx builds `platform`; None if the builder has none."""
        return nodes_of(self.nodes, (platform,)).get(platform)

    def how(self, platform: Platform) -> NodeWay:
        """Return how the selected builder runs steps of `platform`, if at all.

        A docker-container builder that isn't started lists no platforms yet: BuildKit's image
        contains emulators, so other platforms count as emulated there.
        """
        node = self.node_of(platform)
        if node is not None and (way := node.how(platform)) != "none":
            return way
        if not self.platforms and self.host is not None:
            if platform.runs_natively_on(self.host):
                return "native"
            if self.driver in {"docker-container", "kubernetes"}:
                return "emulated"
        return "none"

    def emulated(self, platform: Platform) -> bool:
        """Return whether the selected builder runs steps of `platform` under an emulator."""
        return self.how(platform) == "emulated"


def read_facts(
    builder: str | None = None, timeout: float = 10, *, run: Runner = capture
) -> EngineFacts:
    """Read the facts of the engine and of `builder` (None: the selected one).

    Never raises, blocks for at most `timeout` seconds. If the engine doesn't respond, the facts
    about the client are still there.
    """
    inspect = ["docker", "buildx", "inspect", *([builder] if builder else [])]
    info, inspected = run(
        # Some of the clients that we report as too old don't have `--format json`.
        ["docker", "info", "--format", "{{json .}}"],
        inspect,
        timeout=timeout,
    )
    return facts_from(info, inspected, timeout=timeout)


def facts_from(
    info: CommandResult, inspected: CommandResult, *, timeout: float = 10
) -> EngineFacts:
    """Return the facts from the output of `docker info` and `docker buildx inspect`."""
    if info.code == NOT_FOUND:
        return EngineFacts(
            trouble=EngineProblemKind.NO_CLIENT, error="the `docker` command was not found"
        )
    data = _json(info.out)
    if "host" in data and "ServerVersion" not in data:
        return EngineFacts(
            trouble=EngineProblemKind.NOT_DOCKER,
            error="on this machine, `docker` is Podman, which has neither Buildx nor BuildKit",
        )
    client = _dict(data.get("ClientInfo"))
    buildx, path = _plugin(client, "buildx")
    facts = EngineFacts(
        client_version=str(client.get("Version") or ""),
        buildx_version=buildx,
        buildx_path=path,
        context=str(client.get("Context") or ""),
    )
    server = str(data.get("ServerVersion") or "")
    if not server:
        trouble, error = _why_silent(info, data, timeout)
        return msgspec.structs.replace(facts, trouble=trouble, error=error)
    here = _is_this_machine(data)
    root = str(data.get("DockerRootDir") or "")
    facts = msgspec.structs.replace(
        facts,
        server_version=server,
        host=_platform(f"{data.get('OSType') or 'linux'}/{data.get('Architecture')}"),
        containerd_store=_is_containerd_store(data),
        image_count=int(data.get("Images") or 0),
        engine_name=str(data.get("Name") or ""),
        cpus=int(data.get("NCPU") or 0),
        memory_bytes=int(data.get("MemTotal") or 0),
        root_dir=root,
        local=here,
        free_bytes=_free_bytes(root) if here else None,
    )
    return _with_builder(facts, inspected)


def version_tuple(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version: `v0.29.1+ds1` is (0, 29, 1).

    Text without any (a development build) counts as newer than every version.
    """
    match = re.match(r"v?(\d+(?:\.\d+)*)", text.strip())
    if not match:
        return (9999,)
    numbers = tuple(int(part) for part in match.group(1).split("."))
    # A build from a working tree is 0.0.0+unknown, which doesn't mean that it is old.
    return numbers if any(numbers) else (9999,)


def dotted(version: tuple[int, ...]) -> str:
    """Format a version: (0, 15) is 0.15."""
    return ".".join(str(number) for number in version)


def _with_builder(facts: EngineFacts, inspected: CommandResult) -> EngineFacts:
    if not facts.buildx_version and inspected.ok:
        # Some clients don't list a working plugin in `docker info`.
        facts = msgspec.structs.replace(facts, buildx_version="unknown")
    if not facts.buildx_version:
        return facts
    if inspected.code == TIMED_OUT:
        return msgspec.structs.replace(facts, builder_error="the builder did not respond in time")
    name, driver, nodes = parse_inspect(
        inspected.out, host=facts.host, engine_name=facts.engine_name, context=facts.context
    )
    error = "" if inspected.ok else inspected.last_words.removeprefix("ERROR: ")
    if not error:
        error = "; ".join(f"{node.name}: {node.error}" for node in nodes if node.error)
    platforms = dict.fromkeys(listed for node in nodes for listed in node.platforms)
    return msgspec.structs.replace(
        facts,
        builder=name,
        driver=driver,
        nodes=nodes,
        platforms=tuple(platforms),
        builder_error=error,
    )


def parse_inspect(
    text: str, *, host: Platform | None, engine_name: str, context: str = ""
) -> tuple[str, str, tuple[Node, ...]]:
    """Return the builder's name, its driver and its nodes from `docker buildx inspect`.

    A `*` marks platforms that a user set for a node. The native platform of a node is the
    engine's own if both are one machine (by host name, or its container runs on the engine of
    `context`), else the first that it lists: BuildKit's own, or one that a user set.
    """
    head, _, rest = text.partition("\nNodes:\n")
    fields = _fields(head)
    nodes = [
        _node(
            block,
            host=host,
            engine_name=engine_name,
            driver=fields.get("Driver", ""),
            context=context,
        )
        for block in re.split(r"(?m)^(?=Name:)", rest)
        if block.strip()
    ]
    return fields.get("Name", ""), fields.get("Driver", ""), tuple(nodes)


def _node(
    block: str, *, host: Platform | None, engine_name: str, driver: str, context: str
) -> Node:
    fields = _fields(block)
    words = [word.strip() for word in fields.get("Platforms", "").split(",")]
    listed = readable(words)
    label = re.search(r"(?m)^\s+org\.mobyproject\.buildkit\.worker\.hostname:\s*(\S+)", block)
    endpoint = fields.get("Endpoint", "")
    native = native_of(
        listed,
        driver=driver,
        endpoint=endpoint,
        hostname=label.group(1) if label else "",
        host=host,
        engine_name=engine_name,
        context=context,
    )
    return Node(
        name=fields.get("Name", ""),
        endpoint=endpoint,
        status=fields.get("Status", ""),
        error=fields.get("Error", ""),
        native=native,
        platforms=listed,
        claimed=readable(word for word in words if word.endswith("*")),
    )


def native_of(
    listed: tuple[Platform, ...],
    *,
    driver: str,
    endpoint: str,
    hostname: str,
    host: Platform | None,
    engine_name: str,
    context: str,
) -> Platform | None:
    """Return the native platform of a node; None if it isn't known.

    That is the engine's own `host` if both are one machine, else the first that it lists.
    """
    here = {context, *([_USUAL_SOCKET] if context == "default" else [])} - {""}
    same_machine = (
        driver == "docker"
        or bool(hostname and hostname == engine_name)
        or (driver == "docker-container" and endpoint in here)
    )
    if same_machine and host is not None:
        return host
    return listed[0] if listed else None


def readable(words: Iterable[str]) -> tuple[Platform, ...]:
    """Return the platforms in output of Buildx, with or without a `*`; others are skipped."""
    return tuple(
        platform for word in words if (platform := _platform(word.rstrip("*"))) is not None
    )


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace():
            found.setdefault(key, value.strip())
    return found


def _platform(text: str) -> Platform | None:
    try:
        return parse_platform(text)
    except UsageProblem:
        return None


def _why_silent(
    info: CommandResult, data: dict[str, Any], timeout: float
) -> tuple[EngineProblemKind, str]:
    errors = [str(line) for line in data.get("ServerErrors") or ()] or [info.last_words]
    text = " ".join([*errors, info.err])
    low = text.lower()
    if info.code == TIMED_OUT:
        return EngineProblemKind.TIMEOUT, f"the engine did not respond within {timeout:g} s"
    endpoint = os.environ.get("DOCKER_HOST", "")
    far = re.search(r"docker daemon at (?:tcp|https?)://", low) is not None
    if "command [ssh " in low or (far and not endpoint):
        return EngineProblemKind.UNREACHABLE, f"the engine can't be reached: {errors[-1]}"
    if "permission denied" in low:
        return (
            EngineProblemKind.PERMISSION,
            "no access to the engine's socket (permission denied)",
        )
    if "cannot connect to the docker daemon" in low or "no such file or directory" in low:
        if endpoint and not endpoint.startswith("unix://"):
            return EngineProblemKind.UNREACHABLE, f"no engine responds at DOCKER_HOST={endpoint}"
        where = f" (DOCKER_HOST={endpoint})" if endpoint else ""
        return EngineProblemKind.NOT_RUNNING, f"the Docker engine isn't running{where}"
    if any(word in low for word in ("no such host", "refused", "unreachable", "ssh")):
        return EngineProblemKind.UNREACHABLE, f"the engine can't be reached: {errors[-1]}"
    return EngineProblemKind.OTHER, f"the engine did not respond: {errors[-1]}"


def _is_containerd_store(data: dict[str, Any]) -> bool:
    return any(
        isinstance(pair, list) and len(pair) == 2 and "containerd.snapshotter" in str(pair[1])
        for pair in data.get("DriverStatus") or ()
    )


def _is_this_machine(data: dict[str, Any]) -> bool:
    """Return whether the engine runs on this kernel, not in a VM or on another machine."""
    me = os.uname()
    return data.get("Name") == me.nodename and data.get("KernelVersion") == me.release


def _free_bytes(root: str) -> int | None:
    # The containerd store keeps images in containerd's folder, perhaps on another disk.
    rooms = []
    for folder in (root, "/var/lib/containerd"):
        try:
            if folder and Path(folder).exists():
                rooms.append(shutil.disk_usage(folder).free)
        except OSError:
            continue
    return min(rooms, default=None)


def _plugin(client: dict[str, Any], name: str) -> tuple[str, str]:
    """Return a working plugin's version and its program."""
    for plugin in client.get("Plugins") or ():
        if isinstance(plugin, dict) and plugin.get("Name") == name and not plugin.get("Err"):
            version = str(plugin.get("Version") or "unknown").removeprefix("v")
            return version, str(plugin.get("Path") or "")
    return "", ""


def _json(text: str) -> dict[str, Any]:
    try:
        return _dict(msgspec.json.decode(text.encode()))
    except (msgspec.DecodeError, UnicodeError):
        return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
