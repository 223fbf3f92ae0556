"""A console with no engine behind it, and a clock that stands still."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from textual.pilot import Pilot

from openhqm_tui.domain.errors import EngineProblem
from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.plan.bake import Source, SourceKind
from openhqm_tui.domain.plan.builders import NewBuilder
from openhqm_tui.domain.plan.nodes import Node
from openhqm_tui.domain.plan.permissions import Permission
from openhqm_tui.domain.platforms import Platform, parse_platform, parse_platforms
from openhqm_tui.engine.docker.builders import Builder
from openhqm_tui.engine.docker.facts import EngineFacts, EngineProblemKind
from openhqm_tui.engine.doctor.apply import Rights
from openhqm_tui.engine.source.base_image import Pullable, Reach
from openhqm_tui.run.follow.history_index import samples_before, samples_for, whole_run
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.core.backend import BuildOrder, Say, Services, StartedRun
from openhqm_tui.tui.history.past_runs import read_past
from tests.eight_variants import EIGHT
from tests.tui.folders import T0

AMD, ARM = parse_platforms("linux/amd64,linux/arm64")

GOOD = EngineFacts(
    client_version="29.1.0",
    server_version="29.1.0",
    buildx_version="0.29.1",
    context="default",
    host=AMD,
    containerd_store=True,
    builder="default",
    driver="docker",
    nodes=(Node(name="default", native=AMD, platforms=(AMD, ARM)),),
    platforms=(AMD, ARM),
    local=True,
)
NO_ENGINE = EngineFacts(
    client_version="29.1.0",
    trouble=EngineProblemKind.NOT_RUNNING,
    error="the Docker engine isn't running",
)

FINDINGS = [
    Finding(
        key="engine",
        title="Docker engine",
        health=Health.OK,
        needed=True,
        detail="29.1.0, linux/amd64, 4 CPUs, 16 GB",
        why="It builds and keeps the images.",
    ),
    Finding(
        key="buildx",
        title="Buildx",
        health=Health.OK,
        needed=True,
        detail="0.29.1",
        why="It drives BuildKit.",
    ),
    Finding(
        key="platform:linux/arm64",
        title="Emulator for linux/arm64",
        health=Health.FAIL,
        detail="not registered with the kernel",
        why="Without it images for linux/arm64 can't be run here, so they can't be checked.",
        fixes=(
            Fix(
                title="Install and register QEMU's user-mode emulators",
                script="apt-get install -y qemu-user-static\nsystemctl restart systemd-binfmt",
                as_root=True,
            ),
        ),
    ),
    Finding(
        key="base",
        title="Base image",
        health=Health.WARN,
        detail="python:3.13-slim is not in the local store, the registry can't be reached",
        why="Every variant stands on it.",
        advice="Give --base-image REF, or log in.",
    ),
    Finding(key="disk", title="Disk", health=Health.OK, detail="41 GB free"),
]


GUIDES = Path(__file__).parent / "guides"
GOOD_BASE = Pullable(Reach.OK, platforms=(AMD, ARM))


@dataclass
class World:
    """All that the console could ask for, and what it did ask for."""

    state: Path
    now: float = T0 + 12.0
    # Of replays: they stand still unless a test lets time pass.
    clock: float = 0.0
    facts: EngineFacts = GOOD
    source: Source = field(default_factory=lambda: Source(kind=SourceKind.BUNDLED, variants=EIGHT))
    findings: list[Finding] = field(default_factory=lambda: list(FINDINGS))
    orders: list[BuildOrder] = field(default_factory=list)
    remembered: list[tuple[Permission, ...]] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)
    mends: bool = True
    mends_slowly: bool = False
    helps: bool = True
    rights: Rights = Rights.ROOT
    defaults: BuildOrder = field(default_factory=lambda: BuildOrder({}))
    platforms: tuple[Platform, ...] = ()
    refused: tuple[str, ...] = ()
    # What preflight warns of.
    warnings: tuple[str, ...] = ()
    builders: list[Builder] = field(default_factory=list)
    # Why Buildx can't make or remove one; `makes_slowly`: not before it is stopped.
    change_problem: str = ""
    makes_slowly: bool = False
    other_facts: dict[str, EngineFacts] = field(default_factory=dict)
    images: dict[str, Pullable] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    paged: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    begin: Callable[[BuildOrder], RunFolder] | None = None

    def services(self) -> Services:
        """Return the console's services over this world."""

        def start(order: BuildOrder, facts: EngineFacts, source: Source) -> StartedRun:
            self.orders.append(order)
            assert self.begin is not None
            return StartedRun(self.begin(order), self.warnings)

        def mend(fix: Fix, say: Say, stop: Event) -> bool:
            at, finding = next((i, f) for i, f in enumerate(self.findings) if fix in f.fixes)
            self.mended.append(finding.key)
            say("Reading package lists...")
            if self.mends_slowly:
                stop.wait(10)
                return False
            say("Setting up qemu-user-static (1:10.0.2) ...")
            if self.mends and self.helps:
                self.findings[at] = Finding(
                    key=finding.key, title=finding.title, health=Health.OK, detail="registered"
                )
            return self.mends

        def ask(run: RunFolder, *requests: Request) -> None:
            for request in requests:
                self.asked.append(request)
                run.ask(request)

        def examine(platforms: tuple[Platform, ...]) -> list[Finding]:
            return list(self.findings)

        def create_builder(new: NewBuilder, say: Say, stop: Event) -> None:
            for command in new.commands():
                say(" ".join(command))
            if self.makes_slowly:
                stop.wait(60)
                raise EngineProblem("stopped")
            if self.change_problem:
                raise EngineProblem(self.change_problem)
            nodes = tuple(
                Node(f"{new.name}{i}", node.endpoint, "running", native=ARM, platforms=(ARM,))
                for i, node in enumerate(new.nodes)
            )
            made = Builder(name=new.name, driver=new.driver, nodes=nodes)
            self.builders = [*self.builders, made]

        def remove_builder(name: str, say: Say) -> None:
            if self.change_problem:
                raise EngineProblem(self.change_problem)
            self.builders = [builder for builder in self.builders if builder.name != name]

        return Services(
            now=lambda: self.now,
            read_facts=lambda: self.facts,
            find_source=lambda: self.source,
            start=start,
            past=lambda: read_past(self.state),
            samples=lambda place, variants: samples_for(self.state, place, variants),
            samples_before=lambda info: samples_before(self.state, info),
            whole_run=lambda name: whole_run(self.state, name),
            examine=examine,
            mend=mend,
            ask=ask,
            page=lambda file: self.paged.append(file.read_text()),
            defaults=self.defaults,
            builders=lambda: self.builders,
            create_builder=create_builder,
            remove_builder=remove_builder,
            facts_of=lambda name: self.other_facts[name],
            look_for=lambda image, platforms, driver: self.images.get(image, GOOD_BASE),
            rights=lambda: self.rights,
            platforms=self.platforms,
            refused=self.refused,
            copy=self.copied.append,
            clock=lambda: self.clock,
            warnings=lambda order, facts, source: self.warnings,
            remember_allowed=lambda source, allowed: self.remembered.append(allowed),
        )

    def app(self, run: RunFolder | None = None, **more: Any) -> Any:
        """Return a console over this world; what it tells stays, however slow the machine is."""
        app = ConsoleApp(self.services(), run=run, **more)
        told = app.notify

        def notify(*words: Any, **how: Any) -> None:
            told(*words, **{**how, "timeout": 3600})

        app.notify = notify  # type: ignore[method-assign]
        return app


