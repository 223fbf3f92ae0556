"""Tags are pushed once all images are verified, and never before."""

from __future__ import annotations

import asyncio

import pytest

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.decisions import to_retry
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.runner import build
from openhqm_tui.run.runner.__main__ import Runner
from openhqm_tui.store.run_folder import Request
from tests.fake_docker import FakeDocker
from tests.fake_registry import digest_of, raw_index
from tests.run.runs import Watch, execute_again, executed, folder_of, prepared, running
from tests.waiting import soon


def pushed(docker: FakeDocker) -> list[str]:
    return [call[-1] for call in docker.calls_of("push")]


def pushes(watch: Watch) -> list[tuple[str, Outcome, str]]:
    ended = [event for event in watch.events if isinstance(event, events.PushEnded)]
    return [(event.target, event.outcome, event.reason) for event in ended]


async def test_every_tag_of_verified_images_is_pushed(docker: FakeDocker) -> None:
    watch = await executed(prepared("redis", "kafka", push=True))
    assert watch.status is Status.PASSED
    assert pushed(docker) == ["openhqm:latest-redis", "openhqm:latest-kafka"]
    assert pushes(watch) == [("redis", Outcome.PASSED, ""), ("kafka", Outcome.PASSED, "")]
    redis = watch.follower.state.targets["redis"]
    assert (redis.pushed, redis.push_digest) == (Outcome.PASSED, redis.digest)
    assert "digest: sha256:" in watch.folder.push_log("redis").read_text()
    kinds = [type(event) for event in watch.events]
    assert kinds.index(events.PushStarted) > max(
        index for index, kind in enumerate(kinds) if kind is events.LaneChecked
    )


async def test_nothing_is_pushed_without_push(docker: FakeDocker) -> None:
    await executed(prepared("redis"))
    assert pushed(docker) == []


@pytest.mark.parametrize(
    ("container", "target", "message"),
    [
        ({"machine": "x86_64"}, {}, "redis linux/arm64, kafka linux/arm64 are not verified"),
        (
            {"exit": 139, "err": "qemu: uncaught target signal 11"},
            {},
            "redis linux/arm64, kafka linux/arm64 are not verified",
        ),
        ({}, {"exit": 1}, "kafka linux/amd64, kafka linux/arm64 are not verified"),
    ],
)
async def test_nothing_is_pushed_while_anything_is_unverified(
    docker: FakeDocker, container: dict[str, object], target: dict[str, object], message: str
) -> None:
    docker.container("linux/arm64", **container)
    docker.target("kafka", target)
    watch = await executed(prepared("redis", "kafka", push=True))
    assert watch.status is Status.FAILED
    assert pushed(docker) == []
    assert watch.follower.state.notes == [f"nothing pushed: {message}"]


async def test_a_retry_that_verifies_the_last_image_pushes_all(docker: FakeDocker) -> None:
    docker.target("kafka", {"exit": 1}, {})
    folder = (await executed(prepared("redis", "kafka", push=True))).folder
    folder.append_request(Request("retry", "kafka"))
    assert (await execute_again(folder)).status is Status.PASSED
    assert pushed(docker) == ["openhqm:latest-redis", "openhqm:latest-kafka"]
    folder.append_request(Request("check"))
    assert (await execute_again(folder)).status is Status.PASSED
    assert len(pushed(docker)) == 2, "pushed tags are not pushed again"


async def test_a_failed_push_fails_the_run_with_its_reason(docker: FakeDocker) -> None:
    docker.push("openhqm:latest-redis", err="no basic auth credentials")
    watch = await executed(prepared("redis", "kafka", push=True))
    assert watch.status is Status.FAILED
    assert watch.targets("redis", "kafka") == [Status.PASSED, Status.PASSED], "they are verified"
    ((target, outcome, reason),) = pushes(watch)
    assert (target, outcome) == ("redis", Outcome.FAILED)
    assert reason.startswith("openhqm:latest-redis: not logged in")


