"""Images are pushed to several registries completely or not at all, even if a registry dies."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.store.run_folder import find_run
from tests.real.conftest import Cli
from tests.real.registry import DyingRegistry, free_port, index_at, is_complete, serving, tags_at

pytestmark = pytest.mark.engine

BOTH = {"linux/amd64", "linux/arm64"}
# The platform decides whether the label is right or wrong.
FAULT = """
FROM {base} AS for-amd64
FROM {base} AS for-arm64
LABEL queue.backend=wrong
FROM for-$TARGETARCH
"""


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two registries."""
    with ExitStack() as stack:
        names = [
            stack.enter_context(serving(tmp_path / f"registry-{which}", free_port()))
            for which in ("one", "two")
        ]
        yield names[0], names[1]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with two targets that have only a file of some megabytes, new in every test."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nARG WHO\nLABEL who=$WHO\nCOPY data /data\n")
    (folder / "data").write_bytes(os.urandom(6 << 20))
    targets = {who: {"args": {"WHO": who}, "platforms": sorted(BOTH)} for who in ("web", "worker")}
    bake = {"group": {"default": {"targets": list(targets)}}, "target": targets}
    (folder / "docker-bake.json").write_text(json.dumps(bake))
    return folder


def test_several_images_go_to_two_registries_and_are_read_back(
    cli: Cli, small: Path, registries: tuple[str, str], remove_images: Callable[[str], None]
) -> None:
    names = [f"{registry}/openhqm-tui-tests/publish" for registry in registries]
    for name in names:
        remove_images(name)
    ran = cli("build", "--name", names[0], "--name", names[1], "--tag", "1.0", "--push",
              "--format", "json", cwd=small)  # fmt: skip
    assert ran.code == 0, ran.out + ran.err
    for push in ran.summary["pushes"]:
        tag = f"1.0-{push['target']}"
        assert [tag_["tag"] for tag_ in push["read_back"]] == [f"{name}:{tag}" for name in names]
        verified = {
            lane["platform"]: lane["digest"]
            for lane in ran.summary["lanes"]
            if lane["target"] == push["target"]
        }
        for name, read_back in zip(names, push["read_back"], strict=True):
            index = index_at(name, tag)
            assert index.digest == push["digest"] == read_back["digest"]
            assert {image.platform: image.digest for image in index.images} == verified
            assert set(verified) == BOTH
            assert is_complete(name, index)
    assert tags_at(names[1]) == ["1.0-web", "1.0-worker"]


def test_a_fault_in_one_lane_prevents_all_tags(
    cli: Cli,
    checkout: Path,
    registries: tuple[str, str],
    own_home: Path,
    remove_images: Callable[[str], None],
) -> None:
    name = f"{registries[0]}/openhqm-tui-tests/fault"
    remove_images(name)
    words = ("build", "--backend", "minimal", "--name", name, "--push", "--format", "json")
    # One platform, so that the earlier image needs no emulation.
    ran = cli(*words, "--platforms", "amd64", cwd=checkout)
    assert ran.code == 0, ran.out + ran.err
    before = index_at(name, "latest-minimal")
    dockerfile = checkout / "Dockerfile"
    text = dockerfile.read_text().replace("FROM build\n", "FROM build AS good\n", 1)
    dockerfile.write_text(text + FAULT.format(base="good"))
    ran = cli(*words, "--allow-unknown", cwd=checkout)
    assert ran.code == 1
    lanes = {lane["platform"]: lane["status"] for lane in ran.summary["lanes"]}
    assert lanes == {"linux/amd64": "passed", "linux/arm64": "failed"}
    assert ran.summary["pushes"][0]["outcome"] == ""
    state = state_of(find_run(own_home / "state"))
    assert state.notes == ["nothing pushed: minimal linux/arm64 is not verified"]
    assert index_at(name, "latest-minimal").digest == before.digest
    assert state.targets["minimal"].digest != before.digest, "it was rebuilt"


def test_a_push_to_a_registry_that_dies_fails_and_can_be_retried(
    cli: Cli, small: Path, tmp_path: Path, own_home: Path, remove_images: Callable[[str], None]
) -> None:
    port = free_port()
    registry = DyingRegistry(tmp_path / "registry", port, after=3 << 20)
    name = f"{registry.name}/openhqm-tui-tests/killed"
    remove_images(name)
    words = ("--platforms", ",".join(sorted(BOTH)), "--name", name, "--push")
    ran = cli("build", *words, "--format", "json", cwd=small)
    assert registry.died.is_set(), "in the middle of a layer"
    assert ran.code == 1
    push = next(push for push in ran.summary["pushes"] if push["outcome"])
    assert push["outcome"] == "failed"
    assert "the registry can't be reached over the network" in push["reason"]
    with serving(tmp_path / "registry", port):
        assert tags_at(name) == []
        run = find_run(own_home / "state")
        ran = cli("retry", run.path.name, "--format", "plain")
        assert ran.code == 0, ran.out + ran.err
        for target in ("web", "worker"):
            index = index_at(name, f"latest-{target}")
            assert is_complete(name, index)
            assert index.digest == state_of(run).targets[target].digest
    assert state_of(run).status is Status.PASSED
    assert {target.attempt for target in state_of(run).targets.values()} == {1}, "nothing rebuilt"
