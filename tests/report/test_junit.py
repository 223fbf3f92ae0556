"""The JUnit report: accepted by a parser, with the right counts."""

from __future__ import annotations

from pathlib import Path

import junitparser
import msgspec
import pytest

from openhqm_tui.report.formats.junit import as_junit
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.model import Case, Report
from tests.recordings import NAMES, recording


def suites_of(report: Report, place: Path) -> list[junitparser.TestSuite]:
    file = place / "junit.xml"
    file.write_text(as_junit(report), encoding="utf-8")
    return list(junitparser.JUnitXml.fromfile(str(file)))


def results_of(suite: junitparser.TestSuite) -> dict[str, str]:
    """Return the result of every case, '' if it passed."""
    return {str(case.name): str(case.result[0]._tag) if case.result else "" for case in suite}


def with_answer(answer: str) -> Report:
    report = read_report(recording("checked"))
    case = Case(check="machine", answer=answer, seen="s390x", expected="x86_64", command="run it")
    lane = msgspec.structs.replace(report.lanes[0], cases=(case,))
    return msgspec.structs.replace(report, lanes=(lane,))


@pytest.mark.parametrize("name", NAMES)
def test_reports_of_recorded_runs_are_parsed_with_the_right_counts(
    name: str, tmp_path: Path
) -> None:
    report = read_report(recording(name))
    suites = suites_of(report, tmp_path)
    assert len(suites) == len(report.lanes)
    for suite in suites:
        results = list(results_of(suite).values())
        assert suite.tests == len(results)
        assert suite.failures == results.count("failure")
        assert suite.errors == results.count("error")
        assert suite.skipped == results.count("skipped")


@pytest.mark.parametrize(
    ("answer", "result"), [("pass", ""), ("warn", ""), ("fail", "failure"), ("unknown", "error")]
)
def test_each_verdict_has_its_junit_result(answer: str, result: str, tmp_path: Path) -> None:
    [suite] = suites_of(with_answer(answer), tmp_path)
    assert results_of(suite) == {"build": "", "machine": result}
    if result:
        [found] = [case.result[0] for case in suite if case.result]
        assert found.message == "s390x; expected x86_64"
        assert "run it" in found.text


def test_a_failed_build_and_the_cancelled_one_have_their_results(tmp_path: Path) -> None:
    suites = {s.name: s for s in suites_of(read_report(recording("bake_fails")), tmp_path)}
    failed, stopped = suites["bad linux/amd64"], suites["bad linux/arm64"]
    assert results_of(failed) == {"build": "failure", "checks": "skipped"}
    assert results_of(stopped) == {"build": "skipped", "checks": "skipped"}
    assert "oops" in next(iter(failed)).result[0].text
    assert results_of(suites["redis linux/arm64"]) == {"build": "", "index": "", "architecture": ""}


def test_a_cancelled_run_is_skipped(tmp_path: Path) -> None:
    for suite in suites_of(read_report(recording("cancelled")), tmp_path):
        assert results_of(suite) == {"build": "skipped"}


def test_pushes_are_a_suite(tmp_path: Path) -> None:
    report = read_report(recording("checked"))
    states = {"minimal": ("passed", ""), "redis": ("failed", "no such repository")}
    report = msgspec.structs.replace(
        report,
        run=msgspec.structs.replace(report.run, push=True),
        targets=tuple(
            msgspec.structs.replace(
                target, pushed=states[target.name][0], push_reason=states[target.name][1]
            )
            for target in report.targets
        ),
    )
    registry = suites_of(report, tmp_path)[-1]
    assert registry.name == "registry"
    assert list(results_of(registry).values()) == ["", "failure"]


def test_a_cancelled_push_is_not_called_not_pushed() -> None:
    report = read_report(recording("checked"))
    report = msgspec.structs.replace(
        report,
        run=msgspec.structs.replace(report.run, push=True),
        targets=tuple(msgspec.structs.replace(one, pushed="cancelled") for one in report.targets),
    )
    text = as_junit(report)
    assert 'skipped message="cancelled"' in text
    assert "not pushed" not in text


def test_names_of_cases_do_not_contain_the_run_id(tmp_path: Path) -> None:
    report = read_report(recording("checked"))
    for suite in suites_of(report, tmp_path):
        for case in suite:
            assert report.run.id not in f"{suite.name}{case.name}{case.classname}"
