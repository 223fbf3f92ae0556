"""The services that work on this machine; each is imported when it is called.

The first screen of the console needs next to none of them, and waits for none.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.domain.problems import Problem
from openhqm_tui.tui.services import Order, Say, Services

if TYPE_CHECKING:
    from openhqm_tui.domain.cache import Cache
    from openhqm_tui.domain.estimate import Sample
    from openhqm_tui.domain.findings import Finding, Fix
    from openhqm_tui.domain.journal import RunInfo
    from openhqm_tui.domain.new_builder import NewBuilder
    from openhqm_tui.domain.permissions import Permission
    from openhqm_tui.domain.plan import Source
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.domain.record import RunRecord
    from openhqm_tui.engine.base_image import Pullable
    from openhqm_tui.engine.builders import Builder
    from openhqm_tui.engine.facts import EngineFacts
    from openhqm_tui.engine.mend import Rights
    from openhqm_tui.run.prepare import Options
    from openhqm_tui.store.history_rows import Origin
    from openhqm_tui.store.run_folder import Request, RunFolder
    from openhqm_tui.store.settings import Settings
    from openhqm_tui.tui.past import Past


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
        defaults=Order(
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
    )


def _refused(settings: Settings) -> tuple[str, ...]:
    lines = [f"{key}: {told.why}" for key, told in settings.refused.items()]
    return (*lines, "F1, Settings: where they can be set") if lines else ()


def _line_of(names: str | list[str]) -> str:
    return names if isinstance(names, str) else ", ".join(names)


def _caches(settings: Settings, folder: Path) -> tuple[tuple[Cache, ...], tuple[Cache, ...]]:
    if not settings.cache_from and not settings.cache_to:
        return (), ()
    from openhqm_tui.domain.cache import Way
    from openhqm_tui.run.caches import caches_of

    return (
        caches_of(settings.cache_from, Way.FROM, folder),
        caches_of(settings.cache_to, Way.TO, folder),
    )


def _facts_of(builder: str | None = None) -> EngineFacts:
    from openhqm_tui.engine.emulator_facts import with_emulators
    from openhqm_tui.engine.facts import read_facts
    from openhqm_tui.store.places import emulators_file

    facts = read_facts(builder)
    return with_emulators(facts, facts.platforms, memory=emulators_file())


def _source(settings: Settings, folder: Path) -> Source:
    from openhqm_tui.run.sources import source_for

    return source_for(folder, context=settings.context or "", dockerfile=settings.dockerfile or "")


def _source_at_once(settings: Settings, folder: Path) -> Source | None:
    from openhqm_tui.run.sources import needs_buildx, source_for

    context, dockerfile = settings.context or "", settings.dockerfile or ""
    try:
        if needs_buildx(folder, context=context, dockerfile=dockerfile):
            return None
        return source_for(folder, context=context, dockerfile=dockerfile)
    except (Problem, OSError):
        return None  # who asks again, in a thread, is told why


def _start(settings: Settings, order: Order, facts: EngineFacts, source: Source) -> RunFolder:
    from openhqm_tui.run.prepare import begin, prepare
    from openhqm_tui.store.retention import limits_of

    return begin(prepare(_options(settings, order), facts, source), limits_of(settings))


def _options(settings: Settings, order: Order) -> Options:
    from openhqm_tui.domain.image_names import check_names
    from openhqm_tui.run.permissions import of_settings
    from openhqm_tui.run.prepare import QUIET_AFTER, Options

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
    from openhqm_tui.run.permissions import remember_answer

    remember_answer(source, allowed, str(folder), time.time())


def _chosen_beyond(
    settings: Settings, order: Order, source: Source, folder: Path
) -> tuple[str, ...]:
    from openhqm_tui.run.permissions import chosen_beyond

    try:
        return chosen_beyond(_options(settings, order), source, str(folder))
    except Problem:
        return ()  # the fields say what is wrong


def _past() -> Past:
    from openhqm_tui.store.places import state_folder
    from openhqm_tui.tui.past import read_past

    return read_past(state_folder())


def _samples(place: Origin, variants: Collection[str]) -> list[Sample]:
    from openhqm_tui.run.remembering import samples_for
    from openhqm_tui.store.places import state_folder

    return samples_for(state_folder(), place, variants)


def _samples_before(info: RunInfo) -> list[Sample]:
    from openhqm_tui.run.remembering import samples_before
    from openhqm_tui.store.places import state_folder

    return samples_before(state_folder(), info)


def _whole_run(name: str) -> RunRecord:
    from openhqm_tui.run.remembering import whole_run
    from openhqm_tui.store.places import state_folder

    return whole_run(state_folder(), name)


def _ask(folder: RunFolder, /, *requests: Request) -> None:
    from openhqm_tui.run.again import ask

    ask(folder, *requests)


def _copy(text: str) -> None:
    from openhqm_tui.engine.clipboard import copy_to_system

    copy_to_system(text)


def _examine(platforms: tuple[Platform, ...], builder: str | None) -> list[Finding]:
    from openhqm_tui.engine.doctor import examine
    from openhqm_tui.store.places import emulators_file

    return examine(platforms, builder=builder, memory=emulators_file())


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
