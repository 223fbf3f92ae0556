"""`build --push` in a shell: what is refused, and what is told of the tags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_main import BUILD, Capture, says
from tests.fake_docker import FakeDocker


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    return FakeDocker(tmp_path / "docker", monkeypatch)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--test-only", "--push and --test-only contradict each other; leave one out"),
        ("--no-check", "only what is proved is pushed, and the checks are off; leave out --push"),
    ],
)
def test_what_goes_against_it_is_one_line_and_exit_2(
    capsys: Capture, docker: FakeDocker, words: str, told: str
) -> None:
    code, out, err = says(capsys, f"{BUILD} --backend redis --push {words}")
    assert (code, out) == (2, "")
    assert err.startswith(f"openhqm-tui: {told}")
    assert err.count("\n") == 1
    assert docker.calls == []


def test_what_is_pushed_is_told(capsys: Capture, docker: FakeDocker) -> None:
    code, out, _ = says(capsys, f"{BUILD} --backend redis,kafka --push --format plain")
    assert code == 0
    digest = "sha256:" + b"redis".hex().ljust(64, "0")
    assert f"✓ pushed openhqm:latest-redis {digest}\n" in out
    assert out.endswith(" · 2 tags pushed\n")


def test_that_nothing_is_pushed_is_told_with_the_reason(
    capsys: Capture, docker: FakeDocker
) -> None:
    docker.container("linux/arm64", machine="x86_64")
    code, out, _ = says(capsys, f"{BUILD} --backend redis --push --format plain")
    assert code == 1
    assert "note: nothing pushed: redis linux/arm64 is not proved\n" in out
    assert "− not pushed openhqm:latest-redis\n" in out
    assert out.endswith(" · nothing pushed\n")


def test_why_a_push_failed_is_told_to_people_and_machines(
    capsys: Capture, docker: FakeDocker
) -> None:
    docker.push("openhqm:latest-redis", err="no basic auth credentials")
    code, out, _ = says(capsys, f"{BUILD} --backend redis --push --format plain")
    assert code == 1
    assert "✗ not pushed openhqm:latest-redis: not logged in to the registry" in out
    run = out.split()[1]
    assert f"`openhqm-tui retry {run}` pushes what is left, and builds nothing\n" in out
    code, out, _ = says(capsys, f"{BUILD} --backend redis --push --format json")
    summary = json.loads(out.splitlines()[-1])
    (push,) = summary["pushes"]
    assert (code, push["outcome"], push["tags"]) == (1, "failed", ["openhqm:latest-redis"])
    assert "docker login" in push["reason"]
    assert {lane["status"] for lane in summary["lanes"]} == {"passed"}
