"""Whether a run's tags may move: only what is proved is published."""

from __future__ import annotations

from collections.abc import Iterable

from openhqm_tui.domain.checks.verdict import Answer, proved, worst
from openhqm_tui.domain.run.events import Outcome, ReadBack
from openhqm_tui.domain.run.state import LaneState, RunState

_MOST_NAMED = 3


def unproved(state: RunState) -> str:
    """Say which images aren't proved, so that nothing may be pushed; '' where all may be.

    Where what is unknown was allowed, only what fails, or was never asked, holds the push back.
    """
    lanes = [lane for lane in state.lanes if not _stands(lane)]
    if state.info.allow_unknown:
        lanes = [lane for lane in lanes if not _is_only_unknown(lane)]
    return _told(lanes, "not proved")


def let_through(state: RunState) -> str:
    """Say which images are pushed although they aren't proved, since that was allowed; or ''."""
    if not state.info.allow_unknown or unproved(state):
        return ""
    return _told(
        [lane for lane in state.lanes if not _stands(lane)], "not proved, only not refuted"
    )


def held_words(held: ReadBack) -> str:
    """Return what a registry holds under a tag: `index sha256:…, 2 platforms`."""
    if not held.is_index:
        return f"image {held.digest}"
    count = len(held.images)
    words = f"index {held.digest}, {count} platform{'' if count == 1 else 's'}"
    if held.attestations:
        words += f", {held.attestations} attestation{'' if held.attestations == 1 else 's'}"
    return words


def _stands(lane: LaneState) -> bool:
    return _has_digest(lane) and proved(lane.verdicts)


def _is_only_unknown(lane: LaneState) -> bool:
    asked = bool(lane.verdicts)
    return _has_digest(lane) and asked and worst(lane.verdicts) is Answer.UNKNOWN


def _has_digest(lane: LaneState) -> bool:
    # Without the digest nobody can tell later whether a tag names what was proved.
    return lane.target.outcome is Outcome.PASSED and bool(lane.target.digest)


def _told(lanes: Iterable[LaneState], how: str) -> str:
    names = [" ".join(lane.key) for lane in lanes]
    if not names:
        return ""
    named = ", ".join(names[:_MOST_NAMED])
    if (more := len(names) - _MOST_NAMED) > 0:
        named += f" and {more} more"
    return f"{named} {'is' if len(names) == 1 else 'are'} {how}"
