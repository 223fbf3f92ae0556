"""The chapters of the HTML report, but for the matrix of checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.report.elements import Html, code, element, folded, joined, table
from openhqm_tui.report.grouping import (
    built_in,
    different_layers,
    image_by_image,
    tally,
)
from openhqm_tui.report.html_checks import lane_name
from openhqm_tui.report.model import Node, Report, Step
from openhqm_tui.report.pictures import legend, sizes_chart, target_waterfall
from openhqm_tui.report.rows import (
    CACHE_HEAD,
    PAIR_HEAD,
    PUSH_HEAD,
    TARGET_HEAD,
    cache_rows,
    failure_rows,
    pair_rows,
    push_rows,
    size_cells,
    target_rows,
)
from openhqm_tui.report.words import (
    NOT_MEASURED,
    NOTHING,
    RESULTS,
    clock,
    count,
    megabytes,
    percent,
    took,
    weight,
)

_SLOWEST = 10
# Characters of a step's instruction; the whole of it stands in the log.
_LETTERS = 240
WORK = (
    ("native", "native"),
    ("cross", "cross: on its own machine, for another"),
    ("emulated", "emulated"),
    ("asked", "its image is asked"),
    ("failed", "failed"),
    ("plain", "nobody can say where"),
)

WEIGHT = (
    ("common", "in every image on its platform"),
    ("shared", "in some other images"),
    ("own", "its own"),
)
_UNKNOWN = (("plain", "not told apart"),)


def lanes_table(report: Report) -> Html:
    """Return the result of every lane."""
    rows = [
        (
            lane_name(lane),
            element("span", f"{RESULTS[lane.status]} {lane.result}", class_=lane.status),
            " on ".join(filter(None, (lane.built, lane.node))) or NOTHING,
            tally(lane.cases),
            took(built_in(report, lane))
            + (" (cached)" if lane.steps and lane.steps == lane.cached_steps else ""),
            weight(lane.bytes),
            percent(lane.against_all),
        )
        for lane in report.lanes
    ]
    head = ("lane", "result", "built", "checks", "built in", "compressed", "against all")
    return table(head, rows, caption="Every image", numbers=3)


def failures(report: Report) -> Iterator[Html]:
    """Yield why each target failed, or isn't proved."""
    for failure in report.failures:
        where = f" on {failure.platform}" if failure.platform else ""
        yield element("h3", code(failure.target), where)
        yield _facts(failure_rows(failure, code))
        if failure.checks:
            yield element("ul", *(element("li", code(check)) for check in failure.checks))
        if failure.source:
            yield element("pre", "\n".join(failure.source))
        if failure.log:
            yield element("p", "The last of its log:")
            yield element("pre", "\n".join(failure.log))


def environment(report: Report) -> Html:
    """Return where and of what it was built."""
    told = report.environment
    rows: list[tuple[str, str]] = [
        ("Docker Engine", code(told.engine)),
        ("Buildx", code(told.buildx)),
        ("builder", code(told.builder) if told.builder else "the selected one"),
        ("host", code(told.host)),
        *((f"node {node.name}", _node(node)) for node in told.nodes),
        ("base image", code(told.base)),
        ("why that one", told.base_reason or NOTHING),
        ("Python asked for", code(told.python)),
        ("Python found", code(", ".join(told.pythons))),
        ("git revision", code(told.revision)),
        ("Dockerfile or bake file", code(told.dockerfile)),
        ("context", code(told.context)),
        ("targets at once", str(told.jobs) if told.jobs else "all"),
    ]
    rows += [(f"build argument {name}", code(value)) for name, value in told.arguments.items()]
    return _facts(rows)


def performance(report: Report) -> Iterator[Html]:
    """Yield how long it took: targets, slowest steps, what decided the end, every step."""
    yield table(TARGET_HEAD, target_rows(report, code), caption="Every target", numbers=6)
    if report.steps:
        slowest = sorted(report.steps, key=lambda step: -step.seconds)[:_SLOWEST]
        yield _steps(slowest, "The slowest steps")
    if report.critical_path:
        name = report.critical_path[0].targets[0]
        yield _steps(report.critical_path, f"What {name} waited for, which ended last")
    for target in report.targets:
        if any(target.name in step.targets for step in report.steps):
            picture = element("div", target_waterfall(report, target.name), class_="wide")
            yield folded(element("span", "The steps of ", code(target.name)), picture)


