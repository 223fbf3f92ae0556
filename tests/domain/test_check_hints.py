"""The hint of a failed check: one for each check, or for a result that is more specific."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.catalog import CHECKS, hint_of
from openhqm_tui.domain.checks.verdict import Answer, Verdict


def hint(check: str, answer: Answer = Answer.FAIL, evidence: str = "", how: str = "") -> str:
    return hint_of(Verdict(check=check, answer=answer, evidence=evidence, how=how))


@pytest.mark.parametrize("check", CHECKS)
def test_every_failed_check_has_its_own_hint_and_no_passed_one_has_any(check: str) -> None:
    text = hint(check)
    assert text
    assert "\n" not in text
    assert len(text) < 200
    assert text == hint(check, Answer.WARN)
    assert not hint(check, Answer.PASS)
    assert [other for other in CHECKS if hint(other) == text] == [check]


@pytest.mark.parametrize(
    ("answer", "evidence", "how", "part"),
    [
        (Answer.UNKNOWN, "Exec format error", "emulated", "doctor --fix"),
        (Answer.UNKNOWN, "no emulator for this platform on this machine", "", "doctor --fix"),
        (Answer.UNKNOWN, "qemu: uncaught target signal 11", "emulated", "QEMU 10 or later"),
        (
            Answer.UNKNOWN,
            "the container did not respond within 300 s",
            "emulated",
            "newer QEMU or on a native node",
        ),
        (Answer.UNKNOWN, "the engine didn't report the config", "", ""),
        (Answer.FAIL, "exited with code 139", "emulated", "emulator may have crashed"),
        (Answer.FAIL, "exited with code 139", "native", "To reproduce"),
        (Answer.FAIL, "write: no space left on device", "native", "docker buildx prune"),
        (Answer.FAIL, "connection refused", "native", "To reproduce"),
        (Answer.FAIL, "no Python in the image: neither", "native", "`python = false`"),
        (Answer.FAIL, "no python3 in the image, which", "native", "`python = false`"),
        (
            Answer.FAIL,
            "/python needs a dynamic loader that isn't in the image",
            "native",
            "C library",
        ),
        (Answer.UNKNOWN, "not checked: no Python in the image: x", "", "`interpreter`"),
    ],
)
def test_a_specific_result_has_a_specific_hint(
    answer: Answer, evidence: str, how: str, part: str
) -> None:
    text = hint("service", answer, evidence, how)
    assert part in text
    assert bool(part) == bool(text)


def test_an_unknown_check_has_no_hint() -> None:
    assert hint("newer") == ""


@pytest.mark.parametrize(
    ("check", "evidence", "python"),
    [
        ("binaries", "1 of 9 is x86_64: /usr/lib/python3/site-packages/a.so", True),
        ("binaries", "1 of 9 is x86_64: /app/node_modules/a/build/a.node", False),
        ("binaries", "1 of 9 is x86_64: /usr/bin/server", False),
        ("caches", "pip: 3 files, 1.0 MB, such as /root/.cache/pip/a", True),
        ("caches", "npm: 3 files, 1.0 MB, such as /root/.npm/_cacache/a", False),
        ("command", "[]", False),
    ],
)
def test_hints_mention_python_only_for_python_files(
    check: str, evidence: str, python: bool
) -> None:
    text = hint(check, evidence=evidence)
    assert text
    assert any(word in text for word in ("pip", "--python-platform", "python")) is python
