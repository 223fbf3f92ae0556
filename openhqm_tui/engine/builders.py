"""The Buildx builders there are, for a person to look at and to choose from."""

from __future__ import annotations

from typing import Any

import msgspec

from openhqm_tui.domain.nodes import Node
from openhqm_tui.domain.plain_text import Inert
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.problems import EngineProblem, UsageProblem, nearest
from openhqm_tui.engine.facts import EngineFacts, facts_from, native_of, readable
from openhqm_tui.engine.shell import NOT_FOUND, Outcome, Runner, capture

# Nodes that can't be reached are waited for by Buildx itself, some seconds each.
_LOOK_SECONDS = 30.0
_HOST_LABEL = "org.mobyproject.buildkit.worker.hostname"


class Builder(Inert, frozen=True, kw_only=True):
    """One builder: its driver, its nodes, and what Buildx says is wrong with it.

    `current` is the one that Buildx takes where none is named.
    """

    name: str
    driver: str = ""
    nodes: tuple[Node, ...] = ()
    current: bool = False
    error: str = ""

    def refusal(self, context: str) -> str:
        """Return why nothing can be built with it for the engine of `context`; '' if it can."""
        if self.error:
            return f"does not answer: {self.error}"
        if not self.nodes:
            return "has no node"
        elsewhere = context and context not in {node.endpoint for node in self.nodes}
        if self.driver == "docker" and elsewhere and not self.current:
            return "keeps its images in another engine, where they can't be checked"
        return ""

    @property
    def stays(self) -> str:
        """Why it can't be removed; '' where it can: an engine's own comes with its context."""
        return f"{self.name} is an engine's own builder" if self.driver == "docker" else ""

    @property
    def statuses(self) -> tuple[str, ...]:
        """How its nodes stand, each state once."""
        return tuple(dict.fromkeys(node.status for node in self.nodes if node.status))

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """All that its nodes list."""
        return tuple(dict.fromkeys(listed for node in self.nodes for listed in node.platforms))


def list_builders(*, run: Runner = capture) -> list[Builder]:
    """Return the builders as Buildx lists them; raises EngineProblem, blocks.

    The engine is asked too: it knows the platform of the machine that both are on.
    """
    info, listed = run(
        ["docker", "info", "--format", "{{json .}}"],
        ["docker", "buildx", "ls", "--format", "json"],
        timeout=_LOOK_SECONDS,
    )
    if not listed.ok:
        fix = "install Docker" if listed.code == NOT_FOUND else "`openhqm-tui doctor` tells why"
        words = listed.last_words.removeprefix("ERROR: ")
        raise EngineProblem(f"the builders can't be listed: {words}", fix=fix)
    facts = facts_from(info, Outcome(1))
    found = []
    for line in listed.out.splitlines():
        try:
            told = msgspec.json.decode(line.encode())
        except msgspec.DecodeError:
            continue
        if isinstance(told, dict) and told.get("Name"):
            found.append(_builder(told, facts))
    return found


def find_builder(name: str, builders: list[Builder]) -> Builder:
    """Return the builder of that name; raises UsageProblem that names the nearest."""
    for builder in builders:
        if builder.name == name:
            return builder
    names = [builder.name for builder in builders]
    guess = nearest(name, names)
    raise UsageProblem(
        f"there is no builder '{name}'",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join(names),
    )


def _builder(told: dict[str, Any], facts: EngineFacts) -> Builder:
    nodes = [node for node in told.get("Nodes") or () if isinstance(node, dict)]
    errors = [str(told.get("Err") or ""), *(str(node.get("Err") or "") for node in nodes)]
    driver = str(told.get("Driver") or "")
    return Builder(
        name=str(told["Name"]),
        driver=driver,
        nodes=tuple(_node(node, driver, facts) for node in nodes),
        current=told.get("Current") is True,
        error="; ".join(error for error in errors if error),
    )


def _node(told: dict[str, Any], driver: str, facts: EngineFacts) -> Node:
    endpoint = str(told.get("Endpoint") or "")
    labels = told.get("Labels")
    hostname = str(labels.get(_HOST_LABEL) or "") if isinstance(labels, dict) else ""
    listed = readable(str(word) for word in told.get("Platforms") or ())
    return Node(
        name=str(told.get("Name") or ""),
        endpoint=endpoint,
        status=str(told.get("Status") or ""),
        error=str(told.get("Err") or ""),
        native=native_of(
            listed,
            driver=driver,
            endpoint=endpoint,
            hostname=hostname,
            host=facts.host,
            engine_name=facts.engine_name,
            context=facts.context,
        ),
        platforms=listed,
    )
