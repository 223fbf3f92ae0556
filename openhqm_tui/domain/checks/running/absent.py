"""The check `absent`: client libraries of other variants."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.evidence import Evidence, ProbeAnswer
from openhqm_tui.domain.checks.expectation import (
    ClientModule,
    Distribution,
    Expectation,
    Key,
    Tables,
)
from openhqm_tui.domain.checks.running.clients import (
    CLIENTS,
    REQUIREMENTS,
    Clients,
    RequirementLine,
    are_known,
    clients_of,
    no_requirement,
    spelled,
)
from openhqm_tui.domain.checks.verdict import Result
from openhqm_tui.domain.plan.requirements import applies, environment, normalized, parsed

OTHER_CLIENTS = "others"
_WANTED = "no clients of other variants"


def _others(value: Clients | str, tables: Tables) -> Clients:
    """Return the clients of other variants, without this one's and those that core names."""
    own = tables.own.get("clients") or {}
    own = own if isinstance(own, dict) else clients_of(tables.all)
    if isinstance(value, dict):
        listed, core = value, ()
    else:
        listed, core = clients_of(tables.all), tables.own.get("core") or ()
    named = {line.name for line in map(parsed, core) if line is not None}
    allowed = {normalized(name) for name in (*own, *named)}
    return {name: module for name, module in listed.items() if normalized(name) not in allowed}


ABSENT: Key[Clients] = Key(
    "absent",
    dict[Distribution, ClientModule],
    {},
    word=OTHER_CLIENTS,
    resolve=_others,
    needs_python=True,
)


def _core_for_others(value: list[str], tables: Tables) -> list[str] | bool:
    """Drop `core` if `absent` lists the clients: none of those is allowed."""
    return False if isinstance(tables.own.get("absent"), dict) else value


CORE: Key[tuple[str, ...]] = Key(
    "core",
    tuple[RequirementLine, ...],
    (),
    resolve=_core_for_others,
    error=no_requirement,
)


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Look for an installed client that nothing in the image's requirements needs."""
    probe = seen.probe
    if probe is None or probe.absent is None:
        return None
    there = [one for one in probe.absent if one.found or one.version]
    required = _required(expected, probe) if there and CORE.name in expected.keys else {}
    extra, names, brought = [], [], []
    for one in there:
        text = f"{one.distribution} {one.version}".strip()
        requirer = required.get(normalized(one.distribution))
        if requirer:
            brought.append(f"{text}, which {requirer} requires")
        else:
            extra.append(text)
            names.append(one.distribution)
    told = f"{_WANTED} except {'; '.join(brought)}" if brought else _WANTED
    return Result.of(not extra, ", ".join(extra) or told, _WANTED, names)


def _required(expected: Expectation, probe: ProbeAnswer) -> dict[str, str]:
    """Return what the core and the variant's own clients pull in, and what requires each.

    `said.requires` has the requirements of installed distributions that lead to such a client.
    """
    variables = environment(probe.machine, probe.python)
    lines = (*CORE.of(expected), *REQUIREMENTS.of(expected), *(CLIENTS.of(expected) or {}))
    todo = [line for line in map(parsed, lines) if line is not None]
    metadata = {
        normalized(name): [line for line in map(parsed, texts) if line is not None]
        for name, texts in probe.requires.items()
    }
    required: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    while todo:
        one = todo.pop()
        for extra in ("", *sorted(one.extras)):
            if (key := (normalized(one.name), extra)) in seen:
                continue
            seen.add(key)
            for line in metadata.get(key[0], ()):
                if applies(line, {**variables, "extra": extra}):
                    required.setdefault(normalized(line.name), one.name)
                    todo.append(line)
    return required


CHECK = Check(
    name="absent",
    position=270,
    short="abs",
    question="Are the client libraries of other variants absent?",
    hint="Another variant's client is installed: find what requires it, and split the "
    "requirements.",
    method=Method.CONTAINER,
    keys=(CLIENTS, ABSENT, CORE),
    applies=are_known,
    probe=ProbeArgument(1, "absent", lambda expected, _: spelled(ABSENT.of(expected))),
    judge=judge,
)
