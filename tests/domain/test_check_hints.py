"""The hint of a failed check: one for each check, or for a result that is more specific."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.catalog import CHECKS, hint_of
from openhqm_tui.domain.checks.verdict import Answer, Verdict


def hint(check: str, answer: Answer = Answer.FAIL, evidence: str = "", how: str = "") -> str:
    return hint_of(Verdict(check=check, answer=answer, evidence=evidence, how=how))


@pytest.mark.parametrize("check", CHECKS)
def test_every_failure_has_a_hint_of_its_own_and_no_pass_has_one(check: str) -> None:
    told = hint(check)
    assert told
    assert "\n" not in told
    assert len(told) < 200
    assert told == hint(check, Answer.WARN)
    assert not hint(check, Answer.PASS)
    assert [other for other in CHECKS if hint(other) == told] == [check]


@pytest.mark.parametrize(
    ("answer", "evidence", "how", "words"),
    [
        (Answer.UNKNOWN, "Exec format error", "emulated", "doctor --fix"),
        (Answer.UNKNOWN, "no emulator for this platform here", "", "doctor --fix"),
        (Answer.UNKNOWN, "qemu: uncaught target signal 11", "emulated", "newer QEMU"),
        (Answer.UNKNOWN, "no response within 300 s", "emulated", "newer QEMU or a native node"),
        (Answer.UNKNOWN, "the engine didn't report it", "", ""),
        (Answer.FAIL, "write: no space left on device", "native", "docker buildx prune"),
        (Answer.FAIL, "connection refused", "native", "Run it to see"),
        (Answer.FAIL, "no Python in the image: neither", "native", "`python = false`"),
        (Answer.FAIL, "no python3 in the image, which", "native", "`python = false`"),
        (Answer.FAIL, "/python needs a loader that isn't in the image", "native", "C library"),
        (Answer.UNKNOWN, "not checked: no Python in the image: x", "", "`interpreter`"),
    ],
)
def test_words_of_an_answer_tell_more(answer: Answer, evidence: str, how: str, words: str) -> None:
    told = hint("service", answer, evidence, how)
    assert words in told
    assert bool(words) == bool(told)


def test_a_check_that_isnt_known_has_none() -> None:
    assert hint("newer") == ""


@pytest.mark.parametrize(
    ("check", "evidence", "python"),
    [
        ("binaries", "1 of 9 is x86_64: /usr/lib/python3/site-packages/a.so", True),
        ("binaries", "1 of 9 is x86_64: /app/node_modules/a/build/a.node", False),
        ("binaries", "1 of 9 is x86_64: /usr/bin/server", False),
        ("caches", "pip: 3 files, 1.0 MB, as /root/.cache/pip/a", True),
        ("caches", "npm: 3 files, 1.0 MB, as /root/.npm/_cacache/a", False),
        ("command", "[]", False),
    ],
)
def test_options_of_python_are_hinted_at_only_where_it_is(
    check: str, evidence: str, python: bool
) -> None:
    told = hint(check, evidence=evidence)
    assert told
    assert any(word in told for word in ("pip", "--python-platform", "python")) is python
