"""The report as one self-contained HTML file: no scripts, fonts or requests.

Its content security policy forbids them, in case untrusted text ever became markup.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib.resources import files

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.formatting import (
    MISSING,
    count_text,
    duration_text,
    percent_text,
    size_text,
    utc_time_text,
)
from openhqm_tui.domain.text import one_line
from openhqm_tui.report.catalog import Format
from openhqm_tui.report.charts import (
    kind_of,
    legend,
    patterns,
    run_waterfall,
    sizes_chart,
    target_waterfall,
)
from openhqm_tui.report.elements import Html, code, element, folded, joined, scrolled, table
from openhqm_tui.report.model import Case, Lane, Node, Report, Step
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
    cache_rows,
    cache_sentence,
    case_of,
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


def checks_matrix(report: Report) -> Html:
    """Return the matrix of results; each links to its evidence."""
    checks = checks_of(report)
    ways = {case.check: case for lane in report.lanes for case in lane.cases}
    head = [element("th", "image", scope="col"), element("th", "execution", scope="col")]
    head += [
        element("th", element("span", check), scope="col", class_="check", title=ways[check].asks)
        for check in checks
    ]
    rows = []
    for number, lane in enumerate(report.lanes):
        cells = [
            element("th", lane_name(lane), scope="row"),
            element("td", lane.ran or "not run"),
            *(_cell(number, lane, check) for check in checks),
        ]
        rows.append(element("tr", *cells))
    caption = "All checks of all images"
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *rows),
        class_="matrix",
    )
    return scrolled(whole, caption)


def questions(report: Report) -> Html:
    """Return the question and method of each check, collapsed."""
    cases = {case.check: case for lane in report.lanes for case in lane.cases}
    rows = [
        (check, cases[check].asks or MISSING, cases[check].way or MISSING)
        for check in checks_of(report)
    ]
    caption = "What each check verifies, and how"
    return folded(caption, table(("check", "question", "method"), rows, caption=caption))


def evidence(report: Report) -> Iterator[Html]:
    """Yield the evidence for each image, collapsed unless a check failed or is inconclusive."""
    for number, lane in enumerate(report.lanes):
        if not lane.cases:
            continue
        wrong = any(case.answer in {"fail", "unknown"} for case in lane.cases)
        parts: list[str] = [_answers(number, lane)]
        for command in dict.fromkeys(case.command for case in lane.cases if case.command):
            parts += [element("p", "Command used to run the checks:"), element("pre", command)]
        if lane.stderr:
            parts += [element("p", "Standard error:"), element("pre", lane.stderr)]
        title = element("span", lane_name(lane), f": {tally(lane.cases)}")
        yield folded(title, *parts, open="open" if wrong else None)


def lane_name(lane: Lane) -> Html:
    """Return a lane's target and platform."""
    return element("span", code(lane.target), " ", lane.platform)


def _cell(number: int, lane: Lane, check: str) -> Html:
    case = case_of(lane, check)
    if case is None:
        return element("td", MISSING, class_="answer", title="not checked")
    word = element("span", case.answer, class_="unseen" if case.answer == "pass" else None)
    link = element(
        "a",
        element("span", MARKS[case.answer], aria_hidden="true"),
        " ",
        word,
        href=f"#{_place(number, lane, case)}",
        title=case.seen or None,
    )
    return element("td", link, class_=f"answer {case.answer}")


def _answers(number: int, lane: Lane) -> Html:
    rows = []
    for case in lane.cases:
        rows.append(
            (
                element("span", case.check, id=_place(number, lane, case)),
                element("span", f"{MARKS[case.answer]} {case.answer}", class_=case.answer),
                code(case.seen),
                code(case.expected),
                case.how or "not run",
            )
        )
    head = ("check", "result", "observed", "expected", "execution")
    return table(head, rows, caption=f"All results of {lane.target} {lane.platform}")


def _place(number: int, lane: Lane, case: Case) -> str:
    return f"lane-{number}-{lane.cases.index(case)}"


_SLOWEST = 10
# Characters of a step's instruction; the log has the full text.
_LETTERS = 240
WORK = (
    ("native", "native"),
    ("cross", "cross: built natively for another platform"),
    ("emulated", "emulated"),
    ("checked", "checks"),
    ("failed", "failed"),
    ("plain", "unknown"),
)

WEIGHT = (
    ("common", "shared by all images of the platform"),
    ("shared", "shared by some images"),
    ("own", "only in this image"),
)
_UNKNOWN = (("plain", "not broken down by layer"),)