@pytest.mark.parametrize("again", [Request("retry", "redis"), Request("retry"), Request("resume")])
async def test_a_failed_push_is_repeated_alone_on_request(
    docker: FakeDocker, again: Request
) -> None:
    docker.push("openhqm:latest-redis", err="connection refused")
    folder = (await executed(prepared("redis", "kafka", push=True))).folder
    docker.push("openhqm:latest-redis")
    folder.append_request(Request("check", "redis", "linux/amd64"))
    watch = await execute_again(folder)
    assert watch.status is Status.FAILED, "other requests don't repeat the push"
    assert pushed(docker) == ["openhqm:latest-redis", "openhqm:latest-kafka"]
    folder.append_request(again)
    watch = await execute_again(folder)
    assert watch.status is Status.PASSED
    assert pushed(docker)[2:] == ["openhqm:latest-redis"]
    assert watch.order(events.TargetStarted) == ["redis", "kafka"], "nothing is rebuilt"


async def test_a_tag_that_was_moved_is_not_pushed(docker: FakeDocker) -> None:
    docker.configure(tags={"openhqm:latest-redis": "kafka"})
    watch = await executed(prepared("redis", push=True))
    assert watch.status is Status.FAILED
    assert pushed(docker) == []
    assert "no longer points to the verified image" in pushes(watch)[0][2]


async def test_a_push_is_cancelled_with_the_run(docker: FakeDocker) -> None:
    docker.push("openhqm:latest-redis", hold=True)
    async with running(prepared("redis", "kafka", push=True)) as (watch, _):
        await soon(lambda: docker.has("held-push"))
        watch.folder.append_request(Request("retry", "kafka"))
        watch.folder.append_request(Request("cancel"))
    watch.finish()
    assert watch.status is Status.CANCELLED
    assert pushes(watch) == [("redis", Outcome.CANCELLED, ""), ("kafka", Outcome.CANCELLED, "")]
    assert watch.follower.state.notes == [
        "the images are being pushed: try again when the push has finished"
    ]


@pytest.mark.parametrize(
    ("takes", "reason"),
    [("kafka", "differs from the verified one"), ("", "the push can't be confirmed")],
)
async def test_a_registry_that_stored_another_image_fails_the_push(
    docker: FakeDocker, takes: str, reason: str
) -> None:
    docker.push("openhqm:latest-redis", takes=takes)
    watch = await executed(prepared("redis", "kafka", push=True))
    assert watch.status is Status.FAILED
    assert pushed(docker) == ["openhqm:latest-redis"]
    assert reason in pushes(watch)[0][2]


