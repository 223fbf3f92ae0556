"""The installed wheel in an empty folder with the real engine: build, verify, report."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.our_variants import OUR_CHECKS
from tests.package.installed import Installed
from tests.real.conftest import BOTH, docker

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/wheel"


# The emulated platform of the same variant is built and checked in tests/real.
@pytest.mark.parametrize("platforms", ["linux/amd64", pytest.param(BOTH, marks=pytest.mark.full)])
def test_the_wheel_alone_builds_and_verifies_a_variant(
    installed: Installed,
    tmp_path: Path,
    remove_images: Callable[[str], None],
    platforms: str,
) -> None:
    remove_images(NAME)
    folder = tmp_path / "folder"
    folder.mkdir()

    def run(*words: str) -> str:
        environment = dict(os.environ) | {"OPENHQM_TUI_STATE_DIR": str(tmp_path / "state")}
        path = environment.pop("PATH")
        ran = installed.run("openhqm-tui", *words, cwd=folder, path=path, **environment)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    words = ("--backend", "redis", "--platforms", platforms, "--name", NAME, "--format", "json")
    *_, summary = [json.loads(line) for line in run("build", *words).splitlines()]
    lanes = {(lane["target"], lane["platform"]): lane for lane in summary["lanes"]}
    assert set(lanes) == {("redis", platform) for platform in platforms.split(",")}
    for lane in lanes.values():
        assert (lane["status"], lane["checks"]) == (
            "passed",
            f"{len(OUR_CHECKS)}/{len(OUR_CHECKS)} pass",
        )
    assert docker("image", "ls", "--format", "{{.Tag}}", NAME).split() == ["latest-redis"]
    assert "passed" in run("runs")
    assert "redis" in run("report", "--format", "md")
    assert list(folder.iterdir()) == []


def test_the_bake_file_of_the_wheel_works_in_place(installed: Installed) -> None:
    (bake,) = installed.environment.rglob("docker-bake.hcl")
    home = bake.parents[1]
    ran = subprocess.run(
        ["docker", "buildx", "bake", "--print", "-f", str(bake.relative_to(home)), "redis"],
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    target = json.loads(ran.stdout)["target"]["redis"]
    assert target["args"]["QUEUE_BACKEND"] == "redis"
    assert (home / target["context"] / target["dockerfile"]).resolve() == home / "Dockerfile"
    assert (home / target["context"] / "requirements.txt").is_file()
