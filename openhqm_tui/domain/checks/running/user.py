"""The check `user`: the user that the image runs as."""

from __future__ import annotations

from typing import Annotated

import msgspec

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.verdict import Answer, Result

USER: Key[int | None] = Key("user", Annotated[int, msgspec.Meta(ge=0, le=2**32 - 2)], None)
# A uid has 32 bits.
_MOST_DIGITS = 10


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Compare the user inside the container; without Python there, the user of the config."""
    if not expected.has_python:
        return _by_config(expected, seen)
    return None if seen.probe is None else _compare(expected, seen.probe.uid)


def _by_config(expected: Expectation, seen: Evidence) -> Result:
    wanted = USER.of(expected)
    if seen.config is None:
        return seen.no_config(_wish(wanted))
    name = seen.config.user.partition(":")[0].strip()
    is_number = name.isascii() and name.isdecimal() and len(name) <= _MOST_DIGITS
    if name in {"", "root"} or is_number:
        return _compare(expected, int(name) if is_number else 0)
    if wanted is not None:
        told = f"{name} is a name, not a number: write USER by number"
        return Result(Answer.UNKNOWN, told, _wish(wanted))
    return Result(Answer.PASS, f"user {name}", _wish(wanted))


def _compare(expected: Expectation, uid: int) -> Result:
    wanted = USER.of(expected)
    if wanted is not None:
        return Result.of(uid == wanted, f"uid {uid}", _wish(wanted))
    return Result(Answer.PASS if uid else expected.untidy, f"uid {uid}", _wish(wanted))


def _wish(wanted: int | None) -> str:
    return "not root" if wanted is None else f"uid {wanted}"


CHECK = Check(
    name="user",
    position=280,
    short="uid",
    question="Does the image run as the expected user, not as root?",
    hint="Set USER in the final stage, by number: USER 1000:1000.",
    method=Method.CONTAINER,
    keys=(USER,),
    needs_python=False,
    judge=judge,
)
