"""Copying for people: through the terminal, and the system's clipboard where there is one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.dom import DOMNode

if TYPE_CHECKING:
    from openhqm_tui.tui.app import ConsoleApp


def copy(node: DOMNode, text: str, what: str) -> None:
    """Copy `text` and say that `what` was copied.

    OSC 52 reaches the person's own terminal, over ssh too; not every terminal takes it, hence
    the system's clipboard as well.
    """
    app = cast("ConsoleApp", node.app)
    app.copy_to_clipboard(text)
    if not app.is_web:
        # In a browser the system's clipboard would be that of whoever sits at the server.
        copying = partial(app.services.copy, text)
        app.run_worker(copying, thread=True, group="copy", exit_on_error=False)
    app.notify(f"{what} copied", markup=False, timeout=3)