@pytest.fixture(autouse=True)
async def eager_tasks() -> None:
    """Start tasks as `App.run` does on 3.12 and later: `run_test` leaves that out."""
    if sys.version_info >= (3, 12):
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A good machine with nothing built yet, in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    # Paths on screen begin with `~`, so that pictures don't tell which folder pytest made.
    monkeypatch.setenv("HOME", str(tmp_path))
    # Guides are written anew all the time; what they are drawn like is told by two that aren't.
    monkeypatch.setattr("openhqm_tui.store.guides.bundled", lambda name: GUIDES)
    return World(tmp_path / "state")


_LEARNING = {"past", "samples", "forecast"}


async def settle(pilot: Pilot[int]) -> None:
    """Wait until the threads have told what they know and it is on screen."""
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    await until(
        pilot,
        lambda: (
            app.facts is not None
            and app.past_runs is not None
            and not app.examining
            and app.place is not None
        ),
    )
    await until(pilot, lambda: not any(w.name == "replay" and w.is_running for w in app.workers))
    watch = app.follow
    if watch.state is not None and app.replays.player is None:
        await until(pilot, lambda: _read_all(app))
    await until(pilot, lambda: not any(w.group in _LEARNING and w.is_running for w in app.workers))
    await pilot.pause()
    # What counts seconds is as it is once all is read, whenever the last second was over.
    app._second_passed()
    await pilot.pause()


def _read_all(app: ConsoleApp) -> bool:
    """Tell whether all that stands in the run folder so far has been read."""
    from openhqm_tui.run.follow.follower import Follower

    assert app.run_folder is not None
    fresh = Follower(app.run_folder)
    while fresh.poll():
        pass
    mine, theirs = app.run_state, fresh.state
    fresh.close()
    assert mine is not None
    return mine.outcome == theirs.outcome and [
        (lane.status, len(lane.log)) for lane in mine.lanes
    ] == [(lane.status, len(lane.log)) for lane in theirs.lanes]


async def until(pilot: Pilot[int], condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds; fail loudly if it never does."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("this never came to hold")
        await asyncio.sleep(0.01)
    await pilot.pause()


__all__ = [
    "AMD",
    "ARM",
    "FINDINGS",
    "GOOD",
    "NO_ENGINE",
    "World",
    "parse_platform",
    "replace",
    "settle",
    "until",
]
