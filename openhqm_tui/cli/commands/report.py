"""`openhqm-tui report [RUN]`."""

from __future__ import annotations

import argparse
import os
import sys

from openhqm_tui.cli.parser import Parser, add_run

HELP = "write a report on a run: Markdown, HTML, JUnit XML, JSON, …"


def add_arguments(parser: Parser) -> None:
    """Add the run, the format and the file."""
    from openhqm_tui.report.catalog import formats

    parser.description = (
        "Write a report on a run: environment, test cases, times, architectures, cache, sizes, "
        "known limits. Docker is not contacted. Known secrets are masked."
    )
    parser.epilog = (
        "exit codes: 0 the report was written, whether or not the run passed; 2 the report "
        "couldn't be written"
    )
    add_run(parser)
    parser.add_argument(
        "--format",
        choices=tuple(formats()),
        default="md",
        help="; ".join(f"{form.name}: {form.help}" for form in formats().values())
        + " (default: md)",
    )
    parser.add_argument(
        "-o",
        "--output",
        default="",
        metavar="FILE",
        help="file to write (default: standard output)",
    )


def run(parsed: argparse.Namespace) -> int:
    """Write the report and return 0, whether or not the run passed."""
    from pathlib import Path

    from openhqm_tui.cli.run_lookup import run_named
    from openhqm_tui.report.catalog import rendered
    from openhqm_tui.report.formats.github import append_summary
    from openhqm_tui.report.gather import read_report, write_text

    report = read_report(run_named(parsed.run_name))
    summary = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if parsed.format == "github" and summary and not parsed.output:
        append_summary(Path(summary), report)
        sys.stderr.write("openhqm-tui: appended the report to the step summary\n")
        return 0
    text = rendered(report, parsed.format)
    if parsed.output in {"", "-"}:
        sys.stdout.write(text)
        return 0
    write_text(Path(parsed.output), text, "choose another file with -o, in a writable folder")
    sys.stderr.write(f"openhqm-tui: wrote {parsed.output}\n")
    return 0
