"""The chapters of the report in Markdown, but for the sizes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from openhqm_tui.report.grouping import (
    asked_checks,
    built_in,
    by_check,
    by_target,
    tally,
)
from openhqm_tui.report.markdown_text import block, code, folded, html_code, table
from openhqm_tui.report.model import Case, Lane, Report, Step
from openhqm_tui.report.rows import (
    CACHE_HEAD,
    PUSH_HEAD,
    TARGET_HEAD,
    cache_rows,
    failure_rows,
    push_rows,
    target_rows,
)
from openhqm_tui.report.words import (
    MARKS,
    NOT_MEASURED,
    NOTHING,
    RESULTS,
    clock,
    count,
    percent,
    took,
    weight,
)

_SLOWEST = 10


def lanes_table(report: Report) -> list[str]:
    """Return the result of every lane."""
    rows = [
        (
            code(lane.target),
            f"{code(lane.platform)} {lane.built}".rstrip()
            + (f" on {code(lane.node)}" if lane.node else ""),
            f"{RESULTS[lane.status]} {lane.result}",
            tally(lane.cases),
            took(built_in(report, lane)) + _cached(lane),
            weight(lane.bytes),
        )
        for lane in report.lanes
    ]
    head = ("target", "platform", "result", "checks", "built in", "size")
    return table(head, rows, numbers=2)


def environment(report: Report) -> list[str]:
    """Return where and of what it was built."""
    told = report.environment
    rows = [
        ("Docker Engine", code(told.engine)),
        ("Buildx", code(told.buildx)),
        ("builder", code(told.builder) if told.builder else "the selected one"),
        ("host", code(told.host)),
        ("base image", code(told.base)),
        ("why that one", code(told.base_reason)),
        ("Python asked for", code(told.python)),
        ("Python found", ", ".join(map(code, told.pythons)) or NOTHING),
        ("git revision", code(told.revision)),
        ("Dockerfile or bake file", code(told.dockerfile)),
        ("context", code(told.context)),
        ("targets at once", str(told.jobs) if told.jobs else "all"),
    ]
    for node in told.nodes:
        native = f"natively {code(node.native)}" if node.native else ""
        platforms = f"for {', '.join(map(code, node.platforms))}" if node.platforms else ""
        rows.append((f"node {code(node.name)}", f"{platforms} {native}".strip() or NOTHING))
    for name, value in told.arguments.items():
        rows.append((f"build argument {code(name)}", code(value)))
    return table(("what", "which"), rows)


def test_cases(report: Report) -> Iterator[str]:
    """Yield what was asked of the images, then every answer, target by target."""
    checks = asked_checks(report)
    if not checks:
        yield from ("No image was asked.", "")
        return
    rows = []
    for check in checks:
        asked = by_check(report, check)
        worst = min(asked, key=_gravity)
        rows.append((code(check), worst.asks or "–", worst.way or "–", tally(asked)))
    yield from (*table(("check", "asks", "how", "result"), rows), "")
    for target, lanes in by_target(report).items():
        cases = [case for lane in lanes for case in lane.cases]
        if cases:
            title = f"{html_code(target)}: every answer ({tally(cases)})"
            yield from folded(title, _answers(lanes))


def performance(report: Report) -> Iterator[str]:
    """Yield how long it took, target by target, the slowest steps, what decided the end."""
    yield f"The run took {clock(report.run.seconds)}."
    yield ""
    yield from (*table(TARGET_HEAD, target_rows(report, code), numbers=6), "")
    slowest = sorted(report.steps, key=lambda step: -step.seconds)[:_SLOWEST]
    if slowest:
        yield from ("### Slowest steps", "")
        yield from (*_steps_table(slowest), "")
    if report.critical_path:
        name = report.critical_path[0].targets[0]
        yield from (f"### What {code(name)} waited for, which ended last", "")
        yield from (*_steps_table(report.critical_path), "")


def architecture(report: Report) -> Iterator[str]:
    """Yield what every image said of the machine that it is made for."""
    if not any(lane.cases for lane in report.lanes):
        yield from (f"{NOT_MEASURED.capitalize()}: no image was asked.", "")
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
        "ran",
    )
    yield from (*table(head, rows), "")


def cache(report: Report) -> Iterator[str]:
    """Yield how much of the work was there already."""
    told = report.cache
    if not told.steps:
        yield from (f"Hit rate: {NOT_MEASURED}; no build step is known.", "")
        return
    yield f"{told.cached} of {count(told.steps, 'build step')} cached: {percent(told.rate)}."
    yield ""
    yield from (*table(CACHE_HEAD, cache_rows(report, code), numbers=3), "")


def failures(report: Report) -> Iterator[str]:
    """Yield why each target failed, or isn't proved."""
    for failure in report.failures:
        where = f" on {code(failure.platform)}" if failure.platform else ""
        yield from (f"### {code(failure.target)}{where}", "")
        rows = failure_rows(failure, code)
        yield from (*table(("what", "which"), rows), "") if rows else ()
        if failure.checks:
            yield from (*(f"- {code(check, 400)}" for check in failure.checks), "")
        if failure.source:
            yield from (*block(failure.source, "dockerfile"), "")
        if failure.log:
            yield from ("The last of its log:", "", *block(failure.log), "")


def pushes(report: Report) -> Iterator[str]:
    """Yield which tags are in their registry, and which aren't."""
    yield from (*table(PUSH_HEAD, push_rows(report, code)), "")


def limits(report: Report) -> Iterator[str]:
    """Yield what this run doesn't prove."""
    if not report.limits:
        yield "None found."
    for limit in report.limits:
        where = f" ({', '.join(map(code, limit.lanes))})" if limit.lanes else ""
        ours = limit.kind not in {"unknown", "warning", "Dockerfile", "note"}
        yield f"- **{limit.kind}**: {limit.text if ours else code(limit.text, 500)}{where}"


def _answers(lanes: list[Lane]) -> Iterator[str]:
    for lane in lanes:
        if not lane.cases:
            continue
        ran = f", run {lane.ran}" if lane.ran else ""
        yield from (f"**{code(lane.target)} on {code(lane.platform)}**{ran}", "")
        rows = [
            (
                code(case.check),
                f"{MARKS[case.answer]} {case.answer}",
                code(case.seen),
                code(case.expected),
                _how(case.how),
            )
            for case in lane.cases
        ]
        yield from (*table(("check", "result", "seen", "expected", "image ran"), rows), "")
        commands = dict.fromkeys(case.command for case in lane.cases if case.command)
        for command in commands:
            yield from ("Asked in a container by", "", *block([command], "sh"), "")
        if lane.stderr and any(case.answer in {"fail", "unknown"} for case in lane.cases):
            yield from ("It said on stderr", "", *block(lane.stderr.splitlines()), "")


def _steps_table(steps: Iterable[Step]) -> list[str]:
    rows = [
        (
            code(step.label, 160),
            ", ".join(map(code, step.targets)),
            f"{code(step.platform) if step.platform else 'all'} {step.how}".rstrip(),
            clock(step.seconds),
        )
        for step in steps
    ]
    return table(("step", "of", "platform", "took"), rows, numbers=1)


def _cached(lane: Lane) -> str:
    return " (cached)" if lane.steps and lane.steps == lane.cached_steps else ""


def _gravity(case: Case) -> int:
    return ("fail", "unknown", "warn", "pass").index(case.answer)


def _how(told: str) -> str:
    """Return how an image ran to answer, of our words where it is one of them."""
    return told if told in {"native", "emulated"} else code(told) if told else "not run"
