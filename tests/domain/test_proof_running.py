"""Verdicts on what ran: a table of images that are right, wrong, or would not say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.proof_running import (
    RUNNING_CHECKS,
    ProbeAnswer,
    ProbeTrouble,
    SeenModule,
    judge_probe,
)
from openhqm_tui.domain.variants import Client
from openhqm_tui.domain.verdicts import Answer, Verdict, proved

ARM = parse_platform("arm64")
REDIS, KAFKA = Client("redis", "redis"), Client("aiokafka", "aiokafka")
WANTED = Expectation(
    platform=ARM,
    platforms=(ARM,),
    clients=(REDIS,),
    absent=(KAFKA,),
    python="3.13",
    uid=1000,
)
SAID = ProbeAnswer(
    machine="aarch64",
    implementation="CPython",
    python="3.13.5",
    python_platform="linux-aarch64",
    uid=1000,
    clients=[SeenModule("redis", "7.4.1", found=True)],
    absent=[SeenModule("aiokafka")],
)
P, F, W, U = Answer.PASS, Answer.FAIL, Answer.WARN, Answer.UNKNOWN


def but(record: Any, **changes: Any) -> Any:
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
        ({"clients": []}, "clients", F),
        ({"clients": [SeenModule("redis", "7", error="ImportError()")]}, "clients", F),
        ({"clients": [SeenModule("redis", "7", found=True, error="x")]}, "clients", F),
        ({"clients": [SeenModule("redis", "7")]}, "clients", F),
        ({"clients": [SeenModule("redis", "", found=True)]}, "clients", P),
        ({"absent": [SeenModule("aiokafka", found=True)]}, "absent", F),
        ({"absent": [SeenModule("aiokafka", "0.12")]}, "absent", F),
    ],
)
def test_what_runs_inside_is_what_it_must_be(
    changes: dict[str, Any], check: str, answer: Answer
) -> None:
    said = answers(judge_probe(WANTED, but(SAID, **changes)))
    assert set(said) == set(RUNNING_CHECKS)
    wrong = {name for name, one in said.items() if one is not P}
    assert wrong == ({check} if answer is not P else set())


def test_clients_are_told_with_their_versions_and_machine() -> None:
    told = {v.check: v.evidence for v in judge_probe(WANTED, SAID)}
    assert told["clients"] == "redis 7.4.1 on aarch64"
    assert told["python"] == "CPython 3.13.5 linux-aarch64"
    assert told["absent"] == "no other client"


def test_minimal_carries_none() -> None:
    told = judge_probe(but(WANTED, clients=(), absent=(REDIS, KAFKA)), but(SAID, clients=[]))
    assert proved(told)
    assert {v.check: v.evidence for v in told}["clients"] == "none on aarch64"


def test_with_nothing_known_of_clients_nothing_is_said_of_them() -> None:
    told = answers(judge_probe(but(WANTED, clients=None, uid=None, python=""), SAID))
    assert told == {"machine": P, "python": P, "user": P}


def test_root_is_only_a_warning_where_no_user_was_asked() -> None:
    assert answers(judge_probe(but(WANTED, uid=None), but(SAID, uid=0)))["user"] is W


@pytest.mark.parametrize(
    ("trouble", "answer"),
    [
        (ProbeTrouble(reason="no python"), F),
        (ProbeTrouble(reason="crash", emulator=True), U),
        (ProbeTrouble(reason="no emulator", could_not_ask=True), U),
    ],
)
def test_an_image_that_says_nothing(trouble: ProbeTrouble, answer: Answer) -> None:
    said = judge_probe(WANTED, trouble)
    assert answers(said) == dict.fromkeys(RUNNING_CHECKS, answer)
    assert not proved(said)
    assert {verdict.evidence for verdict in said} == {trouble.reason}


def test_evidence_is_a_strangers_text() -> None:
    hostile = "\x1b]52;c;x\x07aarch64\n\u202e" + "x" * 10_000
    for verdict in judge_probe(WANTED, but(SAID, machine=hostile, python=hostile)):
        assert len(verdict.evidence) <= 300
        assert not set("\x1b\x07\n\u202e") & set(verdict.evidence)
