"""The command as a whole: one line per error, the right exit code, and nothing started."""

from __future__ import annotations

import functools
import json
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.engine.doctor import diagnose, machine
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import find_run
from tests.engine.fakes import debian, runner
from tests.fake_docker import FakeDocker
from tests.fake_registry import digest_of
from tests.our_variants import OUR_CHECKS, VARIANT_NAMES
from tests.waiting import until

Capture = pytest.CaptureFixture[str]


pytestmark = pytest.mark.usefixtures("folder")


@pytest.fixture
def bare_debian(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixed fake machine: this machine's packages and apt are not queried."""
    monkeypatch.setattr(machine, "read_machine", debian)
    fake = functools.partial(diagnose.diagnose, run=runner())
    monkeypatch.setattr(diagnose, "diagnose", fake)


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(words: Any, **_: Any) -> NoReturn:
        raise AssertionError(f"started {words}")

    monkeypatch.setattr(subprocess, "Popen", fail)


def run_command(capsys: Capture, line: str) -> tuple[int, str, str]:
    code = main(line.split())
    out, err = capsys.readouterr()
    return code, out, err


# -- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "biuld",
        "--nope",
        "build",
        "build --backend rediss",
        "build --backend redis extra",
        "build --backend redis --build-all",
        "build --backend redis --nope",
        "build --backend redis --platforms linux/amd46",
        "build --backend redis --platforms windows/amd64",
        "build --backend redis --platforms ,",
        "build --backend redis --name Bad",
        "build --backend redis --name a:b",
        "build --backend redis --tag a/b",
        "build --backend redis --jobs 0",
        "build --backend redis --jobs many",
        "build --backend redis --format yaml",
        "build --backend redis --python-version 2.7",
        "build --backend redis --base-image A:b:c",
        "build --backend redis --context nope",
        "build --backend redis --dockerfile nope",
        "build --build-all --tag " + "x" * 128,
        "plan",
        "plan --backend rediss",
        "variants --context nope",
        "variants --format xml",
        "check",
        "check x --variant rediss",
        "check x --platforms linux/vax",
        "check x --checks ~nobody-of-this-name/x.toml",
        "build --backend redis --cache-to local=~nobody-of-this-name/x",
        "doctor --yes",
        "doctor --format github",
    ],
)
@pytest.mark.usefixtures("nothing_starts")
def test_bad_input_is_one_line_and_exit_2_with_nothing_started(
    capsys: Capture, own_home: Path, line: str
) -> None:
    code, out, err = run_command(capsys, line)
    assert (code, out) == (2, "")
    assert err.startswith("openhqm-tui")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert not (own_home / "state").exists()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("openhqm-tui.toml", "jbos = 1"),
        ("openhqm-tui.toml", "jobs = 0"),
        ("openhqm-tui.toml", "jobs = "),
        ("openhqm-tui.toml", '"\\u001b]52;c;x\\u0007\\n" = 1'),
        ("openhqm-tui.toml", 'platforms = ["vax"]'),
        ("openhqm-tui.toml", 'tag = "a/b"'),
        ("openhqm-tui.toml", 'base-image = "A b"'),
    ],
)
@pytest.mark.usefixtures("nothing_starts")
def test_bad_settings_are_one_line_and_exit_2(
    capsys: Capture, folder: Path, file: str, text: str
) -> None:
    (folder / file).write_text(text)
    code, out, err = run_command(capsys, "build --backend redis")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "\x1b" not in err


