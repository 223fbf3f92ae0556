"""The report as Markdown, in the layout of BUILD_TEST_RESULTS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.checks.verdict import SEVERITIES, Answer
from openhqm_tui.domain.formatting import (
    MISSING,
    count_text,
    duration_text,
    size_text,
    utc_time_text,
)
from openhqm_tui.domain.text import one_line
from openhqm_tui.report.catalog import Format
from openhqm_tui.report.model import Case, Lane, Report, Step
from openhqm_tui.report.rows import (
    CACHE_HEAD,
    MARKS,
    NOT_MEASURED,
    OUTCOMES,
    PAIR_HEAD,
    PUSH_HEAD,
    SYMBOLS,
    TARGET_HEAD,
    built_in,
    by_check,
    by_target,
    cache_rows,
    cache_sentence,
    checks_of,
    distinct_layers,
    failure_rows,
    pair_rows,
    push_rows,
    sharing_sentence,
    size_cells,
    tally,
    target_rows,
)

# Untrusted text is inserted into Markdown so that it stays text, on GitHub and elsewhere.
#
# Code spans are the only place where code hosts interpret nothing: no links, mentions, issue
# numbers or HTML. So all text that isn't ours is in one.

_LONGEST = 300
# A backtick ends a code span, a pipe a table cell; renderers differ on backslash escapes.
_UNSAFE = re.compile(r"[`|\\]")
_NOT_A_WORD = re.compile(r"[^A-Za-z0-9 \u00a0-\uffff]")
_TICKS = re.compile(r"`+")
_FENCE = 3


def code(text: str, longest: int = _LONGEST) -> str:
    """Return text as code on one line, for a sentence or a table cell; `–` if empty."""
    line = one_line(text, longest)
    if not line:
        return "–"
    if not _UNSAFE.search(line):
        return f"`{line}`"
    # Character references look the same to a reader, but mean nothing to Markdown.
    return f"<code>{_NOT_A_WORD.sub(lambda found: f'&#{ord(found[0])};', line)}</code>"


def block(lines: Iterable[str], kind: str = "text") -> list[str]:
    """Return lines as a code block; no run of backticks in them can end it."""
    text = list(lines)
    longest = max((len(run) for line in text for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(_FENCE, longest + 1)
    return [f"{fence}{kind}", *text, fence]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> list[str]:
    """Return a table; its last `numbers` columns are right-aligned.

    Untrusted text in a cell must have gone through `code`.
    """
    left = len(head) - numbers
    rule = [" --- " if index < left else " --: " for index in range(len(head))]
    return [
        _row(head),
        f"|{'|'.join(rule)}|",
        *(_row(row) for row in rows),
    ]


def folded(title: str, lines: Iterable[str]) -> list[str]:
    """Return a collapsible section; the title is trusted HTML."""
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""]


def html_code(text: str, longest: int = _LONGEST) -> str:
    """Return text as code within HTML, such as the title of a collapsible section."""
    line = one_line(text, longest)
    return f"<code>{_NOT_A_WORD.sub(lambda found: f'&#{ord(found[0])};', line)}</code>"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def sizes(report: Report) -> Iterator[str]:
    """Yield the sizes of the images, each and in total."""
    yield from (push_sentence(report), "")
    if report.sizes.total_bytes is None:
        return
    rows = [(code(lane.target), code(lane.platform), *size_cells(lane)) for lane in report.lanes]
    yield "Compressed sizes, split by how many images share each layer:"
    yield ""
    head = (
        "target",
        "platform",
        "compressed",
        "vs. `all`",
        "shared by all",
        "shared by some",
        "unique",
        "on disk",
    )
    yield from (*table(head, rows, numbers=6), "")
    if report.sizes.platforms:
        yield from ("### Platform comparison", "")
        yield from (*table(PAIR_HEAD, pair_rows(report, code, code), numbers=3), "")
    layers = distinct_layers(report)
    if layers:
        yield from ("### Layers", "")
        yield from folded(count_text(len(layers), "distinct layer"), _layers(report))


def push_sentence(report: Report) -> str:
    """Return a sentence on how much pushing all images transfers."""
    told = report.sizes
    if told.total_bytes is None:
        return f"Sizes: {NOT_MEASURED}; no image sizes were recorded."
    total = size_text(told.total_bytes)
    if told.unique_bytes is None:
        return f"Total: {total} compressed; push size: {NOT_MEASURED}."
    return (
        f"Pushing all images to an empty registry transfers **{size_text(told.unique_bytes)}** "
        f"in {count_text(told.layers or 0, 'distinct layer')}.{sharing_sentence(report)}"
    )


def _layers(report: Report) -> list[str]:
    rows = []
    for layer, lanes in distinct_layers(report):
        targets = dict.fromkeys(lane.target for lane in lanes)
        platforms = dict.fromkeys(lane.platform for lane in lanes)
        rows.append(
            (
                code(layer.digest.removeprefix("sha256:"), 13),
                code(layer.created_by, 80),
                f"{', '.join(map(code, targets))} on {', '.join(map(code, platforms))}",
                str(len(lanes)),
                size_text(layer.bytes),
            )
        )
    return table(("layer", "created by", "in", "images", "compressed"), rows, numbers=2)


_SLOWEST = 10


def lanes_table(report: Report) -> list[str]:
    """Return the results of all images."""
    rows = [
        (
            code(lane.target),
            f"{code(lane.platform)} {lane.built}".rstrip()
            + (f" on {code(lane.node)}" if lane.node else ""),
            f"{SYMBOLS[lane.result]} {lane.result}",
            tally(lane.cases),
            duration_text(built_in(report, lane)) + _cached(lane),
            size_text(lane.bytes),
        )
        for lane in report.lanes
    ]
    head = ("target", "platform", "result", "checks", "build time", "size")
    return table(head, rows, numbers=2)


def environment(report: Report) -> list[str]:
    """Return the build environment and sources."""
    told = report.environment
    rows = [
        ("Docker Engine", code(told.engine)),
        ("Buildx", code(told.buildx)),
        ("builder", code(told.builder) if told.builder else "selected in Buildx"),
        ("host", code(told.host)),
        ("base image", code(told.base)),
        ("reason for base image", code(told.base_reason)),
        ("Python requested", code(told.python)),
        ("Python found", ", ".join(map(code, told.pythons)) or MISSING),
        ("Git revision", code(told.revision)),
        ("Dockerfile or bake file", code(told.dockerfile)),
        ("context", code(told.context)),
        ("parallel targets", str(told.jobs) if told.jobs else "all"),
    ]
    for node in told.nodes:
        native = f"native {code(node.native)}" if node.native else ""
        platforms = f"for {', '.join(map(code, node.platforms))}" if node.platforms else ""
        rows.append(
            (f"node {code(node.name)}", ", ".join(filter(None, (platforms, native))) or MISSING)
        )
    for name, value in told.arguments.items():
        rows.append((f"build argument {code(name)}", code(value)))
    return table(("property", "value"), rows)


def test_cases(report: Report) -> Iterator[str]:
    """Yield a summary of the checks, then all results by target."""
    checks = checks_of(report)
    if not checks:
        yield from ("No image was checked.", "")
        return
    rows = []
    for check in checks:
        cases = by_check(report, check)
        worst = min(cases, key=_severity)
        rows.append((code(check), worst.asks or "–", worst.way or "–", tally(cases)))
    yield from (*table(("check", "question", "method", "result"), rows), "")
    for target, lanes in by_target(report).items():
        cases = [case for lane in lanes for case in lane.cases]
        if cases:
            title = f"{html_code(target)}: all results ({tally(cases)})"
            yield from folded(title, _results(lanes))


def performance(report: Report) -> Iterator[str]:
    """Yield times: by target, the slowest steps, the critical path."""
    verb = "has taken" if report.run.outcome == "running" else "took"
    yield f"The run {verb} {duration_text(report.run.seconds)}."
    yield ""
    yield from (*table(TARGET_HEAD, target_rows(report, code), numbers=6), "")
    slowest = sorted(report.steps, key=lambda step: -step.seconds)[:_SLOWEST]
    if slowest:
        yield from ("### Slowest steps", "")
        yield from (*_steps_table(slowest), "")
    if report.critical_path:
        name = report.critical_path[0].targets[0]
        yield from (f"### Critical path of {code(name)}, the last target to finish", "")
        yield from (*_steps_table(report.critical_path), "")


def architecture(report: Report) -> Iterator[str]:
    """Yield the architecture that each image reports."""
    if not any(lane.cases for lane in report.lanes):
        yield from (f"{NOT_MEASURED.capitalize()}: no image was checked.", "")
        return
    rows = [
        (
            code(lane.target),
            code(lane.platform),
            code(told.config),
            code(told.machine),
            code(told.python_platform),
            code(told.binaries, 100),
            lane.ran or "not run",
        )
        for lane in report.lanes
        for told in (lane.architecture,)
    ]
    head = (
        "target",
        "platform",
        "config",
        "`platform.machine()`",
        "`sysconfig`",
        "ELF files",
        "execution",
    )
    yield from (*table(head, rows), "")


def cache(report: Report) -> Iterator[str]:
    """Yield the cache hits."""
    yield from (cache_sentence(report), "")
    if report.cache.steps:
        yield from (*table(CACHE_HEAD, cache_rows(report, code), numbers=3), "")


def failures(report: Report) -> Iterator[str]:
    """Yield why each target failed or isn't verified."""
    for failure in report.failures:
        where = f" on {code(failure.platform)}" if failure.platform else ""
        yield from (f"### {code(failure.target)}{where}", "")
        rows = failure_rows(failure, code)
        yield from (*table(("property", "value"), rows), "") if rows else ()
        if failure.checks:
            yield from (*(f"- {code(check, 400)}" for check in failure.checks), "")
        if failure.source:
            yield from (*block(failure.source, "dockerfile"), "")
        if failure.log:
            yield from ("Last log lines:", "", *block(failure.log), "")


