"""Why a target failed, or isn't proved, and what there is to know it by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from openhqm_tui.domain.failures import Failure, failed_checks, failure_of, unproved
from openhqm_tui.domain.journal import Outcome
from openhqm_tui.tui.words import path_words

if TYPE_CHECKING:
    from openhqm_tui.domain.state import TargetState
    from openhqm_tui.store.run_folder import RunFolder


def has_digest(target: TargetState) -> bool:
    """Tell whether there is something to say about why a target failed, or isn't proved."""
    if not target.status.is_over:
        return False
    failed = target.outcome is Outcome.FAILED
    return failed or any(failed_checks(lane) for lane in target.lanes.values())


def digest_of(target: TargetState | None, folder: RunFolder | None) -> Failure | None:
    """Return why a target failed, or isn't proved, with the whole path of its log."""
    if target is None or not has_digest(target):
        return None
    failure = failure_of(target) or unproved(target)
    if failure is not None and failure.log_file and folder is not None:
        log = path_words(folder.path / failure.log_file)
        failure = msgspec.structs.replace(failure, log_file=log)
    return failure
