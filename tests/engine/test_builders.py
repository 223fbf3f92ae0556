"""Listing, creating and removing builders."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.errors import EngineProblem, Problem, UsageProblem
from openhqm_tui.domain.plan.builders import Node, new_builder
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker import builders as module
from openhqm_tui.engine.docker.builders import (
    Builder,
    create_builder,
    find_builder,
    list_builders,
    remove_builder,
    use_builder,
)
from openhqm_tui.engine.docker.client import CommandError
from openhqm_tui.engine.docker.command import NOT_FOUND, TIMED_OUT, CommandResult
from tests.engine.fakes import AMD64, ARM64, INFO, OUTPUTS, FakeRunner

# As Buildx 0.29 prints them, reduced to the fields that are read.
LISTED = [
    {
        "Current": True,
        "Driver": "docker",
        "Name": "default",
        "Nodes": [{"Endpoint": "default", "Name": "default", "Status": "running"}],
    },
    {
        "Current": False,
        "Driver": "docker-container",
        "Name": "big",
        "Nodes": [
            {"Endpoint": "ssh://one", "Name": "big0", "Status": "running"},
            {"Endpoint": "ssh://two", "Name": "big1", "Status": "error", "Err": "no route"},
        ],
    },
]
LINES = "\n".join(json.dumps(line) for line in LISTED)


def buildx(**more: CommandResult) -> FakeRunner:
    """Buildx with two builders; keyword = arguments of `docker buildx`, spaces as underscores."""
    table = {"docker info": CommandResult(0, INFO), "docker buildx ls": CommandResult(0, LINES)}
    table |= {
        f"docker buildx {arguments.replace('_', ' ')}": result for arguments, result in more.items()
    }
    return FakeRunner(table)


def test_builders_are_listed_with_their_nodes() -> None:
    run = buildx(ls=CommandResult(0, f"warning: not JSON\n{LINES}\n[]\n"))
    one, two = list_builders(run=run)
    assert run.ran == [
        "docker info --format {{json .}}",
        "docker buildx ls --format json",
    ]
    assert (one.name, one.driver, one.statuses, one.current) == (
        "default",
        "docker",
        ("running",),
        True,
    )
    assert [node.endpoint for node in two.nodes] == ["ssh://one", "ssh://two"]
    assert (two.statuses, two.current, two.error) == (("running", "error"), False, "no route")


def test_native_and_emulated_platforms_of_nodes_are_distinguished() -> None:
    engine_info = json.loads(INFO)
    listed = (OUTPUTS / "ls-duo.json").read_text()
    elsewhere = CommandResult(0, json.dumps(engine_info | {"Name": "another"}))
    table = {"docker info": elsewhere, "docker buildx ls": CommandResult(0, listed)}
    duo, default = list_builders(run=FakeRunner(table))
    assert default.nodes[0].native == Platform("linux", "amd64")
    assert [(node.name, node.platforms[0]) for node in duo.nodes] == [
        ("amd1", AMD64),
        ("arm1", ARM64),
    ]
    # On another machine than the engine's, the first listed platform is the native one.
    assert [node.native for node in duo.nodes] == [AMD64, ARM64]
    here = CommandResult(0, json.dumps(engine_info | {"Name": "vm"}))
    table = {"docker info": here, "docker buildx ls": CommandResult(0, listed)}
    duo, _ = list_builders(run=FakeRunner(table))
    assert [node.native for node in duo.nodes] == [AMD64, AMD64]
    assert ARM64 in duo.nodes[1].emulated


def test_a_failed_listing_is_reported() -> None:
    with pytest.raises(EngineProblem, match="can't list the builders: docker: No such file"):
        list_builders(run=buildx(ls=CommandResult(NOT_FOUND, "", "docker: No such file")))


def node(status: str = "running", endpoint: str = "") -> Node:
    return Node("n", endpoint=endpoint, status=status)


@pytest.mark.parametrize(
    ("builder", "reason"),
    [
        (Builder(name="a", driver="docker", nodes=(node(endpoint="here"),)), ""),
        (Builder(name="a", driver="docker", nodes=(node(endpoint="far"),)), "another"),
        (Builder(name="a", driver="docker", nodes=(node(),), current=True), ""),
        (Builder(name="a", driver="docker-container", nodes=(node("inactive"),)), ""),
        (Builder(name="a", driver="remote", nodes=(node("error"),), error="refused"), "refused"),
        (Builder(name="a", driver="remote"), "has no nodes"),
    ],
)
def test_unusable_builders_are_refused_with_the_reason(builder: Builder, reason: str) -> None:
    refusal = builder.refusal("here")
    assert reason in refusal
    assert bool(refusal) is bool(reason)


def test_an_unknown_builder_suggests_the_nearest() -> None:
    builders = list_builders(run=buildx())
    assert find_builder("big", builders).name == "big"
    with pytest.raises(UsageProblem, match=r"no builder 'bigg': did you mean big\? \(valid: def"):
        find_builder("bigg", builders)


TWO = new_builder("duo", "remote", ["amd64=unix:///a", "arm64=unix:///b"])
FIRST, SECOND, START = (" ".join(command) for command in TWO.commands())
AWAY = "docker buildx rm duo"
FINE = CommandResult(0)


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the client of the engine; return the commands run through it."""
    done: list[str] = []

    def with_docker(action: Callable[[Any], None], *, timeout: float) -> None:
        buildx = SimpleNamespace(
            remove=lambda name: done.append(f"docker buildx rm {name}"),
            use=lambda name: done.append(f"docker buildx use {name}"),
        )
        action(SimpleNamespace(buildx=buildx))

    monkeypatch.setattr(module, "with_docker", with_docker)
    return done