def pushes(report: Report) -> Iterator[str]:
    """Yield which tags were pushed."""
    yield from (*table(PUSH_HEAD, push_rows(report, code)), "")


def limits(report: Report) -> Iterator[str]:
    """Yield the known limits."""
    if not report.limits:
        yield "None found."
    for limit in report.limits:
        where = f" ({', '.join(map(code, limit.lanes))})" if limit.lanes else ""
        ours = limit.kind not in {"unknown", "warning", "waived", "Dockerfile", "note"}
        yield f"- **{limit.kind}**: {limit.text if ours else code(limit.text, 500)}{where}"


def _results(lanes: list[Lane]) -> Iterator[str]:
    for lane in lanes:
        if not lane.cases:
            continue
        ran = f", {lane.ran}" if lane.ran else ""
        yield from (f"**{code(lane.target)} on {code(lane.platform)}**{ran}", "")
        rows = [
            (
                code(case.check),
                f"{MARKS[case.answer]} {case.answer}",
                code(case.seen),
                code(case.expected),
                _execution(case.how),
            )
            for case in lane.cases
        ]
        yield from (*table(("check", "result", "observed", "expected", "execution"), rows), "")
        commands = dict.fromkeys(case.command for case in lane.cases if case.command)
        for command in commands:
            yield from ("Command used to run the checks:", "", *block([command], "sh"), "")
        if lane.stderr and any(case.answer in {"fail", "unknown"} for case in lane.cases):
            yield from ("Standard error:", "", *block(lane.stderr.splitlines()), "")


