"""Indexes contain only verified images, and none is tagged if an image is missing."""

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


def merged(
    place: Path, *reports: Path, tags: str = "1.2.3", failure: str = ""
) -> subprocess.CompletedProcess[str]:
    words = [TOP / ".github/merge_index.py", "--name", NAME, "--tags", tags, *reports]
    environment = os.environ | {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "FAKE_DOCKER": str(place / "registry"),
        "GITHUB_OUTPUT": str(place / "output"),
        **({"FAKE_FAILURE": failure} if failure else {}),
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


def test_every_variant_gets_one_index_of_its_verified_images(place: Path) -> None:
    ran = merged(place, *(report(place / f"{a}.json", a) for a in ("amd64", "arm64")))
    assert ran.returncode == 0, ran.stderr
    assert tagged(place) == {"openhqm:1.2.3", "openhqm:1.2.3-all", "openhqm:1.2.3-redis"}
    indexes, images = (place / "output").read_text().splitlines()
    created = json.loads(indexes.removeprefix("indexes="))
    single = json.loads(images.removeprefix("images="))
    assert len(single) == 2 * len(created)
    assert len({image["digest"] for image in single}) == len({i["name"] for i in single})
    assert [(one["variant"], len(one["tags"])) for one in created] == [("all", 2), ("redis", 1)]
    assert all(one["digest"].startswith("sha256:") for one in created)


@pytest.mark.parametrize(
    ("lane", "message"),
    [
        ({"status": "failed", "result": "check: clients"}, "redis linux/arm64 is check: clients"),
        ({"digest": ""}, "not verified and pushed"),
        ({"platform": "linux/amd64"}, "redis linux/amd64 is in two reports"),
        ({"platform": "linux/386"}, "redis linux/arm64 is in no report"),
    ],
)
def test_nothing_is_tagged_if_one_image_is_not_verified(
    place: Path, lane: dict[str, str], message: str
) -> None:
    ran = merged(
        place, report(place / "amd64.json", "amd64"), report(place / "arm64.json", "arm64", **lane)
    )
    assert ran.returncode == 1
    assert message in ran.stderr
    assert tagged(place) == set()


def test_a_tag_with_another_image_is_found(place: Path) -> None:
    fake = place / "bin/docker"
    fake.write_text(FAKE_DOCKER.replace('{"digest": digest}', '{"digest": digest + "0"}'))
    ran = merged(place, *(report(place / f"{a}.json", a) for a in ("amd64", "arm64")))
    assert ran.returncode == 1
    assert "holds other images than were verified" in ran.stderr


def both(place: Path) -> list[Path]:
    return [report(place / f"{arch}.json", arch) for arch in ("amd64", "arm64")]


def test_moving_tags_name_the_same_indexes(place: Path) -> None:
    ran = merged(place, *both(place), tags="1.2.3 1.2 1 latest")
    assert ran.returncode == 0, ran.stderr
    names = {f"openhqm:{tag}" for tag in ("1.2.3", "1.2", "1", "latest")}
    assert tagged(place) == {
        *names,
        *(f"{name}-{variant}" for name in names for variant in ("all", "redis")),
    }
    contents = {file.read_text() for file in (place / "registry").glob("*redis")}
    assert len(contents) == 1
    created = json.loads((place / "output").read_text().splitlines()[0].removeprefix("indexes="))
    assert [len(one["tags"]) for one in created] == [8, 4]


def test_moving_tags_are_not_changed_if_a_push_fails(place: Path) -> None:
    ran = merged(place, *both(place), tags="1.2.3 latest", failure=":1.2.3-redis")
    assert ran.returncode == 1
    assert ran.stderr == (
        "merge_index: imagetools create of r.test:5000/o/openhqm-arm64@sha256:redis-arm64: "
        "failed to authorize: 403 Forbidden\n"
    )
    assert not any("latest" in tag for tag in tagged(place))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "can't be read: No such file or directory"),
        ("{", "is no JSON"),
        ("[]", "is no report"),
        ('{"lanes": [{}], "targets": []}', "isn't as expected: KeyError('target')"),
        ('{"lanes": [1], "targets": [{"name": "x"}]}', "isn't as expected"),
        ('{"lanes": [], "targets": []}', "nothing is tagged: no image"),
    ],
)
def test_an_invalid_report_is_reported_in_one_line(
    place: Path, text: str | None, message: str
) -> None:
    file = place / "bad.json"
    if text is not None:
        file.write_text(text)
    ran = merged(place, file)
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line.startswith("merge_index: ")
    assert message in line
    assert tagged(place) == set()


def test_a_missing_docker_is_reported_in_one_line(place: Path) -> None:
    (place / "bin/docker").unlink()
    words = [sys.executable, TOP / ".github/merge_index.py", "--name", NAME, "--tags", "1"]
    ran = subprocess.run(
        [*map(str, words), *map(str, both(place))],
        env={"PATH": str(place / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == "merge_index: the `docker` command was not found\n"
