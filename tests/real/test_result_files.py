"""`--metadata-file` and `--iidfile` have what Buildx reports, and flags of Buildx take effect."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import docker, run_cli

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/results"
DEFINITION = """
group "default" { targets = ["one", "two"] }
target "one" { tags = ["openhqm-tui-tests/results:one"] }
target "two" { output = ["two"] }
"""


def read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def test_buildx_reports_the_same(tmp_path: Path) -> None:
    (tmp_path / "docker-bake.hcl").write_text(DEFINITION)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nARG A\nLABEL a=$A\nCOPY Dockerfile /\n")
    state = tmp_path / "state"
    bake = ["docker", "buildx", "bake", "--metadata-file", "theirs.json"]
    subprocess.run(bake, cwd=tmp_path, capture_output=True, check=True, timeout=120)
    words = ("--no-check", "--metadata-file", "ours.json")
    try:
        ran = run_cli("build", *words, cwd=tmp_path, state=state)
        assert ran.code == 0, ran.err
        theirs, ours = read(tmp_path / "theirs.json"), read(tmp_path / "ours.json")
        assert ours.keys() == theirs.keys()
        for name, result in theirs.items():
            assert ours[name].keys() == result.keys() - {"buildx.build.provenance"}, name
        changed = ("--no-check", "--set", "one.args.A=2", "--iidfile", "id")
        ran = run_cli("build", "one", *changed, cwd=tmp_path, state=state)
        assert ran.code == 0, ran.err
        image = json.loads(docker("image", "inspect", f"{NAME}:one"))[0]
        assert (tmp_path / "id").read_text() == image["Id"]
        assert image["Config"]["Labels"] == {"a": "2"}
        ran = run_cli("build", "--build-all", "--iidfile", "id", cwd=tmp_path, state=state)
        assert ran.code == 2
        assert "--iidfile writes the ID of one image, but 2 targets" in ran.err
    finally:
        docker("image", "rm", "--force", f"{NAME}:one")