def lanes_table(report: Report) -> Html:
    """Return the results of all images."""
    rows = [
        (
            lane_name(lane),
            element("span", f"{SYMBOLS[lane.result]} {lane.result}", class_=lane.status),
            " on ".join(filter(None, (lane.built, lane.node))) or MISSING,
            tally(lane.cases),
            duration_text(built_in(report, lane))
            + (" (cached)" if lane.steps and lane.steps == lane.cached_steps else ""),
            size_text(lane.bytes),
            percent_text(lane.against_all),
        )
        for lane in report.lanes
    ]
    head = ("image", "result", "built", "checks", "build time", "compressed", "vs. all")
    return table(head, rows, caption="Images", numbers=3)


def failures(report: Report) -> Iterator[Html]:
    """Yield why each target failed or isn't verified."""
    for failure in report.failures:
        where = f" on {failure.platform}" if failure.platform else ""
        yield element("h3", code(failure.target), where)
        yield _facts(failure_rows(failure, code))
        if failure.checks:
            yield element("ul", *(element("li", code(check)) for check in failure.checks))
        if failure.source:
            yield element("pre", "\n".join(failure.source))
        if failure.log:
            yield element("p", "Last log lines:")
            yield element("pre", "\n".join(failure.log))


def environment(report: Report) -> Html:
    """Return the build environment and sources."""
    told = report.environment
    rows: list[tuple[str, str]] = [
        ("Docker Engine", code(told.engine)),
        ("Buildx", code(told.buildx)),
        ("builder", code(told.builder) if told.builder else "selected in Buildx"),
        ("host", code(told.host)),
        *((f"node {node.name}", _node(node)) for node in told.nodes),
        ("base image", code(told.base)),
        ("reason for base image", told.base_reason or MISSING),
        ("Python requested", code(told.python)),
        ("Python found", code(", ".join(told.pythons))),
        ("Git revision", code(told.revision)),
        ("Dockerfile or bake file", code(told.dockerfile)),
        ("context", code(told.context)),
        ("parallel targets", str(told.jobs) if told.jobs else "all"),
    ]
    rows += [(f"build argument {name}", code(value)) for name, value in told.arguments.items()]
    return _facts(rows)


def performance(report: Report) -> Iterator[Html]:
    """Yield times: by target, the slowest steps, the critical path, all steps."""
    yield table(TARGET_HEAD, target_rows(report, code), caption="Targets", numbers=6)
    if report.steps:
        slowest = sorted(report.steps, key=lambda step: -step.seconds)[:_SLOWEST]
        yield _steps(slowest, "Slowest steps")
    if report.critical_path:
        name = report.critical_path[0].targets[0]
        yield _steps(report.critical_path, f"Critical path of {name}, the last target to finish")
    for target in report.targets:
        if any(target.name in step.targets for step in report.steps):
            picture = element("div", target_waterfall(report, target.name), class_="wide")
            yield folded(element("span", "Steps of ", code(target.name)), picture)


def architecture(report: Report) -> Html:
    """Return the architecture that each image reports."""
    if not any(lane.cases for lane in report.lanes):
        return element("p", f"{NOT_MEASURED.capitalize()}: no image was checked.")
    rows = [
        (
            lane_name(lane),
            code(told.config),
            code(told.machine),
            code(told.python_platform),
            code(told.python),
            told.binaries or MISSING,
            lane.ran or "not run",
        )
        for lane in report.lanes
        for told in (lane.architecture,)
    ]
    head = (
        "image",
        "config",
        "platform.machine()",
        "sysconfig",
        "Python",
        "ELF files",
        "execution",
    )
    return table(head, rows, caption="Architecture reported by each image")


def cache(report: Report) -> Iterator[Html]:
    """Yield the cache hits."""
    yield element("p", cache_sentence(report))
    if report.cache.steps:
        yield table(CACHE_HEAD, cache_rows(report, code), caption="By target", numbers=3)


def sizes(report: Report) -> Iterator[Html]:
    """Yield the sizes of the images, each and in total."""
    told = report.sizes
    if told.total_bytes is None:
        yield element("p", f"{NOT_MEASURED.capitalize()}: no image sizes were recorded.")
        return
    total = size_text(told.total_bytes)
    if told.unique_bytes is None:
        yield element("p", f"Total: {total} compressed; push size: {NOT_MEASURED}.")
    else:
        yield element(
            "p",
            "Pushing all images to an empty registry transfers ",
            element("strong", size_text(told.unique_bytes)),
            f" in {count_text(told.layers or 0, 'distinct layer')}.{sharing_sentence(report)}",
        )
    known = {lane.layers is not None for lane in report.lanes if lane.bytes}
    yield legend([*(WEIGHT if True in known else ()), *(_UNKNOWN if False in known else ())])
    yield element("div", sizes_chart(report), class_="wide")
    rows = [(lane_name(lane), *size_cells(lane)) for lane in report.lanes]
    head = (
        "image",
        "compressed",
        "vs. all",
        "shared by all",
        "shared by some",
        "unique",
        "on disk",
    )
    caption = "Image sizes, split by how many images share each layer"
    yield table(head, rows, caption=caption, numbers=6)
    if told.platforms:
        caption = "Platform comparison"
        yield table(PAIR_HEAD, pair_rows(report, code), caption=caption, numbers=3)
    if layers := distinct_layers(report):
        yield folded(count_text(len(layers), "distinct layer"), _layers(report))


