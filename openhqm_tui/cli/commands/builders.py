"""`openhqm-tui builders`: list, inspect, create, use, rm."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from openhqm_tui.cli.commands.settings import settings_here
from openhqm_tui.cli.output.summary import aligned
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.builders import new_builder, remove_command
from openhqm_tui.domain.plan.nodes import Node
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.builders import (
    Builder,
    command_words,
    create_builder,
    find_builder,
    list_builders,
    removable,
    remove_builder,
    use_builder,
)
from openhqm_tui.engine.docker.facts import read_facts

_COLUMNS = ("builder", "driver", "node", "endpoint", "status", "native", "emulated")


def run(parsed: argparse.Namespace) -> int:
    """Return 0; raises UsageProblem and EngineProblem."""
    match parsed.builders_command:
        case "inspect":
            _inspect(parsed.name, parsed.format)
        case "create":
            _create(parsed)
        case "use":
            use_builder(parsed.name, _show)
            _say(f"Buildx builds with {parsed.name} now")
        case "rm":
            return _remove(parsed.name, yes=parsed.yes)
        case _:
            _list(parsed.format)
    return 0


def _list(form: str) -> None:
    builders = list_builders()
    chosen = settings_here().builder or ""
    if form == "json":
        for builder in builders:
            _write(_record(builder, chosen))
        return
    rows: list[tuple[str, ...]] = [_COLUMNS]
    for builder in builders:
        rows += _rows(builder, chosen)
    for line in aligned(rows):
        _say(line)


def _rows(builder: Builder, chosen: str) -> Iterable[tuple[str, ...]]:
    marks = [
        *(["*"] if builder.current else []),
        *(["(settings)"] if builder.name == chosen else []),
    ]
    name = " ".join([one_line(builder.name, 40), *marks])
    for index, node in enumerate(builder.nodes or (Node(""),)):
        first = (name, builder.driver) if index == 0 else ("", "")
        yield (
            *first,
            one_line(node.name, 40),
            one_line(node.endpoint, 60),
            one_line(node.error or node.status or builder.error or "unknown"),
            "" if node.native is None else str(node.native),
            _listed(node.emulated),
        )


def _inspect(name: str, form: str) -> None:
    # The list is quick and tells whether there is such a builder, and which is selected.
    builder = find_builder(name, list_builders())
    facts = read_facts(name, timeout=30)
    if facts.nodes:
        builder = msgspec.structs.replace(
            builder, nodes=facts.nodes, error=builder.error or facts.builder_error
        )
    chosen = settings_here().builder or ""
    if form == "json":
        _write(_record(builder, chosen))
        return
    lines = [("builder", builder.name), ("driver", builder.driver)]
    lines += [("selected", "in Buildx")] if builder.current else []
    lines += [("selected", "in the settings")] if builder.name == chosen else []
    lines += [("trouble", builder.error)] if builder.error else []
    for node in builder.nodes:
        lines += [
            ("", ""),
            ("node", node.name),
            ("endpoint", node.endpoint),
            ("status", node.status or "unknown"),
            ("native", str(node.native or "unknown")),
            ("claimed", _listed(node.claimed)),
            ("emulated", _listed(node.emulated)),
        ]
        lines += [("trouble", node.error)] if node.error else []
    for key, value in lines:
        if not key or value:
            _say(f"{key:9} {one_line(value, 500)}".rstrip())


def _create(parsed: argparse.Namespace) -> None:
    new = new_builder(
        parsed.name, parsed.driver, parsed.node, parsed.driver_opt, start=not parsed.no_start
    )
    create_builder(new, _show)
    if parsed.use:
        use_builder(new.name, _show)
    _say(f"builder {new.name} is there: `openhqm-tui build --builder {new.name} …`")


def _remove(name: str, *, yes: bool) -> int:
    removable(name, list_builders())
    if not yes:
        if not sys.stdin.isatty():
            raise UsageProblem(
                "rm asks before it removes, and standard input is no terminal", fix="add --yes"
            )
        _show(command_words(remove_command(name)))
        sys.stderr.write(f"Remove builder {name}, its nodes and their caches? [y]es, [N]o: ")
        sys.stderr.flush()
        if not sys.stdin.readline().strip().lower().startswith("y"):
            _say("nothing is removed")
            return 0
    remove_builder(name, _show if yes else lambda _: None)
    _say(f"builder {name} is removed")
    return 0


def _record(builder: Builder, chosen: str) -> dict[str, Any]:
    return {
        "name": builder.name,
        "driver": builder.driver,
        "selected": builder.current,
        "settings": builder.name == chosen,
        "error": builder.error,
        "platforms": _names(builder.platforms),
        "nodes": [
            {
                "name": node.name,
                "endpoint": node.endpoint,
                "status": node.status,
                "error": node.error,
                "native": "" if node.native is None else str(node.native),
                "platforms": _names(node.platforms),
                "claimed": _names(node.claimed),
                "emulated": _names(node.emulated),
            }
            for node in builder.nodes
        ],
    }


def _names(platforms: Sequence[Platform]) -> list[str]:
    return [str(platform) for platform in platforms]


def _listed(platforms: Sequence[Platform]) -> str:
    return " ".join(str(platform).removeprefix("linux/") for platform in platforms)


def _show(command: str) -> None:
    sys.stderr.write(f"$ {one_line(command, 2000)}\n")
    sys.stderr.flush()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _write(record: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
