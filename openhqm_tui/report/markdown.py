"""The report as Markdown, in the shape of a BUILD_TEST_RESULTS document."""

from __future__ import annotations

from collections.abc import Iterator

from openhqm_tui.report.markdown_parts import (
    architecture,
    cache,
    environment,
    failures,
    lanes_table,
    limits,
    performance,
    pushes,
    test_cases,
)
from openhqm_tui.report.markdown_sizes import sizes
from openhqm_tui.report.markdown_text import block, code
from openhqm_tui.report.model import Report
from openhqm_tui.report.words import OUTCOMES, moment


def as_markdown(report: Report) -> str:
    """Return the report as one document."""
    return "\n".join(_lines(report)).rstrip("\n") + "\n"


def _lines(report: Report) -> Iterator[str]:
    run = report.run
    yield from ("# Build test results", "")
    yield f"**{OUTCOMES[run.outcome]}** · {run.sentence}"
    yield ""
    yield f"Run {code(run.id)} of {moment(run.created)}, openhqm-tui {code(run.version)}."
    yield ""
    yield from (*lanes_table(report), "", "– stands for what this run didn't measure.", "")
    if report.failures:
        yield from ("## Failures", "", *failures(report))
    yield from ("## Environment", "", *environment(report), "")
    yield from ("## Test cases", "", *test_cases(report))
    yield from ("## Performance metrics", "", *performance(report))
    yield from ("## Architecture verification", "", *architecture(report))
    yield from ("## Cache performance", "", *cache(report))
    yield from ("## Sizes", "", *sizes(report))
    if run.push:
        yield from ("## Tags in the registry", "", *pushes(report))
    yield from ("## Known limits", "", *limits(report), "")
    yield from ("## The same once more", "", *block([run.command], "sh"), "")
