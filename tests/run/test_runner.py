"""The runner, end to end, with a scripted `docker`."""

from __future__ import annotations

import errno
import os
import signal
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.failures.failure import failure_of
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.process import GroupProcess
from openhqm_tui.store.run_folder import Request, RunFolder
from tests.fake_docker import FakeDocker
from tests.fake_registry import digest_of
from tests.run.runs import executed, prepared, runner_process, running
from tests.waiting import soon, until

# -- success ----------------------------------------------------------------------------------


async def test_every_target_is_built_and_every_lane_verified(docker: FakeDocker) -> None:
    docker.target("redis", {"stream": "checked/redis"})
    watch = await executed(prepared("redis", "minimal"))
    assert watch.status is Status.PASSED
    assert set(watch.lanes.values()) == {Status.PASSED}
    redis = watch.follower.state.targets["redis"]
    assert redis.digest == digest_of("redis")
    assert redis.steps, "the stream that Buildx wrote was followed"
    assert [lane.content_size for lane in redis.lanes.values()] == [1000, 1000]
    assert [lane.emulated for lane in redis.lanes.values()] == [False, True]
    folder = watch.folder
    assert msgspec.json.decode(folder.evidence_file("redis", "linux/arm64").read_bytes())
    assert "== redis linux/arm64 ==" in (folder.path / "redis.log").read_text()
    assert watch.order(events.RunEnded) == [""]
    assert isinstance(watch.events[-1], events.RunEnded)


async def test_docker_is_called_with_the_plan_and_the_digest(docker: FakeDocker) -> None:
    watch = await executed(prepared("redis", builder="big"))
    (bake,) = docker.calls_of("bake")
    path = watch.folder.path
    assert bake == [
        *("buildx", "--builder", "big", "bake", "-f", str(path / "bake.json")),
        *("--progress", "rawjson", "--metadata-file", str(path / "redis.metadata.json"), "redis"),
    ]
    digest = "openhqm@" + digest_of("redis")
    checks = {call[call.index("--platform") + 1]: call for call in docker.calls_of("run")}
    assert set(checks) == {"linux/amd64", "linux/arm64"}
    assert all(digest in call for call in checks.values()), "images are run by digest"


async def test_an_artifact_is_built_and_not_checked_while_images_are(docker: FakeDocker) -> None:
    run = prepared("redis", "minimal", push=True)
    redis, minimal = run.info.targets
    artifact = msgspec.structs.replace(redis, tags=(), artifacts=("local out",))
    info = msgspec.structs.replace(run.info, targets=(artifact, minimal))
    watch = await executed(msgspec.structs.replace(run, info=info))
    assert watch.targets("redis", "minimal") == [Status.DONE, Status.PASSED]
    assert not watch.has(events.CheckStarted, target="redis")
    # Artifacts don't prevent the push of the images.
    assert watch.status is Status.PASSED
    assert [call[-1] for call in docker.calls_of("push")] == list(minimal.tags)


async def test_without_checks_no_container_is_started(docker: FakeDocker) -> None:
    watch = await executed(prepared("redis", check=False))
    assert watch.status is Status.PASSED
    assert watch.targets("redis") == [Status.DONE]
    assert docker.calls_of("run") == []


async def test_all_targets_build_concurrently(docker: FakeDocker) -> None:
    names = ("redis", "kafka", "sqs")
    for name in names:
        docker.target(name, {"together": names})  # each waits for the others to start
    watch = await executed(prepared(*names, check=False))
    assert watch.status is Status.PASSED


async def test_one_job_builds_in_the_order_of_the_plan(docker: FakeDocker) -> None:
    names = ("redis", "kafka", "sqs")
    for name in names:
        docker.target(name, {"alone": True})
    watch = await executed(prepared(*names, jobs=1, check=False))
    assert watch.order(events.TargetStarted) == list(names)
    assert watch.status is Status.PASSED
    assert not docker.has("overlap")


