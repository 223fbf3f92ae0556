"""The security page: every promise names the tests that hold it, and what it says of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import openhqm_tui

TOP = Path(__file__).parent.parent
PACKAGE = Path(openhqm_tui.__file__).parent
PAGE = TOP / ".github" / "SECURITY.md"
_TEST = re.compile(r"^`(?P<file>tests/[\w/]+\.py)::(?P<name>test_\w+)`$", re.MULTILINE)


def promises() -> list[str]:
    told = PAGE.read_text(encoding="utf-8").partition("## What we promise")[2]
    told = told.partition("\n## ")[0]
    return [f"{item}\n" for item in re.split(r"^- ", told, flags=re.MULTILINE)[1:]]


def held_by(promise: str) -> list[tuple[str, str]]:
    lines = "\n".join(line.strip() for line in promise.splitlines())
    return [(found["file"], found["name"]) for found in _TEST.finditer(lines)]


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: promise[:40].strip())
def test_every_promise_is_held_by_tests_that_exist(promise: str) -> None:
    tests = held_by(promise)
    assert tests, "it names no test"
    for file, name in tests:
        tree = ast.parse((TOP / file).read_text(encoding="utf-8"))
        defined = [node.name for node in tree.body if isinstance(node, _FUNCTIONS)]
        assert name in defined, f"{file} has no {name}"


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_all_that_looks_like_a_test_on_the_page_is_one() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(promises()) > 20
    assert text.count("::test_") == sum(len(held_by(promise)) for promise in promises())


def _nodes() -> Iterator[tuple[Path, ast.AST]]:
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            yield file.relative_to(PACKAGE), node


def test_only_serve_listens() -> None:
    """Nothing else binds a socket, or starts a server of a library."""
    binds = {
        "bind",
        "start_server",
        "start_unix_server",
        "create_server",
        "run_app",
        "serve_forever",
    }
    found = {
        file.parts[0]
        for file, node in _nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in binds
    }
    assert found == {"web"}


def test_of_dockers_settings_only_the_context_is_read() -> None:
    """No module but the table of what is a secret in an image knows where logins stand."""
    words = {
        (str(file), node.value)
        for file, node in _nodes()
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    readers = {file for file, word in words if word == "config.json"}
    logins = {file for file, word in words if word in {"auths", "credsStore", "credHelpers"}}
    assert readers == {"engine/docker/api.py"}
    assert logins == set()
    api = (PACKAGE / "engine" / "docker" / "api.py").read_text(encoding="utf-8")
    assert re.findall(r'"config\.json"\), "(\w+)"', re.sub(r"\s+", " ", api)) == ["currentContext"]
