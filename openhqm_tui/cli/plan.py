"""`openhqm-tui plan`: the bake file that build would run, on stdout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.cli.choices import options_from
from openhqm_tui.domain.plain_text import escaped_json
from openhqm_tui.engine.facts import read_facts
from openhqm_tui.run.prepare import prepare
from openhqm_tui.run.redaction import shown_plan


def run(parsed: argparse.Namespace) -> int:
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
