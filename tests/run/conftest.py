"""Fixtures for the runner's tests: a scripted `docker`, and restored signal handlers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_docker import FakeDocker


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    return FakeDocker(tmp_path / "docker", monkeypatch)


@pytest.fixture(autouse=True)
def restored_signals() -> Iterator[None]:
    """Restore the signal handler that a runner changes in its process, here pytest's."""
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)
