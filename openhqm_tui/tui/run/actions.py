"""Cancel, retry and resume from the console, and the full log in a pager."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported
from textual.content import Content

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.run.decisions import can_resume, can_retry, to_retry
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.run.runner.text_log import whole_log
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.tui.core.labels import path_words
from openhqm_tui.tui.run.failure_panel import has_failure
from openhqm_tui.tui.widgets.dialogs import QuestionDialog

if TYPE_CHECKING:
    from openhqm_tui.domain.run.state import RunState
    from openhqm_tui.tui.core.session import Session


_OF_A_RUN = {
    *("cancel_target", "cancel_run", "retry_target", "retry_all", "resume"),
    *("page", "order", "own_log", "page_log", "digest", "zoom", "grid", "steps"),
}
# Actions about panes, unavailable while steps are shown instead.
LANES_ONLY = frozenset({"page", "order", "own_log", "zoom"})
_GREY_WITHOUT_RUN = {"zoom", "grid", "steps", "page_log", "own_log", "order"}


def possible(
    action: str,
    state: RunState | None,
    target: TargetState | None,
    *,
    live: bool,
    pages: int,
    zoomed: bool,
) -> bool | None:
    """Return whether an action of the Run screen is available; None: shown, but grayed out."""
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
            return has_failure(target)
    return True


def cancel(session: Session, target: str) -> None:
    """Cancel a target, or the run without a name, after confirmation."""
    if session.replay.refuses():
        return
    if target:
        title, text, stop = (
            f"Cancel {target}?",
            "The other targets aren't affected.",
            "Cancel target",
        )
    else:
        state = session.run_state
        text = kept_images_text(test_only=state is not None and state.info.test_only)
        title, stop = "Cancel the run?", "Cancel run"

    def answered(answer: str | None) -> None:
        # It may have ended during the dialog.
        if answer == "stop" and session.run_is_live:
            session.ask_run(Request("cancel", target))
            session.app.notify(f"cancelling {target or 'the run'}…", markup=False, timeout=4)

    question = QuestionDialog(title, Content(text), [("stop", stop), ("no", "Keep running")])
    session.app.push_screen(question, answered)


def kept_images_text(*, test_only: bool) -> str:
    """Return what happens to the images of a run that is cancelled."""
    if test_only:
        return "The run is test only: no images are kept."
    return "Images that are already built are kept."


def retry(session: Session, targets: list[str]) -> None:
    """Rebuild targets."""
    if session.replay.refuses():
        return
    session.ask_run(*(Request("retry", target) for target in targets))
    session.app.notify(f"retrying {', '.join(targets)}", markup=False, timeout=4)


def resume(session: Session, run: RunFolder | None = None) -> None:
    """Resume an interrupted or cancelled run, by default the open one."""
    if run in {None, session.run_folder} and session.replay.refuses():
        return
    session.ask_run(Request("resume"), run=run)
    session.app.notify("resuming…", markup=False, timeout=4)


def cancel_all(session: Session, run: RunFolder, *, test_only: bool) -> None:
    """Cancel a run other than the open one after confirmation."""

    def answered(answer: str | None) -> None:
        if answer == "stop":
            session.ask_run(Request("cancel"), run=run)
            session.app.notify(f"cancelling run {run.path.name}…", markup=False, timeout=4)

    text = Content(kept_images_text(test_only=test_only))
    answers = [("stop", "Cancel run"), ("no", "Keep running")]
    session.app.push_screen(QuestionDialog(f"Cancel run {run.path.name}?", text, answers), answered)


async def page_log(session: Session, folder: RunFolder, target: TargetState) -> None:
    """Show a target's log in a pager; without one, notify where the log is."""
    try:
        file, passing = await asyncio.to_thread(whole_log, folder, target)
    except OSError as error:
        words = f"can't write the log ({error.strerror})"
        session.app.notify(words, severity="error", markup=False)
        return
    problem = _show(session, file)
    if problem:
        words = f"{problem}; the log is in {path_words(file)}"
        session.app.notify(words, severity="warning", markup=False, timeout=10)
    elif passing:
        await asyncio.to_thread(shutil.rmtree, file.parent, ignore_errors=True)


def _show(session: Session, file: Path) -> str:
    """Run the pager in the terminal; return why it can't, or ''."""
    try:
        with session.app.suspend():
            session.backend.page(file)
    except SuspendNotSupported:
        return (
            "a pager is not available in a browser"
            if session.app.is_web
            else "a pager is not available in this terminal"
        )
    except Problem as problem:
        return str(problem)
    return ""
