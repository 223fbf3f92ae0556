"""A service that a busy machine may have disturbed is checked again with nothing running."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.platforms import parse_platform, parse_platforms
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.status import Status
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.run.checks.images import check_images
from openhqm_tui.store.run_folder import Request
from tests.fake_docker import FakeDocker
from tests.run.runs import BOTH, Watch, executed, prepared, running
from tests.waiting import soon

ARM64 = "linux/arm64"
UNSTABLE = {"status": 200, "milliseconds": 900, "later": 200, "restarts": 4, "words": "Child died"}
CAUSE = "Child died; processes keep exiting and restarting"


def service_of(watch: Watch, target: str) -> tuple[Answer, str]:
    lane = watch.follower.state.lane(target, ARM64)
    assert lane is not None
    (verdict,) = (verdict for verdict in lane.verdicts if verdict.check == "service")
    return verdict.answer, verdict.evidence


def facts() -> EngineFacts:
    return EngineFacts(host=parse_platform("linux/amd64"))


def service_alone(call: list[str]) -> bool:
    asked = {word.partition("=")[0] for word in call}
    return "service" in asked and not asked & {"clients", "absent", "library"}


async def test_the_service_passes_when_it_runs_alone(docker: FakeDocker) -> None:
    docker.container(ARM64, first_service=UNSTABLE)
    watch = await executed(prepared("redis", "minimal"))
    assert watch.status is Status.PASSED
    for target in ("redis", "minimal"):
        answer, words = service_of(watch, target)
        assert answer is Answer.PASS
        assert words.startswith("200 on :8000/health after 0.4 s (run again alone; first run: ")
        assert CAUSE in words
    notes = [note for note in watch.follower.state.notes if "when nothing else is running" in note]
    assert len(notes) == 2
    # The first containers of all four lanes, then one by one the two again, for the service only.
    calls = docker.calls_of("run")
    assert [service_alone(call) for call in calls] == [False] * 4 + [True] * 2
    assert len(watch.order(events.LaneChecked)) == 4, "each lane has one result"


async def test_a_service_that_was_alone_fails(docker: FakeDocker) -> None:
    docker.container(ARM64, first_service=UNSTABLE)
    watch = await executed(prepared("redis", platforms=BOTH[1:]))
    answer, words = service_of(watch, "redis")
    assert answer is Answer.FAIL
    assert words.startswith(CAUSE)
    assert len(docker.calls_of("run")) == 1


async def test_a_fault_of_the_image_is_not_checked_again(docker: FakeDocker) -> None:
    fault = UNSTABLE | {"words": "ModuleNotFoundError: No module named 'x'"}
    docker.container(ARM64, first_service=fault)
    watch = await executed(prepared("redis", "minimal"))
    assert service_of(watch, "redis")[0] is Answer.FAIL
    assert len(docker.calls_of("run")) == 4


async def test_it_waits_for_the_builds_and_can_be_cancelled_meanwhile(docker: FakeDocker) -> None:
    docker.container(ARM64, first_service=UNSTABLE)
    docker.target("gcp", {"hold": True})
    async with running(prepared("redis", "gcp")) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        await soon(lambda: watch.poll().has(events.Note, target="redis"))
        await soon(lambda: watch.poll().lanes["redis linux/amd64"] is Status.PASSED)
        assert watch.lanes[f"redis {ARM64}"] is Status.CHECKING
        watch.folder.append_request(Request("cancel", "redis"))
        await soon(lambda: watch.poll().has(events.CheckCancelled, target="redis"))
        docker.release("gcp")
    watch.finish()
    assert watch.lanes == {
        "redis linux/amd64": Status.PASSED,
        f"redis {ARM64}": Status.CANCELLED,
        "gcp linux/amd64": Status.PASSED,
        f"gcp {ARM64}": Status.PASSED,
    }
    assert service_of(watch, "gcp")[0] is Answer.PASS


@pytest.mark.parametrize(
    ("images", "platforms", "again"),
    [
        (["openhqm:latest-redis", "openhqm:latest-gcp"], ARM64, 2),
        (["openhqm:latest-redis"], f"linux/amd64,{ARM64}", 1),
        (["openhqm:latest-redis"], ARM64, 0),
    ],
)
async def test_check_starts_a_disturbed_service_again_when_it_runs_alone(
    docker: FakeDocker, images: list[str], platforms: str, again: int
) -> None:
    docker.container(ARM64, first_service=UNSTABLE)
    notes: list[str] = []
    checked = await check_images(
        images, "", None, parse_platforms(platforms), facts(), companions=False, notify=notes.append
    )
    answers = [
        (verdict.answer, verdict.evidence)
        for image in checked
        for verdict in image.verdicts
        if verdict.check == "service" and image.platform == ARM64
    ]
    expected = Answer.PASS if again else Answer.FAIL
    assert [answer for answer, _ in answers] == [expected] * len(images)
    assert all(CAUSE in words for _, words in answers)
    calls = docker.calls_of("run")
    assert [service_alone(call) for call in calls] == [False] * len(checked) + [True] * again
    started_again = [note for note in notes if note.startswith(f"the service of {images[0]} ")]
    assert len(started_again) == bool(again)
