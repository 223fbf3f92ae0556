"""The eight variants: what each carries and what it must not carry."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.running.absent import ABSENT
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Client
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.run.start.expectations import expectation_of
from tests.eight_variants import EIGHT, EIGHT_NAMES
from tests.our_variants import ALL_CLIENTS, VARIANT_NAMES, VARIANTS, find_variant


def test_openhqms_eight_are_among_them_as_they_were() -> None:
    # Others may join them; those whose images people use already don't go or change their clients.
    kept = [variant for variant in VARIANTS if variant.name in EIGHT_NAMES]
    assert [variant.name for variant in kept] == list(EIGHT_NAMES)
    assert [variant.clients for variant in kept[1:]] == [variant.clients for variant in EIGHT[1:]]
    assert (VARIANTS[0].name, VARIANTS[0].clients) == ("all", ALL_CLIENTS)


AMD64 = parse_platform("linux/amd64")


def absent_clients(name: str) -> tuple[Client, ...]:
    expected = expectation_of(find_variant(name), AMD64, (AMD64,))
    return tuple(Client(*client) for client in ABSENT.of(expected).items())


@pytest.mark.parametrize("name", VARIANT_NAMES)
def test_every_client_is_there_or_must_be_absent(name: str) -> None:
    variant = find_variant(name)
    absent = absent_clients(name)
    assert set(variant.clients) | set(absent) == set(ALL_CLIENTS)
    assert not set(variant.clients) & set(absent)


def test_the_ends_of_the_range() -> None:
    assert absent_clients("all") == ()
    assert absent_clients("minimal") == ALL_CLIENTS
    assert {client for variant in EIGHT for client in variant.clients} <= set(ALL_CLIENTS)
    assert all(len(v.clients) == 1 for v in VARIANTS if v.name not in {"all", "minimal"})


@pytest.mark.parametrize("told", ["redis", "REDIS", " redis "])
def test_case_and_blanks_dont_matter(told: str) -> None:
    assert find_variant(told).name == "redis"


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("rediss", "did you mean redis?"),
        ("kafak", "did you mean kafka?"),
        ("", "unknown backend ''"),
        ("rabbitmq", "valid: all redis kafka sqs azure gcp mqtt"),
    ],
)
def test_a_wrong_word_names_the_near_one(told: str, says: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        find_variant(told)
    assert says in str(caught.value)
