"""The check `absent`: client libraries of other variants."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Distribution, Expectation, Key, Module, Tables
from openhqm_tui.domain.checks.running.clients import (
    CLIENTS,
    Clients,
    are_known,
    clients_of,
    spelled,
)
from openhqm_tui.domain.checks.verdict import Result

OTHER_CLIENTS = "others"
_WANTED = "no other client"


def _others(value: Clients | str, tables: Tables) -> Clients:
    own = tables.own.get("clients") or {}
    own = own if isinstance(own, dict) else clients_of(tables.all)
    listed = value if isinstance(value, dict) else clients_of(tables.all)
    return {name: module for name, module in listed.items() if own.get(name) != module}


ABSENT: Key[Clients] = Key(
    "absent",
    dict[Distribution, Module],
    {},
    word=OTHER_CLIENTS,
    resolve=_others,
    needs_python=True,
)


def judge(_: Expectation, seen: Evidence) -> Result | None:
    """Look for a client that is installed or can be imported."""
    found = None if seen.probe is None else seen.probe.absent
    if found is None:
        return None
    extra = [
        f"{one.distribution} {one.version}".strip() for one in found if one.found or one.version
    ]
    return Result.of(not extra, ", ".join(extra) or _WANTED, _WANTED)


CHECK = Check(
    name="absent",
    position=270,
    short="abs",
    question="Are the client libraries of other variants left out?",
    hint="Another variant's client came along: find what requires it, and split the requirements.",
    method=Method.CONTAINER,
    keys=(CLIENTS, ABSENT),
    applies=are_known,
    probe=ProbeArgument(1, "absent", lambda expected, _: spelled(ABSENT.of(expected))),
    judge=judge,
)
