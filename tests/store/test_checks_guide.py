"""The guide to checks files: its examples are valid, and every key is described."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from openhqm_tui.domain.checks.catalog import CHECKS, EXEMPTING, KEYS
from openhqm_tui.domain.checks.config_file import (
    PLATFORMS,
    ChecksFile,
    expectation_for,
    parse_checks,
)
from openhqm_tui.domain.checks.running.service import Service
from openhqm_tui.domain.platforms import parse_platform

TOP = Path(__file__).parents[2]
GUIDE = (TOP / "assets" / "guides" / "checks.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
HEADS = re.findall(r"^### (\S+)$", GUIDE, re.M)
SECTIONS = dict(zip(HEADS, re.split(r"^### \S+$", GUIDE, flags=re.M)[1:], strict=True))
AMD64 = parse_platform("linux/amd64")


def read(text: str) -> ChecksFile:
    return parse_checks(tomllib.loads(text), "guide")


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid(example: str) -> None:
    file = read(example)
    assert file.tables
    for target in (*file.targets, "any"):
        expectation_for([file], target, AMD64, (AMD64,), python="3.13")


def test_every_key_has_a_section_with_an_example() -> None:
    assert sorted(HEADS) == sorted((*KEYS, PLATFORMS))
    for key, section in SECTIONS.items():
        (example, *_) = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
        used = {name for table in read(example).tables for name in table.keys}
        assert key in used or key == PLATFORMS


def test_keys_of_a_service_and_checks_with_exemptions_are_described() -> None:
    assert all(f"\n{key} = " in SECTIONS["service"] for key in Service.__struct_encode_fields__)
    assert all(f"`{check}`" in SECTIONS["allow"] for check in EXEMPTING)


def test_every_check_with_a_key_is_named() -> None:
    named = set(re.findall(r"`([a-z-]+)`", GUIDE))
    without = {"index", "architecture"}
    assert set(CHECKS) - without <= named
