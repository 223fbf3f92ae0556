"""Finished and interrupted runs are resumed, and no request is lost."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run import requests
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.run.requests import send_request
from openhqm_tui.store.run_folder import Request, RunFolder
from tests.fake_docker import FakeDocker
from tests.run.runs import (
    Watch,
    clean_up,
    execute_again,
    executed,
    folder_of,
    prepared,
    runner_process,
    running,
)
from tests.waiting import soon, until

BROKEN = {"stream": "failed/kafka", "exit": 1}


# -- by a new runner --------------------------------------------------------------------------


async def test_failed_targets_are_retried_after_the_end_and_the_run_passes(
    docker: FakeDocker,
) -> None:
    docker.target("kafka", BROKEN, {})
    before = await executed(prepared("kafka", "redis"))
    assert before.status is Status.FAILED
    folder = before.folder
    first = (folder.path / "kafka.rawjson").read_bytes()
    folder.append_request(Request("retry", "kafka"))
    watch = await execute_again(folder)
    assert watch.status is Status.PASSED
    assert set(watch.lanes.values()) == {Status.PASSED}
    kafka = watch.follower.state.targets["kafka"]
    assert (kafka.attempt, kafka.stream) == (2, "kafka.2.rawjson")
    assert (folder.path / "kafka.rawjson").read_bytes() == first, "the first attempt's log is kept"
    assert watch.order(events.TargetStarted) == ["kafka", "redis", "kafka"]
    assert len(watch.order(events.RunStarted)) == len(watch.order(events.RunEnded)) == 2


async def test_the_outcome_after_a_retry_covers_all_targets(docker: FakeDocker) -> None:
    docker.target("kafka", BROKEN)
    docker.target("sqs", BROKEN, {})
    folder = (await executed(prepared("kafka", "sqs"))).folder
    folder.append_request(Request("retry", "sqs"))
    watch = await execute_again(folder)
    assert watch.status is Status.FAILED
    assert watch.targets("kafka", "sqs") == [Status.FAILED, Status.PASSED]


async def test_handled_requests_are_not_repeated(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True}, {})
    async with running(prepared("gcp", "redis")) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        watch.folder.append_request(Request("cancel", "gcp"))
    watch.folder.append_request(Request("retry", "gcp"))
    resumed = await execute_again(watch.folder)
    assert resumed.status is Status.PASSED
    assert len(resumed.order(events.CancelRequested)) == 1
    idle = await execute_again(watch.folder)
    assert idle.status is Status.PASSED
    assert idle.order(events.TargetStarted) == resumed.order(events.TargetStarted)


async def test_a_resumed_run_counts_only_the_time_it_was_executed(
    docker: FakeDocker,
) -> None:
    folder = (await executed(prepared("redis", check=False))).folder
    before = state_of(folder)
    folder.append(events.RunStarted(at=before.ended + 5000.0, pid=1))  # type: ignore[operator]
    folder.append(events.RunEnded(at=before.ended + 5003.0, outcome=Outcome.PASSED))  # type: ignore[operator]
    after = state_of(folder)
    assert after.elapsed(0) == pytest.approx(before.elapsed(0) + 3.0)
    assert after.targets["redis"].elapsed(0) == before.targets["redis"].elapsed(0)


# -- interrupted ------------------------------------------------------------------------------


def test_a_run_whose_runner_was_killed_is_resumed(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True}, {})
    with runner_process(prepared("redis", "gcp", "sqs", jobs=2)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        until(lambda: watch.has(events.LaneChecked, target="sqs", platform="linux/arm64"))
        os.kill(pid, signal.SIGKILL)
        until(lambda: not watch.folder.is_live())
        send_request(watch.folder, Request("resume"))
        until(lambda: not watch.folder.is_live())
        again_watch = Watch(watch.folder).finish()
        with clean_up(again_watch):
            assert again_watch.status is Status.PASSED
            assert again_watch.order(events.TargetStarted) == ["redis", "gcp", "sqs", "gcp"]
            cut = [e.reason for e in again_watch.events if isinstance(e, events.TargetEnded)]
            assert "the runner was interrupted" in cut


async def test_an_image_built_just_before_the_runner_was_killed_is_known_on_resume(
    docker: FakeDocker,
) -> None:
    folder = (await executed(prepared("redis"))).folder
    known = {lane.key: (lane.digest, lane.content_size) for lane in state_of(folder).lanes}
    assert all(digest and size for digest, size in known.values())
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    last = next(at for at, line in enumerate(lines) if b'"target-ended"' in line)
    folder.events_file.write_bytes(b"".join(lines[: last + 1]))
    folder.append_request(Request("resume"))
    resumed = await execute_again(folder)
    assert resumed.status is Status.PASSED
    lanes = resumed.follower.state.lanes
    assert {lane.key: (lane.digest, lane.content_size) for lane in lanes} == known


async def test_checks_that_were_cut_off_are_resumed_without_a_build(docker: FakeDocker) -> None:
    docker.container("linux/arm64", hold=True)
    async with running(prepared("redis")) as (watch, _):
        await soon(lambda: watch.has(events.LaneChecked, platform="linux/amd64"))
        await soon(lambda: docker.has("held-container"))
        watch.folder.append_request(Request("cancel"))
    docker.container("linux/arm64")
    watch.folder.append_request(Request("resume"))
    resumed = await execute_again(watch.folder)
    assert resumed.status is Status.PASSED
    assert resumed.order(events.TargetStarted) == ["redis"]
    assert len(docker.calls_of("run", "linux/amd64")) == 1, "it was verified before"


# -- requests ---------------------------------------------------------------------------------


def test_a_request_to_a_live_run_returns_once_acknowledged(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True})
    with runner_process(prepared("gcp", check=False)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        send_request(watch.folder, Request("cancel", "gcp"))
        assert watch.has(events.CancelRequested, target="gcp")
        until(lambda: watch.poll().follower.finished)
        assert [e.pid for e in watch.events if isinstance(e, events.RunStarted)] == [pid]


def test_a_request_to_a_finished_run_starts_a_runner(docker: FakeDocker) -> None:
    docker.target("kafka", BROKEN, {})
    with runner_process(prepared("kafka", "redis")) as (watch, _):
        until(lambda: watch.poll().follower.finished)
        send_request(watch.folder, Request("retry", "kafka"))
        after = Watch(watch.folder)
        assert len(after.poll().order(events.RunStarted)) == 2, "it is in the journal on return"
        with clean_up(after):
            until(lambda: not watch.folder.is_live())
            assert after.finish().status is Status.PASSED


def test_concurrent_requests_are_all_handled(docker: FakeDocker) -> None:
    names = ("kafka", "sqs", "azure", "mqtt")
    for name in names:
        docker.target(name, BROKEN, {})
    with runner_process(prepared(*names, check=False)) as (watch, _):
        until(lambda: watch.poll().follower.finished)
        asking = [
            threading.Thread(target=send_request, args=(watch.folder, Request("retry", name)))
            for name in names
        ]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        until(lambda: not watch.folder.is_live())
        after = Watch(watch.folder).finish()
        with clean_up(after):
            assert after.status is Status.PASSED
            assert sorted(after.order(events.TargetStarted)) == sorted(names * 2)


async def test_a_request_that_an_exiting_runner_misses_starts_another(docker: FakeDocker) -> None:
    docker.target("kafka", BROKEN, {})
    folder = (await executed(prepared("kafka", check=False))).folder
    lock = folder.lock()  # a runner that is exiting and reads no more requests
    asking = threading.Thread(target=send_request, args=(folder, Request("retry", "kafka")))
    asking.start()
    await soon(lambda: folder.control_file.stat().st_size > 0)
    os.close(lock)
    await soon(lambda: not asking.is_alive())
    await soon(lambda: not folder.is_live())
    after = Watch(folder).finish()
    with clean_up(after):
        assert after.status is Status.PASSED


async def test_cancelling_a_finished_run_does_nothing(docker: FakeDocker) -> None:
    folder = (await executed(prepared("redis", check=False))).folder
    before = folder.events_file.read_bytes()
    send_request(folder, Request("cancel"))
    assert folder.events_file.read_bytes() == before


async def test_a_runner_that_exits_immediately_is_reported(docker: FakeDocker) -> None:
    folder = (await executed(prepared("redis", check=False))).folder
    folder.expectations_file.write_bytes(b"{")
    with pytest.raises(Problem, match="the runner exited immediately") as caught:
        send_request(folder, Request("retry", "redis"))
    assert "msgspec" in str(caught.value)
    assert str(folder.runner_log) in str(caught.value)


def test_a_runner_that_never_responds_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "PATIENCE", 0.0)
    folder = folder_of(prepared("redis"))
    lock = folder.lock()
    with pytest.raises(Problem, match=r"the runner of run run-[0-9a-f]+ did not respond"):
        send_request(folder, Request("retry", "redis"))
    os.close(lock)


def test_requests_to_a_run_outside_the_state_folder_are_refused(tmp_path: Path) -> None:
    strange = shutil.copytree(folder_of(prepared("redis")).path, tmp_path / "run-elsewhere")
    with pytest.raises(Problem, match="isn't in the state folder"):
        send_request(RunFolder(strange), Request("retry", "redis"))
    assert (strange / "control.jsonl").read_bytes() == b""
