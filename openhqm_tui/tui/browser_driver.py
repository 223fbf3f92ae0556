"""The console's driver in a browser: Textual's own, that ends when nobody is there any more."""

from __future__ import annotations

from textual import messages
from textual.drivers.web_driver import WebDriver


class ServedDriver(WebDriver):
    """Leaves the console when its input is over: the server that fed it is gone."""

    def run_input_thread(self) -> None:
        """Take what the server hands on, to the end."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())
