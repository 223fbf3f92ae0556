"""What the console needs of the layers below; tests put their own in its place.

What works is imported when it is called: the first screen needs next to none of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, Protocol

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.plan.image_names import split_names
from openhqm_tui.domain.platforms import parse_platforms

if TYPE_CHECKING:
    from openhqm_tui.domain.findings import Finding, Fix
    from openhqm_tui.domain.history.estimate import Sample
    from openhqm_tui.domain.history.record import RunRecord
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.plan.builders import NewBuilder
    from openhqm_tui.domain.plan.cache import Cache
    from openhqm_tui.domain.plan.permissions import Permission
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.domain.run.events import RunInfo
    from openhqm_tui.engine.docker.builders import Builder
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.engine.doctor.apply import Rights
    from openhqm_tui.engine.source.base_image import Pullable
    from openhqm_tui.run.follow.replay import Recording
    from openhqm_tui.run.start.prepare import Options
    from openhqm_tui.store.history.rows import Origin
    from openhqm_tui.store.run_folder import Request, RunFolder
    from openhqm_tui.store.settings import Settings
    from openhqm_tui.tui.history.past_runs import PastRuns


Say = Callable[[str], None]


def _page(file: Path) -> None:
    from openhqm_tui.run.pager import page

    page(file)


def _recording(run: RunFolder | None) -> Recording:
    from openhqm_tui.run.follow.replay import Recording, recording_of

    return Recording.shipped() if run is None else recording_of(run)


def _report_here(run: RunFolder) -> Path:
    """Write a run's report into the current folder and return the file; raises Problem."""
    from openhqm_tui.report.write import write_report

    return write_report(run, Path.cwd())


def _no_facts(_: str) -> EngineFacts:
    from openhqm_tui.engine.docker.facts import EngineFacts

    return EngineFacts()


def _is_there(*_: object) -> Pullable:
    from openhqm_tui.engine.source.base_image import Pullable, Reach

    return Pullable(Reach.OK)


def _root() -> Rights:
    from openhqm_tui.engine.doctor.apply import Rights

    return Rights.ROOT


def _no_run(name: str) -> RunRecord:
    raise Problem(f"nothing is remembered of run {name}")


class SendRequest(Protocol):
    """Asks the runner of a run for something, or a new one; `run.again.ask` is one."""

    def __call__(self, folder: RunFolder, /, *requests: Request) -> None: ...


