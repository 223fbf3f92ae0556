"""What is built and checked at the same time, and what has to run alone."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from openhqm_tui.domain.checks.evidence import SeenImage
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.engine.docker.images import ImageUnknown
from openhqm_tui.run.checks.lane import Checked, Documents, check_lane, check_service_again
from openhqm_tui.run.checks.layer_reader import LayerReader


class Workload:
    """The builds and checks that run at the same time, so that a service can also run alone."""

    def __init__(self) -> None:
        self._pending = self._working = self._begun = 0
        self._idle = asyncio.Event()
        self._turn = asyncio.Lock()
        self._layers = LayerReader()
        # A container that starts Python is CPU-bound: more of them than cores only wait longer.
        self._slots = asyncio.Semaphore(max(1, os.cpu_count() or 1))

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Count as running."""
        with self._counted_as_pending(), self._counted_as_working():
            yield

    async def check(
        self,
        name: str,
        reference: str,
        expected: Expectation,
        index: list[SeenImage] | ImageUnknown,
        *,
        started: Callable[[], object] = lambda: None,
        notify: Callable[[str], object],
        documents: Documents,
        **ask: Any,
    ) -> Checked:
        """Check an image as `check_lane` does, as soon as a processor is free.

        If its service may have failed only because of what ran meanwhile, it is started again when
        nothing else is running; `notify` receives a line about it with the image's `name`.
        """
        with self._counted_as_pending():
            self._layers.announce(reference, str(expected.platform))
            async with self._slots:
                started()
                with self._counted_as_working() as had_company:
                    checked = await check_lane(
                        reference, expected, index, self._layers, documents=documents, **ask
                    )
                    disturbed = had_company()
        if not checked.overload_possible or not disturbed:
            return checked
        words = f"the service of {name} failed while other images were being built or checked"
        notify(f"{words}; it will run again when nothing else is running")
        async with self._alone():
            return await check_service_again(reference, expected, checked, **ask)

    @contextlib.contextmanager
    def _counted_as_pending(self) -> Iterator[None]:
        self._pending += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._pending -= 1
            if not self._pending:
                self._idle.set()

    @contextlib.contextmanager
    def _counted_as_working(self) -> Iterator[Callable[[], bool]]:
        """Yield a function that returns whether anything else was working in the meantime."""
        self._begun += 1
        begun, had_company = self._begun, self._working > 0
        self._working += 1
        try:
            yield lambda: had_company or self._begun > begun
        finally:
            self._working -= 1

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Wait until nothing else is pending; what is started after that doesn't wait."""
        async with self._turn:
            while self._pending:
                await self._idle.wait()
                # The checks of a target that was just built are about to start.
                await asyncio.sleep(0)
            with self.busy():
                yield
