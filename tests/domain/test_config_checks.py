"""Verdicts on an image's index, config and user."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import judge
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.evidence import (
    Contents,
    Evidence,
    ProbeAnswer,
    SeenConfig,
    SeenImage,
)
from openhqm_tui.domain.checks.expectation import ANY_VALUE, Expectation
from openhqm_tui.domain.checks.layers import FileKind, Found, Placed
from openhqm_tui.domain.checks.running.user import CHECK as USER_CHECK
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.platforms import parse_platform
from tests.expecting import expect, static_verdicts, with_keys

AMD, ARM = parse_platform("amd64"), parse_platform("arm64")
COMMAND = ("python", "-m", "openhqm.api.listener")
WANTED = expect(
    ARM,
    labels={"queue.backend": "redis"},
    env={"OPENHQM_QUEUE_BACKEND": "redis"},
    command=[*COMMAND],
)
CONFIG = SeenConfig(
    os="linux",
    arch="arm64",
    labels={"queue.backend": "redis", "other": "x"},
    env=("PATH=/bin", "OPENHQM_QUEUE_BACKEND=redis", "EMPTY", "EQUALS=a=b"),
    cmd=COMMAND,
    health_check=("CMD", "python", "-c", "pass"),
)
REPORT = ProbeAnswer(
    machine="aarch64", implementation="CPython", python="3.13.5", python_platform="x", uid=1000
)
CHECKS = ["architecture", "labels", "env", "command"]


def judge_config(expected: Expectation, config: SeenConfig | None, why: str = "") -> list[Verdict]:
    return static_verdicts(expected, *CHECKS, config=config, why=why)


def replaced(record: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(record, **changes)


@pytest.mark.parametrize(
    ("changes", "wrong", "evidence"),
    [
        ({}, "", ""),
        ({"variant": "v8"}, "", ""),
        ({"arch": "amd64"}, "architecture", "linux/amd64"),
        ({"os": "windows"}, "architecture", "windows/arm64"),
        ({"labels": {}}, "labels", "queue.backend=(missing)"),
        ({"labels": {"queue.backend": "kafka"}}, "labels", "queue.backend=kafka"),
        ({"env": ()}, "env", "OPENHQM_QUEUE_BACKEND=(missing)"),
        ({"env": ("OPENHQM_QUEUE_BACKEND=kafka",)}, "env", "OPENHQM_QUEUE_BACKEND=kafka"),
        ({"cmd": ()}, "command", "none"),
        ({"cmd": ("sh", "-c", "x y")}, "command", "sh -c 'x y'"),
        ({"entrypoint": ("tini", "--")}, "command", "tini -- python -m openhqm.api.listener"),
        ({"entrypoint": COMMAND[:1], "cmd": COMMAND[1:]}, "", ""),
    ],
)
def test_a_config_that_differs_fails_its_check(
    changes: dict[str, Any], wrong: str, evidence: str
) -> None:
    found = {
        verdict.check: verdict for verdict in judge_config(WANTED, replaced(CONFIG, **changes))
    }
    assert list(found) == CHECKS
    assert [c for c in CHECKS if found[c].answer is not Answer.PASS] == ([wrong] if wrong else [])
    if wrong:
        assert found[wrong].answer is Answer.FAIL
        assert found[wrong].evidence == evidence


def test_verdicts_have_the_actual_and_the_expected_value() -> None:
    found = {
        verdict.check: (verdict.evidence, verdict.expected)
        for verdict in judge_config(WANTED, CONFIG)
    }
    assert found == {
        "architecture": ("linux/arm64", "linux/arm64"),
        "labels": ("queue.backend=redis", "queue.backend=redis"),
        "env": ("OPENHQM_QUEUE_BACKEND=redis", "OPENHQM_QUEUE_BACKEND=redis"),
        "command": ("python -m openhqm.api.listener", "python -m openhqm.api.listener"),
    }


def test_a_config_that_cant_be_read_is_unknown() -> None:
    verdicts = judge_config(WANTED, None, "no such image")
    assert [verdict.check for verdict in verdicts] == CHECKS
    assert {verdict.answer for verdict in verdicts} == {Answer.UNKNOWN}
    assert {verdict.evidence for verdict in verdicts} == {"no such image"}


@pytest.mark.parametrize("config", [CONFIG, None])
def test_a_check_without_an_expectation_has_no_verdict(config: SeenConfig | None) -> None:
    plain = expect(ARM)
    assert [verdict.check for verdict in judge_config(plain, config)] == ["architecture"]


def test_evidence_never_has_a_secret() -> None:
    wanted = with_keys(WANTED, env={"API_TOKEN": "", "URL": "x"}, command=["x"])
    seen = replaced(
        CONFIG,
        env=("API_TOKEN=s3cr3t-value", "URL=redis://user:s3cr3t-value@host/"),
        cmd=("serve", "--password=s3cr3t-value"),
        health_check=("CMD-SHELL", "curl -H 'Authorization: Bearer s3cr3t-value' x"),
    )
    verdicts = judge_config(wanted, seen)
    assert "s3cr3t" not in str(verdicts)
    assert "API_TOKEN=***" in str(verdicts)


def test_hostile_text_in_evidence_is_sanitized_and_cut() -> None:
    hostile = "\x1b]52;c;x\x07\n\u202e" + "x" * 10_000
    seen = replaced(CONFIG, arch=hostile, cmd=(hostile,), health_check=("CMD", hostile))
    for verdict in judge_config(with_keys(WANTED, labels={"a": hostile}), seen):
        assert len(verdict.evidence) <= 300
        assert not set("\x1b\x07\n\u202e") & set(verdict.evidence)


@pytest.mark.parametrize(
    ("found", "answer", "evidence"),
    [
        ({"a": "1", "b": "2"}, Answer.PASS, "a=1; any value for b"),
        ({"a": "1", "b": ""}, Answer.FAIL, "b=(empty)"),
        ({"a": "1"}, Answer.FAIL, "b=(missing)"),
        ({"a": "2", "b": "*"}, Answer.FAIL, "a=2"),
    ],
)
def test_any_value_matches_unless_empty(found, answer: Answer, evidence: str) -> None:
    wanted = expect(ARM, labels={"a": "1", "b": ANY_VALUE})
    verdicts = judge_config(wanted, SeenConfig(os="linux", arch="arm64", labels=found))
    assert [(v.answer, v.evidence) for v in verdicts if v.check == "labels"] == [(answer, evidence)]


@pytest.mark.parametrize(
    ("user", "uid", "strict", "answer", "evidence"),
    [
        ("", None, False, Answer.WARN, "uid 0"),
        ("root", None, False, Answer.WARN, "uid 0"),
        ("00", None, False, Answer.WARN, "uid 0 (00)"),
        ("+0", None, True, Answer.FAIL, "uid 0 (+0)"),
        ("-0:1000", None, True, Answer.FAIL, "uid 0 (-0:1000)"),
        (":1000", 1000, True, Answer.FAIL, "uid 0 (:1000)"),
        ("1000:0", None, True, Answer.PASS, "uid 1000"),
        ("0:1000", None, True, Answer.FAIL, "uid 0"),
        ("app", None, True, Answer.PASS, "user app"),
        ("1000:1000", None, True, Answer.PASS, "uid 1000"),
        ("1000", 1000, False, Answer.PASS, "uid 1000"),
        ("1001", 1000, False, Answer.FAIL, "uid 1001"),
        ("", 1000, False, Answer.FAIL, "uid 0"),
        ("root", 0, True, Answer.PASS, "uid 0"),
        (
            "app",
            1000,
            True,
            Answer.UNKNOWN,
            "USER app is a name, so the uid is unknown: use a number",
        ),
        ("9" * 5000, None, True, Answer.PASS, "user 999"),
        ("²", None, True, Answer.PASS, "user ²"),
    ],
)
def test_the_user_of_an_image_without_python_is_read_from_its_config(
    user: str, uid: int | None, strict: bool, answer: Answer, evidence: str
) -> None:
    wanted = replaced(expect(ARM, user=uid, strict=strict), has_python=False)
    (verdict,) = judge(wanted, Evidence(config=SeenConfig(user=user)), Group.RUNNING)
    assert (verdict.answer, verdict.check) == (answer, "user")
    assert verdict.evidence.startswith(evidence)
    (gone,) = judge(wanted, Evidence(why="gone"), Group.RUNNING)
    assert (gone.answer, gone.evidence) == (Answer.UNKNOWN, "gone")


ACCOUNTS = ("root:0", "toor:0", "app:1000", "app:0")


@pytest.mark.parametrize(
    ("config", "uid", "keys", "answer", "evidence"),
    [
        ({"user": "toor"}, 1000, {}, Answer.WARN, "uid 0 (toor)"),
        ({"user": "toor"}, 1000, {"strict": True}, Answer.FAIL, "uid 0 (toor)"),
        ({"user": "root"}, 1000, {"user": 1000}, Answer.FAIL, "uid 0"),
        ({"user": "root"}, 1000, {"user": 0}, Answer.PASS, "uid 0"),
        ({"user": "app"}, 1000, {"user": 1000}, Answer.PASS, "uid 1000"),
        ({"user": "app"}, None, {"user": 1000}, Answer.PASS, "uid 1000"),
        ({"user": "app"}, 0, {"user": 1000}, Answer.FAIL, "uid 0"),
        ({"user": "1000"}, 0, {}, Answer.WARN, "uid 0"),
        ({"user": "nobody"}, None, {}, Answer.FAIL, "user nobody isn't in /etc/passwd"),
        ({"user": "nobody"}, 65534, {}, Answer.PASS, "uid 65534"),
        (
            {"entrypoint": ("gosu", "app"), "cmd": ("x",)},
            *(0, {"strict": True}, Answer.WARN),
            "starts as uid 0, and gosu switches to user app",
        ),
        (
            {"entrypoint": ("/sbin/tini", "--", "/sbin/su-exec", "1000:1000", "x")},
            *(0, {"user": 1000}, Answer.WARN),
            "starts as uid 0, and su-exec switches to user 1000:1000",
        ),
        (
            {"entrypoint": ("setpriv", "--reuid=1000", "--clear-groups", "x")},
            *(0, {}, Answer.WARN, "starts as uid 0, and setpriv switches to user 1000"),
        ),
        (
            {"cmd": ("/bin/sh", "-c", "chown app /data && exec gosu app x")},
            *(0, {}, Answer.WARN, "starts as uid 0, and gosu switches to user app"),
        ),
        (
            {"entrypoint": ("entry.sh",), "cmd": ("x",)},
            *(0, {"user": 1000}, Answer.WARN, "starts as uid 0, and gosu switches to another user"),
        ),
        ({"cmd": ("gosu", "1001", "x")}, 0, {"user": 1000}, Answer.FAIL, "starts as uid 0"),
        ({"cmd": ("gosu", "root", "x")}, 0, {"strict": True}, Answer.FAIL, "uid 0"),
        ({"cmd": ("gosu", "toor", "x")}, 0, {}, Answer.WARN, "uid 0"),
    ],
)
def test_root_is_recognized_by_the_config(
    config: dict[str, Any], uid: int | None, keys: dict[str, Any], answer: Answer, evidence: str
) -> None:
    found = [Found(FileKind.ACCOUNT, "/etc/passwd", account) for account in ACCOUNTS]
    found.append(Found(FileKind.DROPS_ROOT, "/usr/local/bin/entry.sh", "gosu"))
    seen = Evidence(
        config=SeenConfig(**config),
        contents=Contents(tuple(Placed(one, 1, deleted=False) for one in found), 1),
        probe=None if uid is None else replaced(REPORT, uid=uid),
    )
    result = USER_CHECK.judge(expect(ARM, **keys), seen)
    assert result is not None
    assert (result.answer, result.seen[: len(evidence)]) == (answer, evidence)


def images(*platforms: str) -> list[SeenImage]:
    return [SeenImage(platform=platform) for platform in platforms]


POSING = SeenImage(platform="linux/arm64", attestation=True)
WINDOWS = [SeenImage(platform="windows/amd64", os_version=version) for version in ("10", "11")]


@pytest.mark.parametrize(
    ("seen", "exact", "answer"),
    [
        (images("linux/amd64", "linux/arm64"), True, Answer.PASS),
        (images("linux/arm64", "linux/amd64"), True, Answer.PASS),
        (images("linux/amd64"), True, Answer.FAIL),
        (images("linux/amd64", "linux/arm64", "linux/386"), True, Answer.FAIL),
        (images("linux/amd64", "linux/amd64"), True, Answer.FAIL),
        (images("linux/amd64", "linux/arm64", "linux/arm64"), False, Answer.FAIL),
        (images("linux/amd64", "linux/arm64", "unknown/unknown"), False, Answer.FAIL),
        ([*images("linux/amd64", "linux/arm64"), POSING], True, Answer.FAIL),
        ([*images("linux/amd64", "linux/arm64"), POSING], False, Answer.FAIL),
        ([*images("linux/amd64", "linux/arm64"), *WINDOWS], False, Answer.PASS),
        (images("linux/amd64", "linux/arm64", "linux/386"), False, Answer.PASS),
        (images("linux/386"), False, Answer.FAIL),
        ([], True, Answer.FAIL),
        (None, True, Answer.UNKNOWN),
    ],
)
def test_the_index_must_hold_the_requested_platforms(
    seen: list[SeenImage] | None, exact: bool, answer: Answer
) -> None:
    wanted = replaced(expect(AMD, ARM), exact_index=exact)
    (verdict,) = static_verdicts(wanted, "index", index=seen, why_index="the store is away")
    assert verdict.answer is answer
    assert verdict.expected == "linux/amd64, linux/arm64"
    assert seen is not None or verdict.evidence == "the store is away"
