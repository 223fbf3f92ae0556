"""`openhqm-tui build` and `openhqm-tui plan`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.cli.build_options import options_from
from openhqm_tui.cli.output.choose import format_of
from openhqm_tui.cli.output.follow import follow_to_the_end
from openhqm_tui.domain.text import escaped_json
from openhqm_tui.engine.docker.facts import read_facts
from openhqm_tui.run.follow.load_state import shared_tag_warnings
from openhqm_tui.run.redaction import shown_plan
from openhqm_tui.run.start.prepare import prepare, start_run
from openhqm_tui.store.paths import ready_state_folder
from openhqm_tui.store.retention import limits_of
from openhqm_tui.store.settings import read_settings


def run_build(parsed: argparse.Namespace) -> int:
    """Build what was chosen and return 0, 1 (something failed) or 130 (cancelled)."""
    options, source = options_from(parsed, Path.cwd())
    state = ready_state_folder()
    facts = read_facts(options.builder or None)
    prepared = prepare(options, facts, source)
    for warning in prepared.warnings:
        _say(warning)
    if prepared.info.base_reason:
        sys.stderr.write(f"base image: {prepared.info.base} ({prepared.info.base_reason})\n")
    for warning in shared_tag_warnings(state, prepared.info):
        _say(warning)
    folder = start_run(prepared, limits_of(read_settings(Path.cwd())))
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


def run_plan(parsed: argparse.Namespace) -> int:
    """Print the plan, exact but for a terminal; nothing is started and no folder is written."""
    options, source = options_from(parsed, Path.cwd())
    prepared = prepare(options, read_facts(options.builder or None), source, plan_only=True)
    # Through JSON, as a file has it.
    exact = msgspec.json.encode(prepared.plan.as_bake())
    bake = msgspec.json.decode(exact, type=dict[str, Any])
    masked = shown_plan(bake, prepared.info) if sys.stdout.isatty() else bake
    shown = exact if masked == bake else msgspec.json.encode(masked)
    # Exact to the byte for who reads it as JSON, and harmless to a terminal.
    sys.stdout.write(escaped_json(msgspec.json.format(shown, indent=2).decode()) + "\n")
    if masked != bake:
        sys.stderr.write(
            "openhqm-tui: secrets are masked on a terminal; for the exact plan: "
            "openhqm-tui plan … > bake.json\n"
        )
    for warning in prepared.warnings:
        sys.stderr.write(f"openhqm-tui: {warning}\n")
    return 0
