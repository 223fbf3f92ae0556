"""Checks files on disk: the bundled ones, a project's own, and invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.domain.checks.catalog import checks_for
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.run.start.expectations import expectation_of
from openhqm_tui.store.checks_files import (
    PROJECT_CHECKS,
    our_variants,
    project_checks,
    read_checks,
    shipped_checks,
)
from tests.our_variants import OUR_CHECKS

AMD64 = parse_platform("linux/amd64")


@pytest.mark.parametrize("variant", our_variants(), ids=lambda variant: variant.name)
def test_every_variant_gets_every_check(variant) -> None:
    expected = expectation_of(variant, AMD64, (AMD64,), python="3.13")
    keys = expected.keys
    assert checks_for(expected) == OUR_CHECKS
    assert {"labels", "size", "byte-code", "absent", "service"} < set(OUR_CHECKS)
    assert (keys["strict"], keys["python"]) == (True, "3.13")
    assert keys["labels"]["queue.backend"] == variant.name
    assert keys["labels"]["org.opencontainers.image.base.name"] == "*"
    assert keys["env"] == {"OPENHQM_QUEUE_BACKEND": variant.name, "PYTHONPATH": "/app/src"}
    assert keys["clients"] == {client.distribution: client.module for client in variant.clients}
    assert keys["max-mb"] > 60


def test_a_project_without_a_file_has_no_expectations(tmp_path: Path) -> None:
    assert project_checks(tmp_path) is None


def test_the_file_of_the_project_is_found_and_another_can_be_named(tmp_path: Path) -> None:
    (tmp_path / PROJECT_CHECKS).write_text("[targets.a]\nuser = 1")
    (tmp_path / "other.toml").write_text("[targets.b]\nuser = 1")
    found, named = project_checks(tmp_path), project_checks(tmp_path, "other.toml")
    assert found is not None
    assert named is not None
    assert (found.targets, named.targets) == (("a",), ("b",))
    assert found.file == str(tmp_path / PROJECT_CHECKS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[defaults", "is not valid TOML"),
        (b"\xff", "is not valid TOML"),
        (b"a = " + b"[" * 5000, "is not valid TOML"),
        (b"#" * 1_048_577, "larger than 1 MB"),
        (b"[defaults]\nx = 1", "[defaults]: unknown key 'x'"),
    ],
)
def test_an_invalid_file_is_reported(tmp_path: Path, data: bytes, message: str) -> None:
    file = tmp_path / "checks.toml"
    file.write_bytes(data)
    with pytest.raises(UsageProblem) as caught:
        read_checks(file)
    assert str(file) in str(caught.value)
    assert message in str(caught.value)


def test_a_missing_file_suggests_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "checks.toml").touch()
    with pytest.raises(UsageProblem) as caught:
        project_checks(tmp_path, "cheks.toml")
    assert f"did you mean {tmp_path / 'checks.toml'}?" in str(caught.value)


def test_the_bundled_checks_are_read_once() -> None:
    assert shipped_checks() is shipped_checks()
    assert shipped_checks("own-dockerfile").targets == ()
