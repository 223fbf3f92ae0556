"""`openhqm-tui build`."""

from __future__ import annotations

import argparse
import sys

from openhqm_tui.cli.manual import EXIT_CODES, Section, epilog
from openhqm_tui.cli.parser import Parser, add_format, positive_integer, seconds

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
        "Build the selected targets for all platforms in parallel, and check each image as soon "
        "as it is built. If this command is killed, the run continues: see `attach`."
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
        help="build only, even if the bake file pushes or exports a registry cache",
    )
    publishing.add_argument(
        "--allow-unknown",
        action="store_true",
        help="also push images with inconclusive checks; failed images are never pushed",
    )
    publishing.add_argument(
        "--test-only", action="store_true", help="build and check, but don't tag the images"
    )
    publishing.add_argument("--no-check", action="store_true", help="skip the checks")
    publishing.add_argument(
        "--no-companions",
        action="store_true",
        help="check services without the containers that `service.with` starts alongside them",
    )
    running = parser.add_argument_group("run")
    running.add_argument(
        "--jobs",
        type=positive_integer("--jobs", "try 4"),
        metavar="N",
        help="build at most N targets in parallel (default: all)",
    )
    running.add_argument(
        "--quiet-after",
        type=seconds("--quiet-after"),
        metavar="SECONDS",
        help="warn if a target prints nothing for this long (default 300 s; 0 disables)",
    )
    running.add_argument(
        "--detach", action="store_true", help="start the run in the background and return"
    )
    add_format(running)


def add_selection(parser: Parser) -> None:
    """Add the arguments that `build` and `plan` share."""
    parser.usage = "%(prog)s [TARGET… | --build-all] [OPTION…]"
    parser.rest_in = "targets"
    what = parser.add_argument_group("what to build")
    what.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="a variant, or a target or group of the bake file (default: the group `default`)",
    )
    what.add_argument(
        "-b",
        "--backend",
        action="append",
        metavar="V",
        help="same as TARGET; repeatable, or comma-separated",
    )
    what.add_argument("--build-all", action="store_true", help="build all variants or targets")
    what.add_argument(
        *("-p", "--platforms"),
        action="append",
        metavar="P,…",
        help="default: those of the bake file, else linux/amd64,linux/arm64; `uname -m` names are "
        "accepted too",
    )
    what.add_argument(
        *("-n", "--name"),
        action="append",
        metavar="N",
        help="image name (default: openhqm); repeatable, to push to several registries; the first "
        "is the main name",
    )
    what.add_argument(
        *("-t", "--tag"),
        metavar="T",
        help="tag; -VARIANT is appended for each variant (default: latest)",
    )
    source = parser.add_argument_group("source")
    source.add_argument(
        *("-f", "--file"),
        action="append",
        metavar="FILE",
        help="a bake or Compose file (default: the files that `docker buildx bake` reads); "
        "repeatable",
    )
    source.add_argument("--context", metavar="DIR|GIT", help="an OpenHQM checkout")
    source.add_argument(
        "--dockerfile", metavar="F", help="a Dockerfile, or `bundled` for the one in this package"
    )
    source.add_argument("--base-image", metavar="REF", help="use REF instead of python:3.13-slim")
    source.add_argument(
        "--python-version", metavar="X.Y", help="Python version of the images (default: 3.13)"
    )
    source.add_argument(
        "--ca-bundle",
        metavar="FILE",
        help="CA certificates for downloads behind a TLS-intercepting proxy",
    )
    source.add_argument(
        "--checks",
        metavar="FILE",
        help="expectations for the images (default: openhqm-checks.toml)",
    )
    builder = parser.add_argument_group("builder and caches")
    builder.add_argument(
        "--builder", metavar="B", help="a Buildx builder (default: the selected one)"
    )
    builder.add_argument(
        "--allow",
        action="append",
        metavar="PERMISSION",
        help="grant a permission in Buildx's syntax: fs.read=PATH, fs.write=PATH, fs=PATH, "
        "network.host, security.insecure, ssh, device=NAME; repeatable (plan needs none)",
    )
    builder.add_argument(
        "--cache-from",
        action="append",
        metavar="CACHE",
        help="import build steps from a cache: registry=REF, local=DIR, gha, or BuildKit's type=…; "
        "{variant} in REF or DIR is replaced with the variant's name, which is otherwise "
        "appended; repeatable",
    )
    builder.add_argument(
        "--cache-to",
        action="append",
        metavar="CACHE",
        help="export build steps to a cache: as in --cache-from, or inline (in the image itself)",
    )


def run(parsed: argparse.Namespace) -> int:
    """Build the selection and return 0, 1 (something failed) or 130 (cancelled)."""
    from pathlib import Path

    from openhqm_tui.cli.build_options import options_from
    from openhqm_tui.cli.output.follow import follow_to_the_end, format_of
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
        _notify(f"if the terminal is lost, reconnect with `openhqm-tui attach {name}`")
    return follow_to_the_end(folder, parsed.format, verbose=parsed.verbose)


def _notify(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
