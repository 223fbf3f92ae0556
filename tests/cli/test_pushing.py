"""`build --push` on the command line: refusals, and the reported tags."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_main import BUILD, Capture, run_command
from tests.fake_docker import FakeDocker
from tests.fake_registry import digest_of, raw_index


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    return FakeDocker(tmp_path / "docker", monkeypatch)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--test-only", "push can't be combined with test-only; choose one of them"),
        ("--name a --name docker.io/library/a", "the image name 'docker.io/library/a' is given"),
        ("--name a,A", "'A' isn't a valid image name; image names are lower case: write a"),
        (
            "--no-check",
            "only verified images can be pushed, but checks are turned off; turn off push",
        ),
    ],
)
def test_options_that_conflict_with_push_are_one_line_and_exit_2(
    capsys: Capture, docker: FakeDocker, words: str, message: str
) -> None:
    code, out, err = run_command(capsys, f"{BUILD} --backend redis --push {words}")
    assert (code, out) == (2, "")
    assert err.startswith(f"openhqm-tui: {message}")
    assert err.count("\n") == 1
    assert docker.calls == []


def test_pushed_tags_are_reported(capsys: Capture, docker: FakeDocker) -> None:
    code, out, _ = run_command(capsys, f"{BUILD} --backend redis,kafka --push --format plain")
    assert code == 0
    digest = digest_of("redis")
    line = f"openhqm:latest-redis: index {digest}, 2 platforms\n"
    assert f"redis | pushed and read back {line}" in out, "as soon as it is pushed"
    assert f"✓ pushed and read back {line}" in out
    assert "  linux/amd64 sha256:amd64\n  linux/arm64 sha256:arm64\n" in out
    assert out.endswith(" · 2 tags pushed\n")


def test_a_skipped_push_is_reported_with_its_reason(capsys: Capture, docker: FakeDocker) -> None:
    docker.container("linux/arm64", machine="x86_64")
    code, out, _ = run_command(capsys, f"{BUILD} --backend redis --push --format plain")
    assert code == 1
    assert "note: nothing pushed: redis linux/arm64 is not verified\n" in out
    assert "− not pushed openhqm:latest-redis\n" in out
    assert out.endswith(" · nothing pushed\n")


def test_images_pushed_with_inconclusive_checks_are_named(
    capsys: Capture, docker: FakeDocker
) -> None:
    docker.container("linux/arm64", exit=139, err="qemu: uncaught target signal 11")
    words = f"{BUILD} --backend redis --push --allow-unknown --format plain"
    code, out, _ = run_command(capsys, words)
    assert code == 0
    line = "redis linux/arm64 is not verified: some checks are inconclusive\n"
    assert f"note: pushing anyway (--allow-unknown): {line}" in out
    assert f"! --allow-unknown: {line}" in out
    assert "✓ pushed and read back openhqm:latest-redis" in out


def test_every_tag_exists_under_every_name(capsys: Capture, docker: FakeDocker) -> None:
    words = f"{BUILD} --backend redis --name a.example/x --name b.example/y,c --push --format json"
    code, out, _ = run_command(capsys, words)
    assert code == 0
    (push,) = json.loads(out.splitlines()[-1])["pushes"]
    tags = [f"{name}:latest-redis" for name in ("a.example/x", "b.example/y", "c")]
    assert push["tags"] == tags
    assert [read_back["tag"] for read_back in push["read_back"]] == tags
    assert {read_back["digest"] for read_back in push["read_back"]} == {digest_of("redis")}
    assert push["read_back"][0]["images"][0] == {
        "platform": "linux/amd64",
        "digest": "sha256:amd64",
    }
    assert push["read_back"][0]["attestations"] == 0


def test_a_registry_that_returns_another_index_fails_the_run(
    capsys: Capture, docker: FakeDocker
) -> None:
    docker.reads_back("openhqm:latest-redis", raw=raw_index("redis", ("amd64",)))
    code, out, _ = run_command(capsys, f"{BUILD} --backend redis --push --format plain")
    assert code == 1
    assert "✗ openhqm:latest-redis: pushed, but the registry has no image for linux/arm64" in out


def test_the_reason_of_a_failed_push_is_in_text_and_json(
    capsys: Capture, docker: FakeDocker
) -> None:
    docker.push("openhqm:latest-redis", err="no basic auth credentials")
    code, out, _ = run_command(capsys, f"{BUILD} --backend redis --push --format plain")
    assert code == 1
    assert "✗ not pushed openhqm:latest-redis: not logged in to the registry" in out
    run = out.split()[1]
    assert f"`openhqm-tui retry {run}` pushes the remaining tags without rebuilding\n" in out
    code, out, _ = run_command(capsys, f"{BUILD} --backend redis --push --format json")
    summary = json.loads(out.splitlines()[-1])
    (push,) = summary["pushes"]
    assert (code, push["outcome"], push["tags"]) == (1, "failed", ["openhqm:latest-redis"])
    assert "docker login" in push["reason"]
    assert {lane["status"] for lane in summary["lanes"]} == {"passed"}