def changes(run: FakeRunner) -> list[str]:
    """Return the commands that change something."""
    return [line for line in run.ran if not line.startswith(("docker info", "docker buildx ls"))]


def test_a_builder_with_two_nodes_is_created() -> None:
    run = buildx(create=FINE, inspect=FINE)
    shown: list[str] = []
    create_builder(TWO, shown.append, run=run)
    assert shown == changes(run) == [FIRST, SECOND, START]


@pytest.mark.parametrize(
    ("fails", "outcome", "message", "expected"),
    [
        (
            "create",
            CommandResult(1, "", "ERROR: bad\n"),
            "builder 'duo' can't be created: bad",
            [FIRST],
        ),
        (
            "create_--append",
            CommandResult(1, "", "x\nERROR: lookup h: no such host\n"),
            "no such host; check the host name",
            [FIRST, SECOND, AWAY],
        ),
        (
            "inspect",
            CommandResult(
                1, "", " > [internal] booting\n------\nERROR: context deadline exceeded\n"
            ),
            "context deadline exceeded; check that the engine or BuildKit is running",
            [FIRST, SECOND, START, AWAY],
        ),
        (
            "inspect",
            CommandResult(TIMED_OUT, "", "timed out"),
            "no response within 300 s",
            [FIRST, SECOND, START, AWAY],
        ),
        (
            "inspect",
            CommandResult(1, "", 'ERROR: failed to resolve reference "docker.io/moby/buildkit"'),
            "specify another one with --driver-opt image=REF",
            [FIRST, SECOND, START, AWAY],
        ),
    ],
)
def test_a_builder_that_fails_to_start_is_removed(
    client: list[str], fails: str, outcome: CommandResult, message: str, expected: list[str]
) -> None:
    run = buildx(create=FINE, inspect=FINE)
    run.table[f"docker buildx {fails.replace('_', ' ')}"] = outcome
    found: list[str] = []
    with pytest.raises(EngineProblem) as problem:
        create_builder(TWO, found.append, run=run)
    assert message in str(problem.value)
    assert "\n" not in str(problem.value)
    assert found == changes(run) + client == expected


def test_an_interrupted_builder_is_removed(client: list[str]) -> None:
    class Interrupted(FakeRunner):
        def __call__(self, *commands: Sequence[str], timeout: float) -> list[CommandResult]:
            if "--bootstrap" in commands[0]:
                raise KeyboardInterrupt
            return super().__call__(*commands, timeout=timeout)

    run = Interrupted(buildx(create=FINE).table)
    with pytest.raises(KeyboardInterrupt):
        create_builder(TWO, lambda _: None, run=run)
    assert client == [AWAY]


def test_an_existing_builder_is_not_replaced() -> None:
    run = buildx()
    with pytest.raises(UsageProblem, match=r"builder 'big' already exists.* builders rm big"):
        create_builder(new_builder("big", "remote", ["a"]), lambda _: None, run=run)
    assert changes(run) == []


def test_removing_the_builder_of_a_context_is_not_suggested() -> None:
    new = msgspec.structs.replace(new_builder("big", "remote", ["a"]), name="default")
    with pytest.raises(UsageProblem, match=r"already exists; choose another name$"):
        create_builder(new, lambda _: None, run=buildx())


def test_secrets_in_options_are_masked() -> None:
    new = new_builder("duo", "remote", ["a"], ["env.API_TOKEN=hunter2hunter2"])
    shown: list[str] = []
    create_builder(new, shown.append, run=buildx(create=FINE, inspect=FINE))
    assert "env.API_TOKEN=***" in shown[0]
    assert "hunter2" not in "".join(shown)


def test_a_builder_is_removed_and_another_selected(client: list[str]) -> None:
    run = buildx()
    shown: list[str] = []
    remove_builder("big", shown.append, run=run)
    use_builder("default", shown.append, run=run)
    assert shown == client == ["docker buildx rm big", "docker buildx use default"]


@pytest.mark.parametrize(
    ("name", "message"),
    [("default", "it belongs to a Docker context"), ("bug", "mean big")],
)
def test_the_built_in_builder_is_never_removed(client: list[str], name: str, message: str) -> None:
    with pytest.raises(UsageProblem) as problem:
        remove_builder(name, lambda _: None, run=buildx())
    assert message in str(problem.value)
    assert client == []


def test_a_failed_removal_is_reported_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    output = "failed to remove big: device busy\nERROR: failed to remove one or more builders\n"

    def fail(action: object, *, timeout: float) -> None:
        raise CommandError(CommandResult(1, "", output))

    monkeypatch.setattr(module, "with_docker", fail)
    with pytest.raises(Problem, match="can't be removed: failed to remove big: device busy"):
        remove_builder("big", lambda _: None, run=buildx())
