"""Verdicts on what an image's config says: platform, labels, variables, health check, command."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from openhqm_tui.domain.expectation import ANY_VALUE, Expectation
from openhqm_tui.domain.proof import SeenConfig
from openhqm_tui.domain.secrets.redact import Mask, config_secrets
from openhqm_tui.domain.verdicts import Answer, Verdict, answered, unanswered

_SWITCHED_OFF = "NONE"
# A uid has 32 bits.
_MOST_DIGITS = 10


def judge_config(
    expected: Expectation, config: SeenConfig | None, reason: str = ""
) -> list[Verdict]:
    """Return the verdicts on all of the config that was asked about; None: `reason` says why."""
    wanted = _wanted(expected)
    if config is None:
        why = reason or "the store did not tell"
        return [unanswered(check, why, wish) for check, wish in wanted.items()]
    return [_JUDGES[check](expected, config, wish) for check, wish in wanted.items()]


def _wanted(expected: Expectation) -> dict[str, str]:
    """Return the checks that are asked for, in their order, and what is wished of each."""
    wanted = {"architecture": str(expected.platform)}
    if expected.labels:
        wanted["labels"] = _pairs(expected.labels)
    if expected.env:
        wanted["env"] = _pairs(expected.env)
    if expected.health_check:
        wanted["health-check"] = "a health check"
    if expected.command is not None:
        wanted["command"] = shlex.join(expected.command)
    return wanted


def _architecture(expected: Expectation, config: SeenConfig, wish: str) -> Verdict:
    told = "/".join(part for part in (config.os, config.arch, config.variant) if part)
    right = (config.os, config.arch) == (expected.platform.os, expected.platform.arch)
    return answered("architecture", Answer.PASS if right else Answer.FAIL, told, wish)


def _labels(expected: Expectation, config: SeenConfig, wish: str) -> Verdict:
    return _judge_pairs("labels", expected.labels, config.labels, wish)


def _env(expected: Expectation, config: SeenConfig, wish: str) -> Verdict:
    return _judge_pairs("env", expected.env, variables(config.env), wish)


def _health_check(_: Expectation, config: SeenConfig, wish: str) -> Verdict:
    kind, *words = config.health_check or ("",)
    right = kind not in {"", _SWITCHED_OFF} and any(words)
    seen = shlex.join(words) if right else ("switched off" if kind == _SWITCHED_OFF else "none")
    return answered(
        "health-check", Answer.PASS if right else Answer.FAIL, _safe(seen, config), wish
    )


def _command(expected: Expectation, config: SeenConfig, wish: str) -> Verdict:
    words = config.command
    answer = Answer.PASS if words == expected.command else Answer.FAIL
    return answered("command", answer, _safe(shlex.join(words), config) or "none", wish)


def judge_user(expected: Expectation, config: SeenConfig | None, reason: str = "") -> Verdict:
    """Say by its config as whom an image runs, where there is no Python in it to be asked."""
    wish = "not root" if expected.uid is None else f"uid {expected.uid}"
    if config is None:
        return unanswered("user", reason or "the store did not tell", wish)
    name = config.user.partition(":")[0].strip()
    uid = 0 if name in {"", "root"} else int(name) if _is_uid(name) else None
    if uid is None and expected.uid is not None:
        return unanswered("user", f"{name}: a name tells no number; write USER by number", wish)
    seen = f"user {name}" if uid is None else f"uid {uid}"
    if expected.uid is not None:
        return answered("user", Answer.PASS if uid == expected.uid else Answer.FAIL, seen, wish)
    as_root = Answer.FAIL if expected.strict else Answer.WARN
    return answered("user", as_root if uid == 0 else Answer.PASS, seen, wish)


def _is_uid(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= _MOST_DIGITS


_JUDGES = {
    "architecture": _architecture,
    "labels": _labels,
    "env": _env,
    "health-check": _health_check,
    "command": _command,
}


def variables(lines: Iterable[str]) -> dict[str, str]:
    """Return a config's `NAME=value` lines as a mapping."""
    return dict(line.partition("=")[::2] for line in lines)


def _judge_pairs(
    check: str, wanted: Mapping[str, str], found: Mapping[str, str], wish: str
) -> Verdict:
    wrong = {
        name: (Mask().start(found[name], name) or "(empty)") if name in found else "(missing)"
        for name, value in wanted.items()
        if not _holds(found.get(name), value)
    }
    return answered(check, Answer.FAIL if wrong else Answer.PASS, _pairs(wrong) or wish, wish)


def _holds(found: str | None, wanted: str) -> bool:
    return bool(found) if wanted == ANY_VALUE else found == wanted


def _pairs(named: Mapping[str, str]) -> str:
    """Return `a=1, b=2`, and after them the names of which any value will do."""
    fixed = [f"{name}={value}" for name, value in named.items() if value != ANY_VALUE]
    some = [name for name, value in named.items() if value == ANY_VALUE]
    told = [", ".join(fixed)] if fixed else []
    return "; ".join([*told, f"any {', '.join(some)}"] if some else told)


def _safe(text: str, config: SeenConfig) -> str:
    return Mask(config_secrets(config.env, config.labels)).start(text)
