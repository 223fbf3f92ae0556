"""The builders as Buildx lists them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from openhqm_tui.domain.problems import EngineProblem
from openhqm_tui.engine.builders import Builder, list_builders
from openhqm_tui.engine.shell import NOT_FOUND, Outcome

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


def listing(outcome: Outcome) -> list[Builder]:
    def run(*commands: Sequence[str], timeout: float) -> list[Outcome]:
        assert [list(command) for command in commands] == [
            ["docker", "buildx", "ls", "--format", "json"]
        ]
        return [outcome]

    return list_builders(run=run)


def test_what_buildx_lists() -> None:
    lines = "\n".join(json.dumps(line) for line in LISTED)
    one, two = listing(Outcome(0, f"warning: not JSON\n{lines}\n[]\n"))
    assert (one.name, one.driver, one.nodes, one.current) == (
        "default",
        "docker",
        ("running",),
        True,
    )
    assert (two.nodes, two.current, two.error) == (("running", "error"), False, "no route")


def test_buildx_that_can_not_say() -> None:
    with pytest.raises(EngineProblem, match="can't be listed: docker: No such file"):
        listing(Outcome(NOT_FOUND, "", "docker: No such file"))


@pytest.mark.parametrize(
    ("builder", "says"),
    [
        (Builder(name="a", driver="docker", nodes=("running",), endpoints=("here",)), ""),
        (Builder(name="a", driver="docker", nodes=("running",), endpoints=("far",)), "another"),
        (Builder(name="a", driver="docker", nodes=("running",), current=True), ""),
        (Builder(name="a", driver="docker-container", nodes=("inactive",)), ""),
        (Builder(name="a", driver="remote", nodes=("error",), error="refused"), "refused"),
        (Builder(name="a", driver="remote"), "has no node"),
    ],
)
def test_which_builders_will_do(builder: Builder, says: str) -> None:
    refusal = builder.refusal("here")
    assert says in refusal
    assert bool(refusal) is bool(says)
