"""`openhqm-tui build`: the runner, with a follower attached."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from openhqm_tui.cli.choices import options_from
from openhqm_tui.cli.following import follow_to_the_end
from openhqm_tui.cli.output import format_of
from openhqm_tui.engine.facts import read_facts
from openhqm_tui.run.prepare import begin, prepare
from openhqm_tui.run.standing import tags_shared
from openhqm_tui.store.places import ready_state_folder
from openhqm_tui.store.retention import limits_of
from openhqm_tui.store.settings import read_settings


def run(parsed: argparse.Namespace) -> int:
    """Build what was chosen and return 0, 1 (something failed) or 130 (cancelled)."""
    options, source = options_from(parsed, Path.cwd())
    state = ready_state_folder()
    facts = read_facts(options.builder or None)
    prepared = prepare(options, facts, source)
    for warning in prepared.warnings:
        _say(warning)
    if prepared.info.base_reason:
        sys.stderr.write(f"base image: {prepared.info.base} ({prepared.info.base_reason})\n")
    for other, tags in tags_shared(state, prepared.info):
        more = f" and {len(tags) - 1} more" if len(tags) > 1 else ""
        _say(
            f"run {other.path.name} goes on and builds {tags[0]}{more} too: both runs are kept "
            "apart, and the tag will name the image of the one that ends last"
        )
    folder = begin(prepared, limits_of(read_settings(Path.cwd())))
    name = folder.path.name
    if parsed.detach:
        sys.stdout.write(f"{name}\n")
        _say(f"follow it with `openhqm-tui attach {name}`")
        return 0
    if format_of(parsed.format) == "tty":
        _say(f"after a lost terminal: `openhqm-tui attach {name}`")
    return follow_to_the_end(folder, parsed.format, verbose=parsed.verbose)


def _say(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
