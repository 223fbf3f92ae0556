"""Indexes are made of what was proved, and of nothing else; none is tagged if one is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.reading import TOP
from tests.workflows.test_commands import FAKE_DOCKER, report

NAME = "r.test:5000/o/openhqm"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin/docker"
    fake.write_text(FAKE_DOCKER, encoding="utf-8")
    fake.chmod(0o755)
    (tmp_path / "registry").mkdir()
    return tmp_path


def merged(place: Path, *reports: Path) -> subprocess.CompletedProcess[str]:
    words = [TOP / ".github/merge_index.py", "--name", NAME, "--tag", "v1", *reports]
    environment = os.environ | {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "FAKE_DOCKER": str(place / "registry"),
        "GITHUB_OUTPUT": str(place / "output"),
    }
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def tagged(place: Path) -> set[str]:
    return {file.name.rpartition("+")[2] for file in (place / "registry").iterdir()}


def test_one_index_a_variant_of_the_digests_that_were_proved(place: Path) -> None:
    ran = merged(place, *(report(place / f"{a}.json", a) for a in ("amd64", "arm64")))
    assert ran.returncode == 0, ran.stderr
    assert tagged(place) == {"openhqm:v1", "openhqm:v1-all", "openhqm:v1-redis"}
    indexes, images = (place / "output").read_text().splitlines()
    told = json.loads(indexes.removeprefix("indexes="))
    single = json.loads(images.removeprefix("images="))
    assert len(single) == 2 * len(told)
    assert len({image["digest"] for image in single}) == len({i["name"] for i in single})
    assert [(one["variant"], len(one["tags"])) for one in told] == [("all", 2), ("redis", 1)]
    assert all(one["digest"].startswith("sha256:") for one in told)


@pytest.mark.parametrize(
    ("lane", "why"),
    [
        ({"status": "failed", "result": "check: clients"}, "redis linux/arm64 is check: clients"),
        ({"digest": ""}, "not proved and pushed"),
        ({"platform": "linux/amd64"}, "redis linux/amd64 is in two reports"),
        ({"platform": "linux/386"}, "redis linux/arm64 is in no report"),
    ],
)
def test_nothing_is_tagged_if_one_image_is_not_proved(
    place: Path, lane: dict[str, str], why: str
) -> None:
    ran = merged(
        place, report(place / "amd64.json", "amd64"), report(place / "arm64.json", "arm64", **lane)
    )
    assert ran.returncode == 1
    assert why in ran.stderr
    assert tagged(place) == set()


def test_another_image_under_the_tag_is_found(place: Path) -> None:
    fake = place / "bin/docker"
    fake.write_text(FAKE_DOCKER.replace('{"digest": digest}', '{"digest": digest + "0"}'))
    ran = merged(place, *(report(place / f"{a}.json", a) for a in ("amd64", "arm64")))
    assert ran.returncode == 1
    assert "holds other images than were proved" in ran.stderr
