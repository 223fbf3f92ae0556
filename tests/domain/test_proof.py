"""Verdicts out of evidence: a table of images that are right, wrong, or would not say."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.proof import (
    RUNNING_CHECKS,
    ProbeAnswer,
    ProbeTrouble,
    SeenConfig,
    SeenImage,
    SeenModule,
    judge_config,
    judge_index,
    judge_probe,
)
from openhqm_tui.domain.variants import Client
from openhqm_tui.domain.verdicts import Answer, Verdict, proved

AMD, ARM = parse_platform("amd64"), parse_platform("arm64")
REDIS, KAFKA = Client("redis", "redis"), Client("aiokafka", "aiokafka")
WANTED = Expectation(
    platform=ARM,
    platforms=(AMD, ARM),
    clients=(REDIS,),
    absent=(KAFKA,),
    python="3.13",
    uid=1000,
    labels={"queue.backend": "redis"},
    env={"OPENHQM_QUEUE_BACKEND": "redis"},
)
CONFIG = SeenConfig(
    os="linux",
    arch="arm64",
    labels={"queue.backend": "redis", "other": "x"},
    env=("PATH=/bin", "OPENHQM_QUEUE_BACKEND=redis", "EMPTY", "EQUALS=a=b"),
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


def images(*platforms: str) -> list[SeenImage]:
    return [SeenImage(platform=platform) for platform in platforms]


@pytest.mark.parametrize(
    ("seen", "exact", "answer"),
    [
        (images("linux/amd64", "linux/arm64"), True, P),
        (images("linux/arm64", "linux/amd64"), True, P),
        (images("linux/amd64"), True, F),
        (images("linux/amd64", "linux/arm64", "linux/386"), True, F),
        (images("linux/amd64", "linux/amd64"), True, F),
        (images("linux/amd64", "linux/arm64", "linux/386"), False, P),
        (images("linux/386"), False, F),
        ([], True, F),
        (None, True, U),
    ],
)
def test_the_index_holds_the_asked_platforms(
    seen: list[SeenImage] | None, exact: bool, answer: Answer
) -> None:
    verdict = judge_index(but(WANTED, exact_index=exact), seen, "the store is away")
    assert verdict.answer is answer
    assert verdict.expected == "linux/amd64, linux/arm64"
    assert seen is not None or verdict.evidence == "the store is away"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (CONFIG, {"architecture": P, "labels": P}),
        (but(CONFIG, variant="v8"), {"architecture": P, "labels": P}),
        (but(CONFIG, arch="amd64"), {"architecture": F, "labels": P}),
        (but(CONFIG, os="windows"), {"architecture": F, "labels": P}),
        (but(CONFIG, labels={}), {"architecture": P, "labels": F}),
        (but(CONFIG, labels={"queue.backend": "kafka"}), {"architecture": P, "labels": F}),
        (but(CONFIG, env=()), {"architecture": P, "labels": F}),
        (but(CONFIG, env=("OPENHQM_QUEUE_BACKEND=kafka",)), {"architecture": P, "labels": F}),
        (None, {"architecture": U, "labels": U}),
    ],
)
def test_the_config_is_what_it_must_be(config: SeenConfig | None, said: dict[str, Answer]) -> None:
    assert answers(judge_config(WANTED, config)) == said


def test_what_is_wrong_in_the_config_is_named() -> None:
    wrong = but(CONFIG, labels={}, env=("OPENHQM_QUEUE_BACKEND=kafka",))
    verdict = judge_config(WANTED, wrong)[1]
    assert verdict.evidence == "queue.backend=(missing), OPENHQM_QUEUE_BACKEND=kafka"
    assert verdict.expected == "queue.backend=redis, OPENHQM_QUEUE_BACKEND=redis"


def test_no_labels_asked_no_verdict_on_them() -> None:
    assert answers(judge_config(but(WANTED, labels={}, env={}), CONFIG)) == {"architecture": P}


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
