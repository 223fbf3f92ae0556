"""A console without an engine, with a stopped clock."""

from __future__ import annotations

import asyncio
import functools
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

import pytest
from textual.css.model import RuleSet
from textual.pilot import Pilot

from openhqm_tui.domain.errors import EngineProblem
from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.history.estimate import Sample
from openhqm_tui.domain.history.record import RunRecord
from openhqm_tui.domain.plan.bake import Source, SourceKind
from openhqm_tui.domain.plan.builders import NewBuilder, Node
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.permissions import Permission
from openhqm_tui.domain.platforms import Platform, parse_platform, parse_platforms
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.domain.run.events import RunInfo
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.engine.docker.builders import Builder
from openhqm_tui.engine.docker.facts import EngineFacts, EngineProblemKind
from openhqm_tui.engine.doctor.apply import Rights
from openhqm_tui.engine.source.base_image import Pullable
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.run.follow.history_index import samples_before, samples_for, whole_run
from openhqm_tui.store.history.rows import Origin
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.store.settings import Settings
from openhqm_tui.tui.app import CachedStylesheet, ConsoleApp
from openhqm_tui.tui.core.backend import Backend, Say, StartedRun
from openhqm_tui.tui.history.past_runs import PastRuns, read_past
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
        why="Every variant is built on it.",
        advice="Give --base-image REF, or log in.",
    ),
    Finding(key="disk", title="Disk", health=Health.OK, detail="41 GB free"),
]


GUIDES = Path(__file__).parent / "guides"
GOOD_BASE = Pullable(Reach.OK, platforms=(AMD, ARM))


@dataclass
class World:
    """All the data a console can query, and a record of its actions."""

    state: Path
    run_view: str = "board"
    now: float = T0 + 12.0
    # The clock of replays: they are stopped unless a test sets it.
    clock: float = 0.0
    facts: EngineFacts = GOOD
    source: Source = field(
        default_factory=lambda: Source(kind=SourceKind.BUNDLED, variants=EIGHT, example=True)
    )
    findings: list[Finding] = field(default_factory=lambda: list(FINDINGS))
    orders: list[BuildOptions] = field(default_factory=list)
    remembered: list[tuple[Permission, ...]] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    fix_works: bool = True
    fix_hangs: bool = False
    fix_helps: bool = True
    rights: Rights = Rights.ROOT
    defaults: BuildOptions = field(default_factory=lambda: BuildOptions({}))
    platforms: tuple[Platform, ...] = ()
    refused: tuple[str, ...] = ()
    # Warnings of preflight.
    warnings: tuple[str, ...] = ()
    builders: list[Builder] = field(default_factory=list)
    # Why Buildx can't create or remove one; with `makes_slowly`, creating runs until stopped.
    change_problem: str = ""
    makes_slowly: bool = False
    other_facts: dict[str, EngineFacts] = field(default_factory=dict)
    images: dict[str, Pullable] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    paged: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    begin: Callable[[BuildOptions], RunFolder] | None = None
    # Methods of the backend that a test replaces.
    replaced: dict[str, Any] = field(default_factory=dict)

    def backend(self) -> FakeBackend:
        """Return the console's backend over this world."""
        return FakeBackend(self)

    def app(self, run: RunFolder | None = None, **more: Any) -> Any:
        """Return a console over this world; its notifications stay, however slow the machine is."""
        app = ConsoleApp(self.backend(), run=run, **more)
        notify_original = app.notify

        def notify(*words: Any, **how: Any) -> None:
            notify_original(*words, **{**how, "timeout": 3600})

        app.notify = notify  # type: ignore[method-assign]
        return app


