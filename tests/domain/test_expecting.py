"""From checks files to what a lane's image must be."""

from __future__ import annotations

import tomllib

import pytest

from openhqm_tui.domain.checks.catalog import QUESTIONS, asked_by, in_order
from openhqm_tui.domain.checks.config_file import ChecksFile, parse_checks
from openhqm_tui.domain.checks.expectation import (
    Expectation,
    Service,
    expectation_for,
    unmatched,
    variants_in,
)
from openhqm_tui.domain.plan.variants import Client, Variant
from openhqm_tui.domain.platforms import parse_platform

AMD64, ARM64 = parse_platform("linux/amd64"), parse_platform("linux/arm64")
REDIS, KAFKA = Client("redis", "redis"), Client("aiokafka", "aiokafka")


def file(text: str) -> ChecksFile:
    return parse_checks(tomllib.loads(text), "f.toml")


def expected(*texts: str, target: str = "redis", platform=AMD64, python: str = "") -> Expectation:
    files = [file(text) for text in texts]
    return expectation_for(files, target, platform, (AMD64, ARM64), python=python)


CLIENTS = """
[defaults]
absent = "others"
[targets.all]
clients = "all"
[targets.redis]
clients = {redis = "redis"}
[targets.kafka]
clients = {aiokafka = "aiokafka"}
[targets.minimal]
clients = {}
"""


@pytest.mark.parametrize(
    ("target", "clients", "absent"),
    [
        ("all", (REDIS, KAFKA), ()),
        ("redis", (REDIS,), (KAFKA,)),
        ("minimal", (), (REDIS, KAFKA)),
        ("unheard-of", None, (REDIS, KAFKA)),
    ],
)
def test_clients_of_a_variant_are_absent_from_the_others(target: str, clients, absent) -> None:
    found = expected(CLIENTS, target=target)
    assert (found.clients, found.absent) == (clients, absent)
    assert found.asks_python


def test_the_variants_of_a_file() -> None:
    told = CLIENTS.replace("[targets.redis]", '[targets.redis]\ntitle = "Redis"')
    assert variants_in(file(told + "[targets.'my-*']\nuser = 1")) == (
        Variant("all", "", (REDIS, KAFKA)),
        Variant("redis", "Redis", (REDIS,)),
        Variant("kafka", "", (KAFKA,)),
        Variant("minimal", "", ()),
    )


@pytest.mark.parametrize(
    ("texts", "field", "value"),
    [
        ((), "uid", None),
        (("[defaults]\nuser = 7", "[targets.redis]\nuser = 8"), "uid", 8),
        (("[targets.redis]\nuser = 8\n[targets.'r*']\nuser = 9",), "uid", 9),
        (("[targets.redis]\nuser = 8", "[defaults]\nuser = 7"), "uid", 7),
        (("[targets.kafka]\nuser = 8",), "uid", None),
        (("[defaults]\nuser = 8", "[targets.redis]\nuser = false"), "uid", None),
        (("[defaults]\nuser = 0",), "uid", 0),
        (("[defaults.labels]\na = '1'\nb = '2'", "[defaults.labels]\nb = '3'"), "labels",
         {"a": "1", "b": "3"}),
        (("[defaults.labels]\na = '1'\nb = '2'", "[defaults.labels]\nb = false"), "labels",
         {"a": "1"}),
        (("[defaults.labels]\na = '1'", "[defaults]\nlabels = false"), "labels", {}),
        (("[defaults.env]\nA = '{target}-{python}'",), "env", {"A": "redis-3.13"}),
        (("[defaults]\ncommand = ['run', '{target}']",), "command", ("run", "redis")),
        (("[defaults]\ncommand = ['a']", "[defaults]\ncommand = false"), "command", None),
        (("[defaults]\npython = '{python}'",), "python", "3.13"),
        (("[defaults]\npython = 'any'",), "python", ""),
        (("[defaults]\npython = 'any'",), "asks_python", True),
        (("[defaults]\nlibrary = ['ssl']",), "asks_python", True),
        (("[defaults]\nlibrary = ['ssl']\npython = false",), "asks_python", False),
        (("[defaults]\nuser = 1000",), "asks_python", False),
        (("[defaults]\nextensions = ['a.b']",), "modules", ("a.b",)),
        (("[defaults]\nhealth-check = true",), "health_check", True),
        (("[defaults]\nbyte-code = true", "[defaults]\nbyte-code = false"), "byte_code", False),
        (("[defaults]\nservice = true",), "service", Service()),
        (("[defaults.service]\nport = 80", "[defaults.service]\nwithin-emulated = 9"), "service",
         Service(port=80, within_emulated=9)),
        (("[defaults]\nservice = true", "[defaults]\nservice = false"), "service", None),
        (("[defaults]\nmax-mb = 61.5",), "most_bytes", 61_500_000),
        (("[defaults]\nmax-mb = 61.5", "[targets.redis]\nmax-mb = false"), "most_bytes", None),
        (("[defaults.allow]\nsetuid = ['/a']", "[defaults.allow]\nsecrets = ['/b']"), "allow",
         {"setuid": ("/a",), "secrets": ("/b",)}),
        (("[defaults]\nstrict = true",), "strict", True),
    ],
)  # fmt: skip
def test_the_last_table_that_matches_has_the_last_word(texts, field: str, value: object) -> None:
    assert getattr(expected(*texts, python="3.13"), field) == value


