"""A finished run is resumed on the real engine, and its verified images are pushed."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.run.requests import send_request
from openhqm_tui.store.run_folder import Request, find_run
from tests.real.conftest import Cli, docker
from tests.real.registry import free_port, serving, tags_at
from tests.waiting import until

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/again"


def test_a_failed_target_is_fixed_and_retried_after_the_end(
    cli: Cli, checkout: Path, own_home: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images(NAME)
    words = ("build", "--backend", "kafka,mqtt", "--name", NAME, "--no-check")
    assert cli(*words, "--format", "json", cwd=checkout).code == 1
    run = find_run(own_home / "state")
    assert state_of(run).status is Status.FAILED
    dockerfile = checkout / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("exit 7", "true"))
    send_request(run, Request("retry", "kafka"))
    until(lambda: not run.is_live())
    after = state_of(run)
    assert after.status is Status.PASSED
    assert (after.targets["kafka"].attempt, after.targets["mqtt"].attempt) == (2, 1)
    assert (run.path / "kafka.2.rawjson").stat().st_size > 0
    assert docker("image", "inspect", "--format", "{{.Id}}", f"{NAME}:latest-kafka")


def test_a_lane_is_checked_again_by_digest_even_if_its_tag_moved(
    cli: Cli, checkout: Path, own_home: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images(NAME)
    words = ("build", "--backend", "minimal", "--platforms", "amd64", "--name", NAME)
    assert cli(*words, "--format", "json", cwd=checkout).code == 0
    run = find_run(own_home / "state")
    docker("tag", "openhqm-base:3.13-debian", f"{NAME}:latest-minimal")
    send_request(run, Request("check", "minimal", "linux/amd64", "user"))
    until(lambda: not run.is_live())
    assert state_of(run).status is Status.PASSED
    checked = [event for event in run.events() if isinstance(event, events.LaneChecked)]
    assert len(checked) == 2
    assert checked[0].verdicts == checked[1].verdicts


# -- pushing ----------------------------------------------------------------------------------


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A private registry on this machine: `localhost:PORT`."""
    with serving(tmp_path, free_port()) as host:
        yield host


def test_a_verified_index_is_pushed_with_all_its_platforms(
    cli: Cli, checkout: Path, registry: str, remove_images: Callable[[str], None]
) -> None:
    name = f"{registry}/{NAME}"
    remove_images(name)
    words = ("build", "--backend", "minimal", "--name", name, "--tag", "1.0", "--push")
    ran = cli(*words, "--format", "json", cwd=checkout)
    assert ran.code == 0, ran.err
    (push,) = ran.summary["pushes"]
    assert (push["outcome"], push["tags"]) == ("passed", [f"{name}:1.0-minimal"])
    inspected = docker(
        "buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", push["tags"][0]
    )
    index = json.loads(inspected)
    assert index["digest"] == push["digest"]
    platforms = {
        f"{image['platform']['os']}/{image['platform']['architecture']}"
        for image in index["manifests"]
    }
    assert platforms == {"linux/amd64", "linux/arm64"}
    (ended,) = (r for r in ran.records if r["event"] == "target-ended")
    assert index["digest"] == ended["digest"], "the registry has what was verified"


def test_nothing_is_pushed_from_a_run_with_an_unverified_image(
    cli: Cli, checkout: Path, registry: str, remove_images: Callable[[str], None]
) -> None:
    name = f"{registry}/{NAME}"
    remove_images(name)
    words = ("build", "--backend", "minimal,sqs", "--platforms", "amd64", "--name", name, "--push")
    ran = cli(*words, "--format", "plain", cwd=checkout)
    assert ran.code == 1
    assert "note: nothing pushed: sqs linux/amd64 is not verified" in ran.out
    assert tags_at(f"{registry}/{NAME}") == []


def test_a_failed_push_is_retried_without_building_when_the_registry_is_back(
    cli: Cli,
    checkout: Path,
    own_home: Path,
    tmp_path: Path,
    remove_images: Callable[[str], None],
) -> None:
    port = free_port()
    name = f"localhost:{port}/denied/quota"
    remove_images(name)
    words = ("build", "--backend", "minimal", "--platforms", "amd64", "--name", name, "--push")
    ran = cli(*words, "--format", "json", cwd=checkout)
    assert ran.code == 1
    (push,) = ran.summary["pushes"]
    assert "the registry can't be reached over the network" in push["reason"], "not its name"
    run = find_run(own_home / "state")
    with serving(tmp_path, port) as host:
        ran = cli("retry", run.path.name, "--format", "plain")
        assert ran.code == 0, ran.out + ran.err
        assert tags_at(f"{host}/denied/quota") == ["latest-minimal"]
    assert state_of(run).targets["minimal"].attempt == 1, "nothing was rebuilt"


def test_a_missing_registry_is_reported_and_the_images_are_kept(
    cli: Cli, checkout: Path, remove_images: Callable[[str], None]
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nothing listens
        name = f"localhost:{nobody.getsockname()[1]}/{NAME}"
        remove_images(name)
        words = ("build", "--backend", "minimal", "--platforms", "amd64", "--name", name, "--push")
        ran = cli(*words, "--format", "json", cwd=checkout)
    assert ran.code == 1
    (push,) = ran.summary["pushes"]
    assert "the registry can't be reached over the network" in push["reason"]
    assert ran.summary["lanes"][0]["status"] == "passed"
