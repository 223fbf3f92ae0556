"""Pushes a target's tags once everything is verified; Docker has the credentials."""

from __future__ import annotations

import asyncio
import os
import re
import time

from openhqm_tui.domain.failures.digest import is_about_trust, push_failure
from openhqm_tui.domain.plan.bake import repository_of
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.published import difference, read_published
from openhqm_tui.domain.run.state import TargetState
from openhqm_tui.engine.docker.images import (
    ImageUnknown,
    push_command,
    read_back_command,
    read_distribution,
    tag_command,
)
from openhqm_tui.run.checks.lane import index_of
from openhqm_tui.run.process import GroupProcess, run_bounded
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.store.run_folder import RunFolder

_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
# Seconds for one small request; bytes, more than any index needs.
_READ_BACK_PATIENCE = 120.0
_MOST_BYTES = 4 << 20


class Pushes:
    """Pushes the images of one run, and records it in the journal."""

    def __init__(self, folder: RunFolder, journal: JournalWriter) -> None:
        self._folder = folder
        self._info = folder.info
        self._journal = journal

    async def push_all(self, targets: list[TargetState]) -> None:
        """Push one target after the other, so that layers are shared; stop at the first failure."""
        for target in targets:
            try:
                reason = await self._push(target)
            except asyncio.CancelledError:
                self._record_end(target, Outcome.CANCELLED)
                raise
            except OSError as error:
                reason = str(error)
            self._record_end(target, Outcome.FAILED if reason else Outcome.PASSED, reason)
            if reason:
                return

    def _record_end(self, target: TargetState, outcome: Outcome, reason: str = "") -> None:
        digest = target.digest if outcome is Outcome.PASSED else ""
        self._journal.append(
            events.PushEnded(
                at=time.time(), target=target.name, outcome=outcome, reason=reason, digest=digest
            )
        )

    async def _push(self, target: TargetState) -> str:
        """Push a target's tags and read them back; return why that failed, or ''."""
        push = self._tag_in_registry if self._info.by_digest else self._push_from_store
        self._folder.open_to_write(self._folder.push_log(target.name), empty=True).close()
        for tag in target.info.tags:
            if reason := await push(target, tag) or await self._read_back(target, tag):
                return f"{tag}: {reason}"
        return ""

    async def _push_from_store(self, target: TargetState, tag: str) -> str:
        """Push a tag from the engine's store, with all its platforms."""
        digest, index = await index_of(tag)
        if isinstance(index, ImageUnknown):
            return f"it isn't in the engine's store: {index}"
        if digest != target.digest:
            return "it now names a different image than the verified one: build it again"
        code, said = await self._run(push_command(tag), target)
        if code != 0:
            return push_failure(said, tag)
        found = _DIGEST.findall(said)
        # The tag may have moved meanwhile, or not all platforms were in the store.
        if not found or found[-1] != target.digest:
            has = found[-1] if found else "docker push printed no digest"
            return f"the registry has a different digest than the verified one ({has})"
        return ""

    async def _tag_in_registry(self, target: TargetState, tag: str) -> str:
        """Tag what the registry has under the digest; another registry gets a copy."""
        reference = f"{repository_of(target.info.tags[0])}@{target.digest}"
        code, said = await self._run(tag_command(tag, reference, self._info.builder), target)
        return push_failure(said, tag) if code != 0 else ""

    async def _run(self, command: list[str], target: TargetState) -> tuple[int, str]:
        """Run a push command; return its exit code and its output, which is also logged."""
        log = self._folder.push_log(target.name)
        with self._folder.open_to_write(log) as out:
            start = out.seek(0, os.SEEK_END)
            process = await GroupProcess.start(
                command,
                stderr=out,
                cwd=self._folder.path,
                env=dict(os.environ) | {"DOCKER_CLI_HINTS": "false"},
            )
            try:
                self._journal.append(
                    events.PushStarted(at=time.time(), target=target.name, pid=process.pid)
                )
                code = await process.wait()
            except asyncio.CancelledError:
                await process.stop()
                raise
        return code, self._folder.read(log)[start:].decode("utf-8", "replace")

    async def _read_back(self, target: TargetState, tag: str) -> str:
        """Read from the registry what a tag names; return how it differs from what was verified."""
        command = read_back_command(tag, self._info.builder if self._info.by_digest else "")
        ended = await run_bounded(command, patience=_READ_BACK_PATIENCE, limit=_MOST_BYTES)
        if ended.timed_out:
            return f"pushed, but not read back: no answer in {_READ_BACK_PATIENCE:.0f} s"
        output = ended.err.decode("utf-8", "replace")
        try:
            if ended.code != 0 and is_about_trust(output) and not self._info.by_digest:
                # Only the engine is configured to trust this registry; it has just pushed there.
                seen = await asyncio.to_thread(read_distribution, tag)
            elif ended.code != 0:
                return f"pushed, but not read back: {push_failure(output, tag)}"
            else:
                seen = read_published(ended.out)
        except (ValueError, ImageUnknown) as error:
            return f"pushed, but not read back: {error}"
        self._journal.append(
            events.ReadBack(
                at=time.time(),
                target=target.name,
                name=tag,
                digest=seen.digest,
                is_index=seen.is_index,
                images=seen.images,
                attestations=seen.attestations,
            )
        )
        verified = {str(lane.platform): lane.digest for lane in target.lanes.values()}
        differs = difference(target.digest, verified, seen)
        return f"pushed, but {differs}" if differs else ""
