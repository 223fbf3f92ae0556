"""Fixtures for every test: a private home, and skipping of tests without a usable engine."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

REQUIRED = "OPENHQM_TUI_REQUIRE_ENGINE"


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests: scanning a layer takes seconds and gives the same result."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_cache: Path) -> Path:
    """Isolate the tests from the user's settings and runs."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith("OPENHQM_TUI_") and name != REQUIRED:
            monkeypatch.delenv(name)
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(home / "state"))
    monkeypatch.setenv("OPENHQM_TUI_CACHE_DIR", str(shared_cache))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in this hook too
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip tests of the real engine with the reason if it can't build; in CI let them fail."""
    if os.geteuid() != 0:
        skip = pytest.mark.skip(reason="needs root: `make test-root` runs it by sudo")
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(skip)
    marked = [item for item in items if item.get_closest_marker("engine")]
    for item in marked:
        # They share one engine, so they run in two sequences: `images`, and this one.
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group("engine"))
    if not marked or config.option.collectonly:
        return
    if os.environ.get(REQUIRED):
        return
    reason = why_no_engine()
    if reason:
        for item in marked:
            item.add_marker(pytest.mark.skip(reason=f"no usable engine: {reason}"))


def pytest_collection_finish() -> None:
    """Exclude shared objects from garbage collection, and collect rarely.

    Otherwise collections that free almost nothing take a fifth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 10)


def pytest_sessionfinish() -> None:
    """Exclude all remaining objects from the five collections that pytest runs at the end."""
    gc.freeze()


def why_no_engine() -> str:
    """Return why images can't be built and checked on this machine, '' if they can."""
    from openhqm_tui.domain.platforms import parse_platforms
    from openhqm_tui.engine.docker.facts import read_facts
    from openhqm_tui.engine.source.base_image import WILL_BE_PULLED, choose_base

    facts = read_facts()
    if facts.error or facts.builder_error:
        return facts.error or facts.builder_error
    if not facts.can_load_many_platforms:
        return "the image store is single-platform (`openhqm-tui doctor --fix`)"
    both = parse_platforms("linux/amd64,linux/arm64")
    missing = [str(p) for p in both if facts.how(p) == "none"]
    if missing:
        return f"no emulator for {', '.join(missing)} (`openhqm-tui doctor --fix`)"
    if choose_base(both, explicit=None).reason == WILL_BE_PULLED:
        return "python:3.13-slim is not in the local store (`openhqm-tui doctor --fix`)"
    return ""