def pushes(report: Report) -> Html:
    """Return which tags were pushed."""
    return table(PUSH_HEAD, push_rows(report, code), caption="Tags")


def limits(report: Report) -> Html:
    """Return the known limits."""
    if not report.limits:
        return element("p", "None found.")
    return element(
        "ul",
        *(
            element(
                "li",
                element("strong", limit.kind),
                f": {limit.text}",
                joined((" (", joined(map(code, limit.lanes), ", "), ")")) if limit.lanes else "",
            )
            for limit in report.limits
        ),
    )


def _layers(report: Report) -> Html:
    rows = []
    for layer, lanes in distinct_layers(report):
        targets = dict.fromkeys(lane.target for lane in lanes)
        platforms = dict.fromkeys(lane.platform for lane in lanes)
        rows.append(
            (
                code(layer.digest.removeprefix("sha256:")[:12]),
                code(layer.created_by),
                f"{', '.join(targets)} on {', '.join(platforms)}",
                str(len(lanes)),
                size_text(layer.bytes),
            )
        )
    head = ("layer", "created by", "in", "images", "compressed")
    return table(head, rows, caption="Layers", numbers=2)


def _steps(steps: Iterable[Step], caption: str) -> Html:
    rows = [
        (
            code(one_line(short_title(step.label), _LETTERS)),
            ", ".join(step.targets),
            f"{step.platform or 'all'} {step.how}".rstrip(),
            duration_text(step.seconds),
        )
        for step in steps
    ]
    return table(("step", "targets", "platform", "time"), rows, caption=caption, numbers=1)


def _node(node: Node) -> Html:
    native = joined((", native ", code(node.native))) if node.native else ""
    return joined(("for ", code(", ".join(node.platforms)), native))


def _facts(rows: Iterable[tuple[str, str]]) -> Html:
    return element(
        "dl", *(joined((element("dt", name), element("dd", value))) for name, value in rows)
    )


def as_html(report: Report) -> str:
    """Return the report as a document."""
    style = (files("openhqm_tui.report.formats") / "report.css").read_text(encoding="utf-8")
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{known}'; base-uri 'none'; form-action 'none'"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{report.run.outcome}: build test results of run {report.run.id}"),
        element("style", Html(style)),
    )
    body = element("body", patterns(), element("main", *_chapters(report)))
    return f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'


def _chapters(report: Report) -> list[Html]:
    run = report.run
    parts = [
        element(
            "header",
            element("h1", "Build test results"),
            element(
                "p",
                element("strong", OUTCOMES[run.outcome], class_=f"outcome {run.outcome}"),
                f" {run.sentence}",
            ),
            element(
                "p",
                "Run ",
                code(run.id),
                f", started {utc_time_text(run.created)}, openhqm-tui ",
                run.version,
            ),
            element("p", f"{MISSING}: not measured in this run."),
        ),
        _chapter("Images", lanes_table(report)),
    ]
    if report.failures:
        parts.append(_chapter("Failures", *failures(report)))
    kinds = {kind_of(step) for step in report.steps if step.platform}
    kinds |= {"checked" for lane in report.lanes if lane.check_seconds is not None}
    parts += [
        _chapter(
            "Timeline",
            legend(kind for kind in WORK if kind[0] in kinds),
            element("div", run_waterfall(report), class_="wide"),
        ),
        _chapter("Checks", *_checks(report)),
        _chapter("Architecture verification", architecture(report)),
        _chapter("Sizes", *sizes(report)),
        _chapter("Performance metrics", *performance(report)),
        _chapter("Cache performance", *cache(report)),
    ]
    if run.push:
        parts.append(_chapter("Tags in the registry", pushes(report)))
    return [
        *parts,
        _chapter("Known limits", limits(report)),
        _chapter("Environment", environment(report)),
        _chapter("Reproduce", element("pre", run.command)),
    ]


def _checks(report: Report) -> list[Html]:
    if not any(lane.cases for lane in report.lanes):
        return [element("p", "No image was checked.")]
    return [checks_matrix(report), questions(report), *evidence(report)]


def _chapter(title: str, *inside: Html) -> Html:
    return element("section", element("h2", title), joined(inside))


FORMAT = Format("html", suffix="html", help="one self-contained page with charts", write=as_html)