async def test_a_test_only_run_removes_its_tags(docker: FakeDocker) -> None:
    watch = await executed(prepared("redis", "all", test_only=True, check=False))
    assert watch.status is Status.PASSED
    removed = [call[-1] for call in docker.calls_of("image", "remove") + docker.calls_of("rm")]
    assert sorted(removed) == ["openhqm:latest", "openhqm:latest-all", "openhqm:latest-redis"]


# -- failures ---------------------------------------------------------------------------------


async def test_a_failed_target_does_not_stop_the_others(docker: FakeDocker) -> None:
    docker.target("kafka", {"stream": "failed/kafka", "exit": 1})
    watch = await executed(prepared("kafka", "redis", jobs=1))
    assert watch.status is Status.FAILED
    assert watch.targets("kafka", "redis") == [Status.FAILED, Status.PASSED]
    failure = failure_of(watch.follower.state.targets["kafka"])
    assert failure is not None
    assert (failure.where, failure.reason, failure.log) == (
        "Dockerfile:6",
        "this is why (exit code 7)",
        ("this is why",),
    )
    assert "this is why" in (watch.folder.path / failure.log_file).read_text()


async def test_an_image_for_another_architecture_fails(docker: FakeDocker) -> None:
    docker.container("linux/arm64", machine="x86_64")
    watch = await executed(prepared("redis"))
    assert watch.status is Status.FAILED
    assert watch.lanes == {
        "redis linux/amd64": Status.PASSED,
        "redis linux/arm64": Status.FAILED,
    }


async def test_an_emulators_crash_is_unknown_and_never_a_pass(docker: FakeDocker) -> None:
    docker.container("linux/arm64", exit=139, err="qemu: uncaught target signal 11")
    watch = await executed(prepared("redis"))
    assert watch.status is Status.FAILED
    assert watch.lanes["redis linux/arm64"] is Status.UNKNOWN
    assert len(docker.calls_of("run", "linux/arm64")) == 2, "it was retried once"


@pytest.mark.parametrize(
    ("registry", "status"),
    [({"archs": ["amd64"]}, Status.FAILED), ({"missing": ["redis"]}, Status.UNKNOWN)],
)
async def test_a_missing_platform_fails_and_an_unreadable_index_is_unknown(
    docker: FakeDocker, registry: dict[str, Any], status: Status
) -> None:
    docker.configure(**registry)
    watch = await executed(prepared("redis"))
    assert (watch.status, *watch.targets("redis")) == (Status.FAILED, status)


async def test_without_docker_every_target_fails_with_the_reason(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(docker.place))
    watch = await executed(prepared("redis", "kafka"))
    assert watch.targets("redis", "kafka") == [Status.FAILED, Status.FAILED]
    assert "docker" in watch.follower.state.targets["redis"].reason


async def test_an_internal_error_fails_the_run(docker: FakeDocker) -> None:
    docker.target("redis", {"hold": True})
    async with running(prepared("redis")) as (watch, _):
        await soon(lambda: docker.has("held-redis"))
        (watch.folder.path / "checks").rmdir()  # evidence can't be written now
        docker.release("redis")
    watch.finish()
    assert watch.status is Status.FAILED
    assert any("internal error: FileNotFoundError" in note for note in watch.follower.state.notes)


def full_disk_at(monkeypatch: pytest.MonkeyPatch, kind: type[events.Event], times: int) -> None:
    """Make writes of the first `times` events of a kind fail as on a full disk."""
    append, left = RunFolder.append, [kind] * times

    def fails(folder: RunFolder, event: events.AnyEvent) -> None:
        if left and isinstance(event, kind):
            left.pop()
            raise OSError(errno.ENOSPC, "No space left on device")
        append(folder, event)

    monkeypatch.setattr(RunFolder, "append", fails)


