"""What libraries log: a line each for people, no traceback, and nothing of every request."""

from __future__ import annotations

import logging
from collections.abc import Callable

_OF_REQUESTS = ("aiohttp.access", "aiohttp.client")


class _Line(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Tell what went wrong; what was sent to us stays out of it."""
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage() if error is None else f"{record.msg} ({type(error).__name__})"
        self._say(text.replace("%s", "a browser"))


def quieten(say: Callable[[str], None]) -> None:
    """Have the libraries' warnings told by `say`, in place of whatever else shows them."""
    root = logging.getLogger()
    root.handlers = [_Line(say)]
    for name in _OF_REQUESTS:
        logging.getLogger(name).disabled = True
