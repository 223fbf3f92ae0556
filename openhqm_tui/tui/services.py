"""What the console needs of the floors below, as callables: tests put their own in their place."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Protocol

from openhqm_tui.domain.cache import Cache, Way
from openhqm_tui.domain.estimate import Sample
from openhqm_tui.domain.findings import Finding, Fix
from openhqm_tui.domain.image_names import check_names, split_names
from openhqm_tui.domain.journal import RunInfo
from openhqm_tui.domain.new_builder import NewBuilder
from openhqm_tui.domain.plan import Source
from openhqm_tui.domain.platforms import Platform, parse_platforms
from openhqm_tui.domain.problems import Problem
from openhqm_tui.domain.record import RunRecord
from openhqm_tui.engine.base_image import Pullable, Reach
from openhqm_tui.engine.builders import Builder
from openhqm_tui.engine.facts import EngineFacts
from openhqm_tui.engine.mend import Rights
from openhqm_tui.run.pager import page
from openhqm_tui.run.recording import Recording, recording_of
from openhqm_tui.store.history_rows import Origin
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.store.settings import Settings
from openhqm_tui.tui.past import Past, read_past

Say = Callable[[str], None]


def report_here(run: RunFolder) -> Path:
    """Write a run's report into the current folder and return the file; raises Problem."""
    from openhqm_tui.report.files import write_report

    return write_report(run, Path.cwd())


def _no_run(name: str) -> RunRecord:
    raise Problem(f"nothing is remembered of run {name}")


class Ask(Protocol):
    """Asks the runner of a run for something, or a new one; `run.again.ask` is one."""

    def __call__(self, folder: RunFolder, /, *requests: Request) -> None: ...


