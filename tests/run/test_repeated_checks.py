"""Checks are repeated: for all lanes, one target, one lane, or a single check."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.running.service import companions_of
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.checks import lane, workload
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.store.run_folder import Request, RunFolder
from tests.expecting import with_keys
from tests.fake_docker import FakeDocker
from tests.fake_registry import variant_of
from tests.run.runs import Watch, execute_again, executed, prepared, running
from tests.waiting import soon


async def finished(*names: str) -> RunFolder:
    return (await executed(prepared(*names))).folder


def checked_after(docker: FakeDocker, before: int) -> list[tuple[str, str]]:
    """Return variant and platform of the containers started after the first `before`."""
    found = []
    for call in docker.calls_of("run")[before:]:
        digest = next(word for word in call if "@sha256:" in word).rpartition("@")[2]
        variant = variant_of(digest)
        found.append((variant, call[call.index("--platform") + 1]))
    return sorted(found)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Request("check", "redis", "linux/arm64"), [("redis", "linux/arm64")]),
        (Request("check", "redis", "linux/arm64", "user"), [("redis", "linux/arm64")]),
        (Request("check", "redis"), [("redis", "linux/amd64"), ("redis", "linux/arm64")]),
        (Request("check", "redis", "linux/s390x"), []),
        (Request("check", "nope"), []),
        (
            Request("check"),
            [(v, p) for v in ("minimal", "redis") for p in ("linux/amd64", "linux/arm64")],
        ),
    ],
)
async def test_checks_can_be_repeated_after_the_end(
    docker: FakeDocker, request_: Request, expected: list[tuple[str, str]]
) -> None:
    folder = await finished("redis", "minimal")
    folder.append_request(request_)
    watch = await execute_again(folder)
    assert checked_after(docker, 4) == expected
    assert watch.status is Status.PASSED
    # The two start concurrently.
    assert sorted(watch.order(events.TargetStarted)) == ["minimal", "redis"], "nothing is built"


async def test_an_image_that_was_fixed_is_verified_by_checking_again(docker: FakeDocker) -> None:
    docker.container("linux/arm64", exit=139, err="qemu: uncaught target signal 11")
    folder = await finished("redis")
    assert state_of(folder).status is Status.FAILED
    docker.container("linux/arm64")
    folder.append_request(Request("check", "redis", "linux/arm64"))
    assert (await execute_again(folder)).status is Status.PASSED


@pytest.mark.parametrize(
    ("until", "status"), [("2999-12-31", Status.PASSED), ("2026-01-01", Status.FAILED)]
)
async def test_a_run_counts_valid_waivers_and_names_those_without_an_effect(
    docker: FakeDocker, until: str, status: Status
) -> None:
    docker.container("linux/arm64", machine="x86_64")
    waivers = [
        {"check": check, "reason": "as vendor", "until": until}
        for check in ("machine", "python", "size")
    ]
    run = prepared("redis")
    run = msgspec.structs.replace(
        run,
        expectations=tuple(
            msgspec.structs.replace(one, expectation=with_keys(one.expectation, waive=waivers))
            for one in run.expectations
        ),
    )
    state = (await executed(run)).follower.state
    lane = state.lane("redis", "linux/arm64")
    assert lane is not None
    (machine,) = (verdict for verdict in lane.verdicts if verdict.check == "machine")
    assert f"{until} (as vendor)" in machine.evidence
    assert (machine.answer is Answer.WAIVED) is (status is Status.PASSED)
    assert state.status is status
    idle = [note for note in state.notes if "waiver" in note]
    assert idle == [
        f"the waiver for size until {until} (as vendor) matches nothing in these images: "
        "remove it if no others need it"
    ]


async def test_repeating_one_check_replaces_only_its_verdict(docker: FakeDocker) -> None:
    docker.container("linux/arm64", machine="x86_64")
    folder = await finished("redis")
    docker.container("linux/arm64")
    folder.append_request(Request("check", "redis", "linux/arm64", "machine"))
    watch = await execute_again(folder)
    lane = watch.follower.state.lane("redis", "linux/arm64")
    assert lane is not None
    verdicts = {verdict.check: verdict.answer for verdict in lane.verdicts}
    assert verdicts["machine"] is Answer.PASS
    assert verdicts["python"] is Answer.FAIL, "other verdicts are kept"
    assert watch.status is Status.FAILED
    started = [e.check for e in watch.events if isinstance(e, events.CheckStarted)]
    assert started == ["", "", "machine"]


async def test_one_repeated_check_never_makes_up_for_missing_ones(docker: FakeDocker) -> None:
    docker.container("linux/amd64", machine="riscv64")
    folder = (await executed(prepared("redis", check=False))).folder
    folder.append_request(Request("check", "redis", "linux/amd64", "user"))
    watch = await execute_again(folder)
    assert watch.lanes["redis linux/amd64"] is Status.FAILED
    assert watch.lanes["redis linux/arm64"] is Status.DONE


async def test_checks_can_be_repeated_during_the_run(docker: FakeDocker) -> None:
    docker.target("gcp", {"hold": True})
    async with running(prepared("redis", "gcp")) as (watch, _):
        await soon(lambda: docker.has("held-gcp"))
        await soon(lambda: watch.poll().order(events.LaneChecked) == ["redis"] * 2)
        watch.folder.append_request(Request("check"))
        await soon(lambda: watch.poll().order(events.LaneChecked) == ["redis"] * 4)
        docker.release("gcp")
    watch.finish()
    assert watch.status is Status.PASSED
    (note,) = watch.follower.state.notes
    assert note == (
        "not checked: gcp linux/amd64, gcp linux/arm64 "
        "(checks start as soon as the build has finished)"
    )


async def test_checks_are_not_repeated_while_the_first_ones_run(docker: FakeDocker) -> None:
    docker.container("linux/arm64", hold=True)
    async with running(prepared("redis")) as (watch, _):
        await soon(lambda: docker.has("held-container"))
        watch.folder.append_request(Request("check", "redis", "linux/arm64"))
        await soon(lambda: watch.poll().follower.state.notes)
        docker.release("container")
    (note,) = watch.finish().follower.state.notes
    assert note == "not checked: redis linux/arm64 (checks are already running)"


async def test_a_lane_without_an_image_is_refused_with_a_note(docker: FakeDocker) -> None:
    docker.target("kafka", {"stream": "failed/kafka", "exit": 1})
    folder = await finished("kafka", "redis")
    folder.append_request(Request("check", "kafka", "linux/amd64"))
    watch = await execute_again(folder)
    assert watch.follower.state.notes == ["not checked: kafka linux/amd64 (no image was built)"]
    assert checked_after(docker, 2) == []


async def test_a_test_only_run_has_no_image_to_check_again(docker: FakeDocker) -> None:
    folder = (await executed(prepared("redis", test_only=True))).folder
    folder.append_request(Request("check", "redis", "linux/amd64"))
    watch = await execute_again(folder)
    (note,) = watch.follower.state.notes
    assert "has removed the images" in note
    folder.append_request(Request("retry", "redis"))
    assert (await execute_again(folder)).order(events.LaneChecked) == ["redis"] * 4


async def test_an_interrupted_check_keeps_earlier_verdicts(docker: FakeDocker) -> None:
    folder = await finished("redis")
    docker.container("linux/arm64", hold=True)
    folder.append_request(Request("check", "redis", "linux/arm64"))
    watch = Watch(folder)
    task = asyncio.create_task(execute_again(folder))
    await soon(lambda: docker.has("held-container"))
    lane = watch.poll().follower.state.lane("redis", "linux/arm64")
    assert lane is not None
    assert (lane.status, lane.asking) == (Status.CHECKING, "")
    assert lane.verdicts, "earlier verdicts are shown until there are new ones"
    folder.append_request(Request("cancel"))
    after = await task
    assert after.order(events.CheckCancelled) == ["redis"]
    assert after.status is Status.PASSED


async def test_a_retry_waits_for_its_checks(docker: FakeDocker) -> None:
    folder = await finished("redis")
    docker.container("linux/arm64", hold=True)
    folder.append_request(Request("check", "redis", "linux/arm64"))
    folder.append_request(Request("retry", "redis"))
    task = asyncio.create_task(execute_again(folder))
    await soon(lambda: docker.has("held-container"))
    docker.release("container")
    watch = await task
    assert watch.follower.state.notes == ["redis is being checked: retry it after the checks"]
    assert watch.order(events.TargetStarted) == ["redis"]


async def test_a_request_without_companions_applies_from_then_on(
    docker: FakeDocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = prepared("redis", check=False)
    service = {"with": [{"image": "redis:7"}]}
    wanted = tuple(
        msgspec.structs.replace(one, expectation=with_keys(one.expectation, service=service))
        for one in run.expectations
    )
    folder = (await executed(msgspec.structs.replace(run, expectations=wanted))).folder
    seen: list[tuple[str, ...]] = []

    async def look(_: str, expected: Expectation, *__: object, **___: object) -> lane.Checked:
        seen.append(tuple(companion.image for companion in companions_of(expected)))
        return lane.Checked((), {})

    monkeypatch.setattr(workload, "check_lane", look)
    for request in (
        Request("check", "redis", "linux/arm64"),
        Request("check", "redis", "linux/arm64", companions=False),
        Request("check", "redis", "linux/arm64"),
    ):
        folder.append_request(request)
        await execute_again(folder)
    assert seen == [("redis:7",), (), ()]
