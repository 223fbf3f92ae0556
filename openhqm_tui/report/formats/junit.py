"""The report as JUnit XML for CI systems: one suite per image.

A suite's cases are `build` and each check that ran. `fail` is a failure, `warn` and `waived` pass;
`unknown` is an *error*: an inconclusive check is never a pass, and a skipped case would be green.
Skipped is what wasn't attempted: images that were cancelled or stopped because a sibling failed,
and the checks of a lane without an image. Names don't contain the run's ID, so that trends work.
"""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from datetime import UTC, datetime

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.report.catalog import Format
from openhqm_tui.report.model import Case, Failure, Lane, Report, Target
from openhqm_tui.report.rows import built_in

_KINDS = ("failure", "error", "skipped")


def as_junit(report: Report) -> str:
    """Return the report as JUnit XML."""
    suites = [_suite(report, lane) for lane in report.lanes]
    if report.run.push:
        suites.append(_registry(report))
    root = Xml.Element("testsuites", name="openhqm-tui", time=_seconds(report.run.seconds))
    _count(root, [case for suite in suites for case in suite.iter("testcase")])
    # The schema of the root element has no such attribute.
    del root.attrib["skipped"]
    root.extend(suites)
    Xml.indent(root)
    xml = Xml.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}\n'


def _suite(report: Report, lane: Lane) -> Xml.Element:
    build = built_in(report, lane)
    both = [seconds for seconds in (build, lane.check_seconds) if seconds is not None]
    suite = Xml.Element(
        "testsuite",
        name=f"{lane.target} {lane.platform}",
        time=_seconds(sum(both)),
        timestamp=_timestamp(report.run.created),
    )
    told = {
        "run": report.run.id,
        "variant": lane.variant,
        "built": lane.built,
        "ran": lane.ran,
        "node": lane.node,
        "digest": lane.digest,
        "compressed bytes": "" if lane.bytes is None else str(lane.bytes),
        "bytes on disk": "" if lane.unpacked_bytes is None else str(lane.unpacked_bytes),
    }
    properties = Xml.SubElement(suite, "properties")
    for name, value in told.items():
        if value:
            Xml.SubElement(properties, "property", name=name, value=value)
    kind = f"{lane.target}.{lane.platform.replace('/', '-')}"
    cases = [_build_case(report, lane, kind, build), *(_case(one, kind) for one in lane.cases)]
    if report.run.checked and not lane.cases:
        skipped = Xml.Element("testcase", name="checks", classname=kind)
        Xml.SubElement(skipped, "skipped", message=f"not checked: {lane.result}")
        cases.append(skipped)
    _count(suite, cases)
    suite.extend(cases)
    return suite


def _build_case(report: Report, lane: Lane, kind: str, took: float | None) -> Xml.Element:
    case = Xml.Element("testcase", name="build", classname=kind)
    if took is not None:
        case.set("time", _seconds(took))
    if lane.digest or lane.cases or lane.status in {"done", "passed", "unknown"}:
        return case
    if lane.status == "failed":
        why = next((one for one in report.failures if one.target == lane.target), None)
        reason = why.reason if why is not None else "failed"
        failed = Xml.SubElement(case, "failure", message=reason, type="build")
        failed.text = "\n".join(_digest(why)) if why is not None else ""
    else:
        Xml.SubElement(case, "skipped", message=lane.result)
    return case


def _case(told: Case, kind: str) -> Xml.Element:
    case = Xml.Element("testcase", name=told.check, classname=kind)
    wanted = f"; expected {told.expected}" if told.expected else ""
    words = f"{told.seen or 'no evidence'}{wanted}"
    if told.answer in {"fail", "unknown"}:
        name = "failure" if told.answer == "fail" else "error"
        found = Xml.SubElement(case, name, message=words, type=told.answer)
        found.text = "\n".join(filter(None, (told.asks, words, told.command)))
    else:
        out = Xml.SubElement(case, "system-out")
        kind = {"warn": "warning: ", "waived": "waived: "}.get(told.answer, "")
        out.text = f"{kind}{words}"
    return case


def _registry(report: Report) -> Xml.Element:
    suite = Xml.Element("testsuite", name="registry", timestamp=_timestamp(report.run.created))
    cases = [_tag(target, tag) for target in report.targets for tag in target.tags]
    _count(suite, cases)
    suite.extend(cases)
    return suite


def _tag(target: Target, tag: str) -> Xml.Element:
    case = Xml.Element("testcase", name=tag, classname="registry")
    if target.pushed == "failed":
        Xml.SubElement(case, "failure", message=target.push_reason, type="push")
    elif target.pushed != "passed":
        # A cancelled push may have moved the tag: never "not pushed".
        Xml.SubElement(case, "skipped", message=target.pushed or "not pushed")
    return case


def _digest(failure: Failure) -> list[str]:
    head = (failure.stage, short_title(failure.step), failure.where, failure.reason, failure.hint)
    return [line for line in (*head, *failure.source, *failure.log, failure.log_file) if line]


def _count(suite: Xml.Element, cases: list[Xml.Element]) -> None:
    suite.set("tests", str(len(cases)))
    for kind, name in zip(_KINDS, ("failures", "errors", "skipped"), strict=True):
        suite.set(name, str(sum(case.find(kind) is not None for case in cases)))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _timestamp(moment: float) -> str:
    """Return a moment as JUnit readers expect it: ISO 8601 in UTC, without a zone."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")


FORMAT = Format("junit", suffix="xml", help="JUnit XML for CI systems", write=as_junit)
