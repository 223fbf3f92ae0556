"""Which lanes are in sight where not all can be: those in which something happens.

Panes that jump about can't be read, so as few as can be move: a lane that has become quieter
than one out of sight changes places with it, every other stays where it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openhqm_tui.domain.status import Status

_RANKS = {
    Status.FAILED: 0,
    Status.RUNNING: 1,
    Status.CHECKING: 2,
    Status.WAITING: 3,
    Status.UNKNOWN: 4,
    Status.CANCELLED: 5,
}
_QUIET = 6

LaneKey = tuple[str, str]


def begin_busiest_first(standing: Mapping[LaneKey, Status], places: int) -> list[LaneKey]:
    """Return the lanes that nobody has seen yet: in sight the busiest, as the plan orders them."""
    order = busiest_first(list(standing), standing, places)
    seen = set(order[:places])
    return [*(key for key in standing if key in seen), *order[places:]]


def busiest_first(
    order: Sequence[LaneKey], standing: Mapping[LaneKey, Status], places: int
) -> list[LaneKey]:
    """Return `order` with the busiest lanes in its first `places`.

    `standing` tells how every lane stands, in the order of the plan.
    """
    plan = {key: index for index, key in enumerate(standing)}
    ranks = {key: _RANKS.get(status, _QUIET) for key, status in standing.items()}

    def by_rank(key: LaneKey) -> tuple[int, int]:
        return ranks[key], plan[key]

    seen, hidden = list(order[:places]), sorted(order[places:], key=by_rank)
    quietest = sorted(range(len(seen)), key=lambda place: (ranks[seen[place]], place))
    for place in reversed(quietest):
        if not hidden or ranks[hidden[0]] >= ranks[seen[place]]:
            break
        seen[place], hidden = hidden[0], [*hidden[1:], seen[place]]
    return [*seen, *sorted(hidden, key=by_rank)]
