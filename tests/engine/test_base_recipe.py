"""The base image from Debian packages: the script that builds it, and its conditions."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from openhqm_tui.engine.doctor.base_findings import bootstrap_fix, can_be_bootstrapped
from tests.engine.fakes import AMD64, ARM64, MIRROR, debian, packages
from tests.engine.test_applying_fixes import OLD, fix_of


def test_the_base_image_is_built_and_tried_on_every_platform() -> None:
    machine = debian(packages=OLD, emulators={"qemu-aarch64": "PF"})
    assert can_be_bootstrapped("python:3.13-slim", (AMD64, ARM64), machine)
    fix = fix_of(bootstrap_fix((AMD64, ARM64), machine))
    assert "root amd64 amd64" in fix.script
    assert "root arm64 arm64" in fix.script
    assert f"{MIRROR} &" in fix.script
    assert "--platform linux/amd64,linux/arm64" in fix.script
    assert fix.script.count("docker run --rm --network none") == 2
    assert "apt-get install" in fix.script
    # Private certificates must not get into an image that may be pushed.
    assert "/usr/local/share/ca-certificates" not in fix.script


def test_only_platforms_that_run_here_are_tried() -> None:
    machine = debian(packages=packages(mmdebstrap="1.3"))
    fix = fix_of(bootstrap_fix((ARM64,), machine))
    assert "docker run" not in fix.script
    assert "apt-get" not in fix.script
    # The root of the build platform compiles the byte code for all platforms.
    assert "root amd64 amd64" in fix.script
    assert "--platform linux/arm64 ." in fix.script


@pytest.mark.parametrize(
    ("socket", "exported"),
    [("/run/user/1000/docker.sock", True), ("/var/run/docker.sock", False), ("", False)],
)
def test_the_base_image_is_built_in_the_current_context(socket: str, exported: bool) -> None:
    fix = fix_of(bootstrap_fix((AMD64,), debian(packages=OLD), socket=socket))
    assert "--builder default" not in fix.script
    assert """--builder "$(docker info --format '{{.ClientInfo.Context}}')" """ in fix.script
    # sudo drops the user's context, so the script names the engine.
    assert fix.script.startswith(f"export DOCKER_HOST=unix://{socket}\n") is exported


def test_the_base_image_uses_the_socket_of_the_users_context(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DOCKER_CONTEXT", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "config.json").write_text('{"currentContext": "setup-docker-action"}')
    known = hashlib.sha256(b"setup-docker-action").hexdigest()
    meta = tmp_path / "contexts/meta" / known / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"Endpoints": {"docker": {"Host": "unix:///home/me/docker.sock"}}}')
    script = fix_of(bootstrap_fix((AMD64,), debian(packages=OLD))).script
    assert script.startswith("export DOCKER_HOST=unix:///home/me/docker.sock\n")


def test_the_base_image_is_built_only_on_debian_for_the_default_base() -> None:
    assert not can_be_bootstrapped("python:3.12", (AMD64,), debian())
    assert not can_be_bootstrapped("python:3.13-slim", (AMD64,), debian(distro="ubuntu"))
    assert not can_be_bootstrapped("python:3.13-slim", (AMD64,), debian(keyrings=()))
