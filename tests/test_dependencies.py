"""The package's requirements, its imports and the lock are consistent."""

from __future__ import annotations

import ast
import importlib
import re
import sys
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
# Modules that aren't named as their distribution is.
DISTRIBUTIONS = {
    "backports": "backports.zstd",
    "markdown_it": "markdown-it-py",
    "ruamel": "ruamel.yaml",
}


def _names(requirements: list[str]) -> set[str]:
    """Return the normalized names of requirements."""
    return {_normal(re.split(r"[^\w.-]", wanted, maxsplit=1)[0]) for wanted in requirements}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


RUNTIME = _names(PROJECT["project"]["dependencies"])
SERVE = _names(PROJECT["project"]["optional-dependencies"]["serve"])
DEVELOPMENT = _names(PROJECT["dependency-groups"]["dev"])


def _locked() -> dict[str, str]:
    """Return the lines of each distribution in the lock."""
    lock = (TOP / "requirements.lock").read_text(encoding="utf-8")
    parts = re.split(r"^(?=[\w.-]+==)", lock, flags=re.M)[1:]
    return {_normal(part.partition("==")[0]): part for part in parts}


@pytest.mark.parametrize(
    ("names", "source"), [(RUNTIME, "(pyproject.toml)"), (DEVELOPMENT, "(pyproject.toml:dev)")]
)
def test_the_lock_has_every_direct_requirement(names: set[str], source: str) -> None:
    locked = _locked()
    missing = [name for name in sorted(names) if source not in locked.get(name, "")]
    assert missing == [], "run `make lock`"


def test_extras_are_locked_for_development() -> None:
    assert SERVE <= DEVELOPMENT


@pytest.mark.parametrize(
    ("folder", "declared"),
    [("openhqm_tui", RUNTIME | SERVE), ("tests", RUNTIME | DEVELOPMENT)],
)
def test_every_imported_distribution_is_a_direct_requirement(
    folder: str, declared: set[str]
) -> None:
    imported = set()
    for file in (TOP / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    # `compression` is new in 3.14; `openhqm` and `click` run in images of the tests.
    known = sys.stdlib_module_names | {"openhqm_tui", "tests", "openhqm", "compression", "click"}
    wanted = {_normal(DISTRIBUTIONS.get(name, name)) for name in imported - known}
    assert wanted <= declared


def test_the_entry_points_of_the_package_exist() -> None:
    for entry in PROJECT["project"]["scripts"].values():
        module, _, function = entry.partition(":")
        assert callable(getattr(importlib.import_module(module), function))
