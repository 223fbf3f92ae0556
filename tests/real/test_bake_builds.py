"""Bake definitions of our own, really built, with the results that Buildx itself gives."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.domain.platforms import Platform
from tests.real.conftest import Cli, Ran, docker

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests"

ARTIFACTS = r"""
    group "default" { targets = ["folder", "archive", "layout", "split", "nothing"] }
    target "_base" {
      dockerfile-inline = "FROM scratch\nCOPY data /data"
    }
    target "folder" {
      inherits = ["_base"]
      output = ["out"]
    }
    target "archive" {
      inherits = ["_base"]
      output = ["type=tar,dest=out.tar"]
    }
    target "layout" {
      inherits = ["_base"]
      output = ["type=oci,dest=layout.tar"]
      tags = ["openhqm-tui-tests/layout:1"]
    }
    target "split" {
      inherits = ["_base"]
      output = ["type=local,dest=split"]
      platforms = ["linux/amd64", "darwin/arm64", "windows/amd64"]
    }
    target "nothing" {
      inherits = ["_base"]
      output = ["type=cacheonly"]
    }
"""

LINKED = r"""
    target "deep" {
      dockerfile-inline = "FROM scratch\nCOPY data/greeting /deep"
      tags = ["openhqm-tui-tests/deep:1"]
    }
    target "base" {
      contexts = { deep = "target:deep" }
      dockerfile-inline = "FROM deep\nCOPY data/greeting /base"
      output = ["type=registry"]
      tags = ["openhqm-tui-tests/base:1"]
    }
    target "app" {
      contexts = { base = "target:base" }
      dockerfile-inline = "FROM base\nCOPY data/greeting /app"
      tags = ["openhqm-tui-tests/linked:1"]
    }
"""

PLATFORMS = r"""
    target "_base" {
      dockerfile-inline = "FROM scratch\nARG TARGETPLATFORM\nLABEL at=$TARGETPLATFORM"
    }
    target "none" {
      inherits = ["_base"]
      tags = ["openhqm-tui-tests/none:1"]
    }
    target "here" {
      inherits = ["_base"]
      platforms = ["local"]
      tags = ["openhqm-tui-tests/here:1"]
    }
    target "mixed" {
      inherits = ["_base"]
      platforms = ["windows/amd64", "linux/amd64", "darwin/arm64", "linux/arm64"]
      tags = ["openhqm-tui-tests/mixed:1"]
    }
    target "edition" {
      name = "edition-${tier}"
      matrix = { tier = ["slim", "full"] }
      inherits = ["_base"]
      args = { TIER = tier }
      tags = ["openhqm-tui-tests/edition:${tier}"]
    }
"""

COMPOSE = """
    services:
      db:
        image: redis
      web:
        image: openhqm-tui-tests/compose:1
        build:
          context: ./data
          dockerfile_inline: "FROM scratch\\nCOPY greeting /\\nLABEL from=compose"
      job:
        build:
          context: .
          dockerfile_inline: "FROM scratch\\nCOPY data /data"
"""

OVERRIDDEN = {
    "docker-bake.hcl": r"""
        target "app" {
          dockerfile-inline = "FROM scratch\nARG X\nARG Y\nLABEL x=$X y=$Y"
          args = { X = "file", Y = "file" }
          tags = ["openhqm-tui-tests/overridden:1"]
        }
    """,
    "docker-bake.override.hcl": 'target "app" {\n args = { X = "override" }\n}\n',
}

CALLS = r"""
    target "clean" {
      call = "check"
      dockerfile-inline = "FROM scratch\nCOPY data /data"
    }
    target "untidy" {
      call = "check"
      dockerfile-inline = "FROM scratch\ncopy data /data\nMAINTAINER me"
    }
"""

OUTSIDE = r"""
    target "app" {
      contexts = { shared = "../shared" }
      dockerfile-inline = "FROM scratch\nCOPY --from=shared greeting /"
      tags = ["openhqm-tui-tests/outside:1"]
    }
"""

MISSING = r"""
    target "missing" {
      dockerfile-inline = "FROM localhost:9/no/such:1\nCOPY data /data"
    }
    target "fine" {
      dockerfile-inline = "FROM scratch\nCOPY data /data"
      output = ["type=cacheonly"]
    }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with a file to copy."""
    made = tmp_path / "project"
    (made / "data").mkdir(parents=True)
    (made / "data" / "greeting").write_text("hello")
    return made


@pytest.fixture
def images(remove_images: Callable[[str], None]) -> Callable[[str], str]:
    """Name an image that is removed after the test."""

    def named(name: str) -> str:
        remove_images(f"{NAME}/{name}")
        return f"{NAME}/{name}"

    return named


def define(folder: Path, text: str, name: str = "docker-bake.hcl") -> None:
    (folder / name).write_text(textwrap.dedent(text))


def statuses(ran: Ran) -> dict[tuple[str, str], str]:
    return {(lane["target"], lane["platform"]): lane["status"] for lane in ran.summary["lanes"]}


def labels(image: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(docker("image", "inspect", image))[0]["Config"]["Labels"]
    return found


def exists(image: str) -> bool:
    return bool(docker("image", "ls", "--quiet", image))


def files_in(folder: Path) -> dict[str, bytes]:
    """Return the files that a build has written, by path; of an archive, its members."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.suffix == ".tar":
            with tarfile.open(path) as archive:
                for member in archive.getmembers():
                    data = archive.extractfile(member)
                    found[f"{name}/{member.name}"] = data.read() if data else b""
        elif path.is_file() and not name.startswith(("data", "docker-bake")):
            found[name] = path.read_bytes()
    return found


def bake(folder: Path, *words: str) -> None:
    command = ["docker", "buildx", "bake", "--progress", "plain", *words]
    subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=True)


