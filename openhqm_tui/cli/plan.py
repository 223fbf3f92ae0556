"""`openhqm-tui plan`: the bake file that build would run, on stdout."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from openhqm_tui.cli.choices import options_from
from openhqm_tui.domain.plain_text import escaped_json
from openhqm_tui.engine.facts import read_facts
from openhqm_tui.run.prepare import prepare


def run(parsed: argparse.Namespace) -> int:
    """Print the plan; nothing is started and no folder is written."""
    options, source = options_from(parsed, Path.cwd())
    prepared = prepare(options, read_facts(options.builder or None), source, plan_only=True)
    bake = msgspec.json.encode(prepared.plan.as_bake())
    # Exact to the byte for who reads it as JSON, and harmless to a terminal.
    sys.stdout.write(escaped_json(msgspec.json.format(bake, indent=2).decode()) + "\n")
    for warning in prepared.warnings:
        sys.stderr.write(f"openhqm-tui: {warning}\n")
    return 0
