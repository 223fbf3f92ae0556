"""The report as a step summary for GitHub Actions, shown on the job's page."""

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

# GitHub rejects a step's summary of more than 1024 KiB.
MOST_BYTES = 900 * 1024
_CUT = "Truncated to fit GitHub's limit; `openhqm-tui report` writes the full report."


def as_summary(report: Report, most: int = MOST_BYTES) -> str:
    """Return a short report as Markdown of at most `most` bytes."""
    summary = ""
    for chapter in _chapters(report):
        text = "\n".join(chapter) + "\n"
        if len((summary + text + _CUT).encode()) + 2 > most:
            return f"{summary}\n{_CUT}\n"
        summary += text
    return summary


def append_summary(file: Path, report: Report) -> None:
    """Append a short report to a step's summary; raises UsageProblem."""
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.write(as_summary(report))
    except OSError as error:
        raise UsageProblem(
            f"can't write the step summary {file} ({error.strerror})",
            fix="check GITHUB_STEP_SUMMARY",
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
    help="short summary, appended to $GITHUB_STEP_SUMMARY if set",
    write=as_summary,
)
