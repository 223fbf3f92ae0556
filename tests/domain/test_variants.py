"""The variants: the clients each has and must not have."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.running.absent import ABSENT
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Client
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.run.start.expectations import expectation_of
from tests.eight_variants import EIGHT, EIGHT_NAMES
from tests.our_variants import ALL_CLIENTS, VARIANT_NAMES, VARIANTS, find_variant


def test_the_eight_variants_of_openhqm_are_unchanged() -> None:
    # More may be added; published variants are not removed and keep their clients.
    kept = [variant for variant in VARIANTS if variant.name in EIGHT_NAMES]
    assert [variant.name for variant in kept] == list(EIGHT_NAMES)
    assert [variant.clients for variant in kept[1:]] == [variant.clients for variant in EIGHT[1:]]
    assert (VARIANTS[0].name, VARIANTS[0].clients) == ("all", ALL_CLIENTS)


AMD64 = parse_platform("linux/amd64")


def absent_clients(name: str) -> tuple[Client, ...]:
    expected = expectation_of(find_variant(name), AMD64, (AMD64,))
    return tuple(Client(*client) for client in ABSENT.of(expected).items())


@pytest.mark.parametrize("name", VARIANT_NAMES)
def test_every_client_is_either_expected_or_absent(name: str) -> None:
    variant = find_variant(name)
    absent = absent_clients(name)
    assert set(variant.clients) | set(absent) == set(ALL_CLIENTS)
    assert not set(variant.clients) & set(absent)


def test_all_has_every_client_and_minimal_has_none() -> None:
    assert absent_clients("all") == ()
    assert absent_clients("minimal") == ALL_CLIENTS
    assert {client for variant in EIGHT for client in variant.clients} <= set(ALL_CLIENTS)
    assert all(len(v.clients) == 1 for v in VARIANTS if v.name not in {"all", "minimal"})


@pytest.mark.parametrize("typed", ["redis", "REDIS", " redis "])
def test_case_and_spaces_are_ignored(typed: str) -> None:
    assert find_variant(typed).name == "redis"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("rediss", "did you mean redis?"),
        ("kafak", "did you mean kafka?"),
        ("", "unknown variant ''"),
        ("rabbitmq", "valid: all redis kafka sqs azure gcp mqtt"),
    ],
)
def test_an_unknown_variant_suggests_the_nearest(typed: str, message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        find_variant(typed)
    assert message in str(caught.value)
