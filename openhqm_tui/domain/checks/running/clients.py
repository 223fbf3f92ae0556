"""The check `clients`: the client libraries of the variant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.evidence import Evidence, SeenModule
from openhqm_tui.domain.checks.expectation import (
    ANY_VALUE,
    ClientModule,
    Distribution,
    Expectation,
    Key,
    Tables,
)
from openhqm_tui.domain.checks.running.library import compare
from openhqm_tui.domain.checks.verdict import Answer, Result
from openhqm_tui.domain.plan.requirements import normalized, parsed
from openhqm_tui.domain.text import one_line

ALL_CLIENTS = "all"
Clients = dict[str, str]
RequirementLine = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


def clients_of(tables: Iterable[Mapping[str, Any]]) -> Clients:
    """Return the clients that any table lists, as distribution and module."""
    listed = [found for table in tables if isinstance(found := table.get("clients"), dict)]
    clients: Clients = {}
    for name, module in (one for table in listed for one in table.items()):
        if clients.get(name, ANY_VALUE) == ANY_VALUE:
            clients[name] = module
    return clients


def _listed(value: Clients | str, tables: Tables) -> Clients:
    return value if isinstance(value, dict) else clients_of(tables.all)


def no_requirement(lines: Iterable[str]) -> str:
    """Return an error for a line that isn't a requirement."""
    wrong = next((line for line in lines if parsed(line) is None), None)
    return (
        "" if wrong is None else f"'{wrong:.60}' is not a valid requirement (example: redis>=5,<8)"
    )


CLIENTS: Key[Clients | None] = Key(
    "clients",
    dict[Distribution, ClientModule],
    None,
    word=ALL_CLIENTS,
    resolve=_listed,
    needs_python=True,
)
REQUIREMENTS: Key[tuple[str, ...]] = Key(
    "requirements", tuple[RequirementLine, ...], (), error=no_requirement
)


def are_known(expected: Expectation) -> bool:
    """Whether the clients of an image are known, even if it has none."""
    return CLIENTS.of(expected) is not None


def spelled(clients: Clients | None) -> str:
    """Return clients in the notation of the probe's arguments."""
    return ",".join(f"{name}={module}" for name, module in (clients or {}).items())


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Look for a client that can't be imported, was modified, or has the wrong version."""
    probe = seen.probe
    if probe is None or probe.clients is None:
        return None
    wanted = CLIENTS.of(expected) or {}
    unclear = {one.distribution for one in probe.clients if _has_unknown_modules(one, wanted)}
    found = [_judged(one, unclear, REQUIREMENTS.of(expected)) for one in probe.clients]
    result = compare(wanted, found)
    if unclear and all(one.found or one.distribution in unclear for one in found):
        result = result._replace(answer=Answer.UNKNOWN)
    return result._replace(seen=f"{result.seen} on {probe.machine}")


def _has_unknown_modules(one: SeenModule, wanted: Clients) -> bool:
    any_module = wanted.get(one.distribution) == ANY_VALUE
    return any_module and bool(one.version) and not one.found and not one.error


def _judged(one: SeenModule, unclear: set[str], lines: Iterable[str]) -> SeenModule:
    """Return what was seen of a client, with an error if its version isn't one of `lines`."""
    if one.distribution in unclear:
        error = "the metadata lists no modules: name a module in `clients`"
        return SeenModule(one.distribution, one.version, error=error)
    for line in map(parsed, lines):
        if line is None or normalized(line.name) != normalized(one.distribution):
            continue
        if one.found and not one.version:
            error = f"can be imported, but the distribution {line.name} isn't installed"
        elif one.found and line.specifier and not _fits(one.version, str(line.specifier)):
            error = f"version {one_line(one.version, 60)} doesn't match {line.specifier}"
        else:
            continue
        return SeenModule(one.distribution, one.version, error=error)
    return one


def _fits(version: str, specifier: str) -> bool:
    from packaging.specifiers import SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except InvalidVersion:
        return False


CHECK = Check(
    name="clients",
    position=260,
    short="cli",
    question="Are the expected client libraries installed, in the right versions, and importable?",
    hint="Install the target's own requirements in its final stage.",
    method=Method.CONTAINER,
    keys=(CLIENTS, REQUIREMENTS),
    applies=are_known,
    # Last, because third-party code may crash.
    probe=ProbeArgument(5, "clients", lambda expected, _: spelled(CLIENTS.of(expected))),
    judge=judge,
)