def architecture(report: Report) -> Html:
    """Return what every image said of the machine that it is made for."""
    if not any(lane.cases for lane in report.lanes):
        return element("p", f"{NOT_MEASURED.capitalize()}: no image was asked.")
    rows = [
        (
            lane_name(lane),
            code(told.config),
            code(told.machine),
            code(told.python_platform),
            code(told.python),
            told.binaries or NOTHING,
            lane.ran or "not run",
        )
        for lane in report.lanes
        for told in (lane.architecture,)
    ]
    head = ("lane", "config", "platform.machine()", "sysconfig", "Python", "ELF files", "ran")
    return table(head, rows, caption="What every image said of its machine")


def cache(report: Report) -> Iterator[Html]:
    """Yield how much of the work was there already."""
    told = report.cache
    if not told.steps:
        yield element("p", f"Hit rate: {NOT_MEASURED}; no build step is known.")
        return
    steps = count(told.steps, "build step")
    yield element("p", f"{told.cached} of {steps} cached: {percent(told.rate)}.")
    yield table(CACHE_HEAD, cache_rows(report, code), caption="By target", numbers=3)


def sizes(report: Report) -> Iterator[Html]:
    """Yield what the images weigh, each and together."""
    told = report.sizes
    if told.total_bytes is None:
        yield element("p", f"{NOT_MEASURED.capitalize()}: no image was seen.")
        return
    total = megabytes(told.total_bytes)
    if told.unique_bytes is None:
        yield element("p", f"All images together: {total}; a push of them: {NOT_MEASURED}.")
    else:
        yield element(
            "p",
            "A push of everything to an empty registry transfers ",
            element("strong", megabytes(told.unique_bytes)),
            f" in {told.layers} different layers.{image_by_image(report)}",
        )
    known = {lane.layers is not None for lane in report.lanes if lane.bytes}
    yield legend([*(WEIGHT if True in known else ()), *(_UNKNOWN if False in known else ())])
    yield element("div", sizes_chart(report), class_="wide")
    rows = [(lane_name(lane), *size_cells(lane)) for lane in report.lanes]
    head = ("lane", "compressed", "against all", "in every image", "in some", "its own", "on disk")
    yield table(head, rows, caption="Every image, and in how many others its layers are", numbers=6)
    if told.platforms:
        caption = "One platform against the other"
        yield table(PAIR_HEAD, pair_rows(report, code), caption=caption, numbers=3)
    if layers := different_layers(report):
        yield folded(f"{len(layers)} different layers", _layers(report))


def pushes(report: Report) -> Html:
    """Return which tags are in their registry, and which aren't."""
    return table(PUSH_HEAD, push_rows(report, code), caption="Every tag")


def limits(report: Report) -> Html:
    """Return what this run doesn't prove."""
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
    for layer, lanes in different_layers(report):
        targets = dict.fromkeys(lane.target for lane in lanes)
        platforms = dict.fromkeys(lane.platform for lane in lanes)
        rows.append(
            (
                code(layer.digest.removeprefix("sha256:")[:12]),
                code(layer.created_by),
                f"{', '.join(targets)} on {', '.join(platforms)}",
                str(len(lanes)),
                megabytes(layer.bytes),
            )
        )
    head = ("layer", "made by", "in", "images", "compressed")
    return table(head, rows, caption="Layer by layer", numbers=2)


def _steps(steps: Iterable[Step], caption: str) -> Html:
    rows = [
        (
            code(one_line(step.label, _LETTERS)),
            ", ".join(step.targets),
            f"{step.platform or 'all'} {step.how}".rstrip(),
            clock(step.seconds),
        )
        for step in steps
    ]
    return table(("step", "of", "platform", "took"), rows, caption=caption, numbers=1)


def _node(node: Node) -> Html:
    native = joined((" natively ", code(node.native))) if node.native else ""
    return joined(("for ", code(", ".join(node.platforms)), native))


def _facts(rows: Iterable[tuple[str, str]]) -> Html:
    return element(
        "dl", *(joined((element("dt", name), element("dd", value))) for name, value in rows)
    )
