"""Creation of a builder: the options as typed, and the Buildx commands for them."""

from __future__ import annotations

import shlex

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.builders import (
    NewNode,
    check_builder_name,
    new_builder,
    parse_node,
    removal_text,
)
from openhqm_tui.domain.platforms import parse_platforms


@pytest.mark.parametrize(
    ("driver", "nodes", "options", "commands"),
    [
        (
            "docker-container",
            [],
            ["network=host", "env.A=b c"],
            [
                "docker buildx create --name big --driver docker-container "
                "--driver-opt network=host --driver-opt 'env.A=b c'",
                "docker buildx inspect --bootstrap big",
            ],
        ),
        (
            "remote",
            ["linux/amd64=unix:///a.sock", "arm64,linux/arm/v7=tcp://arm:1234"],
            [],
            [
                "docker buildx create --name big --driver remote --platform linux/amd64 "
                "unix:///a.sock",
                "docker buildx create --append --name big --driver remote "
                "--platform linux/arm64,linux/arm/v7 tcp://arm:1234",
                "docker buildx inspect --bootstrap big",
            ],
        ),
        (
            "kubernetes",
            ["kubernetes:///x?deployment=y&kubeconfig="],
            ["replicas=2"],
            [
                "docker buildx create --name big --driver kubernetes --driver-opt replicas=2 "
                "'kubernetes:///x?deployment=y&kubeconfig='",
                "docker buildx inspect --bootstrap big",
            ],
        ),
    ],
)
def test_a_builder_is_created_node_by_node_and_then_started(
    driver: str, nodes: list[str], options: list[str], commands: list[str]
) -> None:
    new = new_builder("big", driver, nodes, options)
    assert [shlex.join(command) for command in new.commands()] == commands
    later = new_builder("big", driver, nodes, options, start=False)
    assert [shlex.join(command) for command in later.commands()] == commands[:-1]


@pytest.mark.parametrize(
    ("word", "node"),
    [
        ("default", NewNode("default")),
        ("ssh://me@arm1", NewNode("ssh://me@arm1")),
        ("x86_64=amd1", NewNode("amd1", parse_platforms("linux/amd64"))),
        ("tcp://h:1?a=b", NewNode("tcp://h:1?a=b")),
        ("arm64=tcp://h:1?a=b", NewNode("tcp://h:1?a=b", parse_platforms("linux/arm64"))),
    ],
)
def test_a_node_is_an_endpoint_with_optional_platforms(word: str, node: NewNode) -> None:
    assert parse_node(word) == node


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("1x", "remote", ["a"]), "'1x' isn't a valid builder name; start with a letter"),
        (("", "remote", ["a"]), "the builder's name is empty"),
        (("x" * 101, "remote", ["a"]), "isn't a valid builder name"),
        (("-x", "remote", ["a"]), "isn't a valid builder name"),
        (("default", "remote", ["a"]), "the engine's built-in builder; choose another name"),
        (("x", "docker", ["a"]), "unknown driver 'docker'"),
        (("x", "remot", ["a"]), "did you mean remote? (valid: docker-container kubernetes remote)"),
        (("x", "remote", []), "needs an endpoint; specify its node as tcp://HOST:PORT"),
        (("x", "remote", ["arm46=tcp://h:1"]), "unknown platform 'arm46': did you mean"),
        (("x", "remote", ["arm64="]), "node 'arm64=' has no valid endpoint"),
        (("x", "remote", [""]), "node '' has no valid endpoint"),
        (("x", "remote", ["--use"]), "node '--use' has no valid endpoint"),
        (("x", "remote", ["a b"]), "node 'a b' has no valid endpoint"),
        (("x", "remote", ["arm64=a", "amd64=a"]), "the node 'a' is given twice"),
        (("x", "remote", ["arm64=a", "arm64=b"]), "the platform 'linux/arm64' is given twice"),
        (("x", "remote", ["a"], ["network"]), "--driver-opt network: not in the form K=V"),
        (("x", "remote", ["a"], ["=b"]), "not in the form K=V"),
    ],
)
def test_invalid_options_are_reported(arguments: tuple[str, str, list[str]], message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        new_builder(*arguments)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["a", "Big.one_2-x", "x" * 100])
def test_valid_builder_names_are_accepted(name: str) -> None:
    assert check_builder_name(name) == name


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        ("docker-container", "containers and their caches will be deleted"),
        ("kubernetes", "containers and their caches will be deleted"),
        ("remote", "keep running"),
    ],
)
def test_removal_says_what_happens_to_the_nodes(driver: str, words: str) -> None:
    assert words in removal_text(driver)
