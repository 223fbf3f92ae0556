"""`openhqm-tui variants`."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.parser import Parser, add_list_format

HELP = "list what can be built here"


def add_arguments(parser: Parser) -> None:
    """Add the source and the list formats."""
    parser.description = (
        "List what can be built in this folder: the targets of its bake or Compose file, the "
        "variants of its Dockerfile (or one target, if the Dockerfile has no `ARG QUEUE_BACKEND`), "
        "or the variants that ship with openhqm-tui."
    )
    parser.add_argument(
        *("-f", "--file"),
        action="append",
        metavar="FILE",
        help="a bake or Compose file; repeatable",
    )
    parser.add_argument(
        "--context", metavar="DIR", help="build context, such as an OpenHQM checkout"
    )
    parser.add_argument(
        "--dockerfile", metavar="F", help="a Dockerfile, or `bundled` for the one in this package"
    )
    add_list_format(parser)


def run(parsed: argparse.Namespace) -> int:
    """List the variants, one per line: name, title, client libraries."""
    from pathlib import Path

    import msgspec

    from openhqm_tui.domain.plan.bake import EXAMPLE, SourceKind
    from openhqm_tui.domain.text import plain
    from openhqm_tui.run.start.source import source_for

    source = source_for(
        Path.cwd(),
        context=parsed.context or "",
        dockerfile=parsed.dockerfile or "",
        files=parsed.file or (),
    )
    if parsed.format == "json":
        for variant in source.variants:
            sys.stdout.write(msgspec.json.encode(variant).decode() + "\n")
        return 0
    width = max(len(variant.name) for variant in source.variants)
    for variant in source.variants:
        clients = " ".join(client.distribution for client in variant.clients)
        line = f"{variant.name:{width}}  {variant.title}"
        sys.stdout.write(plain(line + (f" ({clients})" if clients else "")) + "\n")
    where = source.dockerfile or source.bake_file
    # A lone Dockerfile is built as a definition with one target, but isn't one.
    lone = source.kind is SourceKind.BAKE and not source.bake_file
    kind = "" if lone else f" ({source.kind.value})"
    origin = f"from {where}{kind}, context {source.context}"
    if source.example:
        origin = EXAMPLE
    sys.stderr.write(plain(origin) + "\n")
    return 0