async def test_an_image_without_a_digest_is_not_pushed(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_digest_in", lambda *_: "")
    watch = await executed(prepared("redis", push=True))
    assert watch.status is Status.FAILED
    assert pushed(docker) == []
    assert watch.follower.state.notes == [
        "nothing pushed: redis linux/amd64, redis linux/arm64 are not verified"
    ]


# -- cancelled --------------------------------------------------------------------------------


class CancelledAtTheEnd(Runner):
    """A runner that gets a request when no task is left and the push is next."""

    request: Request | None = Request("cancel")

    def _handle_requests(self, *, resumed: bool = False) -> list[asyncio.Task[None]]:
        if (
            not resumed
            and not self._scheduler.pending()
            and all(t.outcome for t in self._targets())
        ):
            request, self.request = self.request, None
            if request is not None:
                self.deliver(request)
        return super()._handle_requests(resumed=resumed)

    def deliver(self, request: Request) -> None:
        self.folder.append_request(request)

    def _targets(self) -> list[TargetState]:
        return list(self.state.targets.values())


class SignalledAtTheEnd(CancelledAtTheEnd):
    """The same with a signal."""

    def deliver(self, request: Request) -> None:
        self.cancel("")


@pytest.mark.parametrize("kind", [CancelledAtTheEnd, SignalledAtTheEnd])
async def test_a_cancel_between_the_last_check_and_the_push_prevents_it(
    docker: FakeDocker, kind: type[Runner]
) -> None:
    folder = folder_of(prepared("redis", "kafka", push=True))
    assert await kind(folder).execute() is Outcome.CANCELLED
    watch = Watch(folder).poll()
    assert pushed(docker) == []
    assert watch.order(events.CancelRequested) == [""]
    assert pushes(watch) == [("redis", Outcome.CANCELLED, ""), ("kafka", Outcome.CANCELLED, "")]
    folder.append_request(Request("resume"))
    assert (await execute_again(folder)).status is Status.PASSED
    assert pushed(docker) == ["openhqm:latest-redis", "openhqm:latest-kafka"]


async def test_cancelling_a_check_cancels_the_push_too(docker: FakeDocker) -> None:
    docker.push("openhqm:latest-redis", err="no basic auth credentials")
    folder = (await executed(prepared("redis", push=True))).folder
    docker.push("openhqm:latest-redis")
    docker.container("linux/arm64", hold=True)
    folder.append_request(Request("check", "redis", "linux/arm64"))
    task = asyncio.create_task(Runner(folder).execute())
    await soon(lambda: docker.has("held-container"))
    folder.append_request(Request("cancel"))
    assert await task is Outcome.CANCELLED, "verified images stay verified"
    assert len(pushed(docker)) == 1


@pytest.mark.parametrize("then", [Request("resume"), Request("retry", "redis")])
async def test_a_cancel_after_the_end_does_not_prevent_a_later_push(
    docker: FakeDocker, then: Request
) -> None:
    docker.push("openhqm:latest-redis", err="no basic auth credentials")
    folder = (await executed(prepared("redis", push=True))).folder
    docker.push("openhqm:latest-redis")
    for request in (Request("cancel"), then):
        folder.append_request(request)
    watch = await execute_again(folder)
    assert watch.status is Status.PASSED
    assert watch.order(events.CancelRequested) == []


async def test_a_handled_cancel_does_not_stop_a_later_push(docker: FakeDocker) -> None:
    docker.target("redis", {"hold": True}, {})
    async with running(prepared("redis", push=True)) as (watch, _):
        await soon(lambda: docker.has("held-redis"))
        watch.folder.append_request(Request("cancel"))
    watch.folder.append_request(Request("retry", "redis"))
    assert (await execute_again(watch.folder)).status is Status.PASSED
    assert pushed(docker) == ["openhqm:latest-redis"]


# -- inconclusive checks ----------------------------------------------------------------------

CRASH = {"exit": 139, "err": "qemu: uncaught target signal 11"}


async def test_inconclusive_images_are_pushed_with_allow_unknown(docker: FakeDocker) -> None:
    docker.container("linux/arm64", **CRASH)
    watch = await executed(prepared("redis", "kafka", push=True, allow_unknown=True))
    assert watch.status is Status.PASSED
    assert watch.targets("redis", "kafka") == [Status.UNKNOWN, Status.UNKNOWN], "they don't pass"
    assert pushed(docker) == ["openhqm:latest-redis", "openhqm:latest-kafka"]
    assert watch.follower.state.notes == [
        "pushing anyway (--allow-unknown): redis linux/arm64, kafka linux/arm64 are not "
        "verified: some checks are inconclusive"
    ]
    assert to_retry(watch.follower.state) == []


@pytest.mark.parametrize(
    ("container", "target"), [({"machine": "x86_64"}, {}), (CRASH, {"exit": 1})]
)
async def test_failed_images_are_never_pushed(
    docker: FakeDocker, container: dict[str, object], target: dict[str, object]
) -> None:
    docker.container("linux/arm64", **container)
    docker.target("kafka", target)
    watch = await executed(prepared("redis", "kafka", push=True, allow_unknown=True))
    assert watch.status is Status.FAILED
    assert pushed(docker) == []
    (note,) = watch.follower.state.notes
    assert note.startswith("nothing pushed: ")
    assert "kafka linux/arm64" in note


async def test_a_retry_keeps_allow_unknown(docker: FakeDocker) -> None:
    docker.container("linux/arm64", **CRASH)
    docker.push("openhqm:latest-redis", err="connection refused")
    folder = (await executed(prepared("redis", push=True, allow_unknown=True))).folder
    docker.push("openhqm:latest-redis")
    folder.append_request(Request("retry"))
    watch = await execute_again(folder)
    assert watch.status is Status.PASSED
    assert len(pushed(docker)) == 2
    assert watch.order(events.TargetStarted) == ["redis"], "nothing is rebuilt"


# -- read back --------------------------------------------------------------------------------


async def test_the_pushed_index_is_read_back_and_recorded(docker: FakeDocker) -> None:
    raw = raw_index("redis", attestations=2)
    watch = await executed(prepared("redis", push=True))
    (read,) = (event for event in watch.events if isinstance(event, events.ReadBack))
    assert (read.name, read.digest) == ("openhqm:latest-redis", digest_of("redis"))
    assert [image.platform for image in read.images] == ["linux/amd64", "linux/arm64"]
    kinds = [type(event) for event in watch.events]
    assert kinds.index(events.PushStarted) < kinds.index(events.ReadBack)
    assert kinds.index(events.ReadBack) < kinds.index(events.PushEnded)
    docker.reads_back("openhqm:latest-redis", raw=raw)
    watch = await executed(prepared("redis", push=True))
    (read,) = (event for event in watch.events if isinstance(event, events.ReadBack))
    assert read.attestations == 2, "counted, but not as platforms"
    assert "a different digest" in pushes(watch)[0][2]


@pytest.mark.parametrize(
    ("registry", "message"),
    [
        ({"raw": raw_index("redis", ("amd64",))}, "the registry has no image for linux/arm64"),
        ({"raw": raw_index("kafka")}, "the registry has a different digest than the verified one"),
        ({"raw": "x" * 100}, "can't be read back: the registry's response is not JSON"),
        ({"raw": "x" * (5 << 20)}, "can't be read back: the registry's response is not JSON"),
        ({"err": "unauthorized: authentication required"}, "can't be read back: not logged in"),
    ],
)
async def test_a_registry_that_returns_something_else_fails_the_push(
    docker: FakeDocker, registry: dict[str, str], message: str
) -> None:
    docker.reads_back("openhqm:latest-redis", **registry)
    folder = (await executed(prepared("redis", "kafka", push=True))).folder
    watch = Watch(folder).finish()
    assert watch.status is Status.FAILED
    ((target, outcome, reason),) = pushes(watch)
    assert (target, outcome) == ("redis", Outcome.FAILED)
    assert reason.startswith("openhqm:latest-redis: pushed, but ")
    assert message in reason
    docker.reads_back("openhqm:latest-redis")
    folder.append_request(Request("retry", "redis"))
    assert (await execute_again(folder)).status is Status.PASSED


HTTP = 'Head "https://r.example:5000/v2/x": http: server gave HTTP response to HTTPS client'


async def test_a_registry_that_only_the_engine_trusts_is_read_back_by_it(
    docker: FakeDocker,
) -> None:
    docker.reads_back("openhqm:latest-redis", err=HTTP)
    watch = await executed(prepared("redis", push=True))
    assert watch.status is Status.PASSED
    (read,) = (event for event in watch.events if isinstance(event, events.ReadBack))
    assert read.digest == digest_of("redis")
    docker.reads_back("openhqm:latest-redis", err="x509: certificate signed by unknown authority")
    assert (await executed(prepared("redis", push=True))).status is Status.PASSED
