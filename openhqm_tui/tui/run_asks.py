"""What can be asked of a run now, and asking it: of which target, which lane, if at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from openhqm_tui.domain.retrying import can_resume, can_retry, to_retry
from openhqm_tui.domain.status import Status
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.tui.digests import has_digest
from openhqm_tui.tui.screens.dialogs import Ask

if TYPE_CHECKING:
    from openhqm_tui.domain.state import RunState, TargetState
    from openhqm_tui.tui.app import ConsoleApp
    from openhqm_tui.tui.lane_order import LaneKey

_OF_A_RUN = {
    *("cancel_target", "cancel_run", "retry_target", "retry_all", "resume"),
    *("page", "order", "own_log", "page_log", "digest", "zoom", "steps"),
}
# What is about the lanes, where their steps stand in their place.
LANES_ONLY = frozenset({"page", "order", "own_log", "zoom"})
_GREY_WITHOUT_RUN = {"zoom", "steps", "page_log", "own_log", "order"}


def possible(
    action: str,
    state: RunState | None,
    target: TargetState | None,
    *,
    live: bool,
    pages: int,
    zoomed: bool,
) -> bool | None:
    """Tell whether an action of the Run place makes sense now; None: shown, but greyed out."""
    if action not in _OF_A_RUN:
        return True
    if state is None or target is None:
        return None if action in _GREY_WITHOUT_RUN else False
    match action:
        case "cancel_run":
            return live
        case "cancel_target":
            over = target.status.is_over or target.cancel_asked
            return (None if over else True) if live else False
        case "retry_all":
            return bool(to_retry(state))
        case "resume":
            return not live and can_resume(state)
        case "retry_target":
            return (can_retry(target) or None) if to_retry(state) else False
        case "page":
            return pages > 1
        case "order":
            return (pages > 1 and not zoomed) or None
        case "page_log":
            return bool(target.attempt) or None
        case "digest":
            return has_digest(target)
    return True


def cancel(app: ConsoleApp, target: str) -> None:
    """Ask whether to stop a target, or with no name the run, and see that it is done."""
    if app.replays.refuses():
        return
    if target:
        title, text, stop = f"Stop {target}?", "The other targets go on.", "Stop it"
    else:
        title, text = "Stop the whole run?", "Targets that are built already are kept."
        stop = "Stop all"

    def answered(answer: str | None) -> None:
        # It may have ended by itself while the person thought.
        if answer == "stop" and app.run_is_live:
            app.ask_run(Request("cancel", target))
            app.notify(f"stopping {target or 'the run'}…", markup=False, timeout=4)

    question = Ask(title, Content(text), [("stop", stop), ("no", "Let it go on")])
    app.push_screen(question, answered)


def retry(app: ConsoleApp, targets: list[str]) -> None:
    """Have targets built once more."""
    if app.replays.refuses():
        return
    app.ask_run(*(Request("retry", target) for target in targets))
    app.notify(f"once more: {', '.join(targets)}", markup=False, timeout=4)


def resume(app: ConsoleApp, run: RunFolder | None = None) -> None:
    """Have a run go on that was cut off or cancelled: the open one if no other is named."""
    if run in {None, app.run_folder} and app.replays.refuses():
        return
    app.ask_run(Request("resume"), run=run)
    app.notify("resuming what was cut off or cancelled…", markup=False, timeout=4)


def cancel_all(app: ConsoleApp, run: RunFolder) -> None:
    """Ask whether to stop a run that isn't the open one, and see that it is done."""

    def answered(answer: str | None) -> None:
        if answer == "stop":
            app.ask_run(Request("cancel"), run=run)
            app.notify(f"stopping run {run.path.name}…", markup=False, timeout=4)

    text = Content("Targets that are built already are kept.")
    answers = [("stop", "Stop all"), ("no", "Let it go on")]
    app.push_screen(Ask(f"Stop run {run.path.name}?", text, answers), answered)


def first_lane(state: RunState, target: str) -> LaneKey | None:
    """Return the lane of a target to look at first: the one that failed, if any."""
    found = state.targets.get(target)
    lanes = list(found.lanes.values()) if found else []
    failed = (lane for lane in lanes if lane.status is Status.FAILED)
    lane = next(failed, lanes[0] if lanes else None)
    return lane.key if lane else None
