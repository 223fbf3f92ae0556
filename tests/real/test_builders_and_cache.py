"""Builders created by our own command, and exported caches, on private engines."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real import private_engine, two_nodes
from tests.real.conftest import Cli
from tests.real.private_engine import PrivateEngine
from tests.real.two_nodes import Endpoint

pytestmark = [pytest.mark.engine, pytest.mark.root]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateEngine]:
    """A private engine that `docker` uses during the test."""
    if reason := private_engine.why_unavailable() or two_nodes.why_no_nodes():
        if os.environ.get("OPENHQM_TUI_REQUIRE_ENGINE"):
            pytest.fail(reason)
        pytest.skip(reason)
    engine = PrivateEngine(Path(tempfile.mkdtemp(prefix="engine-")), megabytes=200)
    try:
        engine.start()
        monkeypatch.setenv("DOCKER_HOST", engine.host)
        monkeypatch.setenv("BUILDX_CONFIG", str(engine.place / "buildx"))
        yield engine
    finally:
        engine.clear()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = private_engine.checkout(tmp_path / "private")
    private_engine.plan(folder, seconds=0)
    return folder


def clear_cache(engine: PrivateEngine) -> None:
    """Empty the build cache of the private engine, after removing the images that use it."""
    docker = ["docker", "--host", engine.host]
    listed = subprocess.run([*docker, "image", "ls", "-q"], capture_output=True, check=True).stdout
    if images := listed.decode().split():
        subprocess.run([*docker, "image", "rm", "-f", *images], check=True, capture_output=True)
    # `--host` implies a context whose builder has this name.
    words = ["buildx", "--builder", "default", "prune", "--all", "--force"]
    subprocess.run([*docker, *words], check=True, capture_output=True)


def test_an_engine_with_an_empty_cache_uses_a_local_cache(
    engine: PrivateEngine, checkout: Path, cli: Cli, tmp_path: Path
) -> None:
    def build(*words: str) -> dict[str, Any]:
        clear_cache(engine)
        # One at a time: BuildKit reports a step shared by concurrent builds twice to one of them.
        fixed = ("--no-check", "--jobs", "1", "--format", "json")
        ran = cli("build", *fixed, *words, cwd=checkout)
        assert ran.code == 0, ran.err + ran.out[-2000:]
        return ran.summary

    cache = tmp_path / "cache"
    cold = build("--cache-to", f"local={cache}")
    steps = cold["cache"]["steps"]
    assert steps == 4, "a COPY and a RUN in each of two targets"
    assert cold["cache"]["cached"] == 1, "the COPY, which the second shares with the first"
    for name in ("web", "worker"):
        assert (cache / name / "index.json").is_file(), "every target has its own"
    again = build()
    assert again["cache"] == cold["cache"], "without the cache every step is built again"
    warm = build("--cache-from", f"local={cache}")
    assert warm["cache"] == {"cached": steps, "steps": steps}
    assert all(lane["cache"] == {"cached": 2, "steps": 2} for lane in warm["lanes"])
    assert "4 of 4 steps cached (100 %)" in cli("attach", "--format", "plain", cwd=checkout).out


def test_a_builder_with_two_nodes_is_created_inspected_used_and_removed(
    engine: PrivateEngine, checkout: Path, cli: Cli
) -> None:
    ends = [Endpoint(engine.place / "1.sock"), Endpoint(engine.place / "2.sock", engine.host)]
    try:
        nodes = [
            f"--node={platform}=unix://{end.socket}"
            for (_, platform), end in zip(two_nodes.NODES, ends, strict=True)
        ]
        ran = cli("builders", "create", "duo", "--driver", "remote", *nodes)
        assert ran.code == 0, ran.err
        assert ran.err.count("$ docker buildx create ") == 2
        assert "$ docker buildx inspect --bootstrap duo" in ran.err
        inspected = json.loads(cli("builders", "inspect", "duo", "--format", "json").out)
        assert [(n["name"], n["status"], n["claimed"]) for n in inspected["nodes"]] == [
            ("duo0", "running", ["linux/amd64"]),
            ("duo1", "running", ["linux/arm64"]),
        ]
        # The second node claims a platform that this machine only emulates.
        assert [n["native"] for n in inspected["nodes"]] == [inspected["nodes"][0]["native"]] * 2
        lane = ("--platforms", "linux/arm64", "--builder", "duo", "--no-check")
        ran = cli("build", *lane, "--format", "json", cwd=checkout)
        assert ran.code == 0, ran.err + ran.out[-2000:]
        rows = ran.summary["lanes"]
        assert {(row["node"], row["how"]) for row in rows} == {("duo1", "emulated")}
        plain = cli("attach", "--format", "plain", cwd=checkout)
        assert "linux/arm64 emulated on duo1" in plain.out
        assert cli("builders", "rm", "duo", "--yes").code == 0
        left = cli("builders", "--format", "json").records
        assert [record["name"] for record in left] == ["default"]
    finally:
        for end in ends:
            end.clear()


def test_a_builder_that_does_not_start_leaves_nothing(engine: PrivateEngine, cli: Cli) -> None:
    # The engine has no network, so BuildKit's image can't be pulled.
    ran = cli("builders", "create", "near")
    assert ran.code == 3
    assert "$ docker buildx rm near" in ran.err
    assert ran.err.splitlines()[-1].startswith("openhqm-tui: builder 'near' can't be created: ")
    assert "specify another one with --driver-opt image=REF" in ran.err
    assert '"near"' not in cli("builders", "--format", "json").out
