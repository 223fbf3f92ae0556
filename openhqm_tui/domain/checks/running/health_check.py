"""The check `health-check`: the image has a health check, and it works."""

from __future__ import annotations

import posixpath
import re
import shlex
from itertools import groupby

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.evidence import (
    CRASHES,
    EMULATOR_HINT,
    Evidence,
    SeenConfig,
    SeenHealthCheck,
)
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.running import service
from openhqm_tui.domain.checks.verdict import Answer, Result
from openhqm_tui.domain.formatting import duration_text
from openhqm_tui.domain.text import one_line, plain

HEALTH_CHECK: Key[bool] = Key("health-check", bool, default=False)
_DISABLED = "NONE"
_IN_SHELL = "CMD-SHELL"
_SHELL = ("/bin/sh", "-c")
_WANTED = "a working health check"
# Seconds: Docker's own default, and the maximum for a health check here.
_TIMEOUT = 30.0
# The timeout of an emulated health check is longer by the same factor as that of a service.
_EMULATED = 4
_NOT_FOUND = re.compile(r"(?:not found|No such file or directory|Permission denied)\s*$")
_NOT_EXECUTED = frozenset({126, 127})


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Look for a health check in the config, and judge how it ended in the container.

    It is executed only if a service must respond: without a service it would rightly fail.
    """
    if seen.config is None:
        return seen.no_config(_WANTED)
    kind, *words = seen.config.health_check or ("",)
    if kind == _DISABLED:
        return Result.of(False, "disabled", _WANTED)
    if not kind or not any(words):
        return Result.of(False, "none", _WANTED)
    shown = seen.config.masked(shlex.join(words))
    if not (expected.has_python and service.SERVICE.is_set(expected)):
        return _by_its_words(seen.config, shown)
    if seen.probe is None:
        return Result(Answer.UNKNOWN, "not executed: the service could not be started", _WANTED)
    served = service.judge(expected, seen)
    if served is None:
        return None
    if served.answer is Answer.UNKNOWN or (not seen.probe.health and served.answer is Answer.FAIL):
        return Result(Answer.UNKNOWN, "not executed: the service check did not pass", _WANTED)
    if seen.probe.health is None:
        return None
    return _by_its_end(seen.config, seen.probe.health, shown, emulated=seen.emulated)


def _by_its_words(config: SeenConfig, shown: str) -> Result:
    if cannot_fail(config.health_check):
        return Result(
            Answer.WARN, f"the command can't fail, so it detects nothing: {shown}", _WANTED
        )
    return Result(Answer.PASS, shown, _WANTED)


def _by_its_end(config: SeenConfig, seen: SeenHealthCheck, shown: str, *, emulated: bool) -> Result:
    lines = [line for line in plain(seen.words).splitlines() if line.strip()]
    output = f": {one_line(lines[-1], 160)}" if lines else ""
    missing = bool(lines) and _NOT_FOUND.search(lines[-1]) is not None
    crashed = seen.signal in CRASHES or seen.exit_code - 128 in CRASHES
    if emulated and (seen.timed_out or crashed):
        how = "did not finish in time" if seen.timed_out else "crashed"
        return Result(Answer.UNKNOWN, f"{how} under emulation{output}; {EMULATOR_HINT}", _WANTED)
    if seen.timed_out:
        waited = duration_text(seen.milliseconds / 1000)
        return Result(Answer.FAIL, f"did not finish within {waited}: {shown}", _WANTED)
    if seen.signal:
        return Result(Answer.FAIL, f"killed by signal {seen.signal}{output}", _WANTED)
    fixed = cannot_fail(config.health_check)
    if seen.exit_code in _NOT_EXECUTED or (missing and (seen.exit_code or fixed)):
        return Result(
            Answer.FAIL, f"the command isn't in the image or can't be executed{output}", _WANTED
        )
    if seen.exit_code:
        why = output or f": {shown}"
        return Result(Answer.FAIL, f"exit code {seen.exit_code}{why}", _WANTED)
    return _by_its_words(config, shown)


def command_of(config: SeenConfig, *, emulated: bool) -> tuple[tuple[str, ...], float]:
    """Return the command of an image's health check, () for none, and its timeout in seconds."""
    kind, *words = config.health_check or ("",)
    seconds = min(config.health_timeout or _TIMEOUT, _TIMEOUT) * (_EMULATED if emulated else 1)
    if kind in {"", _DISABLED} or not any(words):
        return (), seconds
    return ((config.shell or _SHELL) if kind == _IN_SHELL else ()) + tuple(words), seconds


# Whether a health check can fail at all.

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "busybox"})
_ALWAYS_TRUE = frozenset({"true", ":", "echo", "printf"})
_OPERATORS = frozenset({";", "&", "&&", "||", "|"})
# Scripts that have any of these aren't analyzed.
_CONTROL = frozenset(
    {"if", "while", "until", "for", "case", "function", "{", "(", "!", "set", "trap"}
)


def cannot_fail(test: tuple[str, ...]) -> bool:
    """Whether a health check always exits with 0, judging by its command line."""
    kind, *words = test or ("",)
    if kind == _IN_SHELL:
        return _script_cannot_fail(" ".join(words))
    program = posixpath.basename(words[0]) if words else ""
    if program in _SHELLS and "-c" in words[:-1]:
        return _script_cannot_fail(words[words.index("-c") + 1])
    return program in _ALWAYS_TRUE


def _script_cannot_fail(script: str) -> bool:
    lexer = shlex.shlex(re.sub(r"(?<!\\)\n", ";", script), posix=True, punctuation_chars=True)
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        return False
    if not _CONTROL.isdisjoint(tokens) or _exits_with_failure(tokens):
        return False
    commands: list[tuple[str, bool]] = []
    operator = ";"
    for is_operator, group in groupby(tokens, _OPERATORS.__contains__):
        words = list(group)
        if is_operator:
            operator = words[-1]
        elif operator == "|" and commands:
            # The last command of a pipeline decides.
            commands[-1] = (commands[-1][0], _can_fail(words))
        else:
            commands.append((operator, _can_fail(words)))
    fails = False
    for operator, can_fail in commands:
        if operator == "&&":
            fails = fails or can_fail
        elif operator == "||":
            fails = fails and can_fail
        else:
            fails = can_fail
    # A command in the background doesn't fail.
    return not fails or tokens[-1] == "&"


def _can_fail(command: list[str]) -> bool:
    return posixpath.basename(command[0]) not in _ALWAYS_TRUE and command[:2] != ["exit", "0"]


def _exits_with_failure(tokens: list[str]) -> bool:
    following = [*tokens[1:], ""]
    return any(
        token in {"exit", "return"} and after != "0"
        for token, after in zip(tokens, following, strict=True)
    )


CHECK = Check(
    name="health-check",
    position=300,
    short="hea",
    question="Does the image have a health check, and does it pass while the service runs?",
    hint="In the final stage, add a HEALTHCHECK that fails if the service fails; its command must "
    "be in the image.",
    method=Method.HEALTH_CHECK,
    keys=(HEALTH_CHECK,),
    applies=HEALTH_CHECK.is_set,
    # The words of its command come from the config, so they are part of the container's command.
    probe=ProbeArgument(7, "health", lambda *_: ""),
    needs_python=False,
    judge=judge,
)
