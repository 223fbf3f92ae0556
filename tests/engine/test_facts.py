"""Facts read from recorded output of `docker info` and `docker buildx inspect`."""

from __future__ import annotations

import json

import pytest

from openhqm_tui.domain.plan.builders import covers
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.engine.docker.command import NOT_FOUND, TIMED_OUT, CommandResult
from openhqm_tui.engine.docker.facts import (
    EngineFacts,
    EngineProblemKind,
    facts_from,
    parse_inspect,
    read_facts,
    version_tuple,
)
from tests.engine.fakes import AMD64, ARM64, INFO, INSPECT, OUTPUTS, S390X, runner


def info(**changes: object) -> CommandResult:
    return CommandResult(0, json.dumps({**json.loads(INFO), **changes}))


def test_facts_of_a_healthy_engine_are_read() -> None:
    facts = read_facts(run=runner())
    assert facts.answers
    assert (facts.trouble, facts.error, facts.builder_error) == (EngineProblemKind.NONE, "", "")
    assert facts.client_version == "28.2.2"
    assert facts.server_version == "28.5.2+dfsg4"
    assert facts.buildx_version == "0.29.1+ds1"
    assert facts.host == AMD64
    assert facts.containerd_store
    assert facts.can_load_many_platforms
    assert (facts.builder, facts.driver, len(facts.nodes)) == ("default", "docker", 1)
    assert not facts.engine_too_old
    assert not facts.buildx_too_old
    assert [facts.how(platform) for platform in (AMD64, ARM64, S390X)] == [
        "native",
        "emulated",
        "none",
    ]
    assert facts.emulated(ARM64)
    assert not facts.emulated(AMD64)


def test_the_selected_builder_is_inspected() -> None:
    run = runner()
    read_facts("duo", run=run)
    assert "docker buildx inspect duo" in run.ran


@pytest.mark.parametrize(
    ("outcome", "trouble", "message"),
    [
        (
            CommandResult(NOT_FOUND),
            EngineProblemKind.NO_CLIENT,
            "the `docker` command was not found",
        ),
        (CommandResult(TIMED_OUT), EngineProblemKind.TIMEOUT, "did not respond within 10 s"),
        (
            CommandResult(
                1,
                (OUTPUTS / "info-not-running.json").read_text(),
                (OUTPUTS / "info-not-running.err").read_text(),
            ),
            EngineProblemKind.NOT_RUNNING,
            "isn't running",
        ),
        (
            CommandResult(
                1,
                '{"ServerErrors":["permission denied while trying to connect to the Docker '
                'daemon socket at unix:///var/run/docker.sock: connect: permission denied"]}',
            ),
            EngineProblemKind.PERMISSION,
            "permission denied",
        ),
        (
            CommandResult(1, "{}", "error during connect: dial tcp: lookup far: no such host"),
            EngineProblemKind.UNREACHABLE,
            "can't be reached",
        ),
        (
            CommandResult(
                1,
                '{"ServerErrors":["error during connect: command [ssh -- far docker system '
                'dial-stdio] has exited with exit status 255: Permission denied (publickey)"]}',
            ),
            EngineProblemKind.UNREACHABLE,
            "publickey",
        ),
        (
            CommandResult(
                1,
                '{"ServerErrors":["Cannot connect to the Docker daemon at tcp://10.0.0.2:2375. Is '
                'the docker daemon running?"]}',
            ),
            EngineProblemKind.UNREACHABLE,
            "tcp://10.0.0.2:2375",
        ),
        (CommandResult(0, '{"host": {"arch": "amd64"}}'), EngineProblemKind.NOT_DOCKER, "Podman"),
        (CommandResult(1, "not json", "boom"), EngineProblemKind.OTHER, "boom"),
        (CommandResult(0, "[]"), EngineProblemKind.OTHER, "did not respond"),
    ],
)
def test_the_reason_of_an_unresponsive_engine_is_recognized(
    outcome: CommandResult, trouble: EngineProblemKind, message: str
) -> None:
    facts = facts_from(outcome, CommandResult(1, "", "no builder"))
    assert facts.trouble is trouble
    assert message in facts.error
    assert "\n" not in facts.error
    assert not facts.answers


def test_without_an_engine_client_and_buildx_versions_are_read() -> None:
    silent = CommandResult(
        1, (OUTPUTS / "info-not-running.json").read_text(), "Cannot connect to …"
    )
    facts = facts_from(silent, CommandResult(1))
    assert (facts.client_version, facts.buildx_version) == ("28.2.2", "0.29.1+ds1")


def test_a_missing_buildx_has_no_version() -> None:
    facts = facts_from(
        info(ClientInfo={"Version": "20.10.24", "Plugins": []}),
        CommandResult(1, "", "docker: 'buildx' is not a docker command."),
    )
    assert facts.answers
    assert facts.buildx_version == ""
    assert facts.how(AMD64) == "native"


def test_a_broken_buildx_plugin_has_no_version() -> None:
    broken = {"Name": "buildx", "Version": "", "Err": "exec format error"}
    facts = facts_from(info(ClientInfo={"Version": "28", "Plugins": [broken]}), CommandResult(1))
    assert facts.buildx_version == ""


@pytest.mark.parametrize(
    ("version", "old"),
    [("0.13.1+ds1", True), ("0.14.1", True), ("0.15.0", False), ("v0.29.1", False), ("", False)],
)
def test_an_outdated_buildx_is_recognized(version: str, old: bool) -> None:
    assert EngineFacts(buildx_version=version).buildx_too_old is old


