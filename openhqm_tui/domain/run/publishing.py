"""Whether a run may move its tags: only verified images are published."""

from __future__ import annotations

from collections.abc import Iterable

from openhqm_tui.domain.checks.verdict import Answer, is_verified, worst
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.run.events import Outcome, ReadBack
from openhqm_tui.domain.run.state import LaneState, RunState

_MOST_NAMED = 3


def unverified_images(state: RunState) -> str:
    """Return a message that names the images that prevent a push; '' if there are none.

    With `allow_unknown`, only failed and unchecked images prevent it.
    """
    lanes = [lane for lane in state.lanes if not _may_be_pushed(lane)]
    if state.info.allow_unknown:
        lanes = [lane for lane in lanes if not _is_only_unknown(lane)]
    return _message(lanes, "not verified")


def allowed_unknown(state: RunState) -> str:
    """Return a message that names the images pushed with inconclusive checks; '' if none."""
    if not state.info.allow_unknown or unverified_images(state):
        return ""
    return _message(
        [lane for lane in state.lanes if not _may_be_pushed(lane)],
        "not verified: some checks are inconclusive",
    )


def held_words(held: ReadBack) -> str:
    """Describe what a registry holds under a tag: `index sha256:…, 2 platforms`."""
    if not held.is_index:
        return f"image {held.digest}"
    words = f"index {held.digest}, {count_text(len(held.images), 'platform')}"
    if held.attestations:
        words += f", {count_text(held.attestations, 'attestation')}"
    return words


def _may_be_pushed(lane: LaneState) -> bool:
    return _has_digest(lane) and is_verified(lane.verdicts)


def _is_only_unknown(lane: LaneState) -> bool:
    asked = bool(lane.verdicts)
    return _has_digest(lane) and asked and worst(lane.verdicts) is Answer.UNKNOWN


def _has_digest(lane: LaneState) -> bool:
    # Without the digest, a tag can't be compared later with the image that was verified.
    return lane.target.outcome is Outcome.PASSED and bool(lane.target.digest)


def _message(lanes: Iterable[LaneState], how: str) -> str:
    names = [" ".join(lane.key) for lane in lanes]
    if not names:
        return ""
    named = ", ".join(names[:_MOST_NAMED])
    if (more := len(names) - _MOST_NAMED) > 0:
        named += f" and {more} more"
    return f"{named} {'is' if len(names) == 1 else 'are'} {how}"
