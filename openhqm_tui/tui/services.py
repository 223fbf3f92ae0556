"""What the console needs of the floors below, as callables: tests put their own in their place.

What works is imported when it is called: the first screen needs next to none of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Protocol

from openhqm_tui.domain.image_names import split_names
from openhqm_tui.domain.problems import Problem

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
    from openhqm_tui.run.recording import Recording
    from openhqm_tui.store.history_rows import Origin
    from openhqm_tui.store.run_folder import Request, RunFolder
    from openhqm_tui.tui.past import Past

Say = Callable[[str], None]


def _page(file: Path) -> None:
    from openhqm_tui.run.pager import page

    page(file)


def _recording(run: RunFolder | None) -> Recording:
    from openhqm_tui.run.recording import Recording, recording_of

    return Recording.shipped() if run is None else recording_of(run)


def _report_here(run: RunFolder) -> Path:
    """Write a run's report into the current folder and return the file; raises Problem."""
    from openhqm_tui.report.files import write_report

    return write_report(run, Path.cwd())


def _no_facts(_: str) -> EngineFacts:
    from openhqm_tui.engine.facts import EngineFacts

    return EngineFacts()


def _is_there(*_: object) -> Pullable:
    from openhqm_tui.engine.base_image import Pullable, Reach

    return Pullable(Reach.OK)


def _root() -> Rights:
    from openhqm_tui.engine.mend import Rights

    return Rights.ROOT


def _no_run(name: str) -> RunRecord:
    raise Problem(f"nothing is remembered of run {name}")


class Ask(Protocol):
    """Asks the runner of a run for something, or a new one; `run.again.ask` is one."""

    def __call__(self, folder: RunFolder, /, *requests: Request) -> None: ...


@dataclass(frozen=True)
class Order:
    """What is to be built: the platforms of each variant, what the images are called, and how.

    `name` are one or several names with commas between, as they are written in the field. '' for
    builder and base image, and 0 for jobs, leave it to what is found here. `allow` is what the
    person has granted when asked; with `no_push` what a bake file itself would push stays here.
    """

    rows: dict[str, tuple[Platform, ...]]
    name: str = "openhqm"
    tag: str = "latest"
    push: bool = False
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
    the folder, as `--allow` spells it.
    """

    now: Callable[[], float]
    read_facts: Callable[[], EngineFacts]
    find_source: Callable[[], Source]
    start: Callable[[Order, EngineFacts, Source], RunFolder]
    past: Callable[[], Past]
    examine: Callable[[tuple[Platform, ...]], list[Finding]]
    mend: Callable[[Fix, Say, Event], bool]
    ask: Ask
    source_at_once: Callable[[], Source | None] = lambda: None
    page: Callable[[Path], None] = _page
    defaults: Order = field(default_factory=lambda: Order({}))
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
    chosen_beyond: Callable[[Order, Source], tuple[str, ...]] = lambda *_: ()
