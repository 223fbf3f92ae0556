"""Companions in the checks files, and the verdict on a service if one can't be used."""

from __future__ import annotations

import tomllib

import msgspec
import pytest

from openhqm_tui.domain.checks.companion import Companion
from openhqm_tui.domain.checks.config_file import expectation_for, parse_checks
from openhqm_tui.domain.checks.evidence import Evidence, ProbeAnswer, SeenService
from openhqm_tui.domain.checks.running.service import (
    SERVICE,
    companions_of,
    judge,
    without_companions,
)
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import parse_platform
from tests.expecting import expect

HOST = parse_platform("linux/amd64")
TWO = """
[defaults]
service = { with = [{ image = "redis:7-alpine" }], within = 5 }
[targets.kafka.service]
with = [
  { image = "kafka:4", ready = ["ready", "now"], env = { HEAP = "-Xmx300m" }, command = ["run"] },
  { image = "redis:7-alpine", ready = 6379 },
]
[targets.minimal.service]
with = []
"""


def service_of(target: str) -> tuple[Companion, ...]:
    files = [parse_checks(tomllib.loads(TWO), "openhqm-checks.toml")]
    expected = expectation_for(files, target, HOST, (HOST,))
    service = SERVICE.of(expected)
    assert service is not None
    assert service.within == 5, "the rest of the service is merged key by key"
    return companions_of(expected)


def test_a_later_table_replaces_the_companions_of_an_earlier_one() -> None:
    assert service_of("redis") == (Companion(image="redis:7-alpine"),)
    assert service_of("kafka") == (
        Companion(
            image="kafka:4", ready=("ready", "now"), env={"HEAP": "-Xmx300m"}, command=("run",)
        ),
        Companion(image="redis:7-alpine", ready=6379),
    )
    assert service_of("minimal") == ()


@pytest.mark.parametrize(
    ("companion", "message"),
    [
        ("{ imgae = 'x' }", "unknown key 'imgae' in service.with: did you mean image? (valid: im"),
        ("{ ready = 1 }", "missing required field `image`"),
        ("{ image = '-v/:/host' }", "'-v/:/host' isn't a valid image reference"),
        ("{ image = 'Redis 7' }", "'Redis 7' isn't a valid image reference"),
        ("{ image = 'x', ready = 0 }", "service.with.ready = 0 is invalid (Expected `int` >= 1)"),
        ("{ image = 'x', ready = 'ping' }", "Expected `int | array | null`, got `str`"),
        ("{ image = 'x', command = 'run' }", "Expected `array`, got `str`"),
        ('{ image = "x", command = ["a\\u0000b"] }', "Expected `str` matching regex"),
        ("{ image = 'x', env = { 'A=B' = 'hunter2' } }", "service.with.env = '***' is invalid"),
        ("{ image = 'x', env = { A = 3 } }", "service.with.env = '***' is invalid"),
        ("{ image = 'x', env = 'hunter2' }", "service.with.env = '***' is invalid"),
        ("{ env = { A = 'hunter2' } }", "'env': '***'}] is invalid (Object missing"),
        (", ".join(["{ image = 'x' }"] * 9), "Expected `array` of length <= 8"),
        ("1", "service.with = [1] is invalid (Expected `object`, got `int`"),
    ],
)
def test_an_invalid_companion_is_reported_without_the_values_of_its_variables(
    companion: str, message: str
) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse_checks(tomllib.loads(f"[defaults.service]\nwith = [{companion}]"), "checks.toml")
    assert message in str(caught.value)
    assert "checks.toml: [defaults]" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_without_companions_keeps_the_rest_of_the_service() -> None:
    both = {"with": [{"image": "redis:7-alpine"}], "port": 8080}
    expected = expect(HOST, service=both)
    alone = without_companions(expected)
    assert alone.keys["service"] == {"port": 8080}
    assert without_companions(alone) is alone
    none = expect(HOST, clients={})
    assert without_companions(none) is none


@pytest.mark.parametrize(
    ("seen", "answer"),
    [
        (SeenService(status=200), Answer.PASS),
        (SeenService(status=500), Answer.UNKNOWN),
        (SeenService(ended=True, exit_code=1, words="no queue\n"), Answer.UNKNOWN),
        (SeenService(), Answer.UNKNOWN),
    ],
)
def test_trouble_with_a_companion_is_not_the_images_fault(
    seen: SeenService, answer: Answer
) -> None:
    reason = "companion redis:7-alpine exited with code 1: no memory"
    service = msgspec.structs.replace(seen, companion_trouble=reason)
    probe = ProbeAnswer(
        machine="x86_64",
        implementation="CPython",
        python="3.13.5",
        python_platform="linux-x86_64",
        uid=1000,
        service=service,
    )
    result = judge(expect(HOST, service={}), Evidence(probe=probe))
    assert result is not None
    assert result.answer is answer
    assert (result.seen == reason) == (answer is Answer.UNKNOWN)
