"""The check `clients`: the client libraries of the variant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Distribution, Expectation, Key, Module, Tables
from openhqm_tui.domain.checks.running.library import compare
from openhqm_tui.domain.checks.verdict import Result

ALL_CLIENTS = "all"
Clients = dict[str, str]


def clients_of(tables: Iterable[Mapping[str, Any]]) -> Clients:
    """Return the clients that any table lists, as distribution and module."""
    listed = [found for table in tables if isinstance(found := table.get("clients"), dict)]
    return {name: module for clients in listed for name, module in clients.items()}


def _listed(value: Clients | str, tables: Tables) -> Clients:
    return value if isinstance(value, dict) else clients_of(tables.all)


CLIENTS: Key[Clients | None] = Key(
    "clients",
    dict[Distribution, Module],
    None,
    word=ALL_CLIENTS,
    resolve=_listed,
    needs_python=True,
)


def are_known(expected: Expectation) -> bool:
    """Whether anything is known of an image's clients, if only that it has none."""
    return CLIENTS.of(expected) is not None


def spelled(clients: Clients | None) -> str:
    """Return clients as the probe takes them."""
    return ",".join(f"{name}={module}" for name, module in (clients or {}).items())


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Look for a client that doesn't import, or isn't as its distribution installed it."""
    said = seen.probe
    if said is None or said.clients is None:
        return None
    result = compare(CLIENTS.of(expected) or (), said.clients)
    return result._replace(seen=f"{result.seen} on {said.machine}")


CHECK = Check(
    name="clients",
    position=260,
    short="cli",
    question="Do the variant's client libraries import?",
    hint="Install the variant's own requirements file in its final stage.",
    method=Method.CONTAINER,
    keys=(CLIENTS,),
    applies=are_known,
    # The last: third-party code may crash.
    probe=ProbeArgument(5, "clients", lambda expected, _: spelled(CLIENTS.of(expected))),
    judge=judge,
)
