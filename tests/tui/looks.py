"""Taking a picture of the console in a made world, for the snapshot tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.widgets import Input

from tests.tui import folders
from tests.tui.conftest import World, settle

SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)


# Looks that must be alike, and seconds between two: what threads and timers still bring is drawn.
_ALIKE, _BETWEEN = 4, 0.06


async def stand_still(pilot: Any) -> None:
    """Wait until the screen has stopped changing."""
    alike, last = 0, None
    for _ in range(100):
        await pilot.pause(_BETWEEN)
        # A picture of it would cost as much as all else in a test.
        now = pilot.app.screen._compositor.render_strips()
        alike, last = (alike + 1 if now == last else 0), now
        if alike == _ALIKE:
            return
    raise AssertionError("the screen never stands still")


def look(
    snap_compare: Any,
    world: World,
    keys: Sequence[str],
    size: tuple[int, int] = SMALL,
    *,
    made: folders.Made | None = None,
    opened: bool = False,
    **app: Any,
) -> bool:
    """Press `keys` in a console over `world` and compare what is on screen with the last time.

    `made` is a run in the making, let go of afterwards; `opened` opens the console on it.
    """

    troubles: list[BaseException] = []

    async def before(pilot: Any) -> None:
        # Whoever takes the picture would swallow what is raised here, and take an empty one.
        try:
            await settle(pilot)
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            # A focus that was set in the dark is drawn again.
            pilot.app.screen.set_focus(pilot.app.focused)
            for field in pilot.app.screen.query(Input):
                field.cursor_blink = False
            # Textual lays out nothing under a dialog, where a thread may have told news meanwhile.
            for below in pilot.app.screen_stack[:-1]:
                below._refresh_layout()
            await stand_still(pilot)
        except BaseException as trouble:
            troubles.append(trouble)
            raise

    console = world.app(made.run if made is not None and opened else None, **app)
    try:
        alike = bool(snap_compare(console, terminal_size=size, run_before=before))
        if troubles:
            raise troubles[0]
        return alike
    finally:
        if made is not None:
            made.release()
