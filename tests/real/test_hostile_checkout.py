"""An untrusted checkout, built by the real Buildx, which runs git in it for provenance."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hostile_checkout import BY_FETCHING, Checkout, fetched_by_ssh, signature
from tests.real.conftest import Cli, docker

pytestmark = pytest.mark.engine
IMAGE = "openhqm-tui-tests/checkout"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    checkout = Checkout(tmp_path)
    # New content each time, so that this build can't be confused with an earlier one.
    (checkout.folder / "Dockerfile").write_text("FROM scratch\nCOPY file /file\n")
    (checkout.folder / "file").write_text(secrets.token_hex())
    target = {"tags": [f"{IMAGE}:latest"], "platforms": ["linux/amd64"]}
    (checkout.folder / "docker-bake.json").write_text(json.dumps({"target": {"default": target}}))
    return checkout


def recorded(context: Path) -> Any:
    """Return Buildx's record of a build of `context`; other builds may have ended since."""
    rows = docker("buildx", "history", "ls", "--no-trunc", "--format", "json").splitlines()
    for row in rows:
        ref = str(json.loads(row)["ref"])
        shown = json.loads(
            docker("buildx", "history", "inspect", ref.rpartition("/")[2], "--format", "json")
        )
        if shown["Context"] == str(context):
            return shown
    raise AssertionError(f"no build of {context} is recorded")


def run_bare(checkout: Checkout) -> None:
    """Build without openhqm-tui, to verify that the exploit works."""
    folder = str(checkout.folder)
    docker("buildx", "build", "--output", "type=cacheonly", "--progress", "quiet", folder)


@pytest.mark.parametrize("hostile", BY_FETCHING)
@pytest.mark.parametrize("command", ["build", "plan"])
def test_buildx_runs_no_program_of_a_checkout(
    checkout: Checkout, hostile: Callable[[Checkout], None], command: str, cli: Cli
) -> None:
    hostile(checkout)
    run_bare(checkout)
    assert checkout.ran(), "Buildx by itself runs it"
    words = ("--no-check",) if command == "build" else ()
    ran = cli(command, "--platforms", "linux/amd64", *words, cwd=checkout.folder)
    assert ran.code == 0, ran.err
    assert not checkout.ran()
    docker("image", "rm", "--force", f"{IMAGE}:latest")


def test_git_labels_of_buildx_run_no_program_of_a_checkout(
    checkout: Checkout, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched_by_ssh(checkout)
    monkeypatch.setenv("BUILDX_GIT_LABELS", "full")
    monkeypatch.setenv("BUILDX_GIT_CHECK_DIRTY", "1")
    ran = cli("build", "--platforms", "linux/amd64", "--no-check", cwd=checkout.folder)
    assert ran.code == 0, ran.err
    assert not checkout.ran()
    docker("image", "rm", "--force", f"{IMAGE}:latest")


def test_provenance_keeps_the_commit_of_a_checkout(checkout: Checkout, cli: Cli) -> None:
    signature(checkout)
    ran = cli("build", "--platforms", "linux/amd64", "--no-check", cwd=checkout.folder)
    assert ran.code == 0, ran.err
    assert not checkout.ran()
    assert recorded(checkout.folder)["VCSRevision"] == checkout.git("rev-parse", "HEAD")
    docker("image", "rm", "--force", f"{IMAGE}:latest")
