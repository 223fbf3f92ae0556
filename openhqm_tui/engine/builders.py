"""The Buildx builders there are, for a person to choose one."""

from __future__ import annotations

from typing import Any

import msgspec

from openhqm_tui.domain.problems import EngineProblem
from openhqm_tui.engine.shell import Runner, capture

# Nodes that can't be reached are waited for by Buildx itself, some seconds each.
_LOOK_SECONDS = 30.0


class Builder(msgspec.Struct, frozen=True, kw_only=True):
    """One builder: its driver, the state of each node, and what Buildx says is wrong with it."""

    name: str
    driver: str = ""
    nodes: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    current: bool = False
    error: str = ""

    def refusal(self, context: str) -> str:
        """Return why nothing can be built with it for the engine of `context`; '' if it can."""
        if self.error:
            return f"does not answer: {self.error}"
        if not self.nodes:
            return "has no node"
        elsewhere = context and context not in self.endpoints
        if self.driver == "docker" and elsewhere and not self.current:
            return "keeps its images in another engine, where they can't be checked"
        return ""


def list_builders(*, run: Runner = capture) -> list[Builder]:
    """Return the builders as Buildx lists them; raises EngineProblem, blocks."""
    (listed,) = run(["docker", "buildx", "ls", "--format", "json"], timeout=_LOOK_SECONDS)
    if not listed.ok:
        raise EngineProblem(f"the builders can't be listed: {listed.last_words}")
    found = []
    for line in listed.out.splitlines():
        try:
            told = msgspec.json.decode(line.encode())
        except msgspec.DecodeError:
            continue
        if isinstance(told, dict) and told.get("Name"):
            found.append(_builder(told))
    return found


def _builder(told: dict[str, Any]) -> Builder:
    nodes = [node for node in told.get("Nodes") or () if isinstance(node, dict)]
    errors = [str(told.get("Err") or ""), *(str(node.get("Err") or "") for node in nodes)]
    return Builder(
        name=str(told["Name"]),
        driver=str(told.get("Driver") or ""),
        nodes=tuple(str(node.get("Status") or "") for node in nodes),
        endpoints=tuple(str(node.get("Endpoint") or "") for node in nodes),
        current=told.get("Current") is True,
        error="; ".join(error for error in errors if error),
    )
