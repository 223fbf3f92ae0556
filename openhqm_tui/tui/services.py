"""What the console needs of the floors below, as callables: tests put their own in their place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from openhqm_tui.domain.findings import Finding
from openhqm_tui.domain.plan import Source
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.facts import EngineFacts
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.store.settings import Settings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What is to be built: the platforms of each variant, what the images are called, and how.

    '' for builder and base image, and 0 for jobs, leave it to what is found here.
    """

    rows: dict[str, tuple[Platform, ...]]
    name: str = "openhqm"
    tag: str = "latest"
    push: bool = False
    builder: str = ""
    base_image: str = ""
    jobs: int = 0
    test_only: bool = False


@dataclass(frozen=True)
class Services:
    """All but `now` and `defaults` block: they are called in threads only.

    `find_source`, `start` and `ask` raise Problem; `ask` returns when a runner has, or will
    have, the request. `mend` carries out a finding's fixes, tells its output line by line and
    returns whether it worked. `defaults` is an order without rows, from the settings.
    """

    now: Callable[[], float]
    read_facts: Callable[[], EngineFacts]
    find_source: Callable[[], Source]
    start: Callable[[Order, EngineFacts, Source], RunFolder]
    runs: Callable[[], Iterable[RunFolder]]
    examine: Callable[[tuple[Platform, ...]], list[Finding]]
    mend: Callable[[Finding, Say], bool]
    ask: Callable[[RunFolder, Request], None]
    defaults: Order = field(default_factory=lambda: Order({}))


def real_services(folder: Path, settings: Settings) -> Services:
    """Return the services that work on this machine, for what can be built in `folder`."""
    from openhqm_tui.engine.facts import read_facts
    from openhqm_tui.run.prepare import Options, begin, prepare, source_for
    from openhqm_tui.store.places import state_folder
    from openhqm_tui.store.run_folder import all_runs

    def start(order: Order, facts: EngineFacts, source: Source) -> RunFolder:
        options = Options(
            selection=order.rows,
            name=order.name,
            tag=order.tag,
            builder=order.builder,
            base_image=order.base_image,
            jobs=order.jobs,
            test_only=order.test_only,
        )
        return begin(prepare(options, facts, source))

    return Services(
        now=time.time,
        read_facts=read_facts,
        find_source=lambda: source_for(folder),
        start=start,
        runs=lambda: all_runs(state_folder()),
        examine=_examine,
        mend=_mend,
        ask=lambda run, request: run.ask(request),
        defaults=Order(
            {},
            name=settings.name or "openhqm",
            tag=settings.tag or "latest",
            builder=settings.builder or "",
            base_image=settings.base_image or "",
            jobs=settings.jobs or 0,
        ),
    )


def _examine(platforms: tuple[Platform, ...]) -> list[Finding]:
    from openhqm_tui.engine.doctor import examine

    return examine(platforms)


def _mend(finding: Finding, say: Say) -> bool:
    from openhqm_tui.engine.mend import mend

    return mend(finding.fixes, say=say)
