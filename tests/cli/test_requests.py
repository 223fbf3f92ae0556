"""cancel, retry, resume: acknowledged by the right run and target, or a one-line error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.store.paths import ready_state_folder
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.fake_docker import FakeDocker
from tests.recordings import copied
from tests.run.runs import Watch, prepared, runner_process
from tests.waiting import until

Capture = pytest.CaptureFixture[str]
BROKEN = {"stream": "failed/kafka", "exit": 1}
HELD = {"hold": True}


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    return FakeDocker(tmp_path / "docker", monkeypatch)


@pytest.fixture
def runs(own_home: Path) -> Path:
    return runs_folder(ready_state_folder())


@pytest.fixture
def cut_off(runs: Path) -> RunFolder:
    folder = copied("failed", runs / "20261123-100000-aaaa")
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(lines[:2]))
    return folder


def run_command(capsys: Capture, *words: str) -> tuple[int, str, str]:
    code = main(words)
    out, err = capsys.readouterr()
    return code, out, err


# -- nothing to do ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("cancel", 1, "no run is in progress: nothing to cancel"),
        ("cancel 20261123-12", 1, "has finished (passed): nothing to cancel"),
        ("cancel 20261123-11 kafka", 1, "has finished (failed): nothing to cancel"),
        ("cancel kafka", 2, "there is no run 'kafka'"),
        ("retry", 1, "run 20261123-120000-cccc has finished (passed): nothing to retry"),
        ("retry redis", 1, "redis of run 20261123-120000-cccc is verified: nothing"),
        ("retry 20261123-11 redis", 1, "is built: nothing to retry"),
        ("retry redsi", 2, "'redsi' is neither a run nor a target of run 20261123-120000-cccc: "),
        ("retry redsi", 2, "did you mean redis? (valid: minimal redis)"),
        ("retry 20261123-11 redsi", 2, "run 20261123-110000-bbbb has no target 'redsi': did you"),
        ("retry redis kafka", 2, "run 20261123-120000-cccc has no target 'kafka'"),
        ("retry 2026", 2, "'2026' is ambiguous: 2 runs match"),
        ("resume", 1, "run 20261123-120000-cccc has finished (passed): nothing to resume"),
        (
            "resume 20261123-11",
            1,
            "`openhqm-tui retry 20261123-110000-bbbb` rebuilds targets that failed or",
        ),
        ("resume redis", 2, "there is no run 'redis'"),
    ],
)
def test_a_request_with_nothing_to_do_is_one_line(
    runs: Path, capsys: Capture, line: str, code: int, message: str
) -> None:
    copied("failed", runs / "20261123-110000-bbbb")
    copied("checked", runs / "20261123-120000-cccc")
    before = {p: p.stat().st_size for p in runs.rglob("*") if p.is_file()}
    got, out, err = run_command(capsys, *line.split())
    assert (got, out, err.count("\n")) == (code, "", 1)
    assert message in err
    assert {p: p.stat().st_size for p in runs.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("word", ["cancel", "retry", "resume"])
def test_an_empty_argument_is_refused(runs: Path, capsys: Capture, word: str) -> None:
    """An unset variable in a script has this effect."""
    copied("failed", runs / "20261123-110000-bbbb")
    assert run_command(capsys, word, "")[0] == 2


@pytest.mark.parametrize("word", ["retry", "resume"])
def test_without_any_run_the_command_says_so(capsys: Capture, word: str) -> None:
    code, _, err = run_command(capsys, word)
    assert (code, err) == (
        2,
        "openhqm-tui: there are no runs yet; start one with `openhqm-tui build`\n",
    )


def test_a_run_in_progress_has_nothing_to_resume(cut_off: RunFolder, capsys: Capture) -> None:
    lock = cut_off.lock()
    code, _, err = run_command(capsys, "resume")
    os.close(lock)
    assert code == 1
    assert (
        "is in progress: nothing to resume; follow the run with `openhqm-tui attach 20261123" in err
    )


# -- with a runner ----------------------------------------------------------------------------


@pytest.fixture
def live(docker: FakeDocker, own_home: Path) -> Iterator[Watch]:
    """A run in progress: kafka has failed, gcp is held, redis is built."""
    docker.target("kafka", BROKEN, {})
    docker.target("gcp", HELD)
    with runner_process(prepared("kafka", "gcp", "redis", check=False)) as (watch, _):
        until(lambda: docker.has("held-gcp"))
        until(lambda: watch.has(events.TargetEnded, target="kafka"))
        until(lambda: watch.has(events.TargetEnded, target="redis"))
        yield watch


def ended(watch: Watch) -> Watch:
    until(lambda: watch.poll().follower.finished)
    return watch


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "cancelling all unfinished targets;"),
        (["run"], "cancelling all unfinished targets;"),
        (["gcp"], "cancelling gcp;"),
        (["run", "gcp"], "cancelling gcp;"),
        (["run", "gcp", "redis"], "cancelling gcp;"),
    ],
)
def test_running_targets_are_cancelled(
    live: Watch, capsys: Capture, words: list[str], message: str
) -> None:
    code, out, err = run_command(capsys, "cancel", *words)
    assert (code, err) == (0, "")
    assert out == f"{message} follow the run with `openhqm-tui attach {live.name}`\n"
    assert live.has(events.CancelRequested), "the runner has acknowledged it"
    assert ended(live).targets("gcp", "redis") == [Status.CANCELLED, Status.DONE]


def test_cancelling_finished_targets_of_a_live_run_says_so(live: Watch, capsys: Capture) -> None:
    code, out, err = run_command(capsys, "cancel", "redis", "kafka")
    assert (code, out) == (1, "")
    assert "redis (built), kafka (failed) have already finished: nothing to cancel" in err
    assert f"; cancel the whole run with `openhqm-tui cancel {live.name}`" in err
    assert live.folder.is_live()


def test_a_target_is_retried_while_others_are_building(
    live: Watch, docker: FakeDocker, capsys: Capture
) -> None:
    code, out, err = run_command(capsys, "retry", "--detach")
    assert (code, err) == (0, "")
    assert out == f"retrying kafka; follow the run with `openhqm-tui attach {live.name}`\n"
    until(lambda: live.has(events.TargetEnded, target="kafka", attempt=2))
    assert run_command(capsys, "retry")[2] == (
        f"openhqm-tui: run {live.name} is in progress, and nothing has failed so far: "
        "nothing to retry\n"
    )
    docker.release("gcp")
    assert ended(live).status is Status.PASSED


def test_an_attached_client_sees_requests_of_others(
    live: Watch, docker: FakeDocker, capsys: Capture, tmp_path: Path
) -> None:
    out = tmp_path / "attached"
    words = [sys.executable, "-m", "openhqm_tui", "attach", "--format", "json"]
    with out.open("wb") as opened, subprocess.Popen(words, stdout=opened) as attached:
        try:
            until(lambda: b'"kafka","attempt":1,"outcome":"failed"' in out.read_bytes())
            assert run_command(capsys, "retry", "kafka", "--detach")[0] == 0
            until(lambda: b'"kafka","attempt":2,"outcome":"passed"' in out.read_bytes())
            assert run_command(capsys, "cancel", "gcp")[0] == 0
            until(lambda: attached.poll() is not None)
        finally:
            attached.kill()
    assert attached.returncode == 130
    ended(live)
    records = [json.loads(line) for line in out.read_bytes().splitlines()]
    assert [r["target"] for r in records if r["event"] == "cancel-asked"] == ["gcp"]
    assert [lane["status"] for lane in records[-1]["lanes"]] == [
        *("done", "done"),
        *("cancelled", "cancelled"),
        *("done", "done"),
    ]


@pytest.mark.parametrize("finished", [False, True])
def test_an_interrupt_cancels_only_a_run_that_the_command_restarted(
    live: Watch, docker: FakeDocker, tmp_path: Path, finished: bool
) -> None:
    docker.target("kafka", BROKEN, HELD)
    if finished:
        docker.release("gcp")
        ended(live)
    words = [sys.executable, "-m", "openhqm_tui", "retry", "kafka", "--format", "json"]
    out = tmp_path / "retried"
    with out.open("wb") as opened, subprocess.Popen(words, stdout=opened) as retrying:
        try:
            until(lambda: docker.has("held-kafka"))
            until(lambda: b'"attempt":2' in out.read_bytes(), "the retry is being followed")
            retrying.send_signal(signal.SIGINT)
            until(lambda: retrying.poll() is not None)
        finally:
            retrying.kill()
    assert retrying.returncode == 130
    assert live.has(events.CancelRequested) is finished
    if finished:
        ended(live)
    else:
        assert live.folder.is_live()


def test_a_retry_shows_only_the_new_attempt(
    live: Watch, docker: FakeDocker, capsys: Capture
) -> None:
    docker.release("gcp")
    ended(live)
    code, out, err = run_command(capsys, "retry", "--format", "json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert err == f"openhqm-tui: retrying kafka in run {live.name}\n"
    assert [r["target"] for r in records if r["event"] == "target-started"] == ["kafka"]
    assert (records[0]["event"], records[-1]["outcome"]) == ("run", "passed")
    assert not [r for r in records if r["event"] == "log"], "the first attempt's lines"


def test_named_targets_of_a_finished_run_are_retried(
    docker: FakeDocker, own_home: Path, capsys: Capture
) -> None:
    docker.target("kafka", BROKEN, BROKEN)
    docker.target("sqs", BROKEN, {})
    with runner_process(prepared("kafka", "sqs", check=False)) as (watch, _):
        ended(watch)
        code, out, _ = run_command(capsys, "retry", "run", "--format", "plain", "sqs")
        assert code == 1, "kafka is still failed"
        assert "sqs linux/amd64 | ● built" in out
        assert "kafka linux/amd64 |" not in out, "it isn't rebuilt"
        assert ended(Watch(watch.folder)).targets("kafka", "sqs") == [Status.FAILED, Status.DONE]
        assert len(docker.calls_of("bake")) == 3


def test_a_run_whose_runner_was_killed_is_resumed_and_followed(
    docker: FakeDocker, own_home: Path, capsys: Capture
) -> None:
    docker.target("gcp", HELD, {})
    with runner_process(prepared("redis", "gcp", check=False)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        until(lambda: watch.has(events.TargetEnded, target="redis"))
        os.kill(pid, signal.SIGKILL)
        until(lambda: not watch.folder.is_live())
        code, out, err = run_command(capsys, "resume", "--format", "plain")
        assert code == 0
        assert err == f"openhqm-tui: continuing the unfinished targets in run {watch.name}\n"
        assert "gcp linux/arm64 | ● built" in out
        assert "redis linux/amd64 |" not in out, "it was built before"
        assert out.splitlines()[-1].startswith("4 images: 4 built in ")


def test_cancelling_an_interrupted_run_stops_its_leftover_processes(
    docker: FakeDocker, own_home: Path, capsys: Capture
) -> None:
    docker.target("gcp", HELD)
    with runner_process(prepared("gcp", check=False)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        os.kill(pid, signal.SIGKILL)
        until(lambda: not watch.folder.is_live())
        code, out, _ = run_command(capsys, "cancel", "run")
        assert code == 0
        assert out == (
            f"run {watch.name} was interrupted: any processes it left running were stopped\n"
        )
        until(lambda: state_of(watch.folder).outcome is Outcome.CANCELLED)


def test_a_build_warns_about_a_live_run_with_the_same_tags(
    live: Watch, docker: FakeDocker, capsys: Capture
) -> None:
    line = "build --backend {} --platforms amd64 --base-image mine:1 --no-check --format json"
    code, _, err = run_command(capsys, *line.format("redis").split())
    assert code == 0
    (records,) = [line for line in err.splitlines() if "is in progress and also builds" in line]
    assert f"run {live.name} is in progress and also builds openhqm:latest-redis" in records
    assert "the runs don't interfere with each other" in records
    assert "in progress" not in run_command(capsys, *line.format("minimal").split())[2]


def test_a_detached_build_prints_how_to_follow_it(
    docker: FakeDocker, own_home: Path, capsys: Capture
) -> None:
    line = "build --backend redis --platforms amd64 --base-image mine:1 --no-check --detach"
    code, out, err = run_command(capsys, *line.split())
    name = out.strip()
    assert (code, out) == (0, f"{name}\n")
    assert f"openhqm-tui: follow the run with `openhqm-tui attach {name}`\n" in err
    assert run_command(capsys, "attach", "--format", "plain")[0] == 0
