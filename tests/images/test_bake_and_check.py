"""The bake file and the Dockerfile as a real Buildx reads them; nothing is built."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.domain.plan.bake import tags_of
from tests.our_variants import VARIANT_NAMES, VARIANTS

ROOT = Path(__file__).parents[2]
BAKE = "assets/docker-bake.hcl"

pytestmark = pytest.mark.engine


def _docker(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *words],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def _printed(**variables: str) -> dict[str, Any]:
    found = json.loads(_docker("buildx", "bake", "-f", BAKE, "--print", **variables).stdout)
    assert found["group"]["default"]["targets"] == ["variant"]
    assert found["group"]["variant"]["targets"] == list(VARIANT_NAMES)
    targets: dict[str, Any] = found["target"]
    return targets


def test_the_bake_file_has_a_target_for_every_variant():
    targets = _printed(NAME="acme/openhqm", TAG="v1")
    for variant in VARIANTS:
        target = targets[variant.name]
        assert target["args"]["QUEUE_BACKEND"] == variant.name
        assert tuple(target["tags"]) == tags_of(variant, "acme/openhqm", "v1")
        assert target["platforms"] == ["linux/amd64", "linux/arm64"]
        assert (ROOT / target["context"] / target["dockerfile"]).resolve() == ROOT / "Dockerfile"
        assert "contexts" not in target
        assert "secret" not in target


def test_base_certificates_and_epoch_are_variables(tmp_path: Path):
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    targets = _printed(BASE_IMAGE="b:1", CA_BUNDLE=str(bundle), SOURCE_DATE_EPOCH="86400")
    target = targets["redis"]
    assert target["contexts"] == {"python:3.13-slim": "docker-image://b:1"}
    assert target["secret"] == [{"id": "ca-bundle", "src": str(bundle)}]
    assert target["args"]["BASE_NAME"] == "b:1"
    assert target["args"]["CREATED"] == "1970-01-02T00:00:00Z"


@pytest.mark.parametrize("variant", ["all", "minimal"])
def test_docker_build_check_reports_nothing(variant: str, tmp_path: Path):
    # The check resolves the base image; an empty context replaces it where no registry is.
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    done = _docker(
        *("buildx", "build", "--call=check,format=json", "--file", "Dockerfile"),
        *("--build-context", f"python:3.13-slim={tmp_path}"),
        *("--build-arg", f"QUEUE_BACKEND={variant}", "assets/context"),
    )
    found = json.loads(done.stdout)
    assert not found.get("warnings")
    assert "buildError" not in found
