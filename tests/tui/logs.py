"""A run whose first lane has a long log with errors, and accessors for its pane."""

from __future__ import annotations

from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.run.lane_grid import LanePanes
from tests.tui import folders
from tests.tui.conftest import World

LINES = 80
# Wider than any pane in these tests.
WIDE = "wide " + "far " * 80 + "away"


def long_log(world: World) -> folders.Made:
    """Return a live run of one target: 80 lines, errors, 80 lines and a long line."""
    made = folders.Made(world.state, ("redis",)).hold().start().begin("redis", 0.5)
    made.step("redis", "[linux/amd64 deps 1/2] RUN one", 1, 2, log=_numbered("alpha"))
    made.step(
        "redis",
        "[linux/amd64 deps 2/2] RUN bad",
        2,
        3,
        log="error: first\nwarning: not one\nfatal: second\n",
        stream=2,
    )
    made.step("redis", "[linux/amd64 app 1/1] RUN two", 3, log=_numbered("beta") + WIDE + "\n")
    made.step("redis", "[linux/arm64 deps 1/2] RUN one", 3, log=_numbered("gamma"))
    return made


def pane(app: ConsoleApp, number: int = 0) -> LogPane:
    """Return the log of a lane, by default the first."""
    return list(app.screen_stack[0].query_one(LanePanes).panes.values())[number].log_pane


def shown(log: LogPane) -> list[str]:
    """Return the rows of text that a log shows, without margin and scroll bar."""
    return [log.render_line(y).text[1:].rstrip("▐ ") for y in range(log.view.height)]


def foot(log: LogPane) -> str:
    """Return the line below the text, or ''."""
    return log.render_line(log.size.height - 1).text.strip() if log.foot else ""


def counted(log: LogPane) -> str:
    """Return the match counter of a log's search, or ''."""
    return log.search_cursor.counted if log.search_cursor is not None else ""


def here(app: ConsoleApp) -> str:
    """Return the line at the cursor of the first lane."""
    view = pane(app).view
    return "" if view.here is None else view.text_at(view.here)


def _numbered(word: str) -> str:
    return "".join(f"{word} {number}\n" for number in range(LINES))
