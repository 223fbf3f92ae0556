"""A command that is told to end ends as by Ctrl-C: what it had made for a while is taken away."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Make SIGTERM and SIGHUP what SIGINT is: a KeyboardInterrupt."""
    both = (signal.SIGTERM, signal.SIGHUP)
    before = {means: signal.signal(means, signal.default_int_handler) for means in both}
    try:
        yield
    finally:
        for means, handler in before.items():
            signal.signal(means, handler)
