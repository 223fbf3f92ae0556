"""The nodes of a builder, and which of them builds a platform.

The choice follows Buildx (build/driver.go): platforms that the user assigned to nodes decide if
they cover all platforms of a target; otherwise the first node that lists a platform builds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from openhqm_tui.domain.buildkit.rawjson import Vertex
from openhqm_tui.domain.buildkit.vertex import StepKind, parse_step_name
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.text import Inert, one_line

# Buildx allows more, but no table has space for them.
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
    beside: dict[str, list[str]] = {}
    for vertex in graph:
        for digest in vertex.inputs or ():
            beside.setdefault(vertex.digest, []).append(digest)
            beside.setdefault(digest, []).append(vertex.digest)
    found: dict[str, Platform] = {}
    while untold:
        group, edge, seen = [], [untold.pop()], set[Platform]()
        while edge:
            digest = edge.pop()
            group.append(digest)
            for near in beside.get(digest, ()):
                if near in told:
                    seen.add(told[near])
                elif near in untold:
                    untold.remove(near)
                    edge.append(near)
        if len(seen) == 1:
            found |= dict.fromkeys(group, next(iter(seen)))
    return found
