"""`openhqm-tui report [RUN]`: what a run tells, for who wasn't there."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from openhqm_tui.cli.run_lookup import run_named
from openhqm_tui.report.formats.catalog import rendered
from openhqm_tui.report.formats.github import append_summary
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.write import write_text


def run(parsed: argparse.Namespace) -> int:
    """Write the report of a run and return 0, however the run had ended."""
    folder = run_named(parsed.run_name)
    report = read_report(folder)
    summary = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if parsed.format == "github" and summary and not parsed.output:
        append_summary(Path(summary), report)
        sys.stderr.write("openhqm-tui: added to the step's summary\n")
        return 0
    text = rendered(report, parsed.format)
    if parsed.output in {"", "-"}:
        sys.stdout.write(text)
        return 0
    write_text(Path(parsed.output), text, "give -o a file in a folder that is there")
    sys.stderr.write(f"openhqm-tui: wrote {parsed.output}\n")
    return 0