@dataclass(frozen=True)
class BuildOrder:
    """What is to be built: the platforms of each variant, what the images are called, and how.

    `name` are one or several names with commas between, as they are written in the field. '' for
    builder and base image, and 0 for jobs, leave it to what is found here. `allow` is what the
    person has granted when asked; with `no_push` what a bake file itself would push stays here.
    `allow_unknown` pushes images with inconclusive checks too, where `push` pushes at all.
    """

    rows: dict[str, tuple[Platform, ...]]
    name: str = "openhqm"
    tag: str = "latest"
    push: bool = False
    allow_unknown: bool = False
    builder: str = ""
    base_image: str = ""
    jobs: int = 0
    test_only: bool = False
    allow: tuple[Permission, ...] = ()
    no_push: bool = False
    cache_from: tuple[Cache, ...] = ()
    cache_to: tuple[Cache, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """What the images are called in each registry, the main name first."""
        return split_names(self.name)


class StartedRun(NamedTuple):
    """A run that has begun, and the warnings that preflight gave for it."""

    folder: RunFolder
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Services:
    """What can be called blocks, but for `now` and `source_at_once`: in threads only. The rest
    comes of the settings. `source_at_once` is None where only `find_source` can tell.

    `find_source`, `start`, `ask`, `builders` and what makes and removes a builder raise Problem;
    setting its event stops the making, and nothing is left of it; `ask` returns when a runner has,
    or will have, the request. `mend` carries out one fix, tells its output line by line and
    returns whether it worked; setting the event stops it. `facts_of` are the facts with another
    builder, `look_for` tells whether an image can be had for platforms with a driver. `page`
    shows a file in the person's pager, the terminal being left to it. `defaults`
    is an order without rows; `platforms` are the first columns, none: those of what is built;
    `checks` tells whether images are questioned, `refused` has a line for each setting that the
    project may not set. `copy` puts text on the system's clipboard.
    `recording` reads a run to be played, with None the one that ships; it raises Problem.
    `clock` are the seconds that a replay goes by. `report` writes a run's report and returns the
    file; it raises Problem. `samples` is what earlier builds of some variants of a place teach,
    `samples_before` what was known of a run before it began; `whole_run` is all that is
    remembered of one, it raises Problem. `remember_allowed` keeps a person's answer for the folder
    and its definition, it raises Problem; `chosen_beyond` is what a plan of ours needs outside
    the folder, as `--allow` spells it; `warnings` are those that a run would begin with.
    """

    now: Callable[[], float]
    read_facts: Callable[[], EngineFacts]
    find_source: Callable[[], Source]
    start: Callable[[BuildOrder, EngineFacts, Source], StartedRun]
    past: Callable[[], PastRuns]
    examine: Callable[[tuple[Platform, ...]], list[Finding]]
    mend: Callable[[Fix, Say, Event], bool]
    ask: SendRequest
    source_at_once: Callable[[], Source | None] = lambda: None
    page: Callable[[Path], None] = _page
    defaults: BuildOrder = field(default_factory=lambda: BuildOrder({}))
    builders: Callable[[], list[Builder]] = list
    create_builder: Callable[[NewBuilder, Say, Event], None] = lambda *_: None
    remove_builder: Callable[[str, Say], None] = lambda *_: None
    facts_of: Callable[[str], EngineFacts] = _no_facts
    look_for: Callable[[str, tuple[Platform, ...], str], Pullable] = _is_there
    rights: Callable[[], Rights] = _root
    platforms: tuple[Platform, ...] = ()
    checks: bool = True
    refused: tuple[str, ...] = ()
    copy: Callable[[str], None] = lambda _: None
    recording: Callable[[RunFolder | None], Recording] = _recording
    clock: Callable[[], float] = time.monotonic
    report: Callable[[RunFolder], Path] = _report_here
    samples: Callable[[Origin, Collection[str]], list[Sample]] = lambda *_: []
    samples_before: Callable[[RunInfo], list[Sample]] = lambda _: []
    whole_run: Callable[[str], RunRecord] = _no_run
    remember_allowed: Callable[[Source, tuple[Permission, ...]], None] = lambda *_: None
    chosen_beyond: Callable[[BuildOrder, Source], tuple[str, ...]] = lambda *_: ()
    warnings: Callable[[BuildOrder, EngineFacts, Source], tuple[str, ...]] = lambda *_: ()


# The services that work on this machine; each is imported when it is called.
#
# The first screen of the console needs next to none of them, and waits for none.


def real_services(folder: Path, settings: Settings) -> Services:
    """Return the services that work on this machine, for what can be built in `folder`."""
    cache_from, cache_to = _caches(settings, folder)
    return Services(
        now=time.time,
        read_facts=_facts_of,
        find_source=lambda: _source(settings, folder),
        source_at_once=lambda: _source_at_once(settings, folder),
        start=lambda order, facts, source: _start(settings, order, facts, source),
        examine=lambda platforms: _examine(platforms, settings.builder),
        past=_past,
        samples=_samples,
        samples_before=_samples_before,
        whole_run=_whole_run,
        mend=_mend,
        ask=_ask,
        defaults=BuildOrder(
            {},
            name=_line_of(settings.name or "openhqm"),
            tag=settings.tag or "latest",
            builder=settings.builder or "",
            base_image=settings.base_image or "",
            jobs=settings.jobs or 0,
            cache_from=cache_from,
            cache_to=cache_to,
        ),
        builders=_builders,
        create_builder=_create_builder,
        remove_builder=_remove_builder,
        facts_of=_facts_of,
        look_for=_look_for,
        rights=_rights,
        platforms=parse_platforms(settings.platforms) if settings.platforms else (),
        checks=settings.check is not False,
        refused=_refused(settings),
        copy=_copy,
        remember_allowed=lambda source, allowed: _remember_allowed(source, allowed, folder),
        chosen_beyond=lambda order, source: _chosen_beyond(settings, order, source, folder),
        warnings=lambda order, facts, source: _warnings(settings, order, facts, source),
    )


def _refused(settings: Settings) -> tuple[str, ...]:
    lines = [f"{key}: {told.why}" for key, told in settings.refused.items()]
    return (*lines, "F1, Settings: where they can be set") if lines else ()


def _line_of(names: str | list[str]) -> str:
    return names if isinstance(names, str) else ", ".join(names)


def _caches(settings: Settings, folder: Path) -> tuple[tuple[Cache, ...], tuple[Cache, ...]]:
    if not settings.cache_from and not settings.cache_to:
        return (), ()
    from openhqm_tui.domain.plan.cache import CacheKind
    from openhqm_tui.run.start.preflight import caches_of

    return (
        caches_of(settings.cache_from, CacheKind.FROM, folder),
        caches_of(settings.cache_to, CacheKind.TO, folder),
    )


def _facts_of(builder: str | None = None) -> EngineFacts:
    from openhqm_tui.engine.docker.facts import read_facts
    from openhqm_tui.engine.doctor.emulator_facts import with_emulators
    from openhqm_tui.store.paths import emulators_file

    facts = read_facts(builder)
    return with_emulators(facts, facts.platforms, memory=emulators_file())


def _source(settings: Settings, folder: Path) -> Source:
    from openhqm_tui.run.start.source import source_for

    return source_for(folder, context=settings.context or "", dockerfile=settings.dockerfile or "")


def _source_at_once(settings: Settings, folder: Path) -> Source | None:
    from openhqm_tui.run.start.source import needs_buildx, source_for

    context, dockerfile = settings.context or "", settings.dockerfile or ""
    try:
        if needs_buildx(folder, context=context, dockerfile=dockerfile):
            return None
        return source_for(folder, context=context, dockerfile=dockerfile)
    except (Problem, OSError):
        return None  # who asks again, in a thread, is told why


def _start(settings: Settings, order: BuildOrder, facts: EngineFacts, source: Source) -> StartedRun:
    from openhqm_tui.run.follow.load_state import shared_tag_warnings
    from openhqm_tui.run.start.prepare import prepare, start_run
    from openhqm_tui.store.paths import state_folder
    from openhqm_tui.store.retention import limits_of

    prepared = prepare(_options(settings, order), facts, source)
    warnings = (*prepared.warnings, *shared_tag_warnings(state_folder(), prepared.info))
    return StartedRun(start_run(prepared, limits_of(settings)), warnings)


def _warnings(
    settings: Settings, order: BuildOrder, facts: EngineFacts, source: Source
) -> tuple[str, ...]:
    from openhqm_tui.run.start.prepare import foreseen_warnings

    try:
        return foreseen_warnings(_options(settings, order), facts, source)
    except Problem:
        return ()  # the fields say what is wrong


def _options(settings: Settings, order: BuildOrder) -> Options:
    from openhqm_tui.domain.plan.image_names import check_names
    from openhqm_tui.run.start.permissions import of_settings
    from openhqm_tui.run.start.prepare import QUIET_AFTER, Options

    name, *more_names = check_names(order.names)
    return Options(
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
        allow_unknown=order.push and order.allow_unknown,
        cache_from=order.cache_from,
        cache_to=order.cache_to,
        python_version=settings.python_version or "3.13",
        ca_bundle=settings.ca_bundle or "",
        checks=settings.checks or "",
        check=settings.check is not False,
        ignored=tuple(settings.refused),
        context=settings.context or "",
        dockerfile=settings.dockerfile or "",
        allow=(*order.allow, *of_settings(settings.allow, Path.cwd())),
        no_push=order.no_push,
    )


def _remember_allowed(source: Source, allowed: tuple[Permission, ...], folder: Path) -> None:
    from openhqm_tui.run.start.permissions import remember_answer

    remember_answer(source, allowed, str(folder), time.time())


def _chosen_beyond(
    settings: Settings, order: BuildOrder, source: Source, folder: Path
) -> tuple[str, ...]:
    from openhqm_tui.run.start.permissions import chosen_beyond

    try:
        return chosen_beyond(_options(settings, order), source, str(folder))
    except Problem:
        return ()  # the fields say what is wrong


def _past() -> PastRuns:
    from openhqm_tui.store.paths import state_folder
    from openhqm_tui.tui.history.past_runs import read_past

    return read_past(state_folder())


def _samples(place: Origin, variants: Collection[str]) -> list[Sample]:
    from openhqm_tui.run.follow.history_index import samples_for
    from openhqm_tui.store.paths import state_folder

    return samples_for(state_folder(), place, variants)


def _samples_before(info: RunInfo) -> list[Sample]:
    from openhqm_tui.run.follow.history_index import samples_before
    from openhqm_tui.store.paths import state_folder

    return samples_before(state_folder(), info)


def _whole_run(name: str) -> RunRecord:
    from openhqm_tui.run.follow.history_index import whole_run
    from openhqm_tui.store.paths import state_folder

    return whole_run(state_folder(), name)


def _ask(folder: RunFolder, /, *requests: Request) -> None:
    from openhqm_tui.run.ask import send_request

    send_request(folder, *requests)


def _copy(text: str) -> None:
    from openhqm_tui.engine.clipboard import copy_to_system

    copy_to_system(text)


def _examine(platforms: tuple[Platform, ...], builder: str | None) -> list[Finding]:
    from openhqm_tui.engine.doctor.diagnose import examine
    from openhqm_tui.store.paths import emulators_file

    return examine(platforms, builder=builder, memory=emulators_file())


def _mend(fix: Fix, say: Say, stop: Event) -> bool:
    from openhqm_tui.engine.docker.command import stoppable
    from openhqm_tui.engine.doctor.apply import apply_fixes

    return apply_fixes([fix], run=stoppable(stop), say=say)


def _rights() -> Rights:
    from openhqm_tui.engine.doctor.apply import rights_unasked

    return rights_unasked()


def _builders() -> list[Builder]:
    from openhqm_tui.engine.docker.builders import list_builders

    return list_builders()


def _create_builder(new: NewBuilder, say: Say, stop: Event) -> None:
    from openhqm_tui.engine.docker.builders import create_builder
    from openhqm_tui.engine.docker.command import stoppable_capture

    create_builder(new, say, run=stoppable_capture(stop))


def _remove_builder(name: str, say: Say) -> None:
    from openhqm_tui.engine.docker.builders import remove_builder

    remove_builder(name, say)


def _look_for(image: str, platforms: tuple[Platform, ...], driver: str) -> Pullable:
    from openhqm_tui.engine.source.base_image import look_for

    return look_for(image, platforms, driver=driver)
