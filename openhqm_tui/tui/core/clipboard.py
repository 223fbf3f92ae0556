"""Copying to the terminal's clipboard and to the system's."""

from __future__ import annotations

from functools import partial

from textual.dom import DOMNode

from openhqm_tui.tui.core.session import session_of


def copy(node: DOMNode, text: str, what: str) -> None:
    """Copy `text` and notify that `what` was copied.

    OSC 52 reaches the person's own terminal, over ssh too; not every terminal supports it, hence
    the system's clipboard as well.
    """
    app = node.app
    app.copy_to_clipboard(text)
    if not app.is_web:
        # In a browser, the system's clipboard would be the server's.
        copying = partial(session_of(node).backend.copy, text)
        app.run_worker(copying, thread=True, group="copy", exit_on_error=False)
    app.notify(f"{what} copied", markup=False, timeout=3)
