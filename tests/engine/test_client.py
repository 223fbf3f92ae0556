"""The client of the engine: timeouts, errors, and the list of commands outside it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path

import pytest

import openhqm_tui
from openhqm_tui.engine.docker import cleanup, client
from openhqm_tui.engine.docker.client import CommandError, with_docker
from openhqm_tui.engine.docker.command import NOT_FOUND, TIMED_OUT
from tests.processes import is_gone

SOURCES = [*Path(openhqm_tui.__file__).parent.rglob("*.py")]

Script = Callable[[str], Callable[[], list[str]]]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Replace `docker` by a script with the given `case` branches; return a reader of its calls."""

    def install(branches: str) -> Callable[[], list[str]]:
        program, calls = tmp_path / "docker", tmp_path / "calls"
        program.write_text(f'#!/bin/sh\necho "$*" >> {calls}\ncase "$*" in\n{branches}\nesac\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return lambda: calls.read_text().splitlines()

    return install


def commands(tree: ast.AST) -> Iterator[str]:
    """Yield the argument lists that start with "docker", up to the subcommand."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple):
            items = [item for item in node.elts if not isinstance(item, ast.Starred)]
            words = [str(item.value) if isinstance(item, ast.Constant) else "" for item in items]
            kept = [*takewhile(re.compile("[a-z]").match, words)]
            if kept[:1] == ["docker"] and len(kept) > 1:
                yield " ".join(kept[: 3 if kept[1] in {"buildx", "image", "system"} else 2])


def test_every_command_outside_the_client_is_listed_with_its_reason() -> None:
    found = {command for file in SOURCES for command in commands(ast.parse(file.read_text()))}
    # The build's own subcommand follows its options.
    found = found - {"docker buildx"} | {"docker buildx bake"}
    reasons = re.findall(r"(?m)^- ((?:`[^`]+`(?:, )?)+): \w", client.__doc__ or "")
    assert {name for names in reasons for name in re.findall(r"`(.+?)`", names)} == found


def test_only_the_client_imports_python_on_whales() -> None:
    used = re.compile(r"(?m)^( *)(?:from|import) python_on_whales")
    importers = {file.stem: used.findall(file.read_text()) for file in SOURCES}
    found = {name: indents for name, indents in importers.items() if indents}
    # Indented: imported lazily, or only for types.
    assert set(found) == {"client", "cleanup"}
    assert all(indent for indents in found.values() for indent in indents)


def test_a_command_that_takes_too_long_is_killed_with_its_children(
    script: Script, tmp_path: Path
) -> None:
    script(f"*) sleep 600 & echo $! > {tmp_path}/pid; wait ;;")
    with pytest.raises(CommandError, match="timed out") as failed:
        with_docker(lambda docker: docker.buildx.remove("big"), timeout=2)
    assert failed.value.result.code == TIMED_OUT
    assert is_gone(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize(
    ("branches", "code", "message"),
    [
        ("*) echo 'ERROR: no builder \"big\" found' >&2; exit 1 ;;", 1, 'no builder "big" found'),
        ("*) printf 'caf\\351' >&2; exit 3 ;;", 3, "caf\ufffd"),
        ("*) echo not JSON ;;", 1, "the output of `docker` can't be parsed"),
    ],
)
def test_an_error_has_the_output_of_docker(
    script: Script, branches: str, code: int, message: str
) -> None:
    script(branches)
    with pytest.raises(CommandError) as failed:
        with_docker(lambda docker: docker.image.inspect("hunter2:secret").repo_tags, timeout=60)
    assert failed.value.result.code == code
    assert message in str(failed.value)
    assert "hunter2" not in str(failed.value)


def test_a_missing_docker_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(CommandError, match="docker: No such file") as failed:
        with_docker(lambda docker: docker.buildx.use("big"), timeout=60)
    assert failed.value.result.code == NOT_FOUND


def test_the_client_uses_the_context_of_docker(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = script('*) echo "$DOCKER_HOST $DOCKER_CONTEXT $BUILDX_BUILDER" >&2; exit 1 ;;')
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "BUILDX_BUILDER"):
        monkeypatch.setenv(name, f"my-{name}")
    with pytest.raises(CommandError, match="my-DOCKER_HOST my-DOCKER_CONTEXT my-BUILDX_BUILDER"):
        with_docker(lambda docker: docker.buildx.use("big"), timeout=60)
    assert calls() == ["buildx use big"]


@pytest.mark.parametrize(
    ("listed", "removed"),
    [
        ("", ""),
        ("aa 999\nbb 1000\ncc 1001", "aa"),
        ("aa 5\nbb\ncc never\ndd 6 7\n\nee -1\nff 6", "aa ff"),
    ],
)
def test_containers_are_removed_once_they_are_overdue(
    script: Script, listed: str, removed: str
) -> None:
    calls = script(f"ps*) echo '{listed}' ;;")
    cleanup.remove_overdue_containers("it.until", 1000.0)
    first, *others = calls()
    assert "label=it.until" in first
    assert others == ([f"container rm --force --volumes {removed}"] if removed else [])


@pytest.mark.parametrize(
    ("branches", "gone"),
    [
        ("*) ;;", True),
        ("*rm*) exit 1 ;; *list*) echo aa ;;", False),
        ("*) exit 1 ;;", True),
    ],
)
def test_a_container_that_is_still_listed_is_not_reported_as_removed(
    script: Script, branches: str, gone: bool
) -> None:
    calls = script(branches)
    assert cleanup.remove_container("box") is gone
    assert calls()[0] == "container rm --force --volumes box"
    assert calls()[1].endswith("--filter name=^/box$")


def test_images_that_cant_be_removed_are_reported_with_the_reason(script: Script) -> None:
    script(
        "*gone*) echo 'Error response from daemon: No such image: gone' >&2; exit 1 ;;"
        "*used*) echo 'Error response from daemon: conflict: in use' >&2; exit 1 ;;"
    )
    assert cleanup.remove_images(["gone", "used:1", "fine", "used:2"]) == [
        "images that couldn't be removed: used:1 used:2 "
        "(Error response from daemon: conflict: in use)"
    ]


def test_a_pulled_image_with_a_tag_is_kept(script: Script) -> None:
    calls = script(
        '*inspect*mine*) echo \'[{"RepoTags": ["mine:1"]}]\' ;;'
        "*inspect*) echo '[{\"RepoTags\": null}]' ;;"
    )
    assert cleanup.remove_pulled(["mine@sha256:1", "other@sha256:1"]) == []
    assert [call for call in calls() if " rm " in call] == ["image rm other@sha256:1"]
