"""The verdicts on what an image turned out to be while it ran, from what the probe inside said."""

from __future__ import annotations

import msgspec

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.verdicts import Answer, Verdict


class SeenModule(msgspec.Struct, frozen=True):
    """What became of one client library: its version if it is installed, the import's error."""

    distribution: str
    version: str = ""
    found: bool = False
    error: str = ""


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the probe said from inside the container; see openhqm_tui/run/probe.py."""

    machine: str
    implementation: str
    python: str
    python_platform: str
    uid: int
    clients: list[SeenModule] = []
    absent: list[SeenModule] = []


class ProbeTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why the probe said nothing: `emulator` where the emulator is to blame, not the image."""

    reason: str
    emulator: bool = False
    could_not_ask: bool = False


RUNNING_CHECKS = ("machine", "python", "clients", "absent", "user")


def judge_probe(expected: Expectation, said: ProbeAnswer | ProbeTrouble) -> list[Verdict]:
    """Say whether what runs inside the container is what it must be."""
    if isinstance(said, ProbeTrouble):
        unknown = said.emulator or said.could_not_ask
        answer = Answer.UNKNOWN if unknown else Answer.FAIL
        return [_verdict(check, answer, said.reason, "") for check in RUNNING_CHECKS]
    machines = expected.platform.machines
    verdicts = [
        _verdict(
            "machine",
            Answer.PASS if said.machine in machines else Answer.FAIL,
            said.machine,
            " or ".join(machines),
        ),
        _judge_python(expected, said),
    ]
    verdicts += _judge_clients(expected, said)
    if expected.uid is not None:
        answer = Answer.PASS if said.uid == expected.uid else Answer.FAIL
        verdicts.append(_verdict("user", answer, f"uid {said.uid}", f"uid {expected.uid}"))
    else:
        answer = Answer.WARN if said.uid == 0 else Answer.PASS
        verdicts.append(_verdict("user", answer, f"uid {said.uid}", "not root"))
    return verdicts


def _judge_python(expected: Expectation, said: ProbeAnswer) -> Verdict:
    seen = f"{said.implementation} {said.python} {said.python_platform}"
    wanted = expected.python
    right = (
        (not wanted or said.python == wanted or said.python.startswith(f"{wanted}."))
        and said.implementation == "CPython"
        and said.python_platform in expected.platform.python_platforms
    )
    wish = f"CPython {wanted} {expected.platform.python_platforms[0]}".replace("  ", " ")
    return _verdict("python", Answer.PASS if right else Answer.FAIL, seen, wish)


def _judge_clients(expected: Expectation, said: ProbeAnswer) -> list[Verdict]:
    if expected.clients is None:
        return []
    by_name = {module.distribution: module for module in said.clients}
    seen: list[str] = []
    broken = False
    for client in expected.clients:
        module = by_name.get(client.distribution, SeenModule(client.distribution))
        if module.error or not module.found:
            broken = True
            seen.append(f"{client.distribution}: {module.error or 'missing'}")
        else:
            seen.append(f"{client.distribution} {module.version}".strip())
    wanted = ", ".join(client.distribution for client in expected.clients) or "none"
    text = f"{', '.join(seen) or 'none'} on {said.machine}"
    extra = [m for m in said.absent if m.found or m.version]
    return [
        _verdict("clients", Answer.FAIL if broken else Answer.PASS, text, wanted),
        _verdict(
            "absent",
            Answer.FAIL if extra else Answer.PASS,
            ", ".join(f"{m.distribution} {m.version}".strip() for m in extra) or "no other client",
            "no other client",
        ),
    ]


def _verdict(check: str, answer: Answer, evidence: str, expected: str) -> Verdict:
    # Evidence is a stranger's text: an image may answer anything.
    return Verdict(check=check, answer=answer, evidence=one_line(evidence, 300), expected=expected)
