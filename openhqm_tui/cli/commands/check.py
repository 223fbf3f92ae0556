"""`openhqm-tui check IMAGE…`."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.manual import EXIT_CODES, Section, epilog
from openhqm_tui.cli.parser import Parser, add_format
from openhqm_tui.domain.errors import EngineProblem, Problem

HELP = "check existing images"

_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui check openhqm:latest-redis
  openhqm-tui check openhqm:latest-redis --platforms arm64 --verbose
  openhqm-tui check mine:1 --checks openhqm-checks.toml""",
)


def add_arguments(parser: Parser) -> None:
    """Add the images, the expectations and the output formats."""
    parser.description = (
        "Run the checks of `build` on every platform of existing images: for example, that the "
        "architecture is right, and that only the expected client libraries are installed."
    )
    parser.epilog = epilog(_EXAMPLES, EXIT_CODES)
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="an image in the engine's image store"
    )
    parser.add_argument(
        "--variant",
        metavar="V",
        help="the expected variant, or a target of the checks file (default: from the image's "
        "label)",
    )
    parser.add_argument(
        "--platforms",
        action="append",
        metavar="P,…",
        help="platforms to check (default: all platforms of the image)",
    )
    parser.add_argument(
        "--checks",
        metavar="FILE",
        help="expectations for the images (default: openhqm-checks.toml)",
    )
    parser.add_argument(
        "--no-companions",
        action="store_true",
        help="don't start the companion containers (`service.with`) that service checks need",
    )
    add_format(parser)


def run(parsed: argparse.Namespace) -> int:
    """Check every platform of every image; return 0 if all are verified, else 1."""
    import asyncio
    from contextlib import suppress
    from pathlib import Path

    from openhqm_tui.cli.output.check import show
    from openhqm_tui.cli.output.follow import format_of
    from openhqm_tui.cli.signals import stop_on_signals
    from openhqm_tui.domain.checks.verdict import is_verified
    from openhqm_tui.domain.platforms import parse_platforms
    from openhqm_tui.engine.docker.facts import read_facts
    from openhqm_tui.run.checks.images import check_images
    from openhqm_tui.run.start.source import needs_buildx, source_for
    from openhqm_tui.store.checks_files import our_variant, project_checks

    own = project_checks(Path.cwd(), parsed.checks or "")
    target = parsed.variant or ""
    if target and (own is None or target not in own.targets):
        target = our_variant(target).name
    platforms = parse_platforms(parsed.platforms) if parsed.platforms else ()
    facts = read_facts()
    if facts.error:
        raise EngineProblem(facts.error, fix="see `openhqm-tui doctor`")
    source = None
    # Existing images can be checked even if nothing can be built here.
    with suppress(Problem):
        source = None if needs_buildx(Path.cwd()) else source_for(Path.cwd())
    # If interrupted, asyncio.run still removes the containers of the checks.
    with stop_on_signals():
        checked = asyncio.run(
            check_images(
                parsed.images,
                target,
                own,
                platforms,
                facts,
                source=source,
                companions=not parsed.no_companions,
                notify=_notify,
            )
        )
    show(checked, format_of(parsed.format), sys.stdout, verbose=parsed.verbose)
    return 0 if all(is_verified(image.verdicts) for image in checked) else 1


def _notify(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
