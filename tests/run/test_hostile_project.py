"""Project files must be regular, of limited size and inside the folder; else it is an error."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import SourceKind, Target
from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.run.start.preflight import exposed_state
from openhqm_tui.run.start.source import source_for
from openhqm_tui.store.checks_files import PROJECT_CHECKS, project_checks
from openhqm_tui.store.settings import PROJECT_FILE, read_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder; starting Buildx fails the test."""

    def fail(*words: Any, **_: Any) -> NoReturn:
        raise AssertionError(f"started {words}")

    monkeypatch.setattr(subprocess, "run", fail)
    place = tmp_path / "project"
    place.mkdir()
    return place


def fifo(file: Path) -> None:
    os.mkfifo(file)


def endless(file: Path) -> None:
    file.symlink_to("/dev/zero")


def link_out(file: Path) -> None:
    away = file.parents[1] / f"{file.name}.away"
    away.write_text("ARG QUEUE_BACKEND\n")
    file.symlink_to(away)


def huge(file: Path) -> None:
    with file.open("wb") as out:
        out.truncate(1 << 42)


BECOMES: list[Callable[[Path], None]] = [fifo, endless, link_out, huge]
NO_USER = Path("/nonexistent/settings.toml")


def read_all(folder: Path, name: str, *, by_user: bool) -> None:
    """Read settings and checks; also raise what the project may not set."""
    if name == "checks.toml":
        (folder / PROJECT_FILE).write_text(f'checks = "{name}"')
    for refused in read_settings(folder, {}, NO_USER).refused.values():
        raise UsageProblem(refused.line)
    project_checks(folder, name if name == "checks.toml" and by_user else "")


@pytest.mark.parametrize("become", BECOMES, ids=lambda become: become.__name__)
@pytest.mark.parametrize("name", [PROJECT_FILE, PROJECT_CHECKS, "checks.toml"])
def test_settings_and_checks_are_read_from_plain_files_only(
    folder: Path, name: str, become: Callable[[Path], None]
) -> None:
    become(folder / name)
    with pytest.raises(UsageProblem) as caught:
        read_all(folder, name, by_user=become not in {link_out, endless})
    line = str(caught.value)
    assert str(folder / name) in line or "is not inside the project's folder" in line
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("become", [link_out, huge], ids=lambda become: become.__name__)
@pytest.mark.parametrize("name", ["docker-bake.json", "docker-bake.hcl", "Dockerfile"])
def test_build_files_are_read_only_if_they_are_regular(
    folder: Path, name: str, become: Callable[[Path], None]
) -> None:
    become(folder / name)
    with pytest.raises(UsageProblem) as caught:
        source_for(folder)
    line = str(caught.value)
    assert line.startswith(f"{folder / name} can't be read (")
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize("become", [fifo, endless], ids=lambda become: become.__name__)
@pytest.mark.parametrize("name", ["docker-bake.json", "docker-bake.hcl", "Dockerfile"])
def test_irregular_files_are_no_source(
    folder: Path, name: str, become: Callable[[Path], None]
) -> None:
    become(folder / name)
    assert source_for(folder).kind is SourceKind.BUNDLED


def test_links_inside_the_folder_are_followed(folder: Path) -> None:
    (folder / "docker").mkdir()
    (folder / "docker" / "Dockerfile.prod").write_text("FROM x\nARG QUEUE_BACKEND\n")
    (folder / "Dockerfile").symlink_to("docker/Dockerfile.prod")
    (folder / "docker" / "checks.toml").write_text("[targets.x]\ntitle = 'x'\n")
    (folder / PROJECT_CHECKS).symlink_to("docker/checks.toml")
    assert source_for(folder).kind is SourceKind.CHECKOUT
    checks = project_checks(folder)
    assert checks is not None
    assert [*checks.targets] == ["x"]


def test_with_a_bake_file_the_dockerfile_is_left_to_buildx(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link_out(folder / "Dockerfile")
    (folder / "docker-bake.json").write_text("{}")

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        body = b'{"target": {"x": {"dockerfile-inline": "FROM scratch"}}}'
        out = body if "--print" in command else b'[{"name": "x"}]'
        return subprocess.CompletedProcess(command, 0, out, b"")

    monkeypatch.setattr(subprocess, "run", run)
    assert source_for(folder).kind is SourceKind.BAKE


@pytest.mark.parametrize(
    "name", ["docker-bake.override.hcl", "docker-bake.override.json", "compose.yaml", ".env"]
)
def test_a_file_that_buildx_reads_by_itself_must_not_lead_out_of_the_folder(
    folder: Path, name: str
) -> None:
    (folder / "docker-compose.yml").write_text("services: {}\n")
    link_out(folder / name)
    with pytest.raises(UsageProblem, match=f"{name} can't be read"):
        source_for(folder)


def test_the_user_may_name_files_anywhere(folder: Path) -> None:
    away = folder.parent / "away"
    away.mkdir()
    (away / "Dockerfile").write_text("ARG QUEUE_BACKEND\n")
    (away / "checks.toml").write_text("[targets.x]\ntitle = 'x'\n")
    (folder / "checks.toml").symlink_to(away / "checks.toml")
    assert source_for(folder, dockerfile=str(away / "Dockerfile")).kind is SourceKind.CHECKOUT
    assert project_checks(folder, "../away/checks.toml") is not None
    assert project_checks(folder, "checks.toml") is not None


def test_a_dockerfile_found_in_a_context_does_not_leave_it(folder: Path) -> None:
    (folder / "app").mkdir()
    link_out(folder / "app" / "Other")
    with pytest.raises(UsageProblem, match="the Dockerfile Other doesn't exist"):
        source_for(folder, context="app", dockerfile="Other")


@pytest.mark.parametrize("become", BECOMES, ids=lambda become: become.__name__)
@pytest.mark.parametrize("name", [".dockerignore", "Dockerfile.dockerignore"])
def test_an_irregular_ignore_file_ignores_nothing(
    folder: Path, name: str, become: Callable[[Path], None]
) -> None:
    become(folder / name)
    platforms = parse_platforms("linux/amd64")
    target = Target(name="x", variant="x", platforms=platforms, tags=(), body={"context": "."})
    (warning,) = exposed_state([target], folder / "state", folder)
    assert "is inside the build context" in warning
