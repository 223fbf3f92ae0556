"""The expectations for the images of a run: bundled data, the project, its checks file."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from openhqm_tui.domain.checks.config_file import ChecksFile, Table, expectation_for, unmatched
from openhqm_tui.domain.checks.expectation import ANY_VALUE, Expectation
from openhqm_tui.domain.checks.running.absent import CORE
from openhqm_tui.domain.checks.running.clients import CLIENTS, REQUIREMENTS
from openhqm_tui.domain.checks.running.service import (
    SERVICE,
    companions_of,
    without_companions,
)
from openhqm_tui.domain.plan.bake import Client, Source, SourceKind, Variant
from openhqm_tui.domain.plan.requirements import (
    CORE_FILE,
    environment,
    file_of,
    installed_by,
    machine_on,
)
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.store.checks_files import our_variants, shipped_checks

_USUAL_PLATFORM = Platform("linux", "amd64")
_USUAL_PYTHON = "3.13"
# OpenHQM's service connects to this queue at startup, whatever the variant, if its core has the
# client.
_QUEUE = "redis:7-alpine"
_QUEUE_CLIENT = "redis"


class ExpectationResolver(msgspec.Struct, frozen=True):
    """The checks files that define the expectations; later ones override earlier ones."""

    files: tuple[ChecksFile, ...] = ()
    python: str = ""

    def of(
        self,
        target: str,
        platform: Platform,
        platforms: tuple[Platform, ...],
        *,
        companions: bool = True,
    ) -> Expectation:
        """Return what is expected of a target's image on one of its platforms.

        With `companions` False, its service runs alone.
        """
        found = expectation_for(self.files, target, platform, platforms, python=self.python)
        return found if companions else without_companions(found)

    @property
    def origin(self) -> str:
        """Where the expectations come from, the file that decides first; '' for none."""
        return ", then ".join(file.file for file in reversed(self.files))


def resolver_for(
    source: Source, own: ChecksFile | None, *, python: str, platforms: Iterable[Platform] = ()
) -> ExpectationResolver:
    """Return the expectations for the images of a source; `own` is the project's checks file."""
    named = () if own is None else (own,)
    if source.kind is SourceKind.BAKE:
        # Our flags don't decide which Python a bake file builds with.
        return ExpectationResolver(named)
    ours = [shipped_checks()]
    if source.kind is SourceKind.CHECKOUT:
        ours.append(shipped_checks("own-dockerfile"))
    project = project_files(source, platforms, python=python)
    return ExpectationResolver((*ours, *project, *named), python)


def project_files(
    source: Source, platforms: Iterable[Platform], *, python: str = _USUAL_PYTHON
) -> tuple[ChecksFile, ...]:
    """Return a checkout's requirements for its variants as checks files: one or none.

    A client is imported by the module that the bundled file names, else by its own modules.
    """
    requirements = source.requirements
    if requirements is None:
        return ()
    modules = {one.distribution: one.module for v in our_variants() for one in v.clients}
    tables: list[Table] = []
    for platform in dict.fromkeys(platforms):
        variables = environment(machine_on(platform), python)
        core = installed_by(requirements.core, variables)
        common: dict[str, object] = {CORE.name: [one.line for one in core]}
        if any(one.name == _QUEUE_CLIENT for one in core):
            common[SERVICE.name] = {"with": [{"image": _QUEUE}]}
        tables.append(Table(platform=str(platform), keys=common))
        for name, lines in requirements.variants.items():
            installed = installed_by(lines, variables)
            clients = {one.name: modules.get(one.name, ANY_VALUE) for one in installed}
            keys = {CLIENTS.name: clients, REQUIREMENTS.name: [one.line for one in installed]}
            tables.append(Table(target=name, platform=str(platform), keys=keys))
    name = f"{file_of('*')} and {CORE_FILE} in {source.context}"
    return (ChecksFile(file=name, tables=tuple(tables)),)


def with_own_clients(source: Source) -> Source:
    """Return a source whose variants have the clients that its requirements name."""
    platforms = (_USUAL_PLATFORM,)
    resolver = resolver_for(source, None, python=_USUAL_PYTHON, platforms=platforms)

    def clients(variant: Variant) -> tuple[Client, ...]:
        listed = CLIENTS.of(resolver.of(variant.name, _USUAL_PLATFORM, platforms))
        return tuple(Client(*one) for one in (listed or {}).items())

    variants = tuple(msgspec.structs.replace(v, clients=clients(v)) for v in source.variants)
    return msgspec.structs.replace(source, variants=variants)


def idle_tables(source: Source, own: ChecksFile | None) -> list[str]:
    """Return a warning for every table of the project's file that no target matches."""
    return [] if own is None else unmatched(own, [variant.name for variant in source.variants])


def requirement_problems(source: Source) -> list[str]:
    """Return a warning for every part of the checkout's requirements that isn't understood."""
    return [] if source.requirements is None else list(source.requirements.problems)


def companion_lines(expectations: Iterable[Expectation]) -> list[str]:
    """Return a line that announces the companions of services, if there are any."""
    images = sorted({one.image for each in expectations for one in companions_of(each)})
    if not images:
        return []
    return [
        f"service checks start companion containers ({', '.join(images)}); missing images are "
        "pulled (--no-companions runs the checks without companions)"
    ]


def expectation_of(
    variant: Variant, platform: Platform, platforms: tuple[Platform, ...], *, python: str = ""
) -> Expectation:
    """Return what is expected of an image of one of OpenHQM's variants."""
    return ExpectationResolver((shipped_checks(),), python).of(variant.name, platform, platforms)
