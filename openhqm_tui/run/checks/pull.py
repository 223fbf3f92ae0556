"""Images that a remote builder pushed by digest: pulled to be checked here."""

from __future__ import annotations

import asyncio
import time

from openhqm_tui.domain.failures.rules import push_failure
from openhqm_tui.domain.plan.bake import repository_of
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.engine.docker.images import ImageUnknown, platforms_here
from openhqm_tui.engine.docker.registry import pull_command
from openhqm_tui.run.process import run_bounded
from openhqm_tui.run.runner.journal import JournalWriter

# Seconds for one image; a slow network needs long for a large one.
_PATIENCE = 1800.0
_AT_ONCE = 2


class Pulls:
    """Pulls the images of one run's targets, each platform by the digest of its index."""

    def __init__(self, journal: JournalWriter) -> None:
        self._journal = journal
        self._slots = asyncio.Semaphore(_AT_ONCE)
        # Lanes of a target that are checked concurrently pull it once.
        self._locks: dict[str, asyncio.Lock] = {}

    async def fetch(self, target: TargetState) -> str:
        """Pull a target's missing images; return why that failed, or ''."""
        reference = f"{repository_of(target.info.tags[0])}@{target.digest}"
        async with self._locks.setdefault(target.name, asyncio.Lock()):
            try:
                here = await asyncio.to_thread(platforms_here, reference)
            except ImageUnknown as error:
                return str(error)
            missing = [p for p in target.info.platforms if p not in here]
            # An image that was there before must not be removed with those we pulled.
            kept = bool(here) and reference not in self._journal.state.pulled
            for platform in missing:
                # Recorded first, so that it can be removed even if this runner dies.
                self._journal.append(
                    events.ImagePulled(
                        at=time.time(),
                        target=target.name,
                        platform=platform,
                        reference=reference,
                        kept=kept,
                    )
                )
                if reason := await self._pull(reference, platform):
                    return reason
        return ""

    async def _pull(self, reference: str, platform: str) -> str:
        async with self._slots:
            ended = await run_bounded(pull_command(reference, platform), patience=_PATIENCE)
        if ended.timed_out:
            return f"{platform} can't be pulled: not finished in {_PATIENCE:.0f} s"
        if ended.code != 0:
            output = ended.err.decode("utf-8", "replace")
            return f"{platform} can't be pulled: {push_failure(output, reference)}"
        return ""
