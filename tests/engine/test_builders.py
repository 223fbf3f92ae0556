"""The builders as Buildx lists them, and how they are made and removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

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

# As Buildx 0.29 prints them, cut to what is read.
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
    """Buildx with two builders; keyword = what follows `docker buildx`, spaces as underscores."""
    table = {"docker info": CommandResult(0, INFO), "docker buildx ls": CommandResult(0, LINES)}
    table |= {f"docker buildx {words.replace('_', ' ')}": told for words, told in more.items()}
    return FakeRunner(table)


def test_what_buildx_lists() -> None:
    run = buildx(ls=CommandResult(0, f"warning: not JSON\n{LINES}\n[]\n"))
    one, two = list_builders(run=run)
    assert run.asked == [
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


def test_nodes_tell_what_they_run_natively_and_what_they_emulate() -> None:
    told = json.loads(INFO)
    listed = (OUTPUTS / "ls-duo.json").read_text()
    elsewhere = CommandResult(0, json.dumps(told | {"Name": "another"}))
    table = {"docker info": elsewhere, "docker buildx ls": CommandResult(0, listed)}
    duo, default = list_builders(run=FakeRunner(table))
    assert default.nodes[0].native == Platform("linux", "amd64")
    assert [(node.name, node.platforms[0]) for node in duo.nodes] == [
        ("amd1", AMD64),
        ("arm1", ARM64),
    ]
    # Another machine than the engine's: the first that it lists is its own.
    assert [node.native for node in duo.nodes] == [AMD64, ARM64]
    here = CommandResult(0, json.dumps(told | {"Name": "vm"}))
    table = {"docker info": here, "docker buildx ls": CommandResult(0, listed)}
    duo, _ = list_builders(run=FakeRunner(table))
    assert [node.native for node in duo.nodes] == [AMD64, AMD64]
    assert ARM64 in duo.nodes[1].emulated


def test_buildx_that_can_not_say() -> None:
    with pytest.raises(EngineProblem, match="can't be listed: docker: No such file"):
        list_builders(run=buildx(ls=CommandResult(NOT_FOUND, "", "docker: No such file")))


def node(status: str = "running", endpoint: str = "") -> Node:
    return Node("n", endpoint=endpoint, status=status)


@pytest.mark.parametrize(
    ("builder", "says"),
    [
        (Builder(name="a", driver="docker", nodes=(node(endpoint="here"),)), ""),
        (Builder(name="a", driver="docker", nodes=(node(endpoint="far"),)), "another"),
        (Builder(name="a", driver="docker", nodes=(node(),), current=True), ""),
        (Builder(name="a", driver="docker-container", nodes=(node("inactive"),)), ""),
        (Builder(name="a", driver="remote", nodes=(node("error"),), error="refused"), "refused"),
        (Builder(name="a", driver="remote"), "has no node"),
    ],
)
def test_which_builders_will_do(builder: Builder, says: str) -> None:
    refusal = builder.refusal("here")
    assert says in refusal
    assert bool(refusal) is bool(says)


def test_a_builder_that_is_not_there() -> None:
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
    """Replace the client of the engine; return what is done through it."""
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
    """Return the commands that ran, but for those that only look."""
    return [line for line in run.asked if not line.startswith(("docker info", "docker buildx ls"))]


def test_a_builder_of_two_nodes_is_made() -> None:
    run = buildx(create=FINE, inspect=FINE)
    told: list[str] = []
    create_builder(TWO, told.append, run=run)
    assert told == changes(run) == [FIRST, SECOND, START]


@pytest.mark.parametrize(
    ("fails", "outcome", "says", "told"),
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
            "context deadline exceeded; check that BuildKit listens there, or give --no-start",
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
            "use --driver-opt image=REF",
            [FIRST, SECOND, START, AWAY],
        ),
    ],
)
def test_a_builder_that_fails_to_start_is_removed(
    client: list[str], fails: str, outcome: CommandResult, says: str, told: list[str]
) -> None:
    run = buildx(create=FINE, inspect=FINE)
    run.table[f"docker buildx {fails.replace('_', ' ')}"] = outcome
    found: list[str] = []
    with pytest.raises(EngineProblem) as problem:
        create_builder(TWO, found.append, run=run)
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)
    assert found == changes(run) + client == told


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


def test_a_name_that_is_taken_is_left_alone() -> None:
    run = buildx()
    with pytest.raises(UsageProblem, match="builder 'big' already exists"):
        create_builder(new_builder("big", "remote", ["a"]), lambda _: None, run=run)
    assert changes(run) == []


def test_secrets_of_an_option_are_not_shown() -> None:
    new = new_builder("duo", "remote", ["a"], ["env.API_TOKEN=hunter2hunter2"])
    told: list[str] = []
    create_builder(new, told.append, run=buildx(create=FINE, inspect=FINE))
    assert "env.API_TOKEN=***" in told[0]
    assert "hunter2" not in "".join(told)


def test_a_builder_is_removed_and_another_selected(client: list[str]) -> None:
    run = buildx()
    told: list[str] = []
    remove_builder("big", told.append, run=run)
    use_builder("default", told.append, run=run)
    assert told == client == ["docker buildx rm big", "docker buildx use default"]


@pytest.mark.parametrize(
    ("name", "says"),
    [("default", "it is built into an engine; it is part of Docker itself"), ("bug", "mean big")],
)
def test_an_engines_own_builder_is_never_removed(client: list[str], name: str, says: str) -> None:
    with pytest.raises(UsageProblem) as problem:
        remove_builder(name, lambda _: None, run=buildx())
    assert says in str(problem.value)
    assert client == []


def test_a_failed_removal_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "failed to remove big: device busy\nERROR: failed to remove one or more builders\n"

    def fail(action: object, *, timeout: float) -> None:
        raise CommandError(CommandResult(1, "", said))

    monkeypatch.setattr(module, "with_docker", fail)
    with pytest.raises(Problem, match="can't be removed: failed to remove big: device busy"):
        remove_builder("big", lambda _: None, run=buildx())
