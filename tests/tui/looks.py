"""Snapshots of the console over a made-up world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.widgets import Input

from tests.tui import folders
from tests.tui.conftest import World, settle

SMALL, MIDDLE, LARGE = (80, 24), (120, 40), (200, 60)


# Equal frames in a row, and seconds between them, so that threads and timers have finished.
_ALIKE, _BETWEEN = 4, 0.06


async def wait_until_unchanged(pilot: Any) -> None:
    """Wait until the screen has stopped changing."""
    alike, last = 0, None
    for _ in range(100):
        await pilot.pause(_BETWEEN)
        # A screenshot would take as long as the rest of the test.
        now = pilot.app.screen._compositor.render_strips()
        alike, last = (alike + 1 if now == last else 0), now
        if alike == _ALIKE:
            return
    raise AssertionError("the screen never stops changing")


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
    """Press `keys` in a console over `world` and compare the screen with its snapshot.

    `made` is a live run, released afterwards; `opened` opens the console on it.
    """

    errors: list[BaseException] = []

    async def before(pilot: Any) -> None:
        # The snapshot plugin would swallow an exception and take an empty screenshot.
        try:
            await settle(pilot)
            for key in keys:
                await pilot.press(key)
                await settle(pilot)
            # Draw a focus again that was set while hidden.
            pilot.app.screen.set_focus(pilot.app.focused)
            for field in pilot.app.screen.query(Input):
                field.cursor_blink = False
            # Textual lays out nothing under a dialog, where a thread may have changed something.
            for below in pilot.app.screen_stack[:-1]:
                below._refresh_layout()
            await wait_until_unchanged(pilot)
        except BaseException as error:
            errors.append(error)
            raise

    console = world.app(made.run if made is not None and opened else None, **app)
    try:
        alike = bool(snap_compare(console, terminal_size=size, run_before=before))
        if errors:
            raise errors[0]
        return alike
    finally:
        if made is not None:
            made.release()