class FakeBackend(Backend):
    """A backend that only reads and changes a world."""

    def __init__(self, world: World) -> None:
        super().__init__(world.state, Settings())
        self.world = world
        self.defaults, self.platforms, self.refused = world.defaults, world.platforms, world.refused
        for name, value in world.replaced.items():
            setattr(self, name, value)

    def now(self) -> float:
        return self.world.now

    def clock(self) -> float:
        return self.world.clock

    def run_view(self) -> str:
        return self.world.run_view

    def remember_run_view(self, view: str) -> None:
        self.world.run_view = view

    def read_facts(self) -> EngineFacts:
        return self.world.facts

    def facts_of(self, builder: str | None) -> EngineFacts:
        return self.world.other_facts[builder or ""]

    def find_source(self) -> Source:
        return self.world.source

    def source_at_once(self) -> Source | None:
        return None

    def start(self, order: BuildOptions, _facts: EngineFacts, _source: Source) -> StartedRun:
        self.world.orders.append(order)
        assert self.world.begin is not None
        return StartedRun(self.world.begin(order), self.world.warnings)

    def warnings(
        self, _order: BuildOptions, _facts: EngineFacts, _source: Source
    ) -> tuple[str, ...]:
        return self.world.warnings

    def chosen_beyond(self, _order: BuildOptions, _source: Source) -> tuple[str, ...]:
        return ()

    def remember_allowed(self, _source: Source, allowed: tuple[Permission, ...]) -> None:
        self.world.remembered.append(allowed)

    def ask(self, run: RunFolder, *requests: Request) -> None:
        for request in requests:
            self.world.requests.append(request)
            run.append_request(request)

    def past(self) -> PastRuns:
        return read_past(self.world.state)

    def samples(self, place: Origin, variants: Collection[str]) -> list[Sample]:
        return samples_for(self.world.state, place, variants)

    def samples_before(self, info: RunInfo) -> list[Sample]:
        return samples_before(self.world.state, info)

    def whole_run(self, name: str) -> RunRecord:
        return whole_run(self.world.state, name)

    def page(self, file: Path) -> None:
        self.world.paged.append(file.read_text())

    def copy(self, text: str) -> None:
        self.world.copied.append(text)

    def examine(self, _platforms: tuple[Platform, ...]) -> list[Finding]:
        return list(self.world.findings)

    def apply_fix(self, fix: Fix, say: Say, stop: Event) -> bool:
        world = self.world
        at, finding = next((i, f) for i, f in enumerate(world.findings) if fix in f.fixes)
        world.fixed.append(finding.key)
        say("Reading package lists...")
        if world.fix_hangs:
            stop.wait(60)
            return False
        say("Setting up qemu-user-static (1:10.0.2) ...")
        if world.fix_works and world.fix_helps:
            world.findings[at] = Finding(
                key=finding.key, title=finding.title, health=Health.OK, detail="registered"
            )
        return world.fix_works

    def rights(self) -> Rights:
        return self.world.rights

    def builders(self) -> list[Builder]:
        return self.world.builders

    def create_builder(self, new: NewBuilder, say: Say, stop: Event) -> None:
        world = self.world
        for command in new.commands():
            say(" ".join(command))
        if world.makes_slowly:
            stop.wait(60)
            raise EngineProblem("stopped")
        if world.change_problem:
            raise EngineProblem(world.change_problem)
        nodes = tuple(
            Node(f"{new.name}{i}", node.endpoint, "running", native=ARM, platforms=(ARM,))
            for i, node in enumerate(new.nodes)
        )
        made = Builder(name=new.name, driver=new.driver, nodes=nodes)
        world.builders = [*world.builders, made]

    def remove_builder(self, name: str, _say: Say) -> None:
        if self.world.change_problem:
            raise EngineProblem(self.world.change_problem)
        self.world.builders = [one for one in self.world.builders if one.name != name]

    def look_for(self, image: str, _platforms: tuple[Platform, ...], _driver: str) -> Pullable:
        return self.world.images.get(image, GOOD_BASE)


class SharedStylesheet(CachedStylesheet):
    """A stylesheet whose rules are parsed once for all consoles of the same colors."""

    _parsed: ClassVar[dict[tuple[Any, ...], list[RuleSet]]] = {}

    def _parse_rules(self, *sheet: Any, **more: Any) -> list[RuleSet]:
        colors = frozenset(self._variables.items())
        key = (colors, sheet, tuple(more.items()))
        if key not in self._parsed:
            self._parsed[key] = super()._parse_rules(*sheet, **more)
        return self._parsed[key]


@pytest.fixture(autouse=True)
def shared_stylesheet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parse the rules once: parsing takes a third of a console's start."""
    monkeypatch.setattr("openhqm_tui.tui.app.CachedStylesheet", SharedStylesheet)


@pytest.fixture(autouse=True)
async def eager_tasks() -> None:
    """Start tasks as `App.run` does on 3.12 and later: `run_test` leaves that out."""
    if sys.version_info >= (3, 12):
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A machine without problems or earlier runs, in UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    # Paths on screen begin with `~`, so that snapshots don't contain pytest's folder.
    monkeypatch.setenv("HOME", str(tmp_path))
    # The real guides change often, so their rendering is tested with two fixed ones.
    monkeypatch.setattr("openhqm_tui.store.guides.bundled", lambda name: GUIDES)
    return World(tmp_path / "state")


_LEARNING = {"past", "samples", "forecast"}


async def settle(pilot: Pilot[int]) -> None:
    """Wait until all threads have reported and their results are on screen."""
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    await _holds(
        lambda: (
            app.session.facts is not None
            and app.session.past_runs is not None
            and not app.session.examining
            and app.place is not None
        )
    )
    await _holds(lambda: not any(w.name == "replay" and w.is_running for w in app.workers))
    watch = app.session.watch
    if watch.state is not None and app.session.player is None:
        await _holds(lambda: _read_all(app))
    await _holds(lambda: not any(w.group in _LEARNING and w.is_running for w in app.workers))
    await pilot.pause()
    # Update elapsed times now, wherever the current second began.
    app._second_passed()
    await pilot.pause()


def _read_all(app: ConsoleApp) -> bool:
    """Return whether everything in the run folder so far has been read."""
    run, state = app.session.run_folder, app.session.run_state
    assert run is not None
    assert state is not None
    files = tuple((file, file.stat().st_size) for file in sorted(run.path.glob("*.*")))
    return _extent(state) == _extent_of(run.path, files, live=run.is_live())


def _extent(state: RunState) -> object:
    return state.outcome, [(lane.status, len(lane.log)) for lane in state.lanes]


@functools.lru_cache(maxsize=4)
def _extent_of(run: Path, _files: tuple[tuple[Path, int], ...], *, live: bool) -> object:
    # Cached while nothing is added: a test calls this after each key.
    return _extent(read_run(RunFolder(run)))


async def until(pilot: Pilot[int], condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition holds and is on screen; fail if it never does."""
    await _holds(condition, seconds)
    await pilot.pause()


async def _holds(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError("the condition never held")
        await asyncio.sleep(0.01)


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
