"""The words of the command line; what they do is imported only when they are said."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from openhqm_tui import __version__
from openhqm_tui.cli import manual
from openhqm_tui.cli.builder_arguments import add_builder_commands
from openhqm_tui.cli.parser import (
    CommandsLater,
    Parser,
    add_format,
    add_list_format,
    at_least_one,
    later,
    seconds,
)
from openhqm_tui.cli.run_arguments import add_learnt_commands, add_run_commands
from openhqm_tui.cli.serve_arguments import add_serve
from openhqm_tui.domain.errors import UsageProblem

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Parser]

_CHOICE = "[--backend V,… | --build-all] [OPTION…]"


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the parsed words, with the function to call as `run`; raises UsageProblem.

    Where a shell asks for completions, it gets them, and the process ends.
    """
    if "_ARGCOMPLETE" in os.environ:
        from openhqm_tui.cli.completion import complete

        complete(build_parser())
    parsed = build_parser(lazily=True).parse_args(arguments)
    if parsed.watch_only and parsed.command:
        raise UsageProblem(
            f"--watch-only is for the console, not for {parsed.command}",
            fix="`serve` has one of its own: write it after the command",
        )
    return parsed


def build_parser(*, lazily: bool = False) -> argparse.ArgumentParser:
    """Return the parser of all commands; `lazily`: each is made when it is said."""
    parser = Parser(
        prog="openhqm-tui",
        description="Build image variants for many platforms side by side with Docker Buildx, "
        "watch them, and verify every image. Without a command: the console.",
        epilog=manual.epilog(
            manual.EXAMPLES,
            manual.EXIT_CODES,
            manual.SETTINGS,
            manual.ENVIRONMENT,
            manual.FILES,
        ),
    )
    parser.add_argument("--version", action="version", version=f"openhqm-tui {__version__}")
    parser.add_argument(
        "--watch-only",
        action="store_true",
        help="open the console to watch: nothing is built, stopped or changed from it",
    )
    parser.set_defaults(run=later("openhqm_tui.cli.commands.console"))
    commands = parser.add_subparsers(
        dest="command",
        metavar="COMMAND",
        title="commands",
        action=CommandsLater if lazily else argparse._SubParsersAction,
    )
    _add_build(commands)
    _add_plan(commands)
    _add_permissions(commands)
    _add_variants(commands)
    _add_check(commands)
    _add_doctor(commands)
    add_run_commands(commands)
    add_learnt_commands(commands)
    add_builder_commands(commands)
    add_serve(commands)
    _add_guides(commands)
    _add_completion(commands)
    return parser


def _add_build(commands: Commands) -> None:
    build = commands.add_parser(
        "build",
        help="build and check, without the console",
        usage=f"%(prog)s {_CHOICE}",
        description="Build the chosen variants on all platforms in parallel, and check each image "
        "as soon as it is built. The run continues if this command is killed: see `attach`.",
        epilog=manual.epilog(manual.BUILD_EXAMPLES, manual.EXIT_CODES),
    )
    _add_choices(build)
    proof = build.add_argument_group("checking and pushing")
    proof.add_argument(
        "--push", action="store_true", help="push the tags once every image is verified"
    )
    proof.add_argument(
        "--no-push",
        action="store_true",
        help="build only, where the bake file itself pushes or writes a registry's cache",
    )
    proof.add_argument(
        "--allow-unknown",
        action="store_true",
        help="also push images with inconclusive checks; images that fail are never pushed",
    )
    proof.add_argument(
        "--test-only", action="store_true", help="build and check without leaving a tag"
    )
    proof.add_argument("--no-check", action="store_true", help="skip the checks")
    course = build.add_argument_group("the run")
    course.add_argument(
        "--jobs",
        type=at_least_one("--jobs", "target must be built at once", "try 4"),
        metavar="N",
        help="build at most N targets in parallel (default: all)",
    )
    course.add_argument(
        "--quiet-after",
        type=seconds("--quiet-after"),
        metavar="SECONDS",
        help="warn if a target prints nothing for this long (default 300 s; 0 disables)",
    )
    course.add_argument(
        "--detach", action="store_true", help="start the run in the background and return"
    )
    add_format(course)
    build.set_defaults(run=later("openhqm_tui.cli.commands.build:run_build"))


