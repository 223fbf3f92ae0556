"""The expectations for a lane's image, from the checks files."""

from __future__ import annotations

import tomllib

import pytest

from openhqm_tui.domain.checks.catalog import CHECKS, checks_for, in_order
from openhqm_tui.domain.checks.config_file import (
    ChecksFile,
    expectation_for,
    parse_checks,
    unmatched,
    variants_in,
)
from openhqm_tui.domain.checks.expectation import ALLOW, Expectation
from openhqm_tui.domain.checks.running.service import SERVICE, Service
from openhqm_tui.domain.checks.running.user import USER
from openhqm_tui.domain.checks.static.command import COMMAND
from openhqm_tui.domain.plan.bake import Client, Variant
from openhqm_tui.domain.platforms import parse_platform

AMD64, ARM64 = parse_platform("linux/amd64"), parse_platform("linux/arm64")
REDIS, KAFKA = {"redis": "redis"}, {"aiokafka": "aiokafka"}


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
        ("all", REDIS | KAFKA, {}),
        ("redis", REDIS, KAFKA),
        ("minimal", {}, REDIS | KAFKA),
        ("unlisted", None, REDIS | KAFKA),
    ],
)
def test_clients_of_a_variant_are_absent_from_the_others(target: str, clients, absent) -> None:
    found = expected(CLIENTS, target=target)
    assert (found.keys.get("clients"), found.keys["absent"]) == (clients, absent)
    assert found.has_python


@pytest.mark.parametrize(
    ("later", "target", "absent"),
    [
        ("[targets.kafka]\nclients = {confluent-kafka = '*'}", "redis", {"confluent-kafka": "*"}),
        ("[targets.kafka]\nclients = {Redis = '*', x = 'x'}", "redis", {"x": "x"}),
        ("[defaults]\ncore = ['Redis[hiredis]==7']", "minimal", KAFKA),
        ("[defaults]\ncore = ['redis']\nabsent = {redis = 'redis'}", "minimal", REDIS),
        ("[targets.kafka.platforms.'*/arm64']\nclients = {x = 'x'}", "minimal", REDIS | KAFKA),
    ],
)
def test_absent_clients_are_those_of_other_variants_after_all_files(
    later: str, target: str, absent: dict[str, str]
) -> None:
    found = expected(CLIENTS, later, target=target)
    assert found.keys["absent"] == absent
    assert ("core" in found.keys) is ("core" in later and "absent" not in later)


def test_the_variants_of_a_file_have_title_and_clients() -> None:
    text = CLIENTS.replace("[targets.redis]", '[targets.redis]\ntitle = "Redis"')
    redis, kafka = Client("redis", "redis"), Client("aiokafka", "aiokafka")
    assert variants_in(file(text + "[targets.'my-*']\nuser = 1")) == (
        Variant("all", "", (redis, kafka)),
        Variant("redis", "Redis", (redis,)),
        Variant("kafka", "", (kafka,)),
        Variant("minimal", "", ()),
    )


