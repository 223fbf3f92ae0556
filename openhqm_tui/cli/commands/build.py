"""`openhqm-tui build`."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.manual import EXIT_CODES, Section, epilog
from openhqm_tui.cli.parser import Parser, add_format, positive_integer, seconds
from openhqm_tui.cli.selection import add_selection
from openhqm_tui.domain.errors import UsageProblem

HELP = "build and check images without the console"

_EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui build redis --platforms linux/$(uname -m)
  openhqm-tui build redis kafka --jobs 2
  openhqm-tui build --build-all --test-only
  openhqm-tui build --build-all --push --name REGISTRY/NAME --tag v1
  openhqm-tui build --build-all --format json | jq -r .event""",
)


def add_arguments(parser: Parser) -> None:
    """Add the selection, the checks, pushing and the output formats."""
    parser.description = (
        "Build the selected targets and platforms in parallel, and check the images of each target "
        "as soon as it is built. Ctrl-C or SIGTERM cancels the run. If the terminal is closed, the "
        "run continues: see `attach`."
    )
    parser.epilog = epilog(_EXAMPLES, EXIT_CODES)
    add_selection(parser)
    publishing = parser.add_argument_group("checking and pushing")
    publishing.add_argument(
        "--push", action="store_true", help="push the tags once every image is verified"
    )
    publishing.add_argument(
        "--no-push",
        action="store_true",
        help="don't push images or export remote caches, even if the bake file does",
    )
    publishing.add_argument(
        "--allow-unknown",
        action="store_true",
        help="also push images with inconclusive checks; an image that failed a check is never "
        "pushed",
    )
    publishing.add_argument(
        "--test-only", action="store_true", help="build and check, but don't tag the images"
    )
    publishing.add_argument("--no-check", action="store_true", help="skip the checks")
    publishing.add_argument(
        "--no-companions",
        action="store_true",
        help="don't start the companion containers (`service.with`) that service checks need",
    )
    running = parser.add_argument_group("run")
    running.add_argument(
        "--jobs",
        type=positive_integer("--jobs", "use 1 or more"),
        metavar="N",
        help="build at most N targets in parallel (default: all)",
    )
    running.add_argument(
        "--quiet-after",
        type=seconds("--quiet-after"),
        metavar="SECONDS",
        help="warn if a target prints nothing for this long (default: 300; 0 disables the warning)",
    )
    running.add_argument(
        "--detach", action="store_true", help="start the run in the background and return"
    )
    add_format(running)
    running.add_argument(
        "--progress",
        dest="format",
        type=_format_of_progress,
        default=argparse.SUPPRESS,
        metavar="TYPE",
        help="auto, plain or tty: same as --format",
    )
    running.add_argument(
        "--metadata-file",
        metavar="FILE",
        help="write Buildx's metadata about the targets to a file, if all of them were built",
    )
    running.add_argument(
        "--iidfile", metavar="FILE", help="write the image ID to a file (for one target only)"
    )


def _format_of_progress(text: str) -> str:
    if text in {"auto", "plain", "tty"}:
        return text
    fix = {
        "rawjson": "use --format json; BuildKit's own stream is in TARGET.rawjson in the run "
        "folder",
        "quiet": "use --detach to print only the run ID",
        "none": "use --detach to print only the run ID",
    }
    raise UsageProblem(
        f"--progress {text} is not available"
        if text in fix
        else f"invalid value '{text}' for --progress",
        fix=fix.get(text, ""),
        valid="" if text in fix else "auto plain tty",
    )


def run(parsed: argparse.Namespace) -> int:
    """Build the selection and return 0, 1 (something failed) or 130 (cancelled)."""
    from pathlib import Path

    if parsed.print or parsed.list:
        from openhqm_tui.cli.commands import plan

        return plan.run(parsed)
    from openhqm_tui.cli.build_options import options_from
    from openhqm_tui.cli.output.follow import follow_to_the_end, format_of
    from openhqm_tui.cli.result_files import check_result_files, write_result_files
    from openhqm_tui.domain.plan.bake import EXAMPLE
    from openhqm_tui.engine.docker.facts import read_facts
    from openhqm_tui.run.follow.follower import shared_tag_warnings
    from openhqm_tui.run.start.prepare import prepare, start_run
    from openhqm_tui.store.paths import ready_state_folder
    from openhqm_tui.store.retention import limits_of
    from openhqm_tui.store.settings import read_settings

    options, source = options_from(parsed, Path.cwd())
    state = ready_state_folder()
    facts = read_facts(options.builder or None)
    prepared = prepare(options, facts, source)
    check_result_files(parsed, prepared.info.targets)
    if source.example:
        _notify(EXAMPLE)
    for warning in prepared.warnings:
        _notify(warning)
    if prepared.info.base_reason:
        sys.stderr.write(f"base image: {prepared.info.base} ({prepared.info.base_reason})\n")
    for warning in shared_tag_warnings(state, prepared.info):
        _notify(warning)
    folder = start_run(prepared, limits_of(read_settings(Path.cwd())))
    name = folder.path.name
    if parsed.detach:
        sys.stdout.write(f"{name}\n")
        _notify(f"follow the run with `openhqm-tui attach {name}`")
        return 0
    if format_of(parsed.format) == "tty":
        _notify(f"if this terminal is closed, the run continues: see `openhqm-tui attach {name}`")
    code = follow_to_the_end(folder, parsed.format, verbose=parsed.verbose)
    write_result_files(parsed, folder)
    return code


def _notify(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
