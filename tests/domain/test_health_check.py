"""The image's health check: its presence, whether it can fail, and its result."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import judge, judge_running
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.evidence import (
    Evidence,
    ProbeAnswer,
    ProbeTrouble,
    SeenConfig,
    SeenHealthCheck,
    SeenService,
)
from openhqm_tui.domain.checks.running.health_check import cannot_fail, command_of
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.platforms import parse_platform
from tests.expecting import expect

P, F, W, U = Answer.PASS, Answer.FAIL, Answer.WARN, Answer.UNKNOWN
WANTED = expect(parse_platform("arm64"), health_check=True, service={})
CURL = ("CMD-SHELL", "curl -f http://localhost:8000/health || exit 1")
ANSWERS = SeenService(status=200, later=200)


def the_verdict(verdicts: list[Verdict]) -> Verdict:
    (verdict,) = [one for one in verdicts if one.check == "health-check"]
    return verdict


def verdict(
    health: SeenHealthCheck | None,
    *,
    service: SeenService = ANSWERS,
    test: tuple[str, ...] = CURL,
    how: str = "native",
) -> Verdict:
    report = ProbeAnswer(
        machine="", implementation="", python="", python_platform="", uid=1, service=service
    )
    report = msgspec.structs.replace(report, health=health)
    seen = Evidence(config=SeenConfig(health_check=test))
    return the_verdict(judge_running(WANTED, report, seen=seen, how=how))


@pytest.mark.parametrize(
    ("ended", "test", "native", "emulated", "message"),
    [
        ({}, CURL, P, P, "curl -f"),
        ({"exit_code": 1}, CURL, F, F, "exit code 1: 'curl -f"),
        ({"exit_code": 1, "words": "a\nrefused\n"}, CURL, F, F, "exit code 1: refused"),
        ({"exit_code": 1, "words": "sh: 1: curl: not found\n"}, CURL, F, F, "isn't in the image"),
        (
            {"exit_code": 127, "words": "x: No such file or directory"},
            ("CMD", "x"),
            F,
            F,
            "the command isn't in the image or can't be executed: x: No such file",
        ),
        ({"words": "sh: curl: not found"}, ("CMD-SHELL", "curl x || exit 0"), F, F, "isn't in the"),
        ({"words": "sh: curl: not found"}, ("CMD-SHELL", "curl x || wget x"), P, P, "curl x"),
        ({}, ("CMD", "true"), W, W, "the command can't fail, so it detects nothing: true"),
        ({"signal": 15}, CURL, F, F, "killed by signal 15"),
        ({"signal": 11}, CURL, F, U, "signal 11"),
        ({"timed_out": True, "milliseconds": 30_000}, CURL, F, U, "did not finish within"),
    ],
)
def test_the_result_of_the_health_check_decides_the_verdict(
    ended: dict[str, Any], test: tuple[str, ...], native: Answer, emulated: Answer, message: str
) -> None:
    health = SeenHealthCheck(**ended)
    found = verdict(health, test=test)
    assert found.answer is native
    assert message in found.evidence
    assert verdict(health, test=test, how="emulated").answer is emulated


@pytest.mark.parametrize(
    ("service", "health"),
    [
        (SeenService(status=500), None),
        (SeenService(ended=True, words="connect ECONNREFUSED 127.0.0.1:6379"), None),
        (SeenService(words="connect ECONNREFUSED 127.0.0.1:6379"), SeenHealthCheck()),
    ],
)
def test_without_a_responding_service_the_health_check_is_unknown(
    service: SeenService, health: SeenHealthCheck | None
) -> None:
    assert verdict(health, service=service).answer is U


@pytest.mark.parametrize(
    ("test", "answer", "evidence"),
    [
        ((), F, "none"),
        (("NONE",), F, "disabled"),
        (("CMD",), F, "none"),
        (("CMD-SHELL", ""), F, "none"),
        (("CMD-SHELL", "curl x"), P, "'curl x'"),
        (("CMD-SHELL", "curl x || true"), W, "the command can't fail, so it detects nothing"),
    ],
)
def test_without_an_expected_service_only_the_definition_is_checked(
    test: tuple[str, ...], answer: Answer, evidence: str
) -> None:
    wanted = expect(parse_platform("arm64"), health_check=True)
    for expected in (wanted, msgspec.structs.replace(wanted, has_python=False)):
        seen = Evidence(config=SeenConfig(health_check=test))
        found = the_verdict(judge(expected, seen, Group.RUNNING))
        assert found.answer is answer
        assert evidence in found.evidence
    gone = the_verdict(judge(wanted, Evidence(why="gone"), Group.RUNNING))
    assert (gone.answer, gone.evidence) == (U, "gone")


def test_without_a_probe_report_the_health_check_is_unknown() -> None:
    seen = Evidence(config=SeenConfig(health_check=CURL))
    verdicts = judge_running(WANTED, ProbeTrouble(reason="crash"), seen=seen)
    assert the_verdict(verdicts).answer is U


@pytest.mark.parametrize(
    ("script", "never_fails"),
    [
        ("true", True),
        (":", True),
        ("exit 0", True),
        ("/bin/true", True),
        ("echo ok", True),
        ("curl -f x || true", True),
        ("curl -f x || exit 0", True),
        ("curl -f x; exit 0", True),
        ("curl -f x\ntrue", True),
        ("curl -f x && echo well || :", True),
        ("curl x | true", True),
        ("curl -f x > /dev/null 2>&1 || true", True),
        ("curl -f x", False),
        ("curl -f x || exit 1", False),
        ("curl -f x || exit", False),
        ("true && curl -f x", False),
        ("true || curl -f x", True),
        ("curl x | grep ok", False),
        ("curl -f x || exit 1; true", False),
        ("if curl x; then exit 0; else exit 1; fi", False),
        ("set -e; curl x; true", False),
        ("! true", False),
        ("test -e '/x", False),
    ],
)
def test_a_health_check_that_cannot_fail_is_recognized(script: str, never_fails: bool) -> None:
    assert cannot_fail(("CMD-SHELL", script)) is never_fails
    assert cannot_fail(("CMD", "/bin/sh", "-c", script)) is never_fails


def test_the_health_check_runs_in_its_shell_with_its_timeout() -> None:
    config = SeenConfig(health_check=("CMD-SHELL", "a || b"), health_timeout=2.0)
    assert command_of(config, emulated=False) == (("/bin/sh", "-c", "a || b"), 2.0)
    own = msgspec.structs.replace(config, shell=("/bin/bash", "-ec"), health_timeout=900.0)
    assert command_of(own, emulated=True) == (("/bin/bash", "-ec", "a || b"), 120.0)
    assert command_of(SeenConfig(health_check=("CMD", "a", "b")), emulated=False)[0] == ("a", "b")
    assert command_of(SeenConfig(health_check=("NONE",)), emulated=False)[0] == ()
