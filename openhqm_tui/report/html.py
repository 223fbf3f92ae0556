"""The report as one HTML file that needs nothing beside it: no script, no font, no request.

Its policy forbids all that, so that nothing a stranger's text might become could do anything.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files

from openhqm_tui.report.elements import Html, code, element, joined
from openhqm_tui.report.html_checks import checks_matrix, evidence, questions
from openhqm_tui.report.html_parts import (
    WORK,
    architecture,
    cache,
    environment,
    failures,
    lanes_table,
    limits,
    performance,
    pushes,
    sizes,
)
from openhqm_tui.report.model import Report
from openhqm_tui.report.pictures import kind_of, legend, patterns, run_waterfall
from openhqm_tui.report.words import NOTHING, OUTCOMES, moment


def as_html(report: Report) -> str:
    """Return the report as a document."""
    style = (files("openhqm_tui.report") / "report.css").read_text(encoding="utf-8")
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
            element("p", "Run ", code(run.id), f" of {moment(run.created)}, ", run.version),
            element("p", f"{NOTHING} stands for what this run didn't measure."),
        ),
        _chapter("Images", lanes_table(report)),
    ]
    if report.failures:
        parts.append(_chapter("Failures", *failures(report)))
    kinds = {kind_of(step) for step in report.steps if step.platform}
    kinds |= {"asked" for lane in report.lanes if lane.check_seconds is not None}
    parts += [
        _chapter(
            "When it ran",
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
        _chapter("The same once more", element("pre", run.command)),
    ]


def _checks(report: Report) -> list[Html]:
    if not any(lane.cases for lane in report.lanes):
        return [element("p", "No image was asked.")]
    return [checks_matrix(report), questions(report), *evidence(report)]


def _chapter(title: str, *inside: Html) -> Html:
    return element("section", element("h2", title), joined(inside))
