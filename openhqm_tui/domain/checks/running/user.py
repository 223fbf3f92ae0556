"""The check `user`: the user that the image runs as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Contents, Evidence, SeenConfig
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.files import remaining
from openhqm_tui.domain.checks.layers import FileKind
from openhqm_tui.domain.checks.startup import root_dropped_by
from openhqm_tui.domain.checks.verdict import Answer, Result

USER: Key[int | None] = Key("user", Annotated[int, msgspec.Meta(ge=0, le=2**32 - 2)], None)
# As the engine reads it: a sign and leading zeros are allowed. A uid has 32 bits.
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Compare the user in the config with the one inside the container.

    Root in the config is root, whatever the image says about itself.
    """
    wanted = USER.of(expected)
    if seen.config is None:
        if not expected.has_python:
            return seen.no_config(_wish(wanted))
        return None if seen.probe is None else _compare(expected, seen.probe.uid)
    accounts = _accounts(seen.contents)
    name = seen.config.user.partition(":")[0]
    configured = _uid(name, accounts)
    if configured == 0:
        return _root(expected, seen.config, seen.contents, accounts)
    inside = None if seen.probe is None else seen.probe.uid
    if configured is None and inside is None:
        return _by_name(name, wanted, accounts)
    if configured is None or inside == 0:
        return _compare(expected, inside or 0)
    return _compare(expected, configured)


def _uid(name: str, accounts: Mapping[str, int]) -> int | None:
    """Return the uid of a user in a config as the engine resolves it; None if it is unknown."""
    if name in {"", "root"}:
        return 0
    return int(name) if _NUMBER.fullmatch(name) else accounts.get(name)


def _accounts(contents: Contents | None) -> dict[str, int]:
    """Return the accounts in the image's /etc/passwd; the first entry of a name counts."""
    found = [] if contents is None else remaining(contents, FileKind.ACCOUNT)
    pairs = (one.what.rpartition(":") for one in reversed(found))
    return {name: int(uid) for name, _, uid in pairs if uid.isdecimal()}


def _by_name(name: str, wanted: int | None, accounts: Mapping[str, int]) -> Result:
    if accounts:
        return Result.of(False, f"user {name} isn't in /etc/passwd", _wish(wanted))
    if wanted is not None:
        told = f"USER {name} is a name, so the uid is unknown: use a number"
        return Result(Answer.UNKNOWN, told, _wish(wanted))
    return Result(Answer.PASS, f"user {name}", _wish(wanted))


def _root(
    expected: Expectation,
    config: SeenConfig,
    contents: Contents | None,
    accounts: Mapping[str, int],
) -> Result:
    wanted = USER.of(expected)
    found = [] if contents is None else remaining(contents, FileKind.DROPS_ROOT)
    program, user = root_dropped_by(config, [(one.path, one.what) for one in found])
    becomes = _uid(user.partition(":")[0], accounts) if user else None
    named = config.user if config.user not in {"", "0", "root"} else ""
    told = f"uid 0 ({named})" if named else "uid 0"
    if wanted == 0 or not program or becomes == 0:
        return _compare(expected, 0)._replace(seen=told)
    other = f"user {user}" if user else "another user"
    told = f"starts as {told}, and {program} switches to {other}"
    if wanted is not None and becomes is not None and becomes != wanted:
        return Result.of(False, told, _wish(wanted))
    return Result(Answer.WARN, told, _wish(wanted))


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
    question="Does the image run as the expected user, or as any but root if none is given?",
    hint="In the final stage, set USER to a number: the expected uid, or any but 0 if none is "
    "given (USER 1000:1000).",
    method=Method.USER,
    keys=(USER,),
    needs_python=False,
    judge=judge,
)