def test_artifacts_are_those_of_bake(
    cli: Cli, folder: Path, tmp_path: Path, images: Callable[[str], str]
) -> None:
    define(folder, ARTIFACTS)
    theirs = tmp_path / "theirs"
    shutil.copytree(folder, theirs)
    ran = cli("build", "--format", "json", cwd=folder)
    assert ran.code == 0, ran.err
    assert set(statuses(ran).values()) == {"done"}
    bake(theirs)
    ours, built = files_in(folder), files_in(theirs)
    # The index of a layout names the time.
    assert {name for name in ours if "blobs" not in name} == {
        name for name in built if "blobs" not in name
    }
    assert ours["out/data/greeting"] == ours["out.tar/data/greeting"] == b"hello"
    for system in ("linux_amd64", "darwin_arm64", "windows_amd64"):
        assert ours[f"split/{system}/data/greeting"] == b"hello"
    assert "layout.tar/index.json" in ours
    assert not exists(images("layout")), "an artifact is no image"


def test_linked_targets_are_built_without_being_images(
    cli: Cli, folder: Path, images: Callable[[str], str]
) -> None:
    define(folder, LINKED)
    app, base, deep = images("linked"), images("base"), images("deep")
    ran = cli("build", "app", "--no-check", "--format", "json", cwd=folder)
    assert ran.code == 0, ran.err
    assert {target for target, _ in statuses(ran)} == {"app"}
    assert exists(f"{app}:1")
    assert not exists(base)
    assert not exists(deep)
    saved = folder / "app.tar"
    subprocess.run(["docker", "save", "-o", saved, f"{app}:1"], timeout=60, check=True)
    with tarfile.open(saved) as archive:
        layers = [m for m in archive.getmembers() if m.name.startswith("blobs/sha256/")]
    assert len(layers) >= 5, "three layers, a configuration and a manifest"


def test_own_platforms_and_matrices_are_built(
    cli: Cli, folder: Path, images: Callable[[str], str], host: Platform
) -> None:
    define(folder, PLATFORMS)
    none, here, mixed, edition = map(images, ("none", "here", "mixed", "edition"))
    words = ("build", "none", "here", "mixed", "edition", "--no-check", "--format", "json")
    ran = cli(*words, cwd=folder)
    assert ran.code == 0, ran.err
    own = str(host)
    assert statuses(ran) == dict.fromkeys(
        [
            *(("none", own), ("here", own), ("edition-slim", own), ("edition-full", own)),
            *(("mixed", "linux/amd64"), ("mixed", "linux/arm64")),
        ],
        "done",
    )
    assert labels(f"{none}:1")["at"] == labels(f"{here}:1")["at"] == own
    assert exists(f"{mixed}:1")
    assert exists(f"{edition}:slim")
    assert exists(f"{edition}:full")
    assert "mixed is not built for windows/amd64, darwin/arm64" in ran.err


def test_compose_files_alone_are_built(
    cli: Cli, folder: Path, images: Callable[[str], str]
) -> None:
    define(folder, COMPOSE, "compose.yaml")
    web, job = images("compose"), "project-job"
    try:
        ran = cli("build", "--no-check", "--format", "json", cwd=folder)
        assert ran.code == 0, ran.err
        assert {target for target, _ in statuses(ran)} == {"web", "job"}
        assert labels(f"{web}:1")["from"] == "compose"
        assert exists(f"{job}:latest")
    finally:
        docker("image", "rm", "--force", f"{job}:latest")


def test_override_files_are_merged(cli: Cli, folder: Path, images: Callable[[str], str]) -> None:
    for name, text in OVERRIDDEN.items():
        define(folder, text, name)
    image = images("overridden")
    ran = cli("build", "--build-all", "--no-check", cwd=folder)
    assert ran.code == 0, ran.err
    found = labels(f"{image}:1")
    assert (found["x"], found["y"]) == ("override", "file")


def test_a_call_gives_its_result_and_no_image(cli: Cli, folder: Path) -> None:
    define(folder, CALLS)
    ran = cli("build", "clean", "untidy", "--format", "json", cwd=folder)
    found = {target: status for (target, _), status in statuses(ran).items()}
    assert found == {"clean": "done", "untidy": "failed"}
    assert ran.code == 1
    (failure,) = ran.summary["failures"]
    assert failure["target"] == "untidy"
    assert failure["reason"] == ("lint warnings: ConsistentInstructionCasing, MaintainerDeprecated")


def test_a_permission_is_refused_until_it_is_granted(
    cli: Cli, folder: Path, images: Callable[[str], str]
) -> None:
    define(folder, OUTSIDE)
    shared = folder.parent / "shared"
    shared.mkdir()
    (shared / "greeting").write_text("hello")
    image = images("outside")
    refused = cli("build", "app", "--no-check", cwd=folder)
    assert refused.code == 2
    assert "--allow=fs.read=../shared" in refused.err
    assert not exists(image)
    assert "no runs" in cli("runs", cwd=folder).err
    granted = cli("build", "app", "--no-check", "--allow=fs.read=../shared", cwd=folder)
    assert granted.code == 0, granted.err
    assert exists(f"{image}:1")


def test_a_missing_base_image_fails_with_its_cause(cli: Cli, folder: Path) -> None:
    define(folder, MISSING)
    ran = cli("build", "missing", "fine", "--format", "json", cwd=folder)
    assert ran.code == 1
    found = {target: status for (target, _), status in statuses(ran).items()}
    assert found == {"missing": "failed", "fine": "done"}
    (failure,) = ran.summary["failures"]
    assert failure["target"] == "missing"
    assert "localhost:9/no/such:1" in failure["reason"]
    assert "--base-image" not in failure["hint"], "it is refused here"
