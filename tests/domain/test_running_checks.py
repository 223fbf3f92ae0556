"""Verdicts on the report of the probe: correct, wrong, and inconclusive images."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import CHECKS, judge_running
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.evidence import (
    ProbeAnswer,
    ProbeTrouble,
    SeenByteCode,
    SeenModule,
    SeenService,
)
from openhqm_tui.domain.checks.verdict import Answer, Verdict, is_verified
from openhqm_tui.domain.platforms import parse_platform
from tests.expecting import expect, with_keys

ARM = parse_platform("arm64")
WANTED = expect(
    ARM,
    clients={"redis": "redis"},
    absent={"aiokafka": "aiokafka"},
    python="3.13",
    user=1000,
    library=["ssl", "zoneinfo"],
    extensions=["pydantic_core"],
    byte_code=True,
    service={},
)
RUNNING_CHECKS = tuple(
    name
    for name, check in CHECKS.items()
    if check.group is Group.RUNNING and name != "health-check"
)
SUFFIX = ".cpython-313-aarch64-linux-gnu.so"
REPORT = ProbeAnswer(
    machine="aarch64",
    implementation="CPython",
    python="3.13.5",
    python_platform="linux-aarch64",
    uid=1000,
    ext_suffix=SUFFIX,
    library=[SeenModule("ssl", "3.5.1", found=True), SeenModule("zoneinfo", found=True)],
    extensions=[SeenModule("pydantic_core", SUFFIX, found=True)],
    byte_code=SeenByteCode(asked=77, missing=0),
    service=SeenService(status=200, milliseconds=412, listens=True),
    clients=[SeenModule("redis", "7.4.1", found=True)],
    absent=[SeenModule("aiokafka")],
)
P, F, W, U = Answer.PASS, Answer.FAIL, Answer.WARN, Answer.UNKNOWN


def replaced(record: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(record, **changes)


def answers(verdicts: list[Verdict]) -> dict[str, Answer]:
    return {verdict.check: verdict.answer for verdict in verdicts}


@pytest.mark.parametrize(
    ("changes", "check", "answer"),
    [
        ({}, "", P),
        ({"machine": "x86_64"}, "machine", F),
        ({"machine": "arm64"}, "machine", P),
        ({"python": "3.12.9"}, "python", F),
        ({"python": "3.130.1"}, "python", F),
        ({"implementation": "PyPy"}, "python", F),
        ({"python_platform": "linux-x86_64"}, "python", F),
        ({"uid": 0}, "user", F),
        ({"ext_suffix": ".cpython-313-x86_64-linux-gnu.so"}, "python", F),
        ({"ext_suffix": ".cpython-313-aarch64-linux-musl.so"}, "python", P),
        ({"ext_suffix": ".abi3.so"}, "python", P),
        ({"library": [SeenModule("ssl", "3", found=True)]}, "library", F),
        ({"library": []}, "library", F),
        (
            {"library": [SeenModule("ssl", found=True), SeenModule("zoneinfo", error="x")]},
            "library",
            F,
        ),
        ({"extensions": []}, "extensions", F),
        ({"extensions": [SeenModule("pydantic_core", error="ImportError()")]}, "extensions", F),
        ({"extensions": [SeenModule("pydantic_core", ".abi3.so", found=True)]}, "extensions", P),
        (
            {"extensions": [SeenModule("pydantic_core", ".cpython-313-x86_64-linux-gnu.so", True)]},
            "extensions",
            F,
        ),
        ({"byte_code": SeenByteCode(asked=77, missing=1, names=["os"])}, "byte-code", W),
        ({"service": SeenService(status=500)}, "service", F),
        ({"clients": []}, "clients", F),
        ({"clients": [SeenModule("redis", "7", error="ImportError()")]}, "clients", F),
        ({"clients": [SeenModule("redis", "7", found=True, error="x")]}, "clients", F),
        ({"clients": [SeenModule("redis", "7")]}, "clients", F),
        ({"clients": [SeenModule("redis", "", found=True)]}, "clients", P),
        ({"absent": [SeenModule("aiokafka", found=True)]}, "absent", F),
        ({"absent": [SeenModule("aiokafka", "0.12")]}, "absent", F),
    ],
)
def test_a_report_that_differs_fails_its_check(
    changes: dict[str, Any], check: str, answer: Answer
) -> None:
    found = answers(judge_running(WANTED, replaced(REPORT, **changes)))
    assert set(found) == set(RUNNING_CHECKS)
    wrong = {name for name, one in found.items() if one is not P}
    assert wrong == ({check} if answer is not P else set())


def test_evidence_has_the_versions_and_the_machine() -> None:
    evidence = {v.check: v.evidence for v in judge_running(WANTED, REPORT)}
    assert evidence["clients"] == "redis 7.4.1 on aarch64"
    assert evidence["python"] == "CPython 3.13.5 linux-aarch64"
    assert evidence["absent"] == "no clients of other variants"


@pytest.mark.parametrize(
    ("client", "requirement", "answer", "message"),
    [
        (SeenModule("redis", "7.4", found=True), "redis>=5,<8", P, "redis 7.4 on"),
        (
            SeenModule("redis", "8.0", found=True),
            "Redis[x]>=5,<8",
            F,
            "version 8.0 doesn't match <8,>=5",
        ),
        (SeenModule("redis", "8.0rc1", found=True), "redis>=7", P, "redis 8.0rc1 on"),
        (SeenModule("redis", "\x1b]0;x", found=True), "redis>=7", F, "doesn't match >=7"),
        (SeenModule("redis", "9", found=True), "other>=10", P, "redis 9 on"),
        (
            SeenModule("redis", "", found=True),
            "redis",
            F,
            "can be imported, but the distribution redis isn't installed",
        ),
        (SeenModule("redis"), "redis", F, "redis: missing"),
        (SeenModule("redis", "7"), "redis", U, "the metadata lists no modules"),
        (SeenModule("redis", "7", error="ImportError()"), "redis", F, "redis: ImportError()"),
    ],
)
def test_the_version_of_a_client_must_meet_its_requirement(
    client: SeenModule, requirement: str, answer: Answer, message: str
) -> None:
    wanted = with_keys(WANTED, clients={"redis": "*"}, requirements=[requirement])
    (verdict,) = (
        v for v in judge_running(wanted, replaced(REPORT, clients=[client])) if v.check == "clients"
    )
    assert verdict.answer is answer
    assert message in verdict.evidence


@pytest.mark.parametrize(
    ("core", "requires", "answer", "message"),
    [
        ([], {}, F, "aiokafka 0.12"),
        ([], {"redis": ["aiokafka>=0.1"]}, P, "aiokafka 0.12, which redis requires"),
        ([], {"redis": ["aiokafka; extra == 'kafka'"]}, F, "aiokafka 0.12"),
        (["redis[kafka]"], {"redis": ["aiokafka; extra == 'kafka'"]}, P, "which redis requires"),
        ([], {"redis": ["aiokafka; sys_platform == 'win32'"]}, F, "aiokafka 0.12"),
        ([], {"redis": ["aiokafka; platform_machine == 'aarch64'"]}, P, "which redis requires"),
        (["app"], {"app": ["Mid.Dle"], "mid_dle": ["aiokafka"]}, P, "which Mid.Dle requires"),
        ([], {"app": ["aiokafka"]}, F, "aiokafka 0.12"),
        (["app"], {"app": ["mid"], "mid": ["app"]}, F, "aiokafka 0.12"),
        (["app"], {"app": ["not a requirement", "aiokafka >>1"]}, F, "aiokafka 0.12"),
        (None, {"redis": ["aiokafka"]}, F, "aiokafka 0.12"),
    ],
)
def test_a_client_required_by_an_installed_package_is_accepted(
    core: list[str] | None, requires: dict[str, list[str]], answer: Answer, message: str
) -> None:
    report = replaced(
        REPORT, absent=[SeenModule("aiokafka", "0.12", found=True)], requires=requires
    )
    wanted = with_keys(WANTED, core=core) if core is not None else WANTED
    (verdict,) = (v for v in judge_running(wanted, report) if v.check == "absent")
    assert verdict.answer is answer
    assert message in verdict.evidence


def test_an_image_without_expected_clients_has_none() -> None:
    verdicts = judge_running(with_keys(WANTED, clients={}), replaced(REPORT, clients=[]))
    assert is_verified(verdicts)
    assert {v.check: v.evidence for v in verdicts}["clients"] == "none on aarch64"


def test_without_expectations_only_the_basic_checks_run() -> None:
    least = expect(ARM)
    assert answers(judge_running(least, REPORT)) == {"machine": P, "python": P, "user": P}


@pytest.mark.parametrize(("strict", "answer"), [(False, W), (True, F)])
def test_warnings_are_failures_in_strict_mode(strict: bool, answer: Answer) -> None:
    seen = replaced(REPORT, uid=0, byte_code=SeenByteCode(asked=7, missing=7, names=["os"]))
    found = answers(judge_running(with_keys(WANTED, user=None, strict=strict), seen))
    assert (found["user"], found["byte-code"]) == (answer, answer)


CRASH = ProbeTrouble(reason="Python crashed (signal 11)")
LOST = ProbeTrouble(reason="the emulator crashed", emulator=True)


@pytest.mark.parametrize(
    ("missing", "trouble", "blamed", "answer", "rest"),
    [
        (("clients",), CRASH, "clients", F, ()),
        (("clients",), LOST, "clients", U, ()),
        (("clients", "service"), CRASH, "clients", F, ("service",)),
        (("service",), CRASH, "service", F, ()),
        (("byte_code", "clients"), CRASH, "byte-code", F, ("clients",)),
        (("extensions", "byte_code", "clients"), CRASH, "extensions", F, ("byte-code", "clients")),
        (
            ("absent", "library", "extensions", "byte_code", "clients", "service"),
            CRASH,
            "absent",
            F,
            ("library", "extensions", "byte-code", "clients", "service"),
        ),
    ],
)
def test_the_check_that_crashed_fails_and_later_ones_are_unknown(
    missing: tuple[str, ...],
    trouble: ProbeTrouble,
    blamed: str,
    answer: Answer,
    rest: tuple[str, ...],
) -> None:
    report = replaced(REPORT, trouble=trouble, **dict.fromkeys(missing))
    verdicts = judge_running(WANTED, report)
    wrong = {v.check: (v.answer, v.evidence) for v in verdicts if v.answer is not P}
    assert wrong.pop(blamed) == (answer, trouble.reason)
    assert wrong == dict.fromkeys(rest, (U, f"not checked: {trouble.reason}"))


def test_a_check_that_is_not_expected_is_not_blamed_for_a_crash() -> None:
    report = replaced(REPORT, trouble=CRASH, library=None, clients=None)
    found = answers(judge_running(with_keys(WANTED, library=None), report))
    assert "library" not in found
    assert found["clients"] is F


@pytest.mark.parametrize("how", ["native", "emulated"])
@pytest.mark.parametrize("report", [REPORT, CRASH])
def test_every_verdict_records_how_the_image_ran(
    report: ProbeAnswer | ProbeTrouble, how: str
) -> None:
    assert {verdict.how for verdict in judge_running(WANTED, report, how=how)} == {how}


def test_verdicts_are_in_the_order_of_the_checks() -> None:
    assert tuple(v.check for v in judge_running(WANTED, REPORT)) == RUNNING_CHECKS


def test_modules_without_byte_code_are_named() -> None:
    few = SeenByteCode(asked=77, missing=2, names=["ssl", "fastapi"])
    many = SeenByteCode(asked=77, missing=70, names=["a", "b"])
    found = [
        next(
            v
            for v in judge_running(WANTED, replaced(REPORT, byte_code=seen))
            if v.check == "byte-code"
        )
        for seen in (few, many)
    ]
    assert (
        found[0].evidence
        == "bytecode missing or outdated for 2 of 77 modules examined: ssl, fastapi"
    )
    assert found[1].evidence.endswith("a, b, …")


@pytest.mark.parametrize(
    ("trouble", "answer"),
    [
        (ProbeTrouble(reason="no python"), F),
        (ProbeTrouble(reason="crash", emulator=True), U),
        (ProbeTrouble(reason="no emulator", could_not_ask=True), U),
    ],
)
def test_without_a_report_every_check_has_the_reason(trouble: ProbeTrouble, answer: Answer) -> None:
    verdicts = judge_running(WANTED, trouble)
    assert answers(verdicts) == dict.fromkeys(RUNNING_CHECKS, answer)
    assert not is_verified(verdicts)
    assert {verdict.evidence for verdict in verdicts} == {trouble.reason}


def test_hostile_text_in_evidence_is_sanitized_and_cut() -> None:
    hostile = "\x1b]52;c;x\x07aarch64\n\u202e" + "x" * 10_000
    for verdict in judge_running(WANTED, replaced(REPORT, machine=hostile, python=hostile)):
        assert len(verdict.evidence) <= 300
        assert not set("\x1b\x07\n\u202e") & set(verdict.evidence)
