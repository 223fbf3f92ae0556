"""A report on a build of the real engine: its figures are right, its secrets are masked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import junitparser
import pytest
from jsonschema import Draft202012Validator

from openhqm_tui.report.formats.json import shipped_schema
from tests.real.conftest import Cli, docker

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/report"
SECRET = "correct-horse-battery"
_DOCKERFILE = """\
FROM scratch AS good
COPY large /large
COPY small /small

FROM python:3.13-slim AS bad
ARG NPM_TOKEN
RUN echo "pushed by $NPM_TOKEN"; exit 7
"""


@pytest.fixture
def folder(tmp_path: Path, remove_images: Callable[[str], None]) -> Path:
    """Two targets of a bake file: one is good, one fails and prints its secret."""
    from openhqm_tui.domain.platforms import parse_platforms
    from openhqm_tui.engine.source.base_image import choose_base

    remove_images(NAME)
    place = tmp_path / "bake"
    place.mkdir()
    (place / "Dockerfile").write_text(_DOCKERFILE)
    (place / "large").write_bytes(bytes(range(256)) * 4000)
    (place / "small").write_text("small")
    base = choose_base(parse_platforms("linux/amd64"), explicit=None)
    shared = {
        "context": ".",
        "args": {"NPM_TOKEN": SECRET},
        "platforms": ["linux/amd64"],
        "attest": ["type=provenance,disabled=true"],
        "contexts": {"python:3.13-slim": f"docker-image://{base.ref}"},
    }
    targets = {
        "good": {**shared, "target": "good", "tags": [f"{NAME}:good"]},
        "bad": {**shared, "target": "bad", "tags": [f"{NAME}:bad"]},
    }
    group = {"default": {"targets": list(targets)}}
    (place / "docker-bake.json").write_text(json.dumps({"group": group, "target": targets}))
    return place


def test_the_report_matches_the_engine(cli: Cli, folder: Path, tmp_path: Path) -> None:
    built = cli("build", "--build-all", "--platforms", "linux/amd64", cwd=folder)
    assert built.code == 1, built.err
    printed = cli("report", "--format", "json")
    assert printed.code == 0, printed.err
    report = json.loads(printed.out)
    Draft202012Validator(json.loads(shipped_schema())).validate(report)
    lanes = {lane["target"]: lane for lane in report["lanes"]}
    assert {name: lane["status"] for name, lane in lanes.items()} == {
        "good": "passed",
        "bad": "failed",
    }

    # The layers are those of the engine's image; manifest and config make up the rest.
    good = lanes["good"]
    found = json.loads(docker("image", "inspect", f"{NAME}:good"))[0]
    assert len(good["layers"]) == len(found["RootFS"]["Layers"]) == 2
    assert [layer["created_by"] for layer in good["layers"]] == [
        "COPY large /large",
        "COPY small /small",
    ]
    weight = sum(layer["bytes"] for layer in good["layers"])
    assert weight < good["bytes"] == report["sizes"]["unique_bytes"]
    assert good["own_bytes"] == weight
    assert lanes["bad"]["layers"] is None

    [failure] = report["failures"]
    assert failure["reason"] == "exit code 7"
    assert failure["log"] == ["pushed by ***"]
    assert report["targets"][0]["arguments"] == {"NPM_TOKEN": "***"}

    junit = tmp_path / "junit.xml"
    assert cli("report", "--format", "junit", "-o", str(junit)).code == 0
    suites = {suite.name: suite for suite in junitparser.JUnitXml.fromfile(str(junit))}
    assert suites["good linux/amd64"].failures == suites["good linux/amd64"].errors == 0
    assert suites["bad linux/amd64"].failures == 1

    for form in ("md", "html", "junit", "json", "github"):
        printed = cli("report", "--format", form)
        assert printed.code == 0, printed.err
        assert SECRET not in printed.out, form