def _steps_table(steps: Iterable[Step]) -> list[str]:
    rows = [
        (
            code(short_title(step.label), 160),
            ", ".join(map(code, step.targets)),
            f"{code(step.platform) if step.platform else 'all'} {step.how}".rstrip(),
            duration_text(step.seconds),
        )
        for step in steps
    ]
    return table(("step", "targets", "platform", "time"), rows, numbers=1)


def _cached(lane: Lane) -> str:
    return " (cached)" if lane.steps and lane.steps == lane.cached_steps else ""


def _severity(case: Case) -> int:
    return SEVERITIES.index(Answer(case.answer))


def _execution(how: str) -> str:
    """Return how an image was executed; unknown values are untrusted text."""
    return how if how in {"native", "emulated"} else code(how) if how else "not run"


def as_markdown(report: Report) -> str:
    """Return the report as one document."""
    return "\n".join(_lines(report)).rstrip("\n") + "\n"


def _lines(report: Report) -> Iterator[str]:
    run = report.run
    yield from ("# Build test results", "")
    yield f"**{OUTCOMES[run.outcome]}** · {run.sentence}"
    yield ""
    started = utc_time_text(run.created)
    yield f"Run {code(run.id)}, started {started}, openhqm-tui {code(run.version)}."
    yield ""
    yield from (*lanes_table(report), "", "–: not measured in this run.", "")
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
    yield from ("## Reproduce", "", *block([run.command], "sh"), "")


FORMAT = Format("md", suffix="md", help="Markdown document", write=as_markdown)
