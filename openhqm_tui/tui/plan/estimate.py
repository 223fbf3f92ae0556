"""How long what is chosen would take, by what was built before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from openhqm_tui.domain.history.estimate import (
    Estimate,
    EstimateRequest,
    Sample,
    before_start,
    place_of,
    together,
)
from openhqm_tui.domain.secrets.redact import masked

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.domain.platforms import Platform


class PlanEstimator:
    """How long what is chosen would take, by what was built of a source on this machine."""

    def __init__(self, samples: list[Sample], source: Source, host: str, *, check: bool) -> None:
        self._samples = samples
        self._place = place_of(
            source.kind.value, masked(source.context), masked(source.dockerfile or source.bake_file)
        )
        self._host = host
        self._check = check

    def whole(self, order: BuildOptions) -> Estimate | None:
        """Return how long all of it takes; None: unknown."""
        rows = order.selection.items()
        return together([self._of(order, *row) for row in rows], order.jobs, push=order.push)

    def cells(
        self, order: BuildOptions, variant: str, platforms: Iterable[Platform]
    ) -> Mapping[Platform, Estimate]:
        """Return how long each image of a variant takes, where that is known."""
        guesses = {platform: self._of(order, variant, (platform,)) for platform in platforms}
        return {platform: guess for platform, guess in guesses.items() if guess is not None}

    def _of(
        self, order: BuildOptions, variant: str, platforms: tuple[Platform, ...]
    ) -> Estimate | None:
        many = max(1, len(order.selection))
        wants = EstimateRequest(
            variant=variant,
            platforms=tuple(str(platform) for platform in platforms),
            place=self._place,
            host=self._host,
            node=order.builder,
            beside=min(many, order.jobs or many),
        )
        return before_start(self._samples, wants, check=self._check)