async def test_a_buildx_whose_start_cannot_be_recorded_is_stopped(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.target("gcp", {"hold": True})
    full_disk_at(monkeypatch, events.TargetStarted, 1)
    stopped: list[int] = []
    stop = GroupProcess.stop

    async def recorded(process: GroupProcess) -> None:
        await stop(process)
        stopped.append(process.pid)

    monkeypatch.setattr(GroupProcess, "stop", recorded)
    watch = await executed(prepared("gcp", check=False))
    assert watch.status is Status.FAILED
    assert "No space left" in watch.follower.state.targets["gcp"].reason
    (pid,) = stopped
    with pytest.raises(ProcessLookupError):
        os.killpg(pid, 0)


async def test_requests_are_still_read_on_a_full_disk(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.target("gcp", {"hold": True})
    full_disk_at(monkeypatch, events.RequestReceived, 2)
    async with running(prepared("gcp", "redis", check=False)) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        watch.folder.append_request(Request("check", "gcp"))
        await soon(
            lambda: watch.has(events.RequestReceived), "it is written once there is space again"
        )
        watch.folder.append_request(Request("cancel", "gcp"))
    watch.finish()
    assert watch.targets("gcp", "redis") == [Status.CANCELLED, Status.DONE]
    assert watch.has(events.RunEnded)
    assert any(
        "can't write to the run folder (No space" in note for note in watch.follower.state.notes
    )


async def test_a_cancel_that_cannot_be_recorded_takes_effect(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.target("gcp", {"hold": True})
    full_disk_at(monkeypatch, events.CancelRequested, 1)
    async with running(prepared("gcp", check=False)) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        watch.folder.append_request(Request("cancel"))
    assert watch.finish().status is Status.CANCELLED


# -- requests during the run ------------------------------------------------------------------


async def test_cancelling_a_target_does_not_stop_the_others(docker: FakeDocker) -> None:
    docker.target("gcp", {"stream": "cancelled/gcp", "hold": True})
    async with running(prepared("gcp", "redis")) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        watch.folder.append_request(Request("cancel", "gcp"))
    watch.finish()
    assert watch.status is Status.CANCELLED
    assert watch.targets("gcp", "redis") == [Status.CANCELLED, Status.PASSED]
    ended = [e for e in watch.events if isinstance(e, events.TargetEnded) and e.target == "gcp"]
    assert [event.exit_code for event in ended] == [130]


async def test_cancelling_the_run_stops_running_and_queued_targets(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True})
    async with running(prepared("gcp", "redis", jobs=1)) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        watch.folder.append_request(Request("cancel"))
    watch.finish()
    assert watch.targets("gcp", "redis") == [Status.CANCELLED, Status.CANCELLED]
    assert watch.order(events.TargetStarted) == ["gcp"]


async def test_cancelling_a_check_removes_its_container(docker: FakeDocker) -> None:
    docker.container("linux/arm64", hold=True)
    async with running(prepared("redis")) as (watch, _):
        # The container of the native lane must have finished, or it would be removed as well.
        await soon(lambda: watch.has(events.LaneChecked, platform="linux/amd64"))
        await soon(lambda: docker.has("held-container"))
        watch.folder.append_request(Request("cancel", "redis"))
    watch.finish()
    assert watch.status is Status.CANCELLED
    assert watch.targets("redis") == [Status.CANCELLED]
    ended = [e.outcome for e in watch.events if isinstance(e, events.TargetEnded)]
    assert ended == [Outcome.PASSED], "the build itself passed"
    cut = [e.platform for e in watch.events if isinstance(e, events.CheckCancelled)]
    assert cut == ["linux/arm64"]
    (removed,) = docker.calls_of("rm", "--force")
    assert removed[-1] == f"openhqm-tui-{watch.name}-redis-linux-arm64"


async def test_a_failed_target_can_be_retried_during_the_run(docker: FakeDocker) -> None:
    docker.target("kafka", {"stream": "failed/kafka", "exit": 1}, {"stream": "failed/redis"})
    docker.target("gcp", {"hold": True})
    async with running(prepared("kafka", "gcp")) as (watch, _):
        await soon(lambda: watch.has(events.TargetEnded, target="kafka", outcome=Outcome.FAILED))
        watch.folder.append_request(Request("retry", "kafka"))
        await soon(lambda: watch.has(events.TargetEnded, target="kafka", attempt=2))
        docker.release("gcp")
    watch.finish()
    assert watch.status is Status.PASSED
    kafka = watch.follower.state.targets["kafka"]
    assert (kafka.attempt, kafka.stream, kafka.status) == (2, "kafka.2.rawjson", Status.PASSED)
    assert (watch.folder.path / "kafka.rawjson").exists(), "the first attempt's log is kept"


async def test_a_cancelled_target_can_be_retried(docker: FakeDocker) -> None:
    docker.target("kafka", {"hold": True}, {})
    docker.target("gcp", {"hold": True})
    async with running(prepared("kafka", "gcp")) as (watch, _):
        await soon(lambda: docker.has("held-kafka") and docker.has("held-gcp"))
        watch.folder.append_request(Request("cancel", "kafka"))
        await soon(lambda: watch.has(events.TargetEnded, target="kafka"))
        watch.folder.append_request(Request("retry", "kafka"))
        await soon(lambda: watch.has(events.TargetEnded, target="kafka", attempt=2))
        docker.release("gcp")
    assert watch.finish().status is Status.PASSED


async def test_retrying_a_running_target_does_nothing(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True})
    async with running(prepared("gcp")) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        watch.folder.append_request(Request("retry", "gcp"))
        watch.folder.append_request(
            Request("cancel")
        )  # requests are handled in order: the retry comes first
    watch.finish()
    assert watch.order(events.TargetStarted) == ["gcp"]


async def test_invalid_requests_are_skipped(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True})
    async with running(prepared("gcp")) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        with watch.folder.control_file.open("ab") as control:
            control.write(b'not json\n{}\n\xff\n{"ask":"dance"}\n{"ask":1}\n')
            control.write(b'{"ask":"cancel","target":"nope"}\n{"ask":"retry"}\n')
            control.write(b'{"ask":"can')
        watch.poll()
        assert not watch.has(events.CancelRequested)
        with watch.folder.control_file.open("ab") as control:
            control.write(b'cel"}\n')
    watch.finish()
    assert watch.order(events.CancelRequested) == [""]
    assert watch.status is Status.CANCELLED