@pytest.mark.parametrize(
    ("texts", "key", "value"),
    [
        ((), "user", None),
        (("[defaults]\nuser = 7", "[targets.redis]\nuser = 8"), "user", 8),
        (("[targets.redis]\nuser = 8\n[targets.'r*']\nuser = 9",), "user", 9),
        (("[targets.redis]\nuser = 8", "[defaults]\nuser = 7"), "user", 7),
        (("[targets.kafka]\nuser = 8",), "user", None),
        (("[defaults]\nuser = 8", "[targets.redis]\nuser = false"), "user", None),
        (("[defaults]\nuser = 0",), "user", 0),
        (("[defaults.labels]\na = '1'\nb = '2'", "[defaults.labels]\nb = '3'"), "labels",
         {"a": "1", "b": "3"}),
        (("[defaults.labels]\na = '1'\nb = '2'", "[defaults.labels]\nb = false"), "labels",
         {"a": "1"}),
        (("[defaults.labels]\na = '1'", "[defaults]\nlabels = false"), "labels", None),
        (("[defaults.env]\nA = '{target}-{python}'",), "env", {"A": "redis-3.13"}),
        (("[defaults]\ncommand = ['run', '{target}']",), "command", ["run", "redis"]),
        (("[defaults]\ncommand = ['a']", "[defaults]\ncommand = false"), "command", None),
        (("[defaults]\npython = '{python}'",), "python", "3.13"),
        (("[defaults]\npython = 'any'",), "python", None),
        (("[defaults]\nbyte-code = true", "[defaults]\nbyte-code = false"), "byte-code", None),
        (("[defaults]\nservice = true",), "service", {}),
        (("[defaults.service]\nport = 80", "[defaults.service]\nwithin-emulated = 9"), "service",
         {"port": 80, "within-emulated": 9}),
        (("[defaults]\nservice = true", "[defaults]\nservice = false"), "service", None),
        (("[defaults]\nmax-mb = 61.5", "[targets.redis]\nmax-mb = false"), "max-mb", None),
        (("[defaults.allow]\nsetuid = ['/a']", "[defaults.allow]\nsecrets = ['/b']"), "allow",
         {"setuid": ["/a"], "secrets": ["/b"]}),
    ],
)  # fmt: skip
def test_the_last_matching_table_wins(texts, key: str, value: object) -> None:
    assert expected(*texts, python="3.13").keys.get(key) == value


@pytest.mark.parametrize(
    ("text", "has_python", "may_lack_it"),
    [
        ("[defaults]\npython = 'any'", True, False),
        ("[defaults]\npython = '{python}'", True, False),
        ("[defaults]\nlibrary = ['ssl']", True, False),
        ("[defaults]\ninterpreter = '/opt/python'", True, False),
        ("[defaults]\nlibrary = ['ssl']\npython = false", False, False),
        ("[defaults]\nservice = true", True, True),
        ("[defaults]\nservice = true\nlibrary = ['ssl']", True, False),
        ("[defaults]\nservice = true\npython = 'any'", True, False),
        ("[defaults]\nservice = true\npython = false", False, False),
        ("[defaults]\nuser = 1000", False, False),
    ],
)
def test_an_image_has_python_if_any_expectation_needs_it(
    text: str, has_python: bool, may_lack_it: bool
) -> None:
    found = expected(text)
    assert (found.has_python, found.may_lack_python) == (has_python, may_lack_it)


def test_a_key_is_read_with_its_type_or_its_default() -> None:
    none = expected("")
    assert (USER.of(none), COMMAND.of(none), SERVICE.of(none)) == (None, (), None)
    some = expected(
        "[defaults]\nuser = 0\ncommand = ['a']\nservice = {within-emulated = 9}\n"
        "allow = {setuid = ['/a']}"
    )
    assert (USER.of(some), COMMAND.of(some)) == (0, ("a",))
    assert SERVICE.of(some) == Service(within_emulated=9.0)
    assert ALLOW.of(some) == {"setuid": ("/a",)}


def test_a_platform_table_overrides_the_defaults() -> None:
    text = '[defaults]\nmax-mb = 60\n[defaults.platforms."*/arm64"]\nmax-mb = 70'
    assert expected(text).keys["max-mb"] == 60
    assert expected(text, platform=ARM64).keys["max-mb"] == 70


def test_a_table_without_a_matching_target_is_reported() -> None:
    checks = file("[targets.redsi]\nuser = 1\n[targets.'k*']\nuser = 1\n[targets.'*']\nuser = 1")
    assert unmatched(checks, ["redis", "kafka"]) == [
        "f.toml: no target matches 'redsi', so its table has no effect; did you mean redis?"
    ]


# -- the checks of an image ---------------------------------------------------------------------

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
def test_each_expectation_adds_its_checks(text: str, more: tuple[str, ...]) -> None:
    assert checks_for(expected(text)) == in_order((*ALWAYS, *more))


def test_checks_are_sorted_with_unknown_ones_last() -> None:
    assert in_order(["service", "newer", "index", "service"]) == ("index", "service", "newer")


def test_column_heads_are_unique_and_at_most_three_letters() -> None:
    heads = [check.short for check in CHECKS.values()]
    assert all(1 < len(head) <= 3 for head in heads)
    assert len(set(heads)) == len(heads)
