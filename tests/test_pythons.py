"""Finding installed Pythons, and failing if a required one is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import pythons
from tests.pythons import OWN


def interpreter(place: Path, version: str) -> Path:
    place.parent.mkdir(parents=True)
    place.write_text(f"#!/bin/sh\necho {version}\n")
    place.chmod(0o755)
    return place


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with only the running Python."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    monkeypatch.delenv("RUNNER_TOOL_CACHE", raising=False)
    return tmp_path


def test_the_running_python_is_found(machine: Path) -> None:
    assert pythons.find_python(OWN) == Path(sys.executable)


@pytest.mark.parametrize(
    "place", ["bin/python3.99", "bin/python3", ".pyenv/versions/3.99.10/bin/python"]
)
def test_a_python_is_found_on_path_and_in_pyenv(machine: Path, place: str) -> None:
    assert pythons.find_python("3.99") is None
    made = interpreter(machine / place, "3.99")
    assert pythons.find_python("3.99") == made


def test_the_latest_python_of_pyenv_is_chosen(machine: Path) -> None:
    for patch in (2, 10, 9):
        interpreter(machine / f".pyenv/versions/3.99.{patch}/bin/python", "3.99")
    found = pythons.find_python("3.99")
    assert found is not None
    assert found.parts[-3] == "3.99.10"


def test_a_name_that_runs_another_version_is_ignored(machine: Path) -> None:
    interpreter(machine / "bin/python3.99", "3.98")
    assert pythons.find_python("3.99") is None


def test_a_missing_python_fails_if_required_and_is_skipped_otherwise(tmp_path: Path) -> None:
    test = tmp_path / "test_it.py"
    test.write_text(
        "from tests.package.conftest import missing\n"
        "def test_required(): missing('3.97', 'not installed')\n"
        "def test_other(): missing('3.98', 'not installed')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(test)],
        cwd=Path(__file__).parents[1],
        env={"PATH": "", "OPENHQM_TUI_REQUIRE_PYTHONS": "3.96,3.97"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 1 skipped" in ran.stdout
    assert "no Python 3.98 on this machine: not installed" in ran.stdout
    assert pythons.main("3.98") == 1