# -- the process ------------------------------------------------------------------------------


def test_the_runner_is_a_separate_process_that_locks_its_run(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True})
    with runner_process(prepared("gcp", "redis", check=False)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        assert watch.folder.is_live()
        assert os.getsid(pid) != os.getsid(0), "it must outlive the terminal"
        os.kill(pid, signal.SIGHUP)
        docker.release("gcp")
        until(lambda: watch.poll().follower.finished)
        until(lambda: not watch.folder.is_live())
        assert watch.status is Status.PASSED
        assert watch.folder.runner_log.read_text() == ""


@pytest.mark.parametrize("means", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_run_and_leaves_no_process(
    docker: FakeDocker, means: signal.Signals
) -> None:
    docker.target("gcp", {"hold": True})
    with runner_process(prepared("gcp", check=False)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        os.kill(pid, means)
        until(lambda: watch.poll().follower.finished)
        assert watch.status is Status.CANCELLED
        (started,) = [e for e in watch.events if isinstance(e, events.TargetStarted)]
        with pytest.raises(ProcessLookupError):
            os.killpg(started.pid, 0)


def test_a_killed_runner_is_noticed(docker: FakeDocker) -> None:
    docker.target("gcp", {"stream": "cancelled/gcp", "hold": True})
    with runner_process(prepared("gcp", check=False)) as (watch, pid):
        until(lambda: docker.has("held-gcp"))
        os.kill(pid, signal.SIGKILL)
        until(lambda: watch.poll().follower.finished)
        assert watch.follower.state.interrupted
        assert watch.status is Status.CANCELLED
        assert watch.follower.state.targets["gcp"].steps, "output written until then is kept"