@pytest.mark.parametrize(
    ("version", "old"),
    [("20.10.24+dfsg1", True), ("24.0.9", True), ("25.0.0", False), ("dev", False), ("", False)],
)
def test_an_outdated_engine_is_recognized(version: str, old: bool) -> None:
    assert EngineFacts(server_version=version).engine_too_old is old


def test_the_classic_image_store_is_recognized() -> None:
    status = [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]]
    facts = facts_from(info(Driver="overlay2", DriverStatus=status), CommandResult(0, INSPECT))
    assert not facts.containerd_store
    assert not facts.can_load_many_platforms


def test_an_unknown_builder_is_reported() -> None:
    facts = facts_from(info(), CommandResult(1, "", 'ERROR: no builder "nope" found\n'))
    assert facts.builder_error == 'no builder "nope" found'
    assert facts.answers


def test_a_remote_engine_has_no_local_disk_space() -> None:
    facts = facts_from(info(Name="far-away", KernelVersion="5.0"), CommandResult(0, INSPECT))
    assert not facts.local
    assert facts.free_bytes is None


DUO = """\
Name:          duo
Driver:        remote
Last Activity: 2026-11-20 10:00:00 +0000 UTC

Nodes:
Name:             duo0
Endpoint:         unix:///tmp/bk1.sock
Status:           running
BuildKit version: v0.25.0
Platforms:        linux/amd64*, linux/amd64/v2, linux/amd64/v3, linux/386
Labels:
 org.mobyproject.buildkit.worker.hostname:    vm
Name:     duo1
Endpoint: unix:///tmp/bk2.sock
Status:   running
Platforms: linux/arm64*, linux/arm/v7, linux/arm/v6
Labels:
 org.mobyproject.buildkit.worker.hostname: graviton
"""


def test_nodes_of_a_builder_are_parsed() -> None:
    name, driver, nodes = parse_inspect(DUO, host=AMD64, engine_name="vm")
    assert (name, driver) == ("duo", "remote")
    assert [(node.name, node.native) for node in nodes] == [("duo0", AMD64), ("duo1", ARM64)]
    facts = EngineFacts(nodes=nodes, platforms=(AMD64, ARM64), host=AMD64, driver=driver)
    assert facts.how(AMD64) == "native"
    assert facts.how(ARM64) == "native"
    assert facts.how(Platform("linux", "arm", "v7")) == "emulated"
    assert facts.how(S390X) == "none"


def test_a_claimed_platform_of_this_machine_is_emulated() -> None:
    text = DUO.replace("graviton", "vm")
    _, _, nodes = parse_inspect(text, host=AMD64, engine_name="vm")
    assert nodes[1].native == AMD64
    assert nodes[1].how(ARM64) == "emulated"


def test_claimed_platforms_are_distinguished_from_listed_ones() -> None:
    # Two engines on one machine, as Buildx 0.29 lists them.
    text = (OUTPUTS / "inspect-duo.txt").read_text()
    name, driver, nodes = parse_inspect(text, host=AMD64, engine_name="vm")
    assert (name, driver) == ("duo", "remote")
    assert [(node.name, node.claimed) for node in nodes] == [
        ("amd1", (AMD64,)),
        ("arm1", (ARM64,)),
    ]
    assert [node.native for node in nodes] == [AMD64, AMD64], "both are on this machine"
    assert ARM64 in nodes[0].emulated
    facts = EngineFacts(nodes=nodes, host=AMD64, driver=driver)
    assert facts.node_of(ARM64) == nodes[1], (
        "the node that claims it, although the first lists it too"
    )
    assert (facts.how(AMD64), facts.how(ARM64)) == ("native", "emulated")


def test_a_container_on_the_engine_has_its_native_platform() -> None:
    text = DUO.replace("remote", "docker-container").replace("unix:///tmp/bk2.sock", "default")
    _, _, nodes = parse_inspect(text, host=AMD64, engine_name="vm", context="default")
    assert nodes[1].native == AMD64
    _, _, nodes = parse_inspect(text, host=AMD64, engine_name="vm", context="other")
    assert nodes[1].native == ARM64


def test_a_node_with_an_error_is_reported() -> None:
    text = DUO.replace("Status:   running\n", "Error: connection refused\n")
    facts = facts_from(info(), CommandResult(0, text))
    assert facts.builder_error == "duo1: connection refused"


def test_a_stopped_container_builder_has_the_platforms_of_the_engine() -> None:
    text = "Name: box\nDriver: docker-container\n\nNodes:\nName: box0\nStatus: inactive\n"
    facts = facts_from(info(), CommandResult(0, text))
    assert facts.platforms == ()
    assert facts.how(AMD64) == "native"
    assert facts.how(ARM64) == "emulated"


@pytest.mark.parametrize(
    ("listed", "wanted", "expected"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/amd64/v2", "linux/amd64", False),
        ("linux/arm/v7", "linux/arm/v6", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/arm64", "linux/arm/v7", False),
    ],
)
def test_a_platform_covers_its_older_variants(listed: str, wanted: str, expected: bool) -> None:
    assert covers(parse_platform(listed), parse_platform(wanted)) is expected


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v0.29.1+ds1", (0, 29, 1)),
        ("28.5.2+dfsg4", (28, 5, 2)),
        ("0.0.0+unknown", (9999,)),
        ("library-import", (9999,)),
        ("", (9999,)),
    ],
)
def test_version_texts_are_parsed(text: str, version: tuple[int, ...]) -> None:
    assert version_tuple(text) == version


@pytest.mark.engine
def test_facts_of_the_real_engine_are_read() -> None:
    facts = read_facts()
    assert facts.error == ""
    assert facts.host is not None
    assert facts.how(facts.host) == "native"