def test_a_platform_has_its_own_word() -> None:
    text = '[defaults]\nmax-mb = 60\n[defaults.platforms."*/arm64"]\nmax-mb = 70'
    assert expected(text).most_bytes == 60_000_000
    assert expected(text, platform=ARM64).most_bytes == 70_000_000


def test_where_no_version_was_asked_for_any_python_will_do() -> None:
    found = expected("[defaults]\npython = '{python}'")
    assert (found.python, found.asks_python) == ("", True)


def test_a_table_that_no_target_matches_is_told_of() -> None:
    told = file("[targets.redsi]\nuser = 1\n[targets.'k*']\nuser = 1\n[targets.'*']\nuser = 1")
    assert unmatched(told, ["redis", "kafka"]) == [
        "f.toml: no target is called 'redsi', so nothing is asked by it; did you mean redis?"
    ]


# -- what is asked -----------------------------------------------------------------------------

ALWAYS = ("index", "architecture", "binaries", "setuid", "compilers", "caches", "secrets", "user")
PYTHON = ("machine", "python")


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("", ()),
        ("[defaults.labels]\na = 'b'", ("labels",)),
        ("[defaults]\nmax-mb = 1", ("size",)),
        ("[defaults.env]\nA = 'b'", ("env",)),
        ("[defaults]\nhealth-check = true\ncommand = ['a']", ("health-check", "command")),
        ("[defaults]\nservice = true", (*PYTHON, "service")),
        ("[defaults]\npython = 'any'", PYTHON),
        ("[defaults]\nlibrary = ['ssl']", (*PYTHON, "library")),
        ("[defaults]\nextensions = ['x']", (*PYTHON, "extensions")),
        ("[defaults]\nbyte-code = true", (*PYTHON, "byte-code")),
        ("[defaults]\nclients = {}", (*PYTHON, "clients", "absent")),
        ("[defaults]\nlibrary = ['ssl']\npython = false", ()),
    ],
)
def test_what_an_expectation_asks(text: str, more: tuple[str, ...]) -> None:
    assert asked_by(expected(text)) == in_order((*ALWAYS, *more))


def test_checks_stand_in_their_order_and_unknown_ones_last() -> None:
    assert in_order(["service", "newer", "index", "service"]) == ("index", "service", "newer")


def test_heads_are_three_letters_at_most_and_no_two_are_alike() -> None:
    heads = [question.head for question in QUESTIONS.values()]
    assert all(1 < len(head) <= 3 for head in heads)
    assert len(set(heads)) == len(heads)
