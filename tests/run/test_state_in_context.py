"""Journals in a build context are warned of, unless its `.dockerignore` leaves them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.plan.bake import Target
from openhqm_tui.run.start.state_in_context import exposed_state
from tests.run.test_prepare import SOURCE, ready


def warned(tmp_path: Path, state: str = ".runs", **body: Any) -> list[str]:
    target = Target(name="app", variant="app", platforms=(), tags=(), body={"context": "."} | body)
    return exposed_state((target, target), tmp_path / state, tmp_path)


def test_a_state_folder_in_the_context_is_warned_of_once(tmp_path: Path) -> None:
    (warning,) = warned(tmp_path)
    assert f"the state folder {tmp_path}/.runs is inside the build context {tmp_path}:" in warning
    assert "add `.runs` to .dockerignore" in warning
    assert warned(tmp_path, "a/b/runs")[0].count("`a/b/runs`") == 1


def test_where_it_is_ignored_or_elsewhere_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    assert warned(tmp_path, context="app") == []
    assert warned(tmp_path, context="https://github.com/a/b.git") == []
    (tmp_path / ".dockerignore").write_text("*\n!src\n")
    assert warned(tmp_path) == []


def test_the_dockerfiles_own_ignore_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text(".runs")
    (tmp_path / "My.Dockerfile.dockerignore").write_text("# nothing")
    assert warned(tmp_path, dockerfile="My.Dockerfile")
    assert not warned(tmp_path, dockerfile="Dockerfile")


def test_a_link_to_the_state_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    context = tmp_path / "context"
    context.mkdir()
    (context / ".runs").symlink_to(tmp_path / "outside")
    assert warned(tmp_path, "context/.runs", context="context") == []


def test_a_run_says_it_before_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / ".runs"))
    source = msgspec.structs.replace(SOURCE, context=str(tmp_path))
    (tmp_path / "requirements.txt").write_text("x")
    (warning,) = ready(source=source).warnings
    assert "is inside the build context" in warning
