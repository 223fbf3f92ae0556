"""The console's interface to the layers below; tests subclass it.

Modules are imported on demand: the first screen needs few of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import msgspec

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.plan.bake import DEFAULT_NAME
from openhqm_tui.domain.plan.options import QUIET_AFTER, BuildOptions
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
    from openhqm_tui.store.history.rows import Origin
    from openhqm_tui.store.run_folder import Request, RunFolder
    from openhqm_tui.store.settings import Settings
    from openhqm_tui.tui.history.past_runs import PastRuns


Say = Callable[[str], None]


class StartedRun(NamedTuple):
    """A started run, and the warnings of its preflight checks."""

    folder: RunFolder
    warnings: tuple[str, ...] = ()


class Backend:
    """The layers below, for `folder` and its settings, or for named `files` or another `context`.

    All methods block, except `now`, `clock` and `source_at_once`: call them in threads.
    """

    # Whether nothing can be built, stopped or changed.
    read_only: ClassVar[bool] = False

    def __init__(
        self, folder: Path, settings: Settings, files: tuple[str, ...] = (), context: str = ""
    ) -> None:
        if context:
            settings = msgspec.structs.replace(settings, context=context)
        self.folder, self.settings, self.files = folder, settings, files
        # What the user named instead of the folder's own files, as flags of `build`.
        named = [word for file in files for word in ("--file", file)]
        self.source_flags = (*named, *(("--context", context) if context else ()))
        cache_from, cache_to = _caches(settings, folder)
        # The options before anything is selected.
        self.defaults = BuildOptions(
            {},
            name=_line_of(settings.name or DEFAULT_NAME),
            tag=settings.tag or "latest",
            builder=settings.builder or "",
            base_image=settings.base_image or "",
            jobs=settings.jobs or 0,
            cache_from=cache_from,
            cache_to=cache_to,
            check=settings.check is not False,
            quiet_after=QUIET_AFTER if settings.quiet_after is None else settings.quiet_after,
            python_version=settings.python_version or "3.13",
            context=settings.context or "",
            dockerfile=settings.dockerfile or "",
            ca_bundle=settings.ca_bundle or "",
            checks=settings.checks or "",
            ignored=tuple(settings.refused),
        )
        # The initial platforms; empty: those of the source.
        self.platforms = parse_platforms(settings.platforms) if settings.platforms else ()
        # One line per setting that the project is not allowed to set.
        self.refused = _refused(settings)

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return time.time()

    def clock(self) -> float:
        """Return the monotonic clock for replays, in seconds."""
        return time.monotonic()

    def run_view(self) -> str:
        """Return the view of the Run screen that was chosen last."""
        from openhqm_tui.store.paths import state_folder
        from openhqm_tui.store.run_view import run_view

        return run_view(state_folder())

    def remember_run_view(self, view: str) -> None:
        """Keep the chosen view of the Run screen for the next console."""
        from openhqm_tui.store.paths import state_folder
        from openhqm_tui.store.run_view import remember_run_view

        remember_run_view(state_folder(), view)

    def read_facts(self) -> EngineFacts:
        """Read the facts of the engine with the builder that Buildx uses by default."""
        return self.facts_of(None)

    def facts_of(self, builder: str | None) -> EngineFacts:
        """Read the facts of the engine with a builder."""
        from openhqm_tui.engine.docker.facts import read_facts
        from openhqm_tui.engine.doctor.emulators import with_emulators
        from openhqm_tui.store.paths import emulators_file

        facts = read_facts(builder)
        return with_emulators(facts, facts.platforms, memory=emulators_file())

    def find_source(self) -> Source:
        """Find what can be built here; raises Problem."""
        from openhqm_tui.run.start.source import source_for

        context, dockerfile = self.settings.context or "", self.settings.dockerfile or ""
        return source_for(self.folder, context=context, dockerfile=dockerfile, files=self.files)

    def source_at_once(self) -> Source | None:
        """Return the source if it can be determined without running Buildx; else None."""
        from openhqm_tui.run.start.source import needs_buildx

        context, dockerfile = self.settings.context or "", self.settings.dockerfile or ""
        try:
            if self.files or needs_buildx(self.folder, context=context, dockerfile=dockerfile):
                return None
            return self.find_source()
        except (Problem, OSError):
            return None  # `find_source` reports the reason

    def start(self, order: BuildOptions, facts: EngineFacts, source: Source) -> StartedRun:
        """Start a run; raises Problem."""
        from openhqm_tui.run.follow.follower import shared_tag_warnings
        from openhqm_tui.run.start.prepare import prepare, start_run
        from openhqm_tui.store.paths import state_folder
        from openhqm_tui.store.retention import limits_of

        prepared = prepare(self._with_grants(order), facts, source)
        warnings = (*prepared.warnings, *shared_tag_warnings(state_folder(), prepared.info))
        return StartedRun(start_run(prepared, limits_of(self.settings)), warnings)

    def warnings(self, order: BuildOptions, facts: EngineFacts, source: Source) -> tuple[str, ...]:
        """Return the warnings that a run would start with."""
        from openhqm_tui.run.start.prepare import foreseen_warnings

        try:
            return foreseen_warnings(self._with_grants(order), facts, source)
        except Problem:
            return ()  # the fields show the error

    def chosen_beyond(self, order: BuildOptions, source: Source) -> tuple[str, ...]:
        """Return the permissions that the options need, in the format of `--allow`."""
        from openhqm_tui.run.start.permissions import chosen_beyond

        try:
            return chosen_beyond(self._with_grants(order), source, str(self.folder))
        except Problem:
            return ()  # the fields show the error

    def _with_grants(self, order: BuildOptions) -> BuildOptions:
        """Return the options with the permissions from the settings; raises Problem."""
        from openhqm_tui.run.start.permissions import of_settings

        return replace(order, allow=(*order.allow, *of_settings(self.settings.allow, self.folder)))

    def remember_allowed(self, source: Source, allowed: tuple[Permission, ...]) -> None:
        """Remember permissions for this folder and its build definition; raises Problem."""
        from openhqm_tui.run.start.permissions import remember_answer

        remember_answer(source, allowed, str(self.folder), time.time())

    def ask(self, run: RunFolder, *requests: Request) -> None:
        """Send requests to a run's runner, starting one if necessary; raises Problem."""
        from openhqm_tui.run.requests import send_request

        send_request(run, *requests)

    def past(self) -> PastRuns:
        """Read the past runs."""
        from openhqm_tui.store.paths import state_folder
        from openhqm_tui.tui.history.past_runs import read_past

        return read_past(state_folder())

    def samples(self, place: Origin, variants: Collection[str]) -> list[Sample]:
        """Return samples of earlier builds of some variants."""
        from openhqm_tui.run.follow.history_index import samples_for
        from openhqm_tui.store.paths import state_folder

        return samples_for(state_folder(), place, variants)

    def samples_before(self, info: RunInfo) -> list[Sample]:
        """Return the samples from before a run started."""
        from openhqm_tui.run.follow.history_index import samples_before
        from openhqm_tui.store.paths import state_folder

        return samples_before(state_folder(), info)

    def whole_run(self, name: str) -> RunRecord:
        """Return the history's record of a run; raises Problem."""
        from openhqm_tui.run.follow.history_index import whole_run
        from openhqm_tui.store.paths import state_folder

        return whole_run(state_folder(), name)

    def recording(self, run: RunFolder | None) -> Recording:
        """Return a recording to replay, of the demo if no run is given; raises Problem."""
        from openhqm_tui.run.follow.replay import Recording, recording_of

        return Recording.shipped() if run is None else recording_of(run)

    def report(self, run: RunFolder) -> Path:
        """Write a run's report into the current folder and return the file; raises Problem."""
        from openhqm_tui.report.gather import write_report

        return write_report(run, Path.cwd())

    def page(self, file: Path) -> None:
        """Show a file in the user's pager, which takes over the terminal; raises Problem."""
        from openhqm_tui.engine.terminal import page

        page(file)

    def copy(self, text: str) -> None:
        """Copy text to the system's clipboard."""
        from openhqm_tui.engine.terminal import copy_to_system

        copy_to_system(text)

    def examine(self, platforms: tuple[Platform, ...]) -> list[Finding]:
        """Examine this machine for builds of some platforms."""
        from openhqm_tui.engine.doctor.diagnose import examine
        from openhqm_tui.engine.source.base_image import UPSTREAM_BASE
        from openhqm_tui.engine.source.find import has_own_base
        from openhqm_tui.store.paths import emulators_file

        chosen = self.settings.context or self.settings.dockerfile
        own = self.files or (not chosen and has_own_base(self.folder))
        base = "" if own else UPSTREAM_BASE
        return examine(platforms, base, self.settings.builder, memory=emulators_file())

    def apply_fix(self, fix: Fix, say: Say, stop: Event) -> bool:
        """Run one fix, passing on its output by line, until `stop`; return whether it worked."""
        from openhqm_tui.engine.docker.command import stoppable
        from openhqm_tui.engine.doctor.apply import apply_fixes

        return apply_fixes([fix], run=stoppable(stop), say=say)

    def rights(self) -> Rights:
        """Return how a fix can become root without a password."""
        from openhqm_tui.engine.doctor.apply import rights_unasked

        return rights_unasked()

    def builders(self) -> list[Builder]:
        """List the builders; raises Problem."""
        from openhqm_tui.engine.docker.builders import list_builders

        return list_builders()

    def create_builder(self, new: NewBuilder, say: Say, stop: Event) -> None:
        """Create a builder; if stopped, it is removed again; raises Problem."""
        from openhqm_tui.engine.docker.builders import create_builder
        from openhqm_tui.engine.docker.command import stoppable_capture

        create_builder(new, say, run=stoppable_capture(stop))

    def remove_builder(self, name: str, say: Say) -> None:
        """Remove a builder; raises Problem."""
        from openhqm_tui.engine.docker.builders import remove_builder

        remove_builder(name, say)

    def look_for(self, image: str, platforms: tuple[Platform, ...], driver: str) -> Pullable:
        """Return whether an image can be pulled for some platforms with a driver."""
        from openhqm_tui.engine.source.base_image import look_for

        return look_for(image, platforms, driver=driver)


def _refused(settings: Settings) -> tuple[str, ...]:
    lines = [f"{key}: {told.why}" for key, told in settings.refused.items()]
    return (*lines, "see the guide Settings (F1) for where to set these") if lines else ()


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
