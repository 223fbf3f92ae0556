"""What the console needs of the floors below, as callables: tests put their own in their place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from openhqm_tui.domain.findings import Finding
from openhqm_tui.domain.plan import Source
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.facts import EngineFacts
from openhqm_tui.store.run_folder import RunFolder

Say = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What is to be built: the platforms of each variant, and what the images are called."""

    rows: dict[str, tuple[Platform, ...]]
    name: str
    tag: str


@dataclass(frozen=True)
class Services:
    """All but `now` block: they are called in threads only.

    `find_source` and `start` raise Problem; `mend` carries out a finding's fixes, tells its
    output line by line and returns whether it worked.
    """

    now: Callable[[], float]
    read_facts: Callable[[], EngineFacts]
    find_source: Callable[[], Source]
    start: Callable[[Order, EngineFacts, Source], RunFolder]
    runs: Callable[[], Iterable[RunFolder]]
    examine: Callable[[tuple[Platform, ...]], list[Finding]]
    mend: Callable[[Finding, Say], bool]


def real_services(folder: Path) -> Services:
    """Return the services that work on this machine, for what can be built in `folder`."""
    from openhqm_tui.engine.facts import read_facts
    from openhqm_tui.run.prepare import Options, begin, prepare, source_for
    from openhqm_tui.store.places import state_folder
    from openhqm_tui.store.run_folder import all_runs

    def start(order: Order, facts: EngineFacts, source: Source) -> RunFolder:
        options = Options(selection=order.rows, name=order.name, tag=order.tag)
        return begin(prepare(options, facts, source))

    return Services(
        now=time.time,
        read_facts=read_facts,
        find_source=lambda: source_for(folder),
        start=start,
        runs=lambda: all_runs(state_folder()),
        examine=_examine,
        mend=_mend,
    )


def _examine(platforms: tuple[Platform, ...]) -> list[Finding]:
    from openhqm_tui.engine.doctor import examine

    return examine(platforms)


def _mend(finding: Finding, say: Say) -> bool:
    from openhqm_tui.engine.mend import mend

    return mend(finding.fixes, say=say)
