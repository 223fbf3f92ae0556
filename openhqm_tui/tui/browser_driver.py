"""Textual's web driver, which ends the console when its browser or server is gone."""

from __future__ import annotations

from textual import messages
from textual.drivers.web_driver import WebDriver


class ServedDriver(WebDriver):
    """Exits when the input ends, which means that the server is gone."""

    def run_input_thread(self) -> None:
        """Read the server's input until it ends."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())
