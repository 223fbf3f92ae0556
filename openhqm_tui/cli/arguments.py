"""The words of the command line; what they do is imported only when they are said."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from openhqm_tui import __version__
from openhqm_tui.cli.builder_arguments import add_builder_commands
from openhqm_tui.cli.parser import Parser, add_format, at_least_one, later, seconds
from openhqm_tui.cli.run_arguments import add_run_commands

_EXIT_CODES = (
    "exit codes: 0 all well, 1 a build or a check failed, 2 bad usage or configuration, "
    "3 no usable engine, 130 cancelled"
)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed words, with the function to call as `run`; raises UsageProblem."""
    return _parser().parse_args(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="openhqm-tui",
        description="Build image variants for many platforms side by side with Docker Buildx, "
        "watch them, and prove every image. Without a command: the console.",
        epilog=_EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"openhqm-tui {__version__}")
    parser.set_defaults(run=later("openhqm_tui.cli.console"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    build = commands.add_parser(
        "build", help="build and check, without the console", epilog=_EXIT_CODES
    )
    _add_choices(build)
    build.add_argument(
        "--test-only", action="store_true", help="build and check, and leave no tag behind"
    )
    build.add_argument(
        "--push", action="store_true", help="push the tags, once every image is proved"
    )
    build.add_argument(
        "--allow-unknown",
        action="store_true",
        help="push also what could not be asked everything; what fails is never pushed",
    )
    build.add_argument(
        "--jobs",
        type=at_least_one("--jobs", "target must be built at once", "try 4"),
        metavar="N",
        help="at most N targets at once",
    )
    build.add_argument(
        "--quiet-after",
        type=seconds("--quiet-after"),
        metavar="SECONDS",
        help="tell of a target that says nothing for so long (300; 0: never)",
    )
    build.add_argument("--no-check", action="store_true", help="don't question the images")
    build.add_argument("--detach", action="store_true", help="start the run and return at once")
    add_format(build)
    build.set_defaults(run=later("openhqm_tui.cli.build"))

    add_run_commands(commands)
    add_builder_commands(commands)

    plan = commands.add_parser("plan", help="print the bake file that build would run")
    _add_choices(plan)
    plan.add_argument(
        "--push",
        action="store_true",
        help="as `build --push` would run it: another machine's builder pushes by digest",
    )
    plan.set_defaults(run=later("openhqm_tui.cli.plan"))

    variants = commands.add_parser("variants", help="list what can be built here")
    variants.add_argument("--context", metavar="DIR", help="an OpenHQM checkout")
    variants.add_argument("--dockerfile", metavar="F", help="a Dockerfile, or `bundled`")
    variants.add_argument("--format", choices=("auto", "plain", "json"), default="auto")
    variants.set_defaults(run=later("openhqm_tui.cli.variants"))

    check = commands.add_parser("check", help="question images that are there already")
    check.add_argument("images", nargs="+", metavar="IMAGE")
    check.add_argument("--variant", metavar="V", help="what the image should be (else its label)")
    check.add_argument("--platforms", action="append", metavar="P,…", help="else all of its index")
    check.add_argument(
        "--checks", metavar="FILE", help="what the images must be (openhqm-checks.toml)"
    )
    add_format(check)
    check.set_defaults(run=later("openhqm_tui.cli.check"))

    doctor = commands.add_parser("doctor", help="tell what this machine lacks, and mend it")
    doctor.add_argument("--fix", action="store_true", help="show the commands, ask, run them")
    doctor.add_argument("--yes", action="store_true", help="with --fix: don't ask")
    doctor.add_argument("--platforms", action="append", metavar="P,…", help="platforms to look at")
    doctor.add_argument("--builder", metavar="B", help="a Buildx builder (the selected one)")
    doctor.add_argument("--base-image", metavar="REF", help="the base image to look for")
    doctor.add_argument("--format", choices=("auto", "tty", "plain", "json"), default="auto")
    doctor.set_defaults(run=later("openhqm_tui.cli.doctor"))
    return parser


def _add_choices(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--backend", action="append", metavar="V", help="a variant; again or V,V for more")
    add("--build-all", action="store_true", help="every variant")
    add(
        "--platforms",
        action="append",
        metavar="P,…",
        help="linux/amd64,linux/arm64 unless told; `uname -m` spellings are understood",
    )
    add(
        "--name",
        action="append",
        metavar="N",
        help="image name (openhqm); again or N,N for more registries, the first is the main one",
    )
    add("--tag", metavar="T", help="tag; variants add -NAME to it (latest)")
    add("--builder", metavar="B", help="a Buildx builder (the selected one)")
    add("--base-image", metavar="REF", help="put REF in the place of python:3.13-slim")
    add("--python-version", metavar="X.Y", help="the Python of the images (3.13)")
    add("--context", metavar="DIR|GIT", help="an OpenHQM checkout")
    add("--dockerfile", metavar="F", help="a Dockerfile, or `bundled` for the package's own")
    add(
        "--cache-from",
        action="append",
        metavar="CACHE",
        help="take build steps from a cache: registry=REF, local=DIR, gha, or BuildKit's type=…; "
        "{variant} may stand in REF and DIR, else every variant has its own; again for more",
    )
    add(
        "--cache-to",
        action="append",
        metavar="CACHE",
        help="give build steps to a cache: the same, or inline (inside of the image)",
    )
    add("--ca-bundle", metavar="FILE", help="certificates for the installs, behind a TLS proxy")
    add("--checks", metavar="FILE", help="what the images must be (openhqm-checks.toml)")
