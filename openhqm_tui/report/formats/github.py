"""The report as a step summary for GitHub Actions: the results to see on a job's page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.report.catalog import Format
from openhqm_tui.report.formats.markdown import (
    cache,
    code,
    failures,
    folded,
    lanes_table,
    limits,
    push_sentence,
    pushes,
)
from openhqm_tui.report.model import Report
from openhqm_tui.report.rows import OUTCOMES

# GitHub takes none of a step's summary that is longer than 1024 KiB; a job's steps share the page.
MOST_BYTES = 900 * 1024
_CUT = "The rest is more than GitHub shows: `openhqm-tui report` has it."


def as_summary(report: Report, most: int = MOST_BYTES) -> str:
    """Return the report in short, as Markdown of no more than `most` bytes."""
    told = ""
    for chapter in _chapters(report):
        text = "\n".join(chapter) + "\n"
        if len((told + text + _CUT).encode()) + 2 > most:
            return f"{told}\n{_CUT}\n"
        told += text
    return told


def append_summary(file: Path, report: Report) -> None:
    """Add the report in short to a step's summary; raises UsageProblem where it can't be."""
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(as_summary(report))
    except OSError as error:
        raise UsageProblem(
            f"can't write the step summary {file} ({error.strerror})",
            fix="see GITHUB_STEP_SUMMARY",
        ) from error


def _chapters(report: Report) -> Iterator[list[str]]:
    run = report.run
    yield [
        "## openhqm-tui",
        "",
        f"**{OUTCOMES[run.outcome]}** · {run.sentence} · {code(run.id)}",
        "",
    ]
    yield [*lanes_table(report), ""]
    if report.failures:
        yield ["### Failures", ""]
        yield list(failures(report))
    if run.push:
        yield list(pushes(report))
    yield [push_sentence(report), ""]
    yield folded("Cache", cache(report))
    yield folded("Known limits", limits(report))


FORMAT = Format(
    "github",
    suffix="md",
    help="short, appended to $GITHUB_STEP_SUMMARY if that is set",
    write=as_summary,
)
