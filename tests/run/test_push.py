"""Tags go to their registry once all is proved, and never before."""

from __future__ import annotations

import pytest

from openhqm_tui.domain import journal
from openhqm_tui.domain.journal import Outcome
from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.domain.state import Status
from openhqm_tui.run.prepare import Options, check_push
from openhqm_tui.store.run_folder import Request
from tests.fake_docker import FakeDocker
from tests.run.runs import Watch, executed, prepared, running, taken_up
from tests.waiting import soon


def pushed(docker: FakeDocker) -> list[str]:
    return [call[-1] for call in docker.calls_of("push")]


def pushes(watch: Watch) -> list[tuple[str, Outcome, str]]:
    ended = [event for event in watch.events if isinstance(event, journal.PushEnded)]
    return [(event.target, event.outcome, event.reason) for event in ended]


async def test_every_tag_of_what_is_proved_is_pushed(docker: FakeDocker) -> None:
    watch = await executed(prepared("redis", "kafka", push=True))
    assert watch.status is Status.PASSED
    assert pushed(docker) == ["openhqm:latest-redis", "openhqm:latest-kafka"]
    assert pushes(watch) == [("redis", Outcome.PASSED, ""), ("kafka", Outcome.PASSED, "")]
    redis = watch.follower.state.targets["redis"]
    assert (redis.pushed, redis.push_digest) == (Outcome.PASSED, redis.digest)
    assert "digest: sha256:" in watch.folder.push_log("redis").read_text()
    kinds = [type(event) for event in watch.events]
    assert kinds.index(journal.PushStarted) > max(
        index for index, kind in enumerate(kinds) if kind is journal.LaneChecked
    )


async def test_without_being_asked_nothing_is_pushed(docker: FakeDocker) -> None:
    await executed(prepared("redis"))
    assert pushed(docker) == []


@pytest.mark.parametrize(
    ("container", "target", "says"),
    [
        ({"machine": "x86_64"}, {}, "redis linux/arm64, kafka linux/arm64 are not proved"),
        (
            {"exit": 139, "err": "qemu: uncaught target signal 11"},
            {},
            "redis linux/arm64, kafka linux/arm64 are not proved",
        ),
        ({}, {"exit": 1}, "kafka linux/amd64, kafka linux/arm64 are not proved"),
    ],
)
async def test_nothing_is_pushed_while_anything_is_unproved(
    docker: FakeDocker, container: dict[str, object], target: dict[str, object], says: str
) -> None:
    docker.container("linux/arm64", **container)
    docker.target("kafka", target)
    watch = await executed(prepared("redis", "kafka", push=True))
    assert watch.status is Status.FAILED
    assert pushed(docker) == []
    assert watch.follower.state.notes == [f"nothing pushed: {says}"]


async def test_a_retry_that_proves_the_last_image_pushes_all(docker: FakeDocker) -> None:
    docker.target("kafka", {"exit": 1}, {})
    folder = (await executed(prepared("redis", "kafka", push=True))).folder
    folder.ask(Request("retry", "kafka"))
    assert (await taken_up(folder)).status is Status.PASSED
    assert pushed(docker) == ["openhqm:latest-redis", "openhqm:latest-kafka"]
    folder.ask(Request("check"))
    assert (await taken_up(folder)).status is Status.PASSED
    assert len(pushed(docker)) == 2, "what is pushed is not pushed again"


async def test_a_push_that_fails_fails_the_run_and_says_why(docker: FakeDocker) -> None:
    docker.push("openhqm:latest-redis", err="no basic auth credentials")
    watch = await executed(prepared("redis", "kafka", push=True))
    assert watch.status is Status.FAILED
    assert watch.targets("redis", "kafka") == [Status.PASSED, Status.PASSED], "they are proved"
    ((target, outcome, reason),) = pushes(watch)
    assert (target, outcome) == ("redis", Outcome.FAILED)
    assert reason.startswith("openhqm:latest-redis: not logged in")
    docker.push("openhqm:latest-redis")
    watch.folder.ask(Request("check", "redis", "linux/amd64"))
    assert (await taken_up(watch.folder)).status is Status.PASSED


async def test_a_tag_that_names_another_image_by_now_is_not_pushed(docker: FakeDocker) -> None:
    docker.tell(tags={"openhqm:latest-redis": "kafka"})
    watch = await executed(prepared("redis", push=True))
    assert watch.status is Status.FAILED
    assert pushed(docker) == []
    assert "names another image by now" in pushes(watch)[0][2]


async def test_a_push_is_cancelled_with_the_run(docker: FakeDocker) -> None:
    docker.push("openhqm:latest-redis", hold=True)
    async with running(prepared("redis", "kafka", push=True)) as (watch, _):
        await soon(lambda: docker.has("held-push"))
        watch.folder.ask(Request("retry", "kafka"))
        watch.folder.ask(Request("cancel"))
    watch.finish()
    assert watch.status is Status.CANCELLED
    assert pushes(watch) == [("redis", Outcome.CANCELLED, "")]
    assert watch.follower.state.notes == [
        "the images are being pushed: ask again when that is over"
    ]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"test_only": True}, "--push and --test-only contradict each other; leave one out"),
        ({"check": False}, "only what is proved is pushed, and the checks are off"),
    ],
)
def test_what_goes_against_a_push_is_refused(more: dict[str, bool], says: str) -> None:
    with pytest.raises(UsageProblem, match=says):
        check_push(Options(selection={}, push=True, **more))  # type: ignore[arg-type]
    check_push(Options(selection={}, push=True))
    check_push(Options(selection={}, **more))  # type: ignore[arg-type]
