"""Requests made at a bad moment, or to a runner that died, are carried out or refused."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from pathlib import Path

import pytest

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.checks import workload
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.run.requests import send_request
from openhqm_tui.run.runner.__main__ import Runner
from openhqm_tui.run.runner.journal import JournalWriter
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


def test_a_queued_retry_survives_its_runner(docker: FakeDocker) -> None:
    docker.target("kafka", BROKEN, {})
    docker.target("gcp", {"hold": True}, {})
    with runner_process(prepared("kafka", "gcp", jobs=1, check=False)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        send_request(watch.folder, Request("retry", "kafka"))
        until(lambda: watch.poll().targets("kafka") == [Status.WAITING], "kafka is queued again")
        os.kill(pid, signal.SIGKILL)
        until(lambda: not watch.folder.is_live())
        send_request(watch.folder, Request("resume"))
        until(lambda: not watch.folder.is_live())
        after = Watch(watch.folder).finish()
        with clean_up(after):
            assert after.status is Status.PASSED
            assert sorted(after.order(events.TargetStarted)) == ["gcp", "gcp", "kafka", "kafka"]


async def test_a_second_check_of_a_lane_being_checked_is_refused(
    docker: FakeDocker,
) -> None:
    folder = (await executed(prepared("redis"))).folder
    docker.container("linux/arm64", hold=True)
    folder.append_request(Request("check", "redis", "linux/arm64"))
    folder.append_request(Request("check", "redis", "linux/arm64"))
    lock = folder.lock()
    try:
        watch = Watch(folder)
        task = asyncio.create_task(Runner(folder).execute())
        await soon(lambda: docker.has("held-container"))
        docker.release("container")
        await task
    finally:
        os.close(lock)
    notes = watch.finish().follower.state.notes
    assert notes == ["not checked: redis linux/arm64 (checks are already running)"]


# -- a runner that died before its first event ------------------------------------------------


@pytest.mark.parametrize(
    ("requests", "built"),
    [
        ([], ["kafka", "redis"]),
        ([Request("resume")], ["kafka", "redis"]),
        ([Request("retry", "redis")], ["redis"]),
        ([Request("retry", "redis"), Request("retry", "kafka")], ["kafka", "redis"]),
        ([Request("cancel")], []),
        ([Request("cancel", "redis")], ["kafka"]),
    ],
)
async def test_a_run_that_never_started_handles_its_requests(
    docker: FakeDocker, requests: list[Request], built: list[str]
) -> None:
    folder = folder_of(prepared("redis", "kafka", check=False))
    for request in requests:
        folder.append_request(request)
    watch = await execute_again(folder)
    assert sorted(watch.order(events.TargetStarted)) == built
    assert watch.follower.state.outcome is (
        Outcome.PASSED if len(built) == 2 else Outcome.CANCELLED
    )


def test_a_run_that_never_started_can_be_cancelled(docker: FakeDocker) -> None:
    folder = folder_of(prepared("redis"))
    send_request(folder, Request("cancel"))
    until(lambda: not folder.is_live())
    assert state_of(folder).outcome is Outcome.CANCELLED
    assert docker.calls_of("bake") == []


def test_a_new_run_is_never_seen_without_its_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    run = prepared("redis")
    seen: list[bool] = []
    path = folder_of(run).path.with_name("another")
    rename = Path.rename

    def rename_and_look(self: Path, target: Path) -> Path:
        seen.append(RunFolder(path).is_live())
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", rename_and_look)
    folder, lock = RunFolder.create_held(path, run.info, run.plan, run.expectations)
    assert seen == [True], "locked before it is visible"
    assert folder.is_live()
    os.close(lock)


# -- defects ----------------------------------------------------------------------------------


async def test_an_internal_error_in_a_repeated_check_keeps_image_and_verdicts(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = (await executed(prepared("redis"))).folder
    before = state_of(folder).targets["redis"]

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(workload, "check_lane", broken)
    folder.append_request(Request("check", "redis", "linux/arm64"))
    watch = await execute_again(folder)
    redis = watch.follower.state.targets["redis"]
    assert (redis.digest, redis.outcome) == (before.digest, Outcome.PASSED)
    assert watch.status is Status.PASSED
    assert watch.follower.state.notes == ["internal error: RuntimeError: boom"]


# -- a full disk ------------------------------------------------------------------------------


class FullDisk:
    """Makes writes to a run's journal fail, as on a full disk, while `full` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = False
        append = RunFolder.append

        def append_or_fail(folder: RunFolder, event: events.AnyEvent) -> None:
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")
            append(folder, event)

        monkeypatch.setattr(RunFolder, "append", append_or_fail)


async def test_events_delayed_by_a_full_disk_are_written_in_order(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.target("gcp", {"hold": True})
    disk = FullDisk(monkeypatch)
    async with running(prepared("gcp", "redis", check=False)) as (watch, _):
        await soon(lambda: docker.has("held-gcp") and watch.has(events.TargetStarted))
        await soon(lambda: watch.has(events.TargetEnded, target="redis"))
        disk.full = True
        docker.release("gcp")
        await soon(lambda: (watch.folder.path / "gcp.log").exists())
        disk.full = False
    watch.finish()
    assert watch.status is Status.PASSED
    assert watch.targets("gcp", "redis") == [Status.DONE, Status.DONE]


def test_the_last_events_use_the_reserved_space(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(prepared("redis"))
    journal = JournalWriter(folder, state_of(folder))
    journal.reserve_space()
    assert folder.reserve_file.stat().st_size > 64 * 1024
    append = RunFolder.append

    def full(run: RunFolder, event: events.AnyEvent) -> None:
        if run.reserve_file.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        append(run, event)

    monkeypatch.setattr(RunFolder, "append", full)
    assert journal.append(events.RunStarted(at=1.0, pid=1)) == "No space left on device"
    journal.end(events.RunEnded(at=2.0, outcome=Outcome.FAILED))
    kinds = [type(event) for event in folder.events()]
    assert kinds == [events.Note, events.RunStarted, events.RunEnded]
    assert not folder.reserve_file.exists()


def test_a_run_whose_end_cant_be_written_stays_unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(prepared("redis"))
    journal = JournalWriter(folder, state_of(folder))
    FullDisk(monkeypatch).full = True
    with pytest.raises(OSError, match="the end of the run can't be recorded: No space left"):
        journal.end(events.RunEnded(at=2.0, outcome=Outcome.FAILED))
