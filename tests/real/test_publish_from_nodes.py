"""A builder with two nodes: each builds its platform; tags appear only after verification."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.store.run_folder import find_run
from tests.real import private_engine, two_nodes
from tests.real.conftest import Cli, docker
from tests.real.private_engine import PrivateEngine
from tests.real.registry import DyingRegistry, free_port, index_at, is_complete, serving, tags_at
from tests.real.test_publish import FAULT

pytestmark = [pytest.mark.engine, pytest.mark.root]

BASE = "openhqm-base:3.13-debian"
BUILDER = "openhqm-tui-tests-duo"


class Duo(NamedTuple):
    """The engine of the second node, and the port and folder of a registry."""

    engine: PrivateEngine
    port: int
    folder: Path

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"


@pytest.fixture
def duo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Duo]:
    """Create the builder for this test only, and choose the port of a registry that it reaches."""
    if reason := private_engine.why_unavailable() or two_nodes.why_no_nodes():
        if os.environ.get("OPENHQM_TUI_REQUIRE_ENGINE"):
            pytest.fail(reason)
        pytest.skip(reason)
    place, port = Path(tempfile.mkdtemp(prefix="duo-")), free_port()
    engine = PrivateEngine(place / "engine", megabytes=1000)
    endpoints: list[two_nodes.Endpoint] = []
    try:
        engine.start()
        engine.forward_port(port)
        endpoints.append(two_nodes.Endpoint(place / "1.sock"))
        endpoints.append(two_nodes.Endpoint(place / "2.sock", engine.host))
        monkeypatch.setenv("BUILDX_CONFIG", str(tmp_path / "buildx"))
        two_nodes.create(BUILDER, (endpoints[0], endpoints[1]), os.environ)
        yield Duo(engine, port, tmp_path / "registry")
    finally:
        for endpoint in endpoints:
            endpoint.clear()
        engine.clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a bake target for two platforms, whose images are checked without being run."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY data /data\n")
    (folder / "data").write_bytes(os.urandom(6 << 20))
    (folder / "docker-bake.hcl").write_text(
        'target "default" {\n  platforms = ["linux/amd64", "linux/arm64"]\n}\n'
    )
    return folder


def own_images(host: str) -> str:
    return docker("image", "ls", "--all", "--quiet", f"{host}/*/*")


def test_both_nodes_build_and_only_verified_images_are_tagged(
    cli: Cli, checkout: Path, duo: Duo, own_home: Path, remove_images: Callable[[str], None]
) -> None:
    with serving(duo.folder, duo.port) as host:
        base, name, other = f"{host}/base:1", f"{host}/acme/x", f"{host}/else/y"
        docker("tag", BASE, base)
        remove_images(f"{host}/base")
        docker("push", base)
        dockerfile = checkout / "Dockerfile"
        good = dockerfile.read_text().replace("RUN ", "RUN --network=none ")
        good = good.replace("FROM build\n", "FROM build AS good\n", 1)
        words = [*("build", "--backend", "minimal", "--builder", BUILDER, "--base-image", base)]
        words += ["--name", name, "--name", other, "--push", "--format", "json"]

        dockerfile.write_text(good + FAULT.format(base="good"))
        ran = cli(*words, cwd=checkout)
        assert ran.code == 1, ran.out + ran.err
        lanes = {lane["platform"]: lane for lane in ran.summary["lanes"]}
        assert lanes["linux/arm64"]["status"] == "failed"
        assert lanes["linux/amd64"]["status"] == "passed"
        assert tags_at(name) == tags_at(other) == [], "not even `latest`"
        assert index_at(name, state_of(find_run(own_home / "state")).targets["minimal"].digest)

        dockerfile.write_text(good)
        ran = cli(*words, cwd=checkout)
        assert ran.code == 0, ran.out + ran.err
        nodes = {lane["platform"]: lane["node"] for lane in ran.summary["lanes"]}
        assert nodes == {"linux/amd64": "amd1", "linux/arm64": "arm1"}
        (push,) = ran.summary["pushes"]
        verified = {lane["platform"]: lane["digest"] for lane in ran.summary["lanes"]}
        for repository in (name, other):
            assert tags_at(repository) == ["latest-minimal"]
            index = index_at(repository, "latest-minimal")
            assert index.digest == push["digest"]
            assert {image.platform: image.digest for image in index.images} == verified
            assert is_complete(repository, index)
        assert len(push["read_back"]) == 2
        assert own_images(host) == "", "images pulled for the checks are removed"


def test_a_registry_that_dies_while_the_nodes_push_fails_the_build(
    cli: Cli, folder: Path, duo: Duo, own_home: Path
) -> None:
    registry = DyingRegistry(duo.folder, duo.port, after=3 << 20)
    name = f"{registry.name}/acme/killed"
    words = ("build", "--builder", BUILDER, "--name", name, "--push", "--format", "json")
    ran = cli(*words, cwd=folder)
    assert registry.died.is_set(), "in the middle of a layer"
    assert ran.code == 1
    (failure,) = ran.summary["failures"]
    assert "can't be reached over the network" in failure["hint"], failure
    with serving(duo.folder, duo.port):
        assert tags_at(name) == []
        run = find_run(own_home / "state")
        ran = cli("retry", run.path.name, "--format", "json")
        assert ran.code == 0, ran.out + ran.err
        index = index_at(name, "latest-default")
        assert is_complete(name, index)
        assert index.digest == ran.summary["pushes"][0]["digest"]
    assert state_of(run).status is Status.PASSED


def test_without_a_push_several_nodes_are_refused_before_the_build(
    cli: Cli, folder: Path, duo: Duo
) -> None:
    ran = cli("build", "--builder", BUILDER, cwd=folder)
    assert ran.code == 3
    assert f"builder {BUILDER} has 2 nodes" in ran.err
    assert "push the images (--push --name REGISTRY/NAME; for a local registry" in ran.err
    assert "Traceback" not in ran.err
