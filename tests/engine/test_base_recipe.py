"""The base image from Debian packages: the script that builds it, and its conditions."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from openhqm_tui.engine.doctor.apt import Archive
from openhqm_tui.engine.doctor.base_findings import bootstrap_fix, can_be_bootstrapped
from openhqm_tui.engine.doctor.install import NEWER_KEYRING
from tests.engine.fakes import AMD64, ARM64, MIRROR, S390X, debian, packages
from tests.engine.test_applying_fixes import OLD, fix_of

EMULATED = {"qemu-aarch64": "PF"}


def test_the_base_image_is_built_and_tried_on_every_platform() -> None:
    machine = debian(packages=OLD, emulators=EMULATED)
    assert can_be_bootstrapped("python:3.13-slim", (AMD64, ARM64), machine)
    fix = fix_of(bootstrap_fix((AMD64, ARM64), machine))
    assert "10 minutes" in fix.title
    assert "root amd64 amd64" in fix.script
    assert "root arm64 arm64" in fix.script
    assert f"{MIRROR} trixie main" in fix.script
    assert "platforms=linux/amd64,linux/arm64" in fix.script
    assert re.findall("(?m)^try (.*)", fix.script) == ["linux/amd64", "linux/arm64"]
    assert "apt-get install" in fix.script
    # Private certificates must not get into an image that may be pushed.
    assert "/usr/local/share/ca-certificates" not in fix.script
    native = fix_of(bootstrap_fix((AMD64,), machine))
    assert "4 minutes)" in native.title


def test_a_foreign_platform_needs_an_emulator() -> None:
    machine = debian(packages=packages(mmdebstrap="1.3"), platform=S390X)
    assert not can_be_bootstrapped("python:3.13-slim", (ARM64,), machine)
    emulated = debian(packages=packages(mmdebstrap="1.3"), platform=S390X, emulators=EMULATED)
    assert can_be_bootstrapped("python:3.13-slim", (ARM64,), emulated)
    fix = fix_of(bootstrap_fix((ARM64,), emulated))
    # The build platform's own root compiles the bytecode for all.
    assert "root s390x s390x" in fix.script
    assert "platforms=linux/arm64\n" in fix.script
    assert "apt-get install" not in fix.script


LOGIN = "https://me:secret@mirror.example/debian"
SECURITY = Archive(
    uri="http://mirror.example/security", suites=("bookworm-security",), components=("main",)
)
SECURITY_KEYRING = "/usr/share/keyrings/debian-archive-trixie-security-automatic.gpg"


@pytest.mark.parametrize(
    ("uri", "suites", "more", "kept"),
    [
        (MIRROR, ("bookworm",), (), [(MIRROR, "trixie")]),
        (MIRROR, ("bookworm", "bookworm-updates"), (), [(MIRROR, "trixie trixie-updates")]),
        (
            MIRROR,
            ("bookworm",),
            (SECURITY,),
            [(MIRROR, "trixie"), (SECURITY.uri, "trixie-security")],
        ),
        (LOGIN, ("bookworm",), (), [("https://mirror.example/debian", "trixie")]),
    ],
)
def test_the_image_uses_this_machines_archives_without_their_login(
    uri: str, suites: tuple[str, ...], more: tuple[Archive, ...], kept: list[tuple[str, str]]
) -> None:
    own = Archive(uri=uri, suites=suites, components=("main",))
    machine = debian(
        packages=OLD, archives=(own, *more), keyrings=(NEWER_KEYRING, SECURITY_KEYRING)
    )
    script = fix_of(bootstrap_fix((AMD64,), machine)).script
    assert re.findall(r"URIs: (\S+)\nSuites: (.+)\n", script) == kept
    # Only the installation of packages at build time uses the login.
    assert script.count("secret") == uri.count("secret")
    assert f"deb [signed-by={NEWER_KEYRING}] {uri} trixie main\n" in script


@pytest.mark.parametrize("failing", ["unshare", "docker buildx", "docker run", ""])
def test_the_old_image_is_kept_until_the_new_one_is_tested(failing: str, tmp_path: Path) -> None:
    """Stubs of the engine and mmdebstrap record their calls; one of them may fail."""
    calls = tmp_path / "calls"
    for name in ("docker", "unshare", "mmdebstrap", "apt-config"):
        program = tmp_path / name
        program.write_text(
            f'#!/bin/sh\necho "{name} $1 $2" >> {calls}\n'
            f'case "{name} $1" in "{failing} "* | "{failing}") exit 7 ;; esac\n'
        )
        program.chmod(0o755)
    (tmp_path / "tmp").mkdir()
    machine = debian(packages=packages(mmdebstrap="1.3"), emulators=EMULATED)
    script = fix_of(bootstrap_fix((AMD64, ARM64), machine, socket="")).script
    ran = subprocess.run(
        ["sh", "-euc", script],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path / "tmp")},
        capture_output=True,
        timeout=60,
        check=False,
    )
    recorded = calls.read_text().splitlines()
    tagged = [line for line in recorded if line.startswith("docker tag")]
    assert (ran.returncode == 0, bool(tagged)) == (not failing, not failing), ran.stderr
    # The temporary image and folder are removed in both cases.
    assert recorded[-1] == "docker image rm"
    assert not list((tmp_path / "tmp").iterdir())


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