def _add_plan(commands: Commands) -> None:
    plan = commands.add_parser(
        "plan",
        help="print the bake file that build would run",
        usage=f"%(prog)s {_CHOICE}",
        description="Print the bake file that `build` with the same options would run. Nothing is "
        "built, and no engine is needed.",
        epilog=manual.epilog(manual.PLAN_EXAMPLES),
    )
    _add_choices(plan)
    plan.add_argument(
        "--push",
        action="store_true",
        help="as `build --push` would run it: another machine's builder pushes by digest",
    )
    plan.set_defaults(run=later("openhqm_tui.cli.commands.build:run_plan"))


def _add_permissions(commands: Commands) -> None:
    permissions = commands.add_parser(
        "permissions",
        help="list what was allowed in folders, or revoke it",
        description="List the permissions that were remembered when a build asked for them. They "
        "hold for one folder, as long as its definition is unchanged.",
    )
    add_list_format(permissions)
    permissions.set_defaults(run=later("openhqm_tui.cli.commands.permissions"))
    of_permissions = permissions.add_subparsers(
        dest="permissions_command", metavar="COMMAND", title="commands"
    )
    revoke = of_permissions.add_parser(
        "revoke",
        help="ask again before the next build",
        description="Forget what was allowed in a folder: its next build asks again.",
    )
    revoke.add_argument("folder", nargs="?", default="", metavar="DIR", help="default: this folder")
    revoke.add_argument("--all", action="store_true", help="in every folder")
    revoke.set_defaults(run=later("openhqm_tui.cli.commands.permissions"))


def _add_variants(commands: Commands) -> None:
    variants = commands.add_parser(
        "variants",
        help="list what can be built here",
        description="List what can be built in this folder: the targets of its bake file, the "
        "variants of its Dockerfile with `ARG QUEUE_BACKEND`, or those that ship with openhqm-tui.",
    )
    variants.add_argument("--context", metavar="DIR", help="an OpenHQM checkout")
    variants.add_argument(
        "--dockerfile", metavar="F", help="a Dockerfile, or `bundled` for the package's own"
    )
    add_list_format(variants)
    variants.set_defaults(run=later("openhqm_tui.cli.commands.variants"))


def _add_check(commands: Commands) -> None:
    check = commands.add_parser(
        "check",
        help="check existing images",
        description="Run the checks of `build` on every platform of existing images: the right "
        "architecture, the right client, nothing else.",
        epilog=manual.epilog(manual.CHECK_EXAMPLES, manual.EXIT_CODES),
    )
    check.add_argument("images", nargs="+", metavar="IMAGE", help="a name in the engine's store")
    check.add_argument(
        "--variant", metavar="V", help="the expected variant (default: from its label)"
    )
    check.add_argument(
        "--platforms", action="append", metavar="P,…", help="default: all in its index"
    )
    check.add_argument(
        "--checks",
        metavar="FILE",
        help="expectations for the images (default: openhqm-checks.toml)",
    )
    add_format(check)
    check.set_defaults(run=later("openhqm_tui.cli.commands.check"))


