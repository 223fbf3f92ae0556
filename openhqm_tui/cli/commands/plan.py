"""`openhqm-tui plan`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from openhqm_tui.cli.manual import Section, epilog
from openhqm_tui.cli.parser import Parser
from openhqm_tui.cli.selection import add_selection

HELP = "print the bake file that build would run"

_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui plan --build-all > bake.json
  docker buildx bake -f bake.json
"""
    "Buildx asks for permission to use paths outside the folder, and names the --allow flags that "
    "grant it. The folder of the bundled Dockerfile (printed by `variants --dockerfile bundled`) "
    "also contains assets/docker-bake.hcl, which can be built directly from there.",
)


def add_arguments(parser: Parser) -> None:
    """Add what to plan."""
    parser.description = (
        "Print the bake file that `build` with the same options would run. Nothing is built, and "
        "no engine is needed."
    )
    parser.epilog = epilog(_EXAMPLES)
    add_selection(parser)
    parser.add_argument(
        "--push",
        action="store_true",
        help="print the plan of `build --push`, which pushes images by digest unless the builder "
        "has the driver `docker`",
    )


def run(parsed: argparse.Namespace) -> int:
    """Print the plan, with secrets masked on a terminal; write no folder and start nothing."""
    from pathlib import Path

    import msgspec

    from openhqm_tui.cli.build_options import list_definition, options_from
    from openhqm_tui.domain.plan.bake import EXAMPLE
    from openhqm_tui.domain.text import escaped_json
    from openhqm_tui.engine.docker.facts import EngineFacts, read_facts
    from openhqm_tui.run.start.prepare import depends_on_builder, prepare

    if parsed.list:
        sys.stdout.write(list_definition(parsed, Path.cwd()))
        return 0
    options, source = options_from(parsed, Path.cwd())
    asks = depends_on_builder(options, source)
    facts = read_facts(options.builder or None) if asks else EngineFacts()
    prepared = prepare(options, facts, source, plan_only=True)
    # Encoded and decoded, so that it compares equal to what a file would contain.
    exact = msgspec.json.encode(prepared.plan.as_bake())
    bake = msgspec.json.decode(exact, type=dict[str, Any])
    masked = bake
    if sys.stdout.isatty():
        from openhqm_tui.run.redaction import shown_plan

        masked = shown_plan(bake, prepared.info)
    shown = exact if masked == bake else msgspec.json.encode(masked)
    # The same JSON, with control characters escaped for a terminal.
    sys.stdout.write(escaped_json(msgspec.json.format(shown, indent=2).decode()) + "\n")
    if masked != bake:
        sys.stderr.write(
            "openhqm-tui: secrets are masked on a terminal; for the exact plan: "
            "openhqm-tui plan … > bake.json\n"
        )
    if prepared.origin:
        sys.stderr.write(f"openhqm-tui: expectations come from {prepared.origin}\n")
    example = EXAMPLE if source.example else ""
    for line in filter(None, (example, prepared.added_output, *prepared.warnings)):
        sys.stderr.write(f"openhqm-tui: {line}\n")
    return 0
