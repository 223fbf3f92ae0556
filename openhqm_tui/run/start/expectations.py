"""The expectations for the images of a run: bundled data, the project's file, the command line."""

from __future__ import annotations

import msgspec

from openhqm_tui.domain.checks.config_file import ChecksFile, expectation_for, unmatched
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.plan.bake import Source, SourceKind, Variant
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.store.checks_files import shipped_checks


class ExpectationResolver(msgspec.Struct, frozen=True):
    """The checks files that define the expectations; later ones override earlier ones."""

    files: tuple[ChecksFile, ...] = ()
    python: str = ""

    def of(self, target: str, platform: Platform, platforms: tuple[Platform, ...]) -> Expectation:
        """Return what is expected of a target's image on one of its platforms."""
        return expectation_for(self.files, target, platform, platforms, python=self.python)


def measure_for(source: Source, own: ChecksFile | None, *, python: str) -> ExpectationResolver:
    """Return the expectations for the images of a source; `own` is the project's file."""
    named = () if own is None else (own,)
    match source.kind:
        case SourceKind.BAKE:
            # Our flags don't decide which Python a bake file builds with.
            return ExpectationResolver(named)
        case SourceKind.CHECKOUT:
            ours = (shipped_checks(), shipped_checks("own-dockerfile"))
            return ExpectationResolver((*ours, *named), python)
        case SourceKind.BUNDLED:
            return ExpectationResolver((shipped_checks(), *named), python)


def idle_tables(source: Source, own: ChecksFile | None) -> list[str]:
    """Return a warning for every table of the project's file that no target matches."""
    return [] if own is None else unmatched(own, [variant.name for variant in source.variants])


def expectation_of(
    variant: Variant, platform: Platform, platforms: tuple[Platform, ...], *, python: str = ""
) -> Expectation:
    """Return what is expected of an image of one of OpenHQM's variants."""
    return ExpectationResolver((shipped_checks(),), python).of(variant.name, platform, platforms)
