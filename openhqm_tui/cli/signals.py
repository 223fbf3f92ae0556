"""Handling of signals that end a command, so that it can still clean up."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Handle SIGTERM and SIGHUP as SIGINT, which raises KeyboardInterrupt even if it was ignored.

    In asyncio.run, SIGINT cancels the main task.
    """
    handlers: dict[signal.Signals, Callable[..., None]] = {
        signal.SIGTERM: _interrupt,
        signal.SIGHUP: _interrupt,
    }
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Shells start background commands (`&`) with SIGINT ignored.
        handlers[signal.SIGINT] = signal.default_int_handler
    before = {means: signal.signal(means, handler) for means, handler in handlers.items()}
    try:
        yield
    finally:
        for means, handler in before.items():
            signal.signal(means, handler)


def _interrupt(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)
