"""Builders: their nodes, the node that builds a platform, and how a new builder is created.

The choice follows Buildx (build/driver.go): platforms that the user assigned to nodes decide if
they cover all platforms of a target; otherwise the first node that lists a platform builds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from openhqm_tui.domain.buildkit.rawjson import Vertex
from openhqm_tui.domain.buildkit.vertex import StepKind, parse_step_name
from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.platforms import Platform, parse_platform, parse_platforms
from openhqm_tui.domain.text import Inert, one_line

# Buildx allows longer names, but no table has space for them.
_LONGEST_NAME = 64

NodeWay = Literal["native", "emulated", "none"]


class NodeInfo(Inert, frozen=True, kw_only=True):
    """One node of the builder in `run.json`; platforms in OCI spelling.

    `native` is what it runs without an emulator, '' unknown; `claimed` are those of its
    `platforms` that the user assigned to it.
    """

    name: str
    native: str = ""
    platforms: tuple[str, ...] = ()
    claimed: tuple[str, ...] = ()


class Node(Inert, frozen=True):
    """One machine of a builder; `native` is what it runs without an emulator.

    `platforms` are all that it lists, those `claimed` by the user first.
    """

    name: str
    endpoint: str = ""
    status: str = ""
    error: str = ""
    native: Platform | None = None
    platforms: tuple[Platform, ...] = ()
    claimed: tuple[Platform, ...] = ()

    def how(self, platform: Platform) -> NodeWay:
        """Return how a step for `platform` would run on this node."""
        if not any(covers(listed, platform) for listed in self.platforms):
            return "none"
        native = self.native is not None and platform.runs_natively_on(self.native)
        return "native" if native else "emulated"

    @property
    def emulated(self) -> tuple[Platform, ...]:
        """The listed platforms that it can only emulate."""
        return tuple(platform for platform in self.platforms if self.how(platform) == "emulated")

    def as_info(self) -> NodeInfo:
        """Return it in the format of run folders."""
        return NodeInfo(
            name=self.name,
            native="" if self.native is None else str(self.native),
            platforms=tuple(str(platform) for platform in self.platforms),
            claimed=tuple(str(platform) for platform in self.claimed),
        )


def covers(listed: Platform, wanted: Platform) -> bool:
    """Return whether a builder that lists `listed` can build `wanted`.

    A builder lists `linux/amd64/v2` as well as `linux/amd64`: the plain one must be listed to
    build it, except for arm, where a later variant includes earlier ones.
    """
    if (listed.os, listed.arch) != (wanted.os, wanted.arch):
        return False
    if listed.arch == "arm" and wanted.variant and listed.variant:
        return wanted.variant <= listed.variant
    return listed.variant == wanted.variant


def read_nodes(infos: Iterable[NodeInfo]) -> tuple[Node, ...]:
    """Return the nodes in a run folder, without invalid platforms."""
    return tuple(
        Node(
            one_line(info.name, _LONGEST_NAME),
            native=next(iter(_platforms([info.native])), None),
            platforms=_platforms(info.platforms),
            claimed=_platforms(info.claimed),
        )
        for info in infos
    )


def nodes_of(nodes: Sequence[Node], platforms: Sequence[Platform]) -> dict[Platform, Node]:
    """Return the node that builds each platform of one target; {} without nodes."""
    if not nodes:
        return {}
    found = {platform: _claiming(nodes, platform) for platform in platforms}
    if None in found.values():
        # If one platform isn't assigned, assignments don't take precedence over lists.
        found = {platform: _listing(nodes, platform) for platform in platforms}
    return {platform: node or nodes[0] for platform, node in found.items()}


def _claiming(nodes: Sequence[Node], wanted: Platform) -> Node | None:
    return next((node for node in nodes if wanted in node.claimed), None)


def _listing(nodes: Sequence[Node], wanted: Platform) -> Node | None:
    """Return the first node that lists the platform, else one that lists a compatible one."""
    best: Node | None = None
    with_what: Platform | None = None
    for node in nodes:
        for listed in dict.fromkeys([*node.claimed, *node.platforms]):
            runs = _runs(listed)
            if wanted not in runs:
                continue
            if with_what is None or _is_nearer(runs, wanted, with_what):
                best, with_what = node, listed
    return best


def _is_nearer(runs: tuple[Platform, ...], one: Platform, other: Platform) -> bool:
    return other not in runs or runs.index(one) < runs.index(other)


def _runs(listed: Platform) -> tuple[Platform, ...]:
    """Return what a machine of a platform runs, closest first (containerd's platforms.Only)."""
    match listed.arch:
        case "amd64":
            level = int(listed.variant[1:]) if listed.variant[1:].isdecimal() else 1
            below = [f"v{number}" for number in range(level, 1, -1)]
            return (
                *(Platform(listed.os, "amd64", variant) for variant in [*below, ""]),
                Platform(listed.os, "386"),
            )
        case "arm":
            level = int(listed.variant[1:]) if listed.variant[1:].isdecimal() else 7
            return tuple(Platform(listed.os, "arm", f"v{n}") for n in range(level, 4, -1))
        case "arm64":
            return (listed, *(Platform(listed.os, "arm", f"v{n}") for n in range(8, 4, -1)))
    return (listed,)


def _platforms(texts: Iterable[str]) -> tuple[Platform, ...]:
    found = []
    for text in texts:
        try:
            found.append(parse_platform(text))
        except UsageProblem:
            continue
    return tuple(found)


def worth_telling(nodes: Sequence[object], driver: str) -> bool:
    """Return whether node names are worth showing: not if the only node is the engine."""
    return len(nodes) > 1 or driver not in {"", "docker"}


class LaneNodes:
    """The nodes that build the platforms of one target, as far as known.

    `host` is the engine's platform, used if nodes don't report their own; `in_parts`: each platform
    is a separate bake target, for which Buildx chooses a node separately.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        platforms: Sequence[Platform],
        host: Platform | None,
        *,
        in_parts: bool = False,
    ) -> None:
        asked = [(platform,) for platform in platforms] if in_parts else [tuple(platforms)]
        self._nodes: dict[Platform, Node] = {}
        for together in asked:
            self._nodes |= nodes_of(nodes, together)
        self._host = host
        self._alone = len({node.name for node in self._nodes.values()}) < 2

    def node_of(self, platform: Platform) -> Node | None:
        """Return the node of a lane."""
        return self._nodes.get(platform)

    def native_of(self, lane: Platform | None) -> Platform | None:
        """Return what the node that builds a lane runs natively.

        Steps without a lane are built on the only node, if there is just one.
        """
        if not self._nodes:
            return self._host
        if lane in self._nodes:
            return self._nodes[lane].native
        return next(iter(self._nodes.values())).native if self._alone else None

    def lanes_in(self, graph: Sequence[Vertex]) -> dict[str, Platform]:
        """Return the lanes of steps whose names don't include a platform, by digest.

        With several nodes, each builds one platform, and BuildKit names it only in few steps.
        `graph` are the steps of one node, reported before any of them starts: a step belongs to
        the lane of the steps that it is connected to.
        """
        return {} if self._alone else _joined(graph, self._nodes)


def _joined(graph: Sequence[Vertex], platforms: Mapping[Platform, Node]) -> dict[str, Platform]:
    """Assign to each group of connected steps the only platform that its steps name, if any."""
    told: dict[str, Platform] = {}
    untold: set[str] = set()
    for vertex in graph:
        name = parse_step_name(vertex.name)
        if name.made_for in platforms and name.made_for is not None:
            told[vertex.digest] = name.made_for
        elif name.kind is StepKind.BUILD and name.made_for is None:
            untold.add(vertex.digest)
    adjacent: dict[str, list[str]] = {}
    for vertex in graph:
        for digest in vertex.inputs or ():
            adjacent.setdefault(vertex.digest, []).append(digest)
            adjacent.setdefault(digest, []).append(vertex.digest)
    found: dict[str, Platform] = {}
    while untold:
        group, edge, seen = [], [untold.pop()], set[Platform]()
        while edge:
            digest = edge.pop()
            group.append(digest)
            for near in adjacent.get(digest, ()):
                if near in told:
                    seen.add(told[near])
                elif near in untold:
                    untold.remove(near)
                    edge.append(near)
        if len(seen) == 1:
            found |= dict.fromkeys(group, next(iter(seen)))
    return found


# Without `docker`: an engine's built-in builder belongs to its context.
DRIVERS = ("docker-container", "kubernetes", "remote")
# Buildx's own grammar.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_MOST_LETTERS = 100


class NewNode(msgspec.Struct, frozen=True):
    """One node: the endpoint of its BuildKit or engine ('': this one), and its platforms."""

    endpoint: str = ""
    platforms: tuple[Platform, ...] = ()


class NewBuilder(msgspec.Struct, frozen=True, kw_only=True):
    """A builder with its nodes; `options` are the driver's, as K=V. `start`: start it."""

    name: str
    driver: str
    nodes: tuple[NewNode, ...]
    options: tuple[str, ...] = ()
    start: bool = True

    def commands(self) -> tuple[tuple[str, ...], ...]:
        """Return the commands that create it, one per node, and the one that starts it."""
        made = [
            (
                *("docker", "buildx", "create"),
                *(("--append",) if index else ()),
                *("--name", self.name, "--driver", self.driver),
                *(word for option in self.options for word in ("--driver-opt", option)),
                *(("--platform", ",".join(map(str, node.platforms))) if node.platforms else ()),
                *((node.endpoint,) if node.endpoint else ()),
            )
            for index, node in enumerate(self.nodes)
        ]
        start = ("docker", "buildx", "inspect", "--bootstrap", self.name)
        return (*made, start) if self.start else tuple(made)


def remove_command(name: str) -> tuple[str, ...]:
    """Return the command that removes a builder."""
    return ("docker", "buildx", "rm", name)


def removal_text(driver: str) -> str:
    """Return what happens to the nodes of a builder that is removed."""
    if driver == "remote":
        return "Its BuildKit servers are only disconnected: they keep running, with their caches."
    return "Its BuildKit containers and their caches will be deleted."


def use_command(name: str) -> tuple[str, ...]:
    """Return the command that selects a builder in Buildx."""
    return ("docker", "buildx", "use", name)


def new_builder(
    name: str,
    driver: str,
    nodes: Iterable[str],
    options: Iterable[str] = (),
    *,
    start: bool = True,
) -> NewBuilder:
    """Parse the user's input; raises UsageProblem for the first error.

    A node is ENDPOINT or PLATFORMS=ENDPOINT; the default is one on the current engine.
    """
    check_builder_name(name)
    if driver not in DRIVERS:
        guess = nearest(driver, DRIVERS)
        raise UsageProblem(
            f"unknown driver '{driver}'",
            fix=f"did you mean {guess}?" if guess else "",
            valid=" ".join(DRIVERS),
        )
    read = tuple(parse_node(word) for word in nodes) or (NewNode(),)
    if driver == "remote" and not all(node.endpoint for node in read):
        raise UsageProblem(
            "a remote builder needs an endpoint",
            fix="specify its node as tcp://HOST:PORT or unix:///PATH",
        )
    _check_apart(read)
    return NewBuilder(
        name=name,
        driver=driver,
        nodes=read,
        options=tuple(_option(word) for word in options),
        start=start,
    )


def check_builder_name(name: str) -> str:
    """Return `name` if it is a valid builder name, else raise UsageProblem."""
    if name == "default":
        raise UsageProblem("'default' is the engine's built-in builder", fix="choose another name")
    if not _NAME.fullmatch(name) or len(name) > _MOST_LETTERS:
        raise UsageProblem(
            f"'{name}' isn't a valid builder name" if name else "the builder's name is empty",
            fix="start with a letter, then use letters, digits and . _ - (at most "
            f"{_MOST_LETTERS} characters)",
        )
    return name


def parse_node(word: str) -> NewNode:
    """Parse `ENDPOINT` or `PLATFORMS=ENDPOINT`; raises UsageProblem."""
    left, equals, right = word.strip().partition("=")
    # An endpoint may contain =: kubernetes:///x?deployment=y.
    if not equals or "://" in left or "?" in left:
        return NewNode(_endpoint(word.strip(), word))
    return NewNode(_endpoint(right, word), parse_platforms(left))


def _endpoint(text: str, word: str) -> str:
    if not text or text.startswith("-") or any(c.isspace() or not c.isprintable() for c in text):
        raise UsageProblem(
            f"node '{word}' has no valid endpoint",
            fix="write tcp://HOST:PORT, ssh://HOST, unix:///PATH or a Docker context, "
            "optionally prefixed with PLATFORMS=",
        )
    return text


def _check_apart(nodes: tuple[NewNode, ...]) -> None:
    """Raise if nodes share an endpoint or a platform: Buildx would use only the first."""
    endpoints = [node.endpoint for node in nodes]
    claimed = [platform for node in nodes for platform in node.platforms]
    for what, told in (("node", endpoints), ("platform", [str(p) for p in claimed])):
        twice = next((word for word in told if told.count(word) > 1), None)
        if twice is not None:
            raise UsageProblem(
                f"the {what} '{twice}' is given twice",
                fix="remove one of them",
            )


def _option(word: str) -> str:
    key, equals, _ = word.partition("=")
    if not equals or not key or key.startswith("-"):
        raise UsageProblem(
            f"--driver-opt {word}: not in the form K=V", fix="for example: network=host"
        )
    return word
