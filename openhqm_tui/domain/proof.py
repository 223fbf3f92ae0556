"""What a lane's image must be, and the verdicts on what it turned out to be.

Evidence comes in as plain records from the store; the answers are made here, by pure functions.
What was asked of the running image is judged in `proof_running`.
"""

from __future__ import annotations

import msgspec

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.verdicts import Answer, Verdict


class SeenImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of an index, as its manifest and config tell; sizes in bytes."""

    platform: str
    digest: str = ""
    content_size: int = 0
    unpacked_size: int = 0


class SeenConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What an image's config says; `command` is what it runs: its entrypoint and arguments."""

    os: str = ""
    arch: str = ""
    variant: str = ""
    user: str = ""
    labels: dict[str, str] = {}
    env: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


def judge_index(expected: Expectation, seen: list[SeenImage] | None, reason: str = "") -> Verdict:
    """Say whether the index holds exactly the asked platforms (attestations aside)."""
    wanted = sorted(str(platform) for platform in expected.platforms)
    if seen is None:
        return _unknown("index", reason or "the store did not tell", ", ".join(wanted))
    got = sorted(image.platform for image in seen)
    right = got == wanted if expected.exact_index else set(wanted) <= set(got)
    answer = Answer.PASS if right else Answer.FAIL
    return _verdict("index", answer, ", ".join(got) or "no image", ", ".join(wanted))


def judge_config(
    expected: Expectation, config: SeenConfig | None, reason: str = ""
) -> list[Verdict]:
    """Say whether the config's architecture, labels and variables are what they must be."""
    platform = str(expected.platform)
    if config is None:
        why = reason or "the store did not tell"
        return [_unknown("architecture", why, platform), _unknown("labels", why)]
    told = "/".join(part for part in (config.os, config.arch, config.variant) if part)
    same = (config.os, config.arch) == (expected.platform.os, expected.platform.arch)
    verdicts = [_verdict("architecture", Answer.PASS if same else Answer.FAIL, told, platform)]
    env = dict(line.partition("=")[::2] for line in config.env)
    wrong = [
        f"{name}={found.get(name, '(missing)')}"
        for found, wanted in ((config.labels, expected.labels), (env, expected.env))
        for name, value in wanted.items()
        if found.get(name) != value
    ]
    wanted = [f"{n}={v}" for n, v in {**expected.labels, **expected.env}.items()]
    if not wanted:
        return verdicts
    answer = Answer.FAIL if wrong else Answer.PASS
    seen = ", ".join(wrong or wanted)
    return [*verdicts, _verdict("labels", answer, seen, ", ".join(wanted))]


def _verdict(check: str, answer: Answer, evidence: str, expected: str) -> Verdict:
    # Evidence is a stranger's text: an image may answer anything.
    return Verdict(check=check, answer=answer, evidence=one_line(evidence, 300), expected=expected)


def _unknown(check: str, reason: str, expected: str = "") -> Verdict:
    return _verdict(check, Answer.UNKNOWN, reason, expected)