@pytest.mark.usefixtures("nothing_starts")
def test_a_bad_variable_is_one_line_and_exit_2(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENHQM_TUI_JOBS", "many")
    code, out, err = run_command(capsys, "build --backend redis")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "OPENHQM_TUI_JOBS" in err


@pytest.mark.usefixtures("nothing_starts")
def test_an_unwritable_state_folder_is_one_line_and_exit_2(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(folder / "file"))
    code, out, err = run_command(capsys, "build --backend redis")
    assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.usefixtures("nothing_starts")
def test_the_console_needs_a_terminal(capsys: Capture) -> None:
    code, out, err = run_command(capsys, "")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "build --format plain" in err


# -- no engine --------------------------------------------------------------------------------

NEEDS = ("build --backend redis", "build --build-all --format json", "check openhqm:latest-redis")


@pytest.mark.parametrize("line", NEEDS)
@pytest.mark.usefixtures("bare_debian")
def test_without_an_engine_it_is_exit_3_and_one_line(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, own_home: Path, line: str
) -> None:
    """Nothing listens on that socket, whether or not this machine has Docker."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nope")
    code, out, err = run_command(capsys, line)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert not (own_home / "state" / "runs").exists()


@pytest.mark.parametrize("line", NEEDS)
@pytest.mark.usefixtures("bare_debian")
def test_without_a_docker_command_it_is_exit_3_and_one_line(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = run_command(capsys, line)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "docker" in err


def test_a_plan_needs_no_engine(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nope")
    code, out, _ = run_command(capsys, "plan --build-all --base-image mine:1")
    assert code == 0
    assert list(json.loads(out)["target"]) == list(VARIANT_NAMES)


# -- lists ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("nothing_starts")
def test_the_variants_are_listed(capsys: Capture) -> None:
    code, out, err = run_command(capsys, "variants")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(VARIANT_NAMES)
    assert "the bundled example (OpenHQM)" in err


@pytest.mark.usefixtures("nothing_starts")
def test_the_variants_are_listed_as_json(capsys: Capture) -> None:
    _, out, _ = run_command(capsys, "variants --format json")
    assert [json.loads(line)["name"] for line in out.splitlines()] == list(VARIANT_NAMES)


def test_plan_prints_what_build_would_run(
    capsys: Capture, docker: FakeDocker, own_home: Path
) -> None:
    choice = "--backend redis,all --platforms arm64 --tag 1.0 --base-image mine:1"
    _, planned, _ = run_command(capsys, f"plan {choice}")
    assert docker.calls_of("bake") == []
    code, _, _ = run_command(capsys, f"build {choice} --no-check --format json")
    assert code == 0
    run = find_run(own_home / "state")
    assert json.loads(planned) == json.loads(run.bake_file.read_bytes())
    files = [file for file in run.path.rglob("*") if file.is_file()]
    assert [file.name for file in files if file.stat().st_mode & 0o077] == []


# -- a build ----------------------------------------------------------------------------------

BUILD = "build --platforms amd64,arm64 --base-image mine:1"


def test_a_passing_build_is_exit_0(capsys: Capture, docker: FakeDocker) -> None:
    code, out, err = run_command(capsys, f"{BUILD} --backend redis,kafka --format plain")
    assert code == 0
    for lane in ("redis", "kafka"):
        assert f"{lane} linux/arm64 | ✓ verified" in out
    assert "4 images: 4 verified in" in out
    assert "\nbase image: mine:1" in err


def test_a_build_with_a_failed_target_is_exit_1(capsys: Capture, docker: FakeDocker) -> None:
    docker.target("kafka", {"stream": "failed/kafka", "exit": 1})
    code, out, _ = run_command(capsys, f"{BUILD} --backend redis,kafka --format json")
    assert code == 1
    summary = json.loads(out.splitlines()[-1])
    statuses = {(lane["target"], lane["platform"]): lane["status"] for lane in summary["lanes"]}
    assert statuses == {
        ("redis", "linux/amd64"): "passed",
        ("redis", "linux/arm64"): "passed",
        ("kafka", "linux/amd64"): "cancelled",
        ("kafka", "linux/arm64"): "failed",
    }
    assert [failure["target"] for failure in summary["failures"]] == ["kafka"]


def test_a_detached_build_continues_by_itself(
    capsys: Capture, docker: FakeDocker, own_home: Path
) -> None:
    docker.target("redis", {"hold": True})
    code, out, _ = run_command(capsys, f"{BUILD} --backend redis --no-check --detach")
    run = find_run(own_home / "state", out.strip())
    assert (code, run.is_live()) == (0, True)
    until(lambda: docker.has("held-redis"))
    docker.release("redis")
    follower = Follower(run)
    until(lambda: follower.poll() is None or follower.finished)
    assert follower.state.status.value == "passed"


# -- a check ----------------------------------------------------------------------------------


def test_an_image_is_checked_on_every_platform_of_its_index(
    capsys: Capture, docker: FakeDocker
) -> None:
    code, out, err = run_command(capsys, "check openhqm:latest-redis --format json")
    lanes = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [(lane["platform"], lane["emulated"]) for lane in lanes] == [
        ("linux/amd64", False),
        ("linux/arm64", True),
    ]
    assert {v["answer"] for lane in lanes for v in lane["verdicts"]} == {"pass"}
    digest = "openhqm@" + digest_of("redis")
    assert all(digest in call for call in docker.calls_of("run")), "checked by digest, not by tag"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("check openhqm:latest-redis --variant kafka", "queue.backend=redis"),
        ("check openhqm:latest-redis --platforms s390x", "linux/amd64, linux/arm64"),
    ],
)
def test_an_image_that_fails_its_checks_is_exit_1(
    capsys: Capture, docker: FakeDocker, line: str, message: str
) -> None:
    docker.container("linux/s390x", exit=125, err="no such platform")
    code, out, _ = run_command(capsys, f"{line} --format plain")
    assert code == 1
    assert "✗ fail" in out
    assert message in out


def test_a_checks_file_defines_the_expectations(
    capsys: Capture, docker: FakeDocker, folder: Path
) -> None:
    (folder / "mine.toml").write_text("[targets.redis]\nuser = 7\nlabels = {mine = '*'}\n")
    code, out, _ = run_command(
        capsys, "check openhqm:latest-redis --checks mine.toml --format plain"
    )
    assert code == 1
    assert "✗ labels: fail: mine=(missing)" in out
    assert "✗ user: fail: uid 1000" in out
    assert f"{len(OUR_CHECKS) - 2}/{len(OUR_CHECKS)} pass, labels: fail, user: fail" in out


def test_a_missing_checks_file_is_refused_before_anything_runs(
    capsys: Capture, docker: FakeDocker, folder: Path
) -> None:
    (folder / "openhqm-checks.toml").touch()
    code, out, err = run_command(capsys, "check x:1 --checks openhqm-check.toml")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "did you mean" in err
    assert docker.calls == []


def test_a_missing_image_is_one_line_and_exit_2(capsys: Capture, docker: FakeDocker) -> None:
    docker.configure(missing=["redis"])
    code, out, err = run_command(capsys, "check nope:1")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "nope:1 can't be checked: No such image" in err