@dataclass(frozen=True)
class Order:
    """What is to be built: the platforms of each variant, what the images are called, and how.

    `name` are one or several names with commas between, as they are written in the field. '' for
    builder and base image, and 0 for jobs, leave it to what is found here.
    """

    rows: dict[str, tuple[Platform, ...]]
    name: str = "openhqm"
    tag: str = "latest"
    push: bool = False
    builder: str = ""
    base_image: str = ""
    jobs: int = 0
    test_only: bool = False
    cache_from: tuple[Cache, ...] = ()
    cache_to: tuple[Cache, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What the images are called in each registry, the main name first."""
        return split_names(self.name)


@dataclass(frozen=True)
class Services:
    """What can be called blocks, but for `now`: in threads only. The rest comes of the settings.

    `find_source`, `start`, `ask`, `builders` and what makes and removes a builder raise Problem;
    setting its event stops the making, and nothing is left of it; `ask` returns when a runner has,
    or will have, the request. `mend` carries out one fix, tells its output line by line and
    returns whether it worked; setting the event stops it. `facts_of` are the facts with another
    builder, `look_for` tells whether an image can be had for platforms with a driver. `page`
    shows a file in the person's pager, the terminal being left to it. `defaults`
    is an order without rows; `platforms` are the first columns, none: those of what is built;
    `checks` tells whether images are questioned. `copy` puts text on the system's clipboard.
    `recording` reads a run to be played, with None the one that ships; it raises Problem.
    `clock` are the seconds that a replay goes by. `report` writes a run's report and returns the
    file; it raises Problem. `samples` is what earlier builds of some variants of a place teach,
    `samples_before` what was known of a run before it began; `whole_run` is all that is
    remembered of one, it raises Problem.
    """

    now: Callable[[], float]
    read_facts: Callable[[], EngineFacts]
    find_source: Callable[[], Source]
    start: Callable[[Order, EngineFacts, Source], RunFolder]
    past: Callable[[], Past]
    examine: Callable[[tuple[Platform, ...]], list[Finding]]
    mend: Callable[[Fix, Say, Event], bool]
    ask: Ask
    page: Callable[[Path], None] = page
    defaults: Order = field(default_factory=lambda: Order({}))
    builders: Callable[[], list[Builder]] = list
    create_builder: Callable[[NewBuilder, Say, Event], None] = lambda *_: None
    remove_builder: Callable[[str, Say], None] = lambda *_: None
    facts_of: Callable[[str], EngineFacts] = lambda _: EngineFacts()
    look_for: Callable[[str, tuple[Platform, ...], str], Pullable] = lambda *_: Pullable(Reach.OK)
    rights: Callable[[], Rights] = lambda: Rights.ROOT
    platforms: tuple[Platform, ...] = ()
    checks: bool = True
    copy: Callable[[str], None] = lambda _: None
    recording: Callable[[RunFolder | None], Recording] = lambda run: (
        Recording.shipped() if run is None else recording_of(run)
    )
    clock: Callable[[], float] = time.monotonic
    report: Callable[[RunFolder], Path] = report_here
    samples: Callable[[Origin, Collection[str]], list[Sample]] = lambda *_: []
    samples_before: Callable[[RunInfo], list[Sample]] = lambda _: []
    whole_run: Callable[[str], RunRecord] = _no_run


def real_services(folder: Path, settings: Settings) -> Services:
    """Return the services that work on this machine, for what can be built in `folder`."""
    from openhqm_tui.engine.facts import read_facts
    from openhqm_tui.run.again import ask
    from openhqm_tui.run.caches import caches_of
    from openhqm_tui.run.prepare import QUIET_AFTER, Options, begin, prepare, source_for
    from openhqm_tui.run.remembering import samples_before, samples_for, whole_run
    from openhqm_tui.store.places import state_folder
    from openhqm_tui.store.retention import limits_of

    def start(order: Order, facts: EngineFacts, source: Source) -> RunFolder:
        name, *more_names = check_names(order.names)
        options = Options(
            selection=order.rows,
            name=name,
            more_names=tuple(more_names),
            tag=order.tag,
            builder=order.builder,
            base_image=order.base_image,
            jobs=order.jobs,
            quiet_after=QUIET_AFTER if settings.quiet_after is None else settings.quiet_after,
            test_only=order.test_only,
            push=order.push,
            cache_from=order.cache_from,
            cache_to=order.cache_to,
            python_version=settings.python_version or "3.13",
            ca_bundle=settings.ca_bundle or "",
            checks=settings.checks or "",
            check=settings.check is not False,
        )
        return begin(prepare(options, facts, source), limits_of(settings))

    told = Options(
        selection={}, context=settings.context or "", dockerfile=settings.dockerfile or ""
    )
    return Services(
        now=time.time,
        read_facts=read_facts,
        find_source=lambda: source_for(folder, told),
        start=start,
        examine=lambda platforms: _examine(platforms, settings.builder),
        past=lambda: read_past(state_folder()),
        samples=lambda place, variants: samples_for(state_folder(), place, variants),
        samples_before=lambda info: samples_before(state_folder(), info),
        whole_run=lambda name: whole_run(state_folder(), name),
        mend=_mend,
        ask=ask,
        defaults=Order(
            {},
            name=_line_of(settings.name or "openhqm"),
            tag=settings.tag or "latest",
            builder=settings.builder or "",
            base_image=settings.base_image or "",
            jobs=settings.jobs or 0,
            cache_from=caches_of(settings.cache_from, Way.FROM, folder),
            cache_to=caches_of(settings.cache_to, Way.TO, folder),
        ),
        builders=_builders,
        create_builder=_create_builder,
        remove_builder=_remove_builder,
        facts_of=read_facts,
        look_for=_look_for,
        rights=_rights,
        platforms=parse_platforms(settings.platforms) if settings.platforms else (),
        checks=settings.check is not False,
        copy=_copy,
    )


def _line_of(names: str | list[str]) -> str:
    return names if isinstance(names, str) else ", ".join(names)


def _copy(text: str) -> None:
    from openhqm_tui.engine.clipboard import copy_to_system

    copy_to_system(text)


def _examine(platforms: tuple[Platform, ...], builder: str | None) -> list[Finding]:
    from openhqm_tui.engine.doctor import examine

    return examine(platforms, builder=builder)


def _mend(fix: Fix, say: Say, stop: Event) -> bool:
    from openhqm_tui.engine.mend import mend
    from openhqm_tui.engine.stoppable import stoppable

    return mend([fix], run=stoppable(stop), say=say)


def _rights() -> Rights:
    from openhqm_tui.engine.mend import rights_unasked

    return rights_unasked()


def _builders() -> list[Builder]:
    from openhqm_tui.engine.builders import list_builders

    return list_builders()


def _create_builder(new: NewBuilder, say: Say, stop: Event) -> None:
    from openhqm_tui.engine.builder_changes import create_builder
    from openhqm_tui.engine.shell import capture, stoppable_capture

    create_builder(new, say, run=stoppable_capture(stop), undo=capture)


def _remove_builder(name: str, say: Say) -> None:
    from openhqm_tui.engine.builder_changes import remove_builder

    remove_builder(name, say)


def _look_for(image: str, platforms: tuple[Platform, ...], driver: str) -> Pullable:
    from openhqm_tui.engine.base_image import look_for

    return look_for(image, platforms, driver=driver)
