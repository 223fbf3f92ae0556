"""The security page: every promise names existing tests, and its claims about the code hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import openhqm_tui

TOP = Path(__file__).parent.parent
PACKAGE = Path(openhqm_tui.__file__).parent
PAGE = TOP / ".github" / "SECURITY.md"
_TEST = re.compile(r"^`(?P<file>tests/[\w/]+\.py)::(?P<name>test_\w+)`$", re.MULTILINE)


def promises() -> list[str]:
    section = PAGE.read_text(encoding="utf-8").partition("## What we promise")[2]
    section = section.partition("\n## ")[0]
    return [f"{item}\n" for item in re.split(r"^- ", section, flags=re.MULTILINE)[1:]]


def named_tests(promise: str) -> list[tuple[str, str]]:
    lines = "\n".join(line.strip() for line in promise.splitlines())
    return [(found["file"], found["name"]) for found in _TEST.finditer(lines)]


def test_every_promise_names_existing_tests() -> None:
    for promise in promises():
        tests = named_tests(promise)
        assert tests, f"no test is named: {promise}"
        for file, name in tests:
            defined = re.findall(r"^(?:async )?def (\w+)", (TOP / file).read_text("utf-8"), re.M)
            assert name in defined, f"{file} has no {name}"


def test_every_test_on_the_page_belongs_to_a_promise() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(promises()) > 20
    assert text.count("::test_") == sum(len(named_tests(promise)) for promise in promises())


def _nodes(*words: str) -> Iterator[tuple[Path, ast.AST]]:
    """Yield the syntax nodes of each module that contains one of the words."""
    for file in PACKAGE.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if any(word in text for word in words):
            for node in ast.walk(ast.parse(text)):
                yield file.relative_to(PACKAGE), node


def test_only_serve_listens() -> None:
    """Nothing else binds a socket or starts a library's server."""
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
        for file, node in _nodes(*binds)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in binds
    }
    assert found == {"web"}


def test_only_the_context_is_read_from_the_settings_of_docker() -> None:
    """No module reads Docker logins; only the table of secrets in images names their keys."""
    login_keys = ("auths", "credsStore", "credHelpers")
    words = {
        (str(file), node.value)
        for file, node in _nodes("config.json", *login_keys)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    readers = {file for file, word in words if word == "config.json"}
    logins = {file for file, word in words if word in login_keys}
    assert readers == {"engine/docker/api.py"}
    assert logins == set()
    api = (PACKAGE / "engine" / "docker" / "api.py").read_text(encoding="utf-8")
    assert re.findall(r'"config\.json"\), "(\w+)"', re.sub(r"\s+", " ", api)) == ["currentContext"]
