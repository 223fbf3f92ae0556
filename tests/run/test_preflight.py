"""Warnings before a run: an engine too old for the checks, a state folder in a build context."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.errors import EngineProblem
from openhqm_tui.domain.plan.bake import Target
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.run.start.preflight import check_engine, exposed_state
from tests.run.test_prepare import SOURCE, ready

ONE = {"redis": parse_platforms("linux/amd64")}
OLD = EngineFacts(
    server_version="28.0.4",
    buildx_version="0.29.1",
    host=ONE["redis"][0],
    containerd_store=True,
)


def test_an_engine_too_old_to_verify_gives_a_warning() -> None:
    (warning,) = check_engine(BuildOptions(ONE), OLD)
    assert warning.startswith("Docker Engine 28.0.4: its API is older than 1.49")
    assert "images can't be verified" in warning
    assert check_engine(BuildOptions(ONE, check=False), OLD) == []


def test_an_engine_too_old_to_verify_pushes_only_with_allow_unknown() -> None:
    with pytest.raises(
        EngineProblem, match=r"can't be verified with Docker Engine 28\.0\.4"
    ) as caught:
        check_engine(BuildOptions(ONE, push=True), OLD)
    assert "Docker Engine 28.1 or later" in caught.value.fix
    check_engine(BuildOptions(ONE, push=True, allow_unknown=True), OLD)


def warnings_for(tmp_path: Path, state: str = ".runs", **body: Any) -> list[str]:
    target = Target(name="app", variant="app", platforms=(), tags=(), body={"context": "."} | body)
    return exposed_state((target, target), tmp_path / state, tmp_path)


def test_a_state_folder_in_a_context_gives_one_warning(tmp_path: Path) -> None:
    (warning,) = warnings_for(tmp_path)
    assert f"the state folder {tmp_path}/.runs is inside the build context {tmp_path}:" in warning
    assert "add `.runs` to .dockerignore" in warning
    assert warnings_for(tmp_path, "a/b/runs")[0].count("`a/b/runs`") == 1


def test_a_state_folder_that_is_ignored_or_elsewhere_gives_no_warning(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    assert warnings_for(tmp_path, context="app") == []
    assert warnings_for(tmp_path, context="https://github.com/a/b.git") == []
    (tmp_path / ".dockerignore").write_text("*\n!src\n")
    assert warnings_for(tmp_path) == []


def test_the_dockerfiles_own_ignore_file_has_priority(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text(".runs")
    (tmp_path / "My.Dockerfile.dockerignore").write_text("# nothing")
    assert warnings_for(tmp_path, dockerfile="My.Dockerfile")
    assert not warnings_for(tmp_path, dockerfile="Dockerfile")


def test_a_link_to_the_state_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    context = tmp_path / "context"
    context.mkdir()
    (context / ".runs").symlink_to(tmp_path / "outside")
    assert warnings_for(tmp_path, "context/.runs", context="context") == []


def test_preparing_a_run_includes_the_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / ".runs"))
    source = msgspec.structs.replace(SOURCE, context=str(tmp_path))
    (tmp_path / "requirements.txt").write_text("x")
    (warning,) = ready(source=source).warnings
    assert "is inside the build context" in warning
