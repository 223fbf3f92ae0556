"""Verdicts on an image's index and config: platform, labels, variables, user, command."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

import msgspec

from openhqm_tui.domain.checks.expectation import ANY_VALUE, Expectation
from openhqm_tui.domain.checks.verdict import Answer, Verdict, answered, unanswered
from openhqm_tui.domain.secrets.redact import Mask, config_secrets

# What a lane's image must be, and the verdicts on what it turned out to be.
#
# Evidence comes in as plain records from the store; the answers are made here, by pure functions.
# What was asked of the running image is judged in `runtime`.


class SeenImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of an index, as its manifest and config tell; sizes in bytes."""

    platform: str
    digest: str = ""
    content_size: int = 0
    unpacked_size: int = 0


class SeenConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What an image's config says.

    `health_check` is its test (`NONE` switches one of the base off). `layers` are the digests of
    what each layer unpacks to, the lowest first; `history` the instructions, the newest first.
    Both are None where the engine doesn't tell.
    """

    os: str = ""
    arch: str = ""
    variant: str = ""
    user: str = ""
    labels: dict[str, str] = {}
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    health_check: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    layers: tuple[str, ...] | None = None
    history: tuple[str, ...] | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """What it runs: its entrypoint and arguments."""
        return self.entrypoint + self.cmd


def judge_index(expected: Expectation, seen: list[SeenImage] | None, reason: str = "") -> Verdict:
    """Say whether the index holds exactly the asked platforms (attestations aside)."""
    wanted = sorted(str(platform) for platform in expected.platforms)
    if seen is None:
        return unanswered("index", reason or "the store did not tell", ", ".join(wanted))
    got = sorted(image.platform for image in seen)
    right = got == wanted if expected.exact_index else set(wanted) <= set(got)
    answer = Answer.PASS if right else Answer.FAIL
    return answered("index", answer, ", ".join(got) or "no image", ", ".join(wanted))


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
