"""`openhqm-tui permissions` and `permissions revoke`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from openhqm_tui.cli.parser import Parser, add_list_format
from openhqm_tui.domain.errors import Problem, UsageProblem

if TYPE_CHECKING:
    from openhqm_tui.store.permissions import Remembered

HELP = "list or revoke the permissions granted to folders"


def add_arguments(parser: Parser) -> None:
    """Add the list formats and `revoke`."""
    parser.description = (
        "List the remembered permissions. Each applies to one folder, as long as the build "
        "definition there is unchanged."
    )
    add_list_format(parser)
    revoke = parser.add_commands("permissions_command").add_parser(
        "revoke",
        help="revoke the permissions of builds in a folder",
        description="Revoke the permissions of builds in a folder. The next build there needs them "
        "again.",
    )
    revoke.add_argument(
        "folder", nargs="?", default="", metavar="DIR", help="the folder (default: the current one)"
    )
    revoke.add_argument("--all", action="store_true", help="revoke the permissions of all folders")
    revoke.set_defaults(run=run_revoke)


def run(parsed: argparse.Namespace) -> int:
    """List the remembered permissions."""
    import msgspec

    from openhqm_tui.cli.output.summary import aligned
    from openhqm_tui.domain.text import plain
    from openhqm_tui.store.paths import state_folder
    from openhqm_tui.store.permissions import all_remembered

    found = all_remembered(state_folder())
    if parsed.format == "json":
        for one in found:
            sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
    elif not found:
        sys.stderr.write("openhqm-tui: no permissions are remembered\n")
    else:
        rows = [("folder", "allowed"), *((one.folder, _permissions(one)) for one in found)]
        for line in aligned([(plain(folder), plain(allowed)) for folder, allowed in rows]):
            sys.stdout.write(line + "\n")
    return 0


def run_revoke(parsed: argparse.Namespace) -> int:
    """Forget the permissions of a folder, or of all; raises Problem if there are none."""
    from openhqm_tui.domain.text import plain
    from openhqm_tui.store.paths import at_home, state_folder
    from openhqm_tui.store.permissions import forget

    if parsed.folder and parsed.all:
        raise UsageProblem("a folder can't be combined with --all", fix="use only one of them")
    place = os.path.realpath(at_home(parsed.folder or "."))
    gone = forget(state_folder(), None if parsed.all else place)
    if not gone:
        raise Problem(f"no permissions are remembered for {'any folder' if parsed.all else place}")
    for one in gone:
        sys.stdout.write(f"revoked for {plain(one.folder)}: {plain(_permissions(one))}\n")
    return 0


def _permissions(one: Remembered) -> str:
    from openhqm_tui.domain.plan.permissions import described, parse_permission

    try:
        granted = [permission for text in one.allow for permission in parse_permission(text)]
    except Problem:
        return ", ".join(one.allow)
    return ", ".join(described(granted, one.folder))
