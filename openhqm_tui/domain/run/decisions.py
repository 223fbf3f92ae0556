"""What follows from a run's state: what to retry, what may be pushed, how it is shown."""

from __future__ import annotations

from collections.abc import Iterable

from openhqm_tui.domain.checks.verdict import Answer, is_verified, worst
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.run.counts import StatusFacts
from openhqm_tui.domain.run.events import Outcome, ReadBack
from openhqm_tui.domain.run.state import LaneState, RunState, TargetState
from openhqm_tui.domain.run.status import (
    CHECK_FAILED,
    CUT_OFF,
    NOT_STARTED,
    STATUS_TEXTS,
    STOPPED,
    Status,
    StatusText,
)

_RETRIED = {Status.FAILED, Status.CANCELLED, Status.UNKNOWN}


def _is_wanted(target: TargetState) -> bool:
    """Return whether rebuilding a target may help; not if it is pushed."""
    pushed = target.status is Status.UNKNOWN and target.pushed is Outcome.PASSED
    return target.status in _RETRIED and not pushed


def can_retry(target: TargetState) -> bool:
    """Return whether rebuilding a target, or repeating only its push, makes sense."""
    return _is_wanted(target) or push_failed(target)


def push_failed(target: TargetState) -> bool:
    """Return whether a target's images are verified and only its push must be repeated."""
    allowed = target.status is Status.UNKNOWN and target.run.info.allow_unknown
    verified = target.status is Status.PASSED or allowed
    return verified and target.pushed in {Outcome.FAILED, Outcome.CANCELLED}


def to_retry(state: RunState) -> list[str]:
    """Return the targets to rebuild: failed, stopped or not verified."""
    return [target.name for target in state.targets.values() if can_retry(target)]


def can_resume(state: RunState) -> bool:
    """Return whether a run that isn't being executed has interrupted or cancelled targets."""
    # A lane of a failed target was stopped because of the failure.
    lanes = state.counts.lanes
    statuses = {facts.status for facts in lanes if facts.outcome is not Outcome.FAILED}
    statuses |= {facts.status for facts in state.counts.targets}
    return state.interrupted or (not state.in_progress and Status.CANCELLED in statuses)


def was_cut_off(standing: TargetState | LaneState) -> bool:
    """Return whether a target or lane ended because its runner died, not by cancelling."""
    target = standing.target if isinstance(standing, LaneState) else standing
    return target.run.interrupted and _is_cut_off(standing.facts)


def _is_cut_off(facts: StatusFacts) -> bool:
    # A lane of a failed target was stopped because of the failure.
    ended = facts.outcome in {Outcome.CANCELLED, Outcome.FAILED}
    return facts.status is Status.CANCELLED and not ended


def ended(state: RunState) -> list[str]:
    """Return the targets of a run that ended, with any outcome."""
    targets = state.targets.values()
    return [target.name for target in targets if target.status.is_over and not was_cut_off(target)]


def ended_count(state: RunState) -> int:
    """Return the number of targets that ended, with any outcome."""
    return sum(
        number
        for facts, number in state.counts.targets.items()
        if facts.status.is_over and not (state.interrupted and _is_cut_off(facts))
    )


def failed_count(state: RunState) -> int:
    """Return the number of targets that failed."""
    targets = state.counts.targets.items()
    return sum(number for facts, number in targets if facts.status is Status.FAILED)


def status_text(standing: TargetState | LaneState) -> StatusText:
    """Return how a target or lane is shown.

    "Cancelled" excludes what ended with its runner, and what BuildKit stopped after a failure.
    """
    target = standing.target if isinstance(standing, LaneState) else standing
    return text_of(standing.facts, interrupted=target.run.interrupted)


def text_of(facts: StatusFacts, *, interrupted: bool) -> StatusText:
    """Return how a target or lane with these facts is shown."""
    if interrupted and _is_cut_off(facts):
        return CUT_OFF if facts.begun else NOT_STARTED
    if facts.status is Status.CANCELLED and facts.outcome is Outcome.FAILED:
        return STOPPED
    return STATUS_TEXTS[facts.status]


def result_text(lane: LaneState) -> StatusText:
    """Return how a lane is shown in a summary, which distinguishes failed checks and builds."""
    if lane.status is Status.FAILED and lane.verdicts:
        return CHECK_FAILED
    return status_text(lane)


def images(state: RunState) -> list[LaneState]:
    """Return the lanes of a run that are images, not parts of artifacts."""
    return [lane for lane in state.lanes if not lane.target.info.artifacts]


def products_text(state: RunState) -> str:
    """Return how many images and artifacts a run has: `5 images, 2 artifacts`."""
    artifacts = sum(bool(target.info.artifacts) for target in state.targets.values())
    words = count_text(artifacts, "artifact") if artifacts else ""
    found = images(state)
    return ", ".join(filter(None, (count_text(len(found), "image") if found else "", words)))


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
    if lane.target.info.artifacts:
        return lane.target.outcome is Outcome.PASSED
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
