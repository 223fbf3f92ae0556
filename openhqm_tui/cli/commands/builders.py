"""`openhqm-tui builders` and its subcommands: inspect, create, use, rm."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from openhqm_tui.cli.parser import Parser, add_list_format
from openhqm_tui.domain.errors import UsageProblem

if TYPE_CHECKING:
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.engine.docker.builders import Builder

HELP = "list, create, select or remove Buildx builders"

# Copied from domain/plan/builders, whose import would slow `--help` down.
DRIVERS = ("docker-container", "kubernetes", "remote")
_COLUMNS = ("builder", "driver", "node", "endpoint", "status", "native", "emulated")
_NAME = "a builder listed by `openhqm-tui builders`"


def add_arguments(parser: Parser) -> None:
    """Add the list formats and the subcommands."""
    parser.description = (
        "List the Buildx builders with their nodes; the selected builder is marked."
    )
    add_list_format(parser)
    subcommands = parser.add_commands("builders_command")

    inspect = subcommands.add_parser("inspect", help="show the details of a builder")
    inspect.add_argument("name", metavar="NAME", help=_NAME)
    add_list_format(inspect)
    inspect.set_defaults(run=run_inspect)

    create = subcommands.add_parser(
        "create",
        help="create a builder with one or more nodes",
        description="Create a builder and start it. The commands are shown as they run; if one "
        "fails, the builder is removed.",
    )
    create.add_argument("name", metavar="NAME", help="the builder's name")
    create.add_argument(
        "--driver",
        choices=DRIVERS,
        default=DRIVERS[0],
        metavar="DRIVER",
        help=f"{', '.join(DRIVERS)} (default: {DRIVERS[0]})",
    )
    create.add_argument(
        "--node",
        action="append",
        default=[],
        metavar="[PLATFORMS=]ENDPOINT",
        help="add a node: ssh://USER@HOST, tcp://HOST:PORT, unix:///PATH or a Docker context, with "
        "its platforms if needed (linux/arm64=ssh://me@arm1); repeatable (default: the current "
        "engine or cluster; required with --driver remote)",
    )
    create.add_argument(
        "--driver-opt",
        action="append",
        default=[],
        metavar="K=V",
        help="a driver option; repeatable",
    )
    create.add_argument("--use", action="store_true", help="select the new builder in Buildx")
    create.add_argument(
        "--no-start", action="store_true", help="create the builder without starting it"
    )
    create.set_defaults(run=run_create)

    use = subcommands.add_parser("use", help="select a builder in Buildx")
    use.add_argument("name", metavar="NAME", help=_NAME)
    use.set_defaults(run=run_use)

    remove = subcommands.add_parser(
        "rm",
        help="remove a builder",
        description="Remove a builder. Its BuildKit containers and their caches are deleted; the "
        "servers of a `remote` builder are only disconnected, and keep running.",
    )
    remove.add_argument("name", metavar="NAME", help=_NAME)
    remove.add_argument("--yes", action="store_true", help="don't ask for confirmation")
    remove.set_defaults(run=run_remove)


def run(parsed: argparse.Namespace) -> int:
    """List the builders, one line per node."""
    from openhqm_tui.cli.output.summary import aligned
    from openhqm_tui.cli.surroundings import settings_here
    from openhqm_tui.engine.docker.builders import list_builders

    builders = list_builders()
    chosen = settings_here().builder or ""
    if parsed.format == "json":
        for builder in builders:
            _write_json(_record(builder, chosen))
        return 0
    rows: list[tuple[str, ...]] = [_COLUMNS]
    for builder in builders:
        rows += _rows(builder, chosen)
    for line in aligned(rows):
        _print(line)
    return 0


def run_inspect(parsed: argparse.Namespace) -> int:
    """Print the details of one builder."""
    import msgspec

    from openhqm_tui.cli.surroundings import settings_here
    from openhqm_tui.domain.text import one_line
    from openhqm_tui.engine.docker.builders import find_builder, list_builders
    from openhqm_tui.engine.docker.facts import read_facts

    # Reading the list is fast, and it shows whether the builder exists and is selected.
    builder = find_builder(parsed.name, list_builders())
    facts = read_facts(parsed.name, timeout=30)
    if facts.nodes:
        builder = msgspec.structs.replace(
            builder, nodes=facts.nodes, error=builder.error or facts.builder_error
        )
    chosen = settings_here().builder or ""
    if parsed.format == "json":
        _write_json(_record(builder, chosen))
        return 0
    lines = [("builder", builder.name), ("driver", builder.driver)]
    lines += [("selected", "in Buildx")] if builder.current else []
    lines += [("selected", "in the settings")] if builder.name == chosen else []
    lines += [("error", builder.error)] if builder.error else []
    for node in builder.nodes:
        lines += [
            ("", ""),
            ("node", node.name),
            ("endpoint", node.endpoint),
            ("status", node.status or "unknown"),
            ("native", str(node.native or "unknown")),
            ("assigned", _listed(node.claimed)),
            ("emulated", _listed(node.emulated)),
        ]
        lines += [("error", node.error)] if node.error else []
    for key, value in lines:
        if not key or value:
            _print(f"{key:9} {one_line(value, 500)}".rstrip())
    return 0


def run_create(parsed: argparse.Namespace) -> int:
    """Create a builder; raises UsageProblem and EngineProblem."""
    from openhqm_tui.domain.plan.builders import new_builder
    from openhqm_tui.engine.docker.builders import create_builder, use_builder

    new = new_builder(
        parsed.name, parsed.driver, parsed.node, parsed.driver_opt, start=not parsed.no_start
    )
    create_builder(new, _show_command)
    if parsed.use:
        use_builder(new.name, _show_command)
    _print(f"created builder {new.name}; use it with `openhqm-tui build --builder {new.name} …`")
    return 0


def run_use(parsed: argparse.Namespace) -> int:
    """Select a builder in Buildx."""
    from openhqm_tui.engine.docker.builders import use_builder

    use_builder(parsed.name, _show_command)
    _print(f"selected builder {parsed.name} in Buildx")
    return 0


def run_remove(parsed: argparse.Namespace) -> int:
    """Remove a builder after confirmation."""
    from openhqm_tui.domain.plan.builders import removal_text, remove_command
    from openhqm_tui.engine.docker.builders import (
        command_words,
        list_builders,
        removable,
        remove_builder,
    )

    name = parsed.name
    builder = removable(name, list_builders())
    if not parsed.yes:
        if not sys.stdin.isatty():
            raise UsageProblem(
                "`builders rm` asks for confirmation, but standard input is not a terminal",
                fix="add --yes",
            )
        _show_command(command_words(remove_command(name)))
        sys.stderr.write(f"{removal_text(builder.driver)}\nRemove builder {name}? [y]es, [N]o: ")
        sys.stderr.flush()
        if not sys.stdin.readline().strip().lower().startswith("y"):
            _print("nothing was removed")
            return 0
    remove_builder(name, _show_command if parsed.yes else lambda _: None)
    _print(f"removed builder {name}")
    return 0


def _rows(builder: Builder, chosen: str) -> Iterable[tuple[str, ...]]:
    from openhqm_tui.domain.plan.builders import Node
    from openhqm_tui.domain.text import one_line

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


def _show_command(command: str) -> None:
    from openhqm_tui.domain.text import one_line

    sys.stderr.write(f"$ {one_line(command, 2000)}\n")
    sys.stderr.flush()


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _write_json(record: dict[str, Any]) -> None:
    import msgspec

    sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
