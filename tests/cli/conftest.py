"""A current folder, and a scripted `docker`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_docker import FakeDocker


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create an empty folder and make it the current one."""
    place = tmp_path / "folder"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    return FakeDocker(tmp_path / "docker", monkeypatch)
