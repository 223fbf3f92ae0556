"""Processes left by a killed runner are found, distinguished from others, and stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.run.prune import end_orphans, orphans_of
from openhqm_tui.run.requests import send_request
from openhqm_tui.store.run_folder import Request
from tests.fake_docker import FakeDocker
from tests.run.runs import Watch, clean_up, folder_of, prepared, runner_process
from tests.waiting import soon, until


@contextmanager
def process(*words: str) -> Iterator[int]:
    """Start a process with these arguments in its own process group."""
    command = [sys.executable, "-c", "import time; time.sleep(600)", *words]
    with subprocess.Popen(command, start_new_session=True) as running:
        try:
            yield running.pid
        finally:
            running.kill()


async def test_only_processes_of_the_run_are_stopped() -> None:
    folder = folder_of(prepared("redis"))
    other = f"{folder.path}-other/bake.json"
    with (
        process("bake", "-f", str(folder.bake_file), "--progress", "rawjson") as buildx,
        process("run", "--label", f"openhqm-tui.run={folder.info.id}", "image") as container,
        process("push", "openhqm:latest-redis") as push,
        process("push", "openhqm:latest-redis"),
        process("bake", "-f", other, "--progress", "rawjson"),
        process("run", "--label", f"openhqm-tui.run={folder.info.id}2", "image"),
        process("less", str(folder.path / "redis.log")) as reader,
    ):
        folder.append(events.PushStarted(at=1.0, target="redis", pid=push))
        # A reused process id: another process has it by now.
        folder.append(events.PushStarted(at=1.0, target="redis", pid=reader))
        await soon(lambda: len(orphans_of(folder)) == 3)
        assert {orphan.pid for orphan in orphans_of(folder)} == {buildx, container, push}
        ended = await end_orphans(folder, ((signal.SIGTERM, 60.0),))
        assert {orphan.pid for orphan in ended} == {buildx, container, push}
        assert orphans_of(folder) == []
        os.kill(reader, 0)


def test_a_process_that_ignores_a_signal_gets_the_next() -> None:
    folder = folder_of(prepared("redis"))
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    command = [sys.executable, "-c", deaf, "bake", "-f", str(folder.bake_file), "--progress"]
    with subprocess.Popen(command, start_new_session=True) as running:
        asyncio.run(end_orphans(folder, ((signal.SIGTERM, 0.3), (signal.SIGKILL, 60.0))))
        assert running.wait(60) < 0


def test_a_live_run_has_no_orphans(docker: FakeDocker) -> None:
    docker.configure(outlives=True)
    docker.target("gcp", {"hold": True})
    with runner_process(prepared("gcp", check=False)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        assert orphans_of(watch.folder) == []
        os.kill(pid, signal.SIGKILL)
        until(lambda: not watch.folder.is_live())
        (orphan,) = orphans_of(watch.folder)
        assert "bake" in orphan.command


def test_cancelling_an_interrupted_run_leaves_no_process(docker: FakeDocker) -> None:
    docker.configure(outlives=True)
    docker.target("gcp", {"hold": True})
    with runner_process(prepared("gcp", "redis", jobs=1)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        os.kill(pid, signal.SIGKILL)
        until(lambda: not watch.folder.is_live())
        assert orphans_of(watch.folder)
        send_request(watch.folder, Request("cancel"))
        until(lambda: not watch.folder.is_live())
        assert orphans_of(watch.folder) == []
        after = Watch(watch.folder).finish()
        with clean_up(after):
            assert after.follower.state.outcome is Outcome.CANCELLED
            assert after.targets("gcp", "redis") == [Status.CANCELLED] * 2
            assert after.order(events.TargetStarted) == ["gcp"], "cancelling starts nothing"


def test_cancel_stops_a_push_that_outlived_its_runner_and_starts_none(
    docker: FakeDocker,
) -> None:
    docker.configure(outlives=True)
    docker.push("openhqm:latest-redis", hold=True)
    with runner_process(prepared("redis", "kafka", push=True)) as (watch, pid):
        until(lambda: docker.has("held-push"))
        until(lambda: watch.has(events.PushStarted))
        os.kill(pid, signal.SIGKILL)
        until(lambda: not watch.folder.is_live())
        (orphan,) = orphans_of(watch.folder)
        assert "push openhqm:latest-redis" in orphan.command
        send_request(watch.folder, Request("cancel"))
        until(lambda: not watch.folder.is_live())
        assert orphans_of(watch.folder) == []
        state = state_of(watch.folder)
        assert state.outcome is Outcome.CANCELLED
        assert [target.pushed for target in state.targets.values()] == [Outcome.CANCELLED] * 2
        assert len(docker.calls_of("push")) == 1
        docker.push("openhqm:latest-redis")
        send_request(watch.folder, Request("resume"))
        until(lambda: not watch.folder.is_live())
        assert state_of(watch.folder).outcome is Outcome.PASSED


def test_a_containers_client_that_outlived_its_runner_is_stopped(docker: FakeDocker) -> None:
    docker.configure(outlives=True)
    docker.container("linux/arm64", hold=True)
    with runner_process(prepared("redis")) as (watch, pid):
        until(lambda: docker.has("held-container"))
        os.kill(pid, signal.SIGKILL)
        until(lambda: not watch.folder.is_live())
        label = f" --label openhqm-tui.run={watch.name} "
        assert any(label in orphan.command for orphan in orphans_of(watch.folder))
        docker.container("linux/arm64")
        send_request(watch.folder, Request("resume"))
        until(lambda: not watch.folder.is_live())
        assert orphans_of(watch.folder) == []
        assert state_of(watch.folder).outcome is Outcome.PASSED
