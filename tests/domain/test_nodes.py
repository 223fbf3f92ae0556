"""Nodes of a builder: which one builds a platform, and how the steps of its lane run."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.domain.buildkit.rawjson import StreamDecoder, Vertex
from openhqm_tui.domain.buildkit.vertex import ExecutionMode
from openhqm_tui.domain.plan.builders import LaneNodes, Node, NodeInfo, nodes_of, read_nodes
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.run.events import RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState

AMD, ARM, ARM7 = (parse_platform(f"linux/{arch}") for arch in ("amd64", "arm64", "arm/v7"))
STREAM = Path(__file__).parent / "outputs" / "two-nodes.rawjson"


def platforms(words: str) -> tuple[Platform, ...]:
    return tuple(parse_platform(f"linux/{word}") for word in words.split())


def node(name: str, listed: str, claimed: str = "") -> Node:
    return Node(name, platforms=platforms(f"{claimed} {listed}"), claimed=platforms(claimed))


@pytest.mark.parametrize(
    ("nodes", "requested", "chosen"),
    [
        # Both list both: the claimed platform decides, in any order of the nodes.
        (["a: amd64 arm64 *amd64", "b: arm64 amd64 *arm64"], "amd64 arm64", "a b"),
        (["b: arm64 amd64 *arm64", "a: amd64 arm64 *amd64"], "amd64 arm64", "a b"),
        # Nothing is claimed: the first node that lists it.
        (["a: amd64 arm64", "b: arm64"], "amd64 arm64", "a a"),
        (["a: amd64", "b: arm64"], "amd64 arm64", "a b"),
        # If no node claims one platform of the target, the first node that lists it counts, for
        # all of them.
        (["a: amd64 arm64 386 *amd64", "b: arm64 *arm64"], "amd64 arm64", "a b"),
        (["a: amd64 arm64 386 *amd64", "b: arm64 *arm64"], "arm64 386", "a a"),
        # A compatible platform is used only if no node lists the exact one.
        (["a: amd64", "b: arm64"], "386", "a"),
        (["a: amd64", "b: 386"], "386", "b"),
        (["a: arm64", "b: arm/v7"], "arm/v7", "b"),
        (["a: arm64", "b: arm/v7"], "arm/v6", "b"),
        (["a: arm/v6", "b: arm/v7"], "arm/v7", "b"),
        (["a: arm/v7", "b: arm/v6"], "arm/v6", "b"),
        (["a: amd64/v3", "b: amd64"], "amd64", "b"),
        (["a: amd64", "b: amd64/v3"], "amd64/v2", "b"),
        # A claim is exact: a claim of arm64 is no claim of arm/v7.
        (["a: arm/v7", "b: arm64 *arm64"], "arm/v7", "a"),
        # No match: the first node, where it will fail or be emulated.
        (["a: amd64", "b: arm64"], "s390x", "a"),
        # Not started yet: nothing is listed.
        (["a: ", "b: "], "arm64", "a"),
    ],
)
def test_the_node_is_chosen_as_buildx_chooses_it(
    nodes: list[str], requested: str, chosen: str
) -> None:
    made = []
    for text in nodes:
        name, _, rest = text.partition(":")
        claimed = " ".join(word[1:] for word in rest.split() if word.startswith("*"))
        made.append(node(name, " ".join(w for w in rest.split() if not w.startswith("*")), claimed))
    found = nodes_of(made, platforms(requested))
    assert " ".join(found[platform].name for platform in platforms(requested)) == chosen


def test_without_nodes_the_engine_builds_all_platforms() -> None:
    assert nodes_of((), (AMD,)) == {}
    lanes = LaneNodes((), (AMD, ARM), AMD)
    assert lanes.node_of(ARM) is None
    assert lanes.native_of(ARM) == AMD, "the engine's own platform counts"


def test_a_target_built_in_parts_chooses_a_node_for_each() -> None:
    x86 = parse_platform("linux/386")
    nodes = [node("a", "amd64 arm64 386", "amd64"), node("b", "arm64", "arm64")]
    together, apart = (LaneNodes(nodes, (ARM, x86), AMD, in_parts=parts) for parts in (False, True))
    chosen = [lanes.node_of(ARM) for lanes in (together, apart)]
    assert [one.name for one in chosen if one] == ["a", "b"]


def test_nodes_are_read_back_without_invalid_platforms() -> None:
    kept = node("arm1", "amd64 arm/v7", "arm64").as_info()
    (read,) = read_nodes([kept])
    assert (read.name, read.platforms, read.claimed) == ("arm1", (ARM, AMD, ARM7), (ARM,))
    strange = NodeInfo(name="\x1b[2Jx\ny", native="vax", platforms=("linux/arm64", "\x00"))
    (read,) = read_nodes([strange])
    assert (read.name, read.native, read.platforms) == ("x y", None, (ARM,))


def test_steps_of_no_lane_belong_to_the_only_node_used() -> None:
    one = Node("big", native=ARM, platforms=(ARM, AMD))
    assert LaneNodes([one], (AMD, ARM), AMD).native_of(None) == ARM
    two = [Node("a", native=AMD, platforms=(AMD,)), Node("b", native=ARM, platforms=(ARM,))]
    assert LaneNodes(two, (AMD, ARM), AMD).native_of(None) is None
    assert LaneNodes(two, (ARM,), AMD).native_of(None) == ARM, "only one of them is used here"


def vertex(digest: str, name: str, *inputs: str) -> Vertex:
    return Vertex(digest=digest, name=name, inputs=list(inputs))


@pytest.mark.parametrize(
    ("graph", "lanes"),
    [
        (
            [
                vertex("d", "[linux/arm64 3/3] COPY a /", "c"),
                vertex("c", "[2/3] RUN x", "b"),
                vertex("b", "[1/3] FROM y"),
                vertex("t", "[internal] load build context"),
            ],
            {"c": ARM, "b": ARM},
        ),
        # No step names a platform, so the lane is unknown.
        ([vertex("b", "[2/2] RUN x", "a"), vertex("a", "[1/2] FROM y")], {}),
        # A step between two lanes belongs to neither.
        (
            [
                vertex("c", "[linux/arm64 2/2] COPY a /", "b"),
                vertex("d", "[linux/amd64 2/2] COPY a /", "b"),
                vertex("b", "[1/2] FROM y"),
            ],
            {},
        ),
        # A step that the target shares (its context) connects no lanes.
        (
            [
                vertex("c", "[linux/arm64 1/1] COPY a /", "t"),
                vertex("d", "[other 1/1] ADD b /", "t"),
                vertex("t", "[internal] load build context"),
            ],
            {},
        ),
        # A platform that the target doesn't have is not a lane of it.
        (
            [vertex("b", "[linux/s390x 2/2] COPY a /", "a"), vertex("a", "[1/2] RUN x")],
            {},
        ),
    ],
)
def test_steps_without_a_platform_belong_to_the_lane_they_are_connected_with(
    graph: list[Vertex], lanes: dict[str, Platform]
) -> None:
    nodes = [node("a", "amd64"), node("b", "arm64")]
    assert LaneNodes(nodes, (AMD, ARM), AMD).lanes_in(graph) == lanes
    alone = [node("a", "amd64 arm64")]
    assert LaneNodes(alone, (AMD, ARM), AMD).lanes_in(graph) == {}, "one node builds them all"


def recorded(*nodes: NodeInfo, driver: str = "remote") -> RunState:
    """A build of two lanes on two nodes, recorded with Buildx 0.29."""
    info = RunInfo(
        id="x",
        created=0,
        host="linux/amd64",
        driver=driver,
        nodes=nodes,
        targets=(TargetInfo(name="web", variant="web", platforms=("linux/amd64", "linux/arm64")),),
    )
    state = RunState(info)
    state.apply_records("web", StreamDecoder().feed(STREAM.read_bytes()))
    state.end_stream("web")
    return state


AMD1 = NodeInfo(name="amd1", native="linux/amd64", platforms=("linux/amd64",))
ARM1 = NodeInfo(name="arm1", native="linux/arm64", platforms=("linux/arm64",))


def test_a_recorded_build_on_two_nodes_has_all_its_steps_in_their_lanes() -> None:
    state = recorded(AMD1, ARM1)
    target = state.targets["web"]
    for lane in target.lanes.values():
        titles = sorted(step.name.title.split()[0] for step in lane.steps)
        assert titles == ["COPY", "COPY", "RUN", "RUN"]
    amd, arm = (target.lanes[platform] for platform in (AMD, ARM))
    assert (amd.how, amd.node_name) == (ExecutionMode.NATIVE, "amd1")
    assert (arm.how, arm.node_name) == (ExecutionMode.NATIVE, "arm1")
    assert {step.how for step in arm.steps} == {ExecutionMode.NATIVE}
    assert "web builds for two" in [arm.log[index].text for index in range(len(arm.log))]


def test_a_node_that_only_claims_a_platform_emulates_it() -> None:
    claiming = NodeInfo(
        name="arm1",
        native="linux/amd64",
        platforms=("linux/arm64", "linux/amd64"),
        claimed=("linux/arm64",),
    )
    state = recorded(AMD1, claiming)
    lanes = state.targets["web"].lanes
    assert lanes[AMD].how is ExecutionMode.NATIVE
    assert lanes[ARM].how is ExecutionMode.EMULATED
    assert lanes[ARM].node_name == "arm1"


def test_the_engine_itself_is_not_named() -> None:
    one = NodeInfo(name="default", native="linux/amd64", platforms=("linux/amd64", "linux/arm64"))
    state = recorded(one, driver="docker")
    assert {lane.node_name for lane in state.lanes} == {""}
    assert {lane.node_name for lane in recorded(one, driver="remote").lanes} == {"default"}
    assert {lane.node_name for lane in recorded(driver="").lanes} == {""}
