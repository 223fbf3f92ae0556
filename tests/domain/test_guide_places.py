"""Findings and checks link to sections that exist."""

from __future__ import annotations

import re

import pytest

from openhqm_tui.domain.checks.catalog import CHECKS
from openhqm_tui.domain.guides import FINDINGS, place_of_check, place_of_finding, sections
from tests.guides.places import GUIDES, TOP


def addresses(guide: str) -> list[str]:
    return ["", *(one.address for one in sections((GUIDES / f"{guide}.md").read_text()))]


@pytest.mark.parametrize("check", [*CHECKS, ""])
def test_every_check_has_a_section(check: str) -> None:
    place = place_of_check(check)
    assert place.address in addresses(place.guide)


def test_every_finding_of_the_doctor_has_a_section() -> None:
    sources = "".join(file.read_text() for file in (TOP / "openhqm_tui/engine").rglob("*.py"))
    keys = set(re.findall(r'\bkey(?:, title = |=)f?"(\w+)', sources))
    assert {"engine", "store", "base"} <= keys
    assert keys == set(FINDINGS)
    for key in keys:
        place = place_of_finding(f"{key}:linux/arm64")
        assert place.address in addresses(place.guide)
        assert place == place_of_finding(key)


def test_an_unknown_finding_links_to_the_multi_arch_guide() -> None:
    assert place_of_finding("newer").address in addresses("multi-arch")