def _add_doctor(commands: Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="diagnose this machine and fix problems",
        description="Check the engine, Buildx, image store, emulators, base image and disk; "
        "explain why each matters and how to fix it.",
        epilog=manual.epilog(manual.DOCTOR_EXAMPLES, manual.EXIT_CODES),
    )
    doctor.add_argument("--fix", action="store_true", help="show the commands, ask, run them")
    doctor.add_argument("--yes", action="store_true", help="with --fix: don't ask")
    doctor.add_argument("--platforms", action="append", metavar="P,…", help="platforms to check")
    doctor.add_argument(
        "--builder", metavar="B", help="a Buildx builder (default: the selected one)"
    )
    doctor.add_argument("--base-image", metavar="REF", help="the base image to check")
    doctor.add_argument(
        "--format",
        choices=("auto", "tty", "plain", "json"),
        default="auto",
        help="auto: tty in a terminal, else plain; json: one JSON object a line",
    )
    doctor.set_defaults(run=later("openhqm_tui.cli.commands.doctor"))


def _add_completion(commands: Commands) -> None:
    completion = commands.add_parser(
        "completion",
        help="print a shell completion script",
        description="Print a script that lets a shell complete commands, flags, variants, "
        "platforms, runs, builders and files.",
        epilog=manual.epilog(manual.COMPLETION_PLACES),
    )
    # As cli/completion has them; its module would slow `--help` down.
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")
    completion.set_defaults(run=later("openhqm_tui.cli.completion"))


def _add_guides(commands: Commands) -> None:
    guides = commands.add_parser(
        "guides",
        help="list the guides, or print one; in the console: F1",
        description="List the guides that ship with the package, or print one.",
        epilog=manual.epilog(manual.GUIDES_EXAMPLES),
    )
    guides.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="default: list all guides"
    )
    guides.add_argument(
        "--format",
        choices=("auto", "tty", "plain"),
        default="auto",
        help="auto: drawn in a terminal, else as Markdown",
    )
    guides.set_defaults(run=later("openhqm_tui.cli.commands.guides"))


def _add_choices(parser: argparse.ArgumentParser) -> None:
    what = parser.add_argument_group("what to build")
    what.add_argument(
        "--backend", action="append", metavar="V", help="a variant; again or V,V for more"
    )
    what.add_argument("--build-all", action="store_true", help="every variant")
    what.add_argument(
        "--platforms",
        action="append",
        metavar="P,…",
        help="default: linux/amd64,linux/arm64; `uname -m` spellings are accepted",
    )
    what.add_argument(
        "--name",
        action="append",
        metavar="N",
        help="image name (openhqm); again or N,N for more registries, the first is the main one",
    )
    what.add_argument("--tag", metavar="T", help="tag; variants add -NAME to it (latest)")
    where = parser.add_argument_group("from what")
    where.add_argument("--context", metavar="DIR|GIT", help="an OpenHQM checkout")
    where.add_argument(
        "--dockerfile", metavar="F", help="a Dockerfile, or `bundled` for the package's own"
    )
    where.add_argument("--base-image", metavar="REF", help="use REF instead of python:3.13-slim")
    where.add_argument(
        "--python-version", metavar="X.Y", help="Python version of the images (default: 3.13)"
    )
    where.add_argument(
        "--ca-bundle", metavar="FILE", help="certificates for the installs, behind a TLS proxy"
    )
    where.add_argument(
        "--checks",
        metavar="FILE",
        help="expectations for the images (default: openhqm-checks.toml)",
    )
    how = parser.add_argument_group("with what")
    how.add_argument("--builder", metavar="B", help="a Buildx builder (default: the selected one)")
    how.add_argument(
        "--allow",
        action="append",
        metavar="PERMISSION",
        help="allow what Buildx asks for, as it spells it: fs.read=PATH, fs.write=PATH, fs=PATH, "
        "network.host, security.insecure, ssh, device=NAME; again for more (plan needs none)",
    )
    how.add_argument(
        "--cache-from",
        action="append",
        metavar="CACHE",
        help="take build steps from a cache: registry=REF, local=DIR, gha, or BuildKit's type=…; "
        "{variant} may stand in REF and DIR, else every variant has its own; again for more",
    )
    how.add_argument(
        "--cache-to",
        action="append",
        metavar="CACHE",
        help="give build steps to a cache: the same, or inline (inside of the image)",
    )
