"""`openhqm-tui permissions`: what was allowed in folders, and taking it back."""

from __future__ import annotations

import argparse
import os
import sys

import msgspec

from openhqm_tui.cli.output.summary import aligned
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.plan.permissions import described, parse_permission
from openhqm_tui.domain.text import plain
from openhqm_tui.store.paths import at_home, state_folder
from openhqm_tui.store.permissions import Remembered, all_remembered, forget


def run(parsed: argparse.Namespace) -> int:
    """List or revoke; return 0."""
    if parsed.permissions_command == "revoke":
        return _revoke(parsed.folder, everywhere=parsed.all)
    found = all_remembered(state_folder())
    if parsed.format == "json":
        for one in found:
            sys.stdout.write(msgspec.json.encode(one).decode() + "\n")
    elif not found:
        sys.stderr.write("openhqm-tui: nothing was allowed for good\n")
    else:
        rows = [("folder", "allowed"), *((one.folder, _words(one)) for one in found)]
        for line in aligned([(plain(folder), plain(words)) for folder, words in rows]):
            sys.stdout.write(line + "\n")
    return 0


def _revoke(folder: str, *, everywhere: bool) -> int:
    if folder and everywhere:
        raise UsageProblem("DIR and --all contradict each other", fix="give one")
    place = os.path.realpath(at_home(folder or "."))
    gone = forget(state_folder(), None if everywhere else place)
    if not gone:
        raise Problem(f"nothing was allowed in {'any folder' if everywhere else place}")
    for one in gone:
        sys.stdout.write(f"revoked in {plain(one.folder)}: {plain(_words(one))}\n")
    return 0


def _words(one: Remembered) -> str:
    try:
        granted = [permission for text in one.allow for permission in parse_permission(text)]
    except Problem:
        return ", ".join(one.allow)
    return ", ".join(described(granted, one.folder))
