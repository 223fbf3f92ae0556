"""Handling of signals that end a command, so that its temporary files are removed."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise KeyboardInterrupt for SIGTERM and SIGHUP, as for SIGINT."""
    both = (signal.SIGTERM, signal.SIGHUP)
    before = {means: signal.signal(means, signal.default_int_handler) for means in both}
    try:
        yield
    finally:
        for means, handler in before.items():
            signal.signal(means, handler)
