"""An engine like that of a hosted runner: Engine 28.0.4, API 1.48."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.older_engine import API, VERSION, older_engine
from tests.real.conftest import Cli

pytestmark = pytest.mark.engine
ONE = ("build", "--backend", "minimal", "--platforms", "linux/amd64")


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The path of a socket can have at most 108 bytes; pytest's own folders are too deep.
    with (
        tempfile.TemporaryDirectory(prefix="old-") as place,
        older_engine(Path(place) / "docker.sock") as host,
    ):
        monkeypatch.setenv("DOCKER_HOST", host)
        yield


def test_the_stand_in_behaves_like_the_older_engine() -> None:
    words = ["docker", "version", "--format", "{{json .Server}}"]
    server = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    assert (server["Version"], server["ApiVersion"]) == (VERSION, API)
    inspect = ["docker", "image", "inspect", "--platform", "linux/amd64", "nothing"]
    refused = subprocess.run(inspect, capture_output=True, text=True, check=False)
    assert "requires API version 1.49, but the Docker daemon API version is 1.48" in refused.stderr


def test_doctor_warns_that_no_image_will_count_as_verified(cli: Cli) -> None:
    ran = cli("doctor", "--format", "plain")
    assert ran.code == 0, ran.out
    assert "! warn    Docker Engine" in ran.out
    assert "so images can't be verified" in ran.out
    assert "Builds can start, but no image will count as verified" in ran.out.splitlines()[-1]


def test_a_build_warns_and_is_not_verified(
    cli: Cli, checkout: Path, remove_images: Callable[[str], None]
) -> None:
    name = "openhqm-tui-tests/older"
    remove_images(name)
    ran = cli(*ONE, "--name", name, "--format", "json", cwd=checkout)
    assert ran.code == 1, ran.err
    assert "openhqm-tui: Docker Engine 28.0.4: its API is older than 1.49" in ran.err
    (lane,) = ran.summary["lanes"]
    answers = {verdict["answer"] for verdict in lane["verdicts"]}
    assert answers == {"pass", "unknown"}, lane
    assert lane["result"] == "not verified"


def test_a_push_is_refused_before_the_build(cli: Cli, checkout: Path) -> None:
    ran = cli(*ONE, "--push", "--name", "localhost:1/older", cwd=checkout)
    assert ran.code == 3
    assert "can't be verified with Docker Engine 28.0.4" in ran.err
    assert "run 2" not in ran.out
