"""Images built on another machine are pushed untagged, pulled, checked, and only then tagged."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.status import Status
from openhqm_tui.store.run_folder import Request
from tests.fake_docker import FakeDocker
from tests.fake_registry import digest_of
from tests.run.runs import BOTH, Watch, execute_again, executed, remote_run, running
from tests.waiting import soon

REDIS = f"openhqm@{digest_of('redis')}"


@pytest.fixture(autouse=True)
def remote_builder(docker: FakeDocker) -> None:
    docker.use_remote_builder("here", "there")


def tagged(docker: FakeDocker) -> list[tuple[str, str]]:
    """Return the tags that were set, with their sources."""
    creates = [c for c in docker.calls_of("imagetools", "create") if "--prefer-index=false" in c]
    return [(call[call.index("--tag") + 1], call[-1]) for call in creates]


def pushes(watch: Watch) -> list[tuple[str, Outcome, str]]:
    ended = [event for event in watch.events if isinstance(event, events.PushEnded)]
    return [(event.target, event.outcome, event.reason) for event in ended]


async def test_images_are_pulled_and_checked_before_any_tag_is_set(docker: FakeDocker) -> None:
    watch = await executed(remote_run("redis", images=("openhqm", "b.example/y")))
    assert watch.status is Status.PASSED
    assert docker.calls_of("push") == []
    assert tagged(docker) == [
        ("openhqm:latest-redis", REDIS),
        ("b.example/y:latest-redis", REDIS),
    ]
    calls = docker.calls
    pulls = [index for index, call in enumerate(calls) if call[0] == "pull"]
    checks = [index for index, call in enumerate(calls) if call[0] == "run"]
    tags = [index for index, call in enumerate(calls) if "--prefer-index=false" in call]
    assert max(pulls) < min(checks) < max(checks) < min(tags)
    assert [calls[index][-1] for index in pulls] == [REDIS, REDIS]
    assert watch.follower.state.targets["redis"].digest == digest_of("redis")


async def test_platforms_are_merged_without_a_tag(docker: FakeDocker) -> None:
    await executed(remote_run("redis"))
    (dry,) = docker.calls_of("imagetools", "--dry-run")
    merges = [c for c in docker.calls_of("imagetools", "create", "--tag") if "@" in c[-2]]
    (merged,) = [c for c in merges if "--prefer-index=false" not in c]
    assert merged[merged.index("--tag") + 1] == REDIS, "addressed by digest, not by a tag"
    assert merged[-2:] == dry[-2:]
    assert all(part.startswith("openhqm@sha256:") for part in merged[-2:])


async def test_a_single_platform_needs_no_merge(docker: FakeDocker) -> None:
    docker.configure(archs=["amd64"])
    watch = await executed(remote_run("redis", platforms=BOTH[:1]))
    assert watch.status is Status.PASSED
    assert docker.calls_of("imagetools", "--dry-run") == []
    assert [tag for tag, _ in tagged(docker)] == ["openhqm:latest-redis"]


async def test_images_pulled_only_for_checks_are_removed(docker: FakeDocker) -> None:
    await executed(remote_run("redis"))
    (removed,) = docker.calls_of("image", "rm")
    assert removed[-1] == REDIS


async def test_images_pulled_before_are_kept(docker: FakeDocker) -> None:
    digest = digest_of("redis").removeprefix("sha256:")
    (docker.place / f"pulled-{digest}-amd64").touch()
    watch = await executed(remote_run("redis"))
    assert watch.status is Status.PASSED
    assert len(docker.calls_of("pull")) == 1, "only what is missing"
    assert docker.calls_of("image", "rm") == []


async def test_images_tagged_meanwhile_are_kept(docker: FakeDocker) -> None:
    docker.configure(named=["openhqm:mine"])
    watch = await executed(remote_run("redis"))
    assert watch.status is Status.PASSED
    assert docker.calls_of("image", "rm") == []


@pytest.mark.parametrize(
    ("container", "pull_error", "message"),
    [
        ({"machine": "x86_64"}, "", "redis linux/arm64, kafka linux/arm64 are not verified"),
        ({}, "unauthorized: authentication required", "redis linux/amd64, redis linux/arm64, "),
    ],
)
async def test_no_tag_moves_while_anything_is_unverified(
    docker: FakeDocker, container: dict[str, str], pull_error: str, message: str
) -> None:
    docker.container("linux/arm64", **container)
    docker.configure(pull_error=pull_error)
    watch = await executed(remote_run("redis", "kafka"))
    assert watch.status is Status.FAILED
    assert tagged(docker) == []
    assert watch.follower.state.notes[0].startswith(f"nothing pushed: {message}")
    if pull_error:
        index = watch.follower.state.lanes[0].verdicts[0]
        assert "can't be pulled: not logged in to the registry" in index.evidence


async def test_a_retry_sets_only_the_tags_that_failed(docker: FakeDocker) -> None:
    docker.push("b.example/y:latest-redis", err="dial tcp 127.0.0.1:9: connect: connection refused")
    folder = (await executed(remote_run("redis", images=("openhqm", "b.example/y")))).folder
    ((_, outcome, reason),) = pushes(Watch(folder).finish())
    assert outcome is Outcome.FAILED
    assert reason.startswith("b.example/y:latest-redis: the registry can't be reached")
    docker.push("b.example/y:latest-redis")
    folder.append_request(Request("retry"))
    watch = await execute_again(folder)
    assert watch.status is Status.PASSED
    assert watch.order(events.TargetStarted) == ["redis"], "nothing is rebuilt"
    assert len(docker.calls_of("pull")) == 2, "or pulled again"


async def test_platforms_that_cant_be_merged_fail_the_target(docker: FakeDocker) -> None:
    docker.push(REDIS, err="toomanyrequests: retry-after: 1s")
    watch = await executed(remote_run("redis"))
    assert watch.status is Status.FAILED
    (ended,) = (event for event in watch.events if isinstance(event, events.TargetEnded))
    assert ended.reason.startswith("openhqm: the registry limits requests")
    assert docker.calls_of("pull") == []


async def test_tagging_is_cancelled_with_the_run(docker: FakeDocker) -> None:
    docker.push("openhqm:latest-redis", hold=True)
    async with running(remote_run("redis")) as (watch, _):
        await soon(lambda: docker.has("held-push"))
        watch.folder.append_request(Request("cancel"))
    watch.finish()
    assert watch.status is Status.CANCELLED
    assert pushes(watch) == [("redis", Outcome.CANCELLED, "")]
    assert len(docker.calls_of("image", "rm")) == 1, "pulled images are removed anyway"
