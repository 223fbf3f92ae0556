"""What to show at the start: a run in progress, or an interrupted one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from openhqm_tui.domain.formatting import count_text, recent_time_text
from openhqm_tui.domain.text import one_line
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.tui.widgets.dialogs import ChooseRun, QuestionDialog

if TYPE_CHECKING:
    from openhqm_tui.tui.core.session import Session
    from openhqm_tui.tui.history.past_runs import PastRun

# An interrupted run is offered for resuming if its last output is at most this old, in seconds.
_RECENT = 86400.0


def cut_off(runs: Sequence[PastRun], now: float) -> PastRun | None:
    """Return the latest run if it was interrupted recently; `runs` latest first."""
    latest = runs[0] if runs else None
    if (
        latest is None
        or not latest.interrupted
        or latest.folder.is_imported
        or now - latest.last > _RECENT
    ):
        return None
    return latest


async def offer_runs(session: Session, runs: Sequence[PastRun]) -> None:
    """Open the run in progress (ask if several), or offer to resume the latest."""
    live = [run for run in runs if run.live]
    latest = cut_off(runs, session.backend.now())
    if len(session.app.screen_stack) > 1 and (live or latest):
        words = (
            f"{count_text(len(live), 'run')} in progress"
            if live
            else "the latest run was interrupted"
        )
        session.app.notify(f"{words}: see History (4)", markup=False)
    elif len(live) == 1:
        await _open(session, live[0].folder)
        others = "; other runs are in History (4)" if len(runs) > 1 else ""
        at = recent_time_text(live[0].created, session.backend.now())
        session.app.notify(f"opened the run in progress (started {at}){others}", markup=False)
    elif live:
        _choose(session, live)
    elif latest is not None:
        _offer(session, latest)


def _choose(session: Session, live: Sequence[PastRun]) -> None:
    async def chosen(run: PastRun | None) -> None:
        if run is not None:
            await _open(session, run.folder)

    session.app.push_screen(ChooseRun(live, session.backend.now()), chosen)


def _offer(session: Session, run: PastRun) -> None:
    left = [name for name in run.targets if name not in run.ended]
    unfinished = f" Unfinished: {one_line(', '.join(left), 200)}." if left else ""
    text = Content(
        f"The runner died ({recent_time_text(run.last, session.backend.now())}).{unfinished} "
        "Resuming stops builds that are still running in Docker and builds the rest; "
        "finished steps come from the cache."
    )
    resume = [] if session.backend.read_only else [("resume", "Resume")]
    answers = [*resume, ("look", "Open"), ("leave", "Cancel")]

    async def answered(answer: str | None) -> None:
        if answer in {"resume", "look"}:
            await _open(session, run.folder)
        if answer == "resume":
            session.ask_run(Request("resume"))

    title = (
        f"Run {run.folder.path.name} was interrupted with {run.over} of {len(run.targets)} targets "
        f"done.{' Resume it?' if resume else ''}"
    )
    session.app.push_screen(QuestionDialog(title, text, answers), answered)


async def _open(session: Session, run: RunFolder) -> None:
    """Open a run and show it, unless the user has switched screens."""
    if session.open_run(run) and session.app.current_mode == "plan":
        await session.app.switch_mode("run")
