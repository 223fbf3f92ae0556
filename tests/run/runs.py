"""Runs for the runner's tests: made of variants, executed in this or another process."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import msgspec

from openhqm_tui.domain.plan.bake import Choices, Source, SourceKind, make_plan
from openhqm_tui.domain.platforms import Platform, parse_platforms
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.run.runner.__main__ import Runner
from openhqm_tui.run.start.expectations import expectation_of
from openhqm_tui.run.start.prepare import Prepared, start_run
from openhqm_tui.store.paths import ready_state_folder
from openhqm_tui.store.run_folder import LaneExpectation, RunFolder, runs_folder
from tests.our_variants import VARIANTS, find_variant
from tests.waiting import until

BOTH = parse_platforms("linux/amd64,linux/arm64")


def prepared(
    *names: str,
    images: tuple[str, ...] = ("openhqm",),
    platforms: tuple[Platform, ...] = BOTH,
    by_digest: bool = False,
    **more: Any,
) -> Prepared:
    """Return a run of variants, as `prepare` would make it; `images` are the image names."""
    variants = tuple(find_variant(name) for name in names)
    source = Source(
        kind=SourceKind.BUNDLED, variants=VARIANTS, context="/ctx", dockerfile="/ctx/Dockerfile"
    )
    choices = Choices(
        variants=variants,
        platforms=platforms,
        name=images[0],
        more_names=images[1:],
        by_digest=by_digest,
    )
    plan = make_plan(source, choices)
    spelled = tuple(str(platform) for platform in platforms)
    targets = tuple(
        TargetInfo(name=t.name, variant=t.variant, platforms=spelled, tags=t.tags)
        for t in plan.targets
    )
    info = RunInfo(
        # Unique: processes that a run leaves behind are found by it, even while other tests run.
        id=f"run-{secrets.token_hex(3)}",
        created=1.0,
        targets=targets,
        host="linux/amd64",
        by_digest=by_digest,
    )
    return Prepared(
        plan=plan,
        info=msgspec.structs.replace(info, **more),
        expectations=tuple(
            LaneExpectation(
                target=v.name, expectation=expectation_of(v, p, platforms, python="3.13")
            )
            for v in variants
            for p in platforms
        ),
    )


def remote_run(*names: str, **more: Any) -> Prepared:
    """Return a run that pushes, on a builder whose images aren't in the engine's store."""
    return prepared(*names, push=True, by_digest=True, **more)


def folder_of(run: Prepared) -> RunFolder:
    path = runs_folder(ready_state_folder()) / run.info.id
    return RunFolder.create(path, run.info, run.plan, run.expectations)


class Watch:
    """Follows a run folder from this process."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.follower = Follower(folder)
        self.events: list[events.AnyEvent] = []
        self._one_at_a_time = threading.Lock()
        self.name = folder.path.name

    def poll(self) -> Watch:
        with self._one_at_a_time:
            self.events += self.follower.poll().events
        return self

    def has(self, kind: type[events.Event], **fields: object) -> bool:
        self.poll()
        return any(
            isinstance(event, kind) and all(getattr(event, k) == v for k, v in fields.items())
            for event in self.events
        )

    def finish(self) -> Watch:
        while not self.follower.finished:
            self.poll()
        return self

    @property
    def status(self) -> Status:
        return self.follower.state.status

    @property
    def lanes(self) -> dict[str, Status]:
        state = self.follower.state
        return {f"{lane.target.name} {lane.platform}": lane.status for lane in state.lanes}

    def targets(self, *names: str) -> list[Status]:
        return [self.follower.state.targets[name].status for name in names]

    def order(self, kind: type[events.Event]) -> list[str]:
        return [getattr(event, "target", "") for event in self.events if isinstance(event, kind)]


@asynccontextmanager
async def running(run: Prepared) -> AsyncIterator[tuple[Watch, asyncio.Task[Outcome]]]:
    """Execute a run in this process, holding its lock as a runner does."""
    folder = folder_of(run)
    lock = folder.lock()
    task = asyncio.create_task(Runner(folder).execute())
    try:
        yield Watch(folder), task
        await task
    finally:
        task.cancel()
        os.close(lock)


async def executed(run: Prepared) -> Watch:
    async with running(run) as (watch, task):
        await task
    return watch.finish()


@contextmanager
def runner_process(run: Prepared) -> Iterator[tuple[Watch, int]]:
    """Start the real runner process, and kill whatever it leaves behind."""
    watch = Watch(start_run(run))
    until(lambda: watch.has(events.RunStarted), "the runner starts")
    pid = next(event.pid for event in watch.events if isinstance(event, events.RunStarted))
    with clean_up(watch):
        yield watch, pid


@contextmanager
def clean_up(watch: Watch) -> Iterator[None]:
    """Leave no process of a run behind."""
    try:
        yield
    finally:
        for event in watch.poll().events:
            if isinstance(event, events.TargetStarted | events.RunStarted):
                try:
                    os.killpg(event.pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue


async def execute_again(folder: RunFolder) -> Watch:
    """Execute a run again in this process, as a new runner would, and read all of it."""
    lock = folder.lock()
    try:
        await Runner(folder).execute()
    finally:
        os.close(lock)
    return Watch(folder).finish()
