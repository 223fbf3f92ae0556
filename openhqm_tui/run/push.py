"""Pushing a target's tags, once all is proved; credentials stay Docker's own."""

from __future__ import annotations

import asyncio
import os
import re
import time

from openhqm_tui.domain import journal
from openhqm_tui.domain.journal import Outcome
from openhqm_tui.domain.push_failures import push_failure
from openhqm_tui.domain.state import RunState, TargetState
from openhqm_tui.domain.verdicts import proved
from openhqm_tui.engine.images import ImageUnknown
from openhqm_tui.run.checks import index_of
from openhqm_tui.run.processes import GroupProcess
from openhqm_tui.run.voice import Voice
from openhqm_tui.store.run_folder import RunFolder

_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})")
_MOST_NAMED = 3


def unproved(state: RunState) -> str:
    """Say which images aren't proved, so that nothing may be pushed; '' where all are."""
    names = [
        " ".join(lane.key)
        for lane in state.lanes
        if lane.target.outcome is not Outcome.PASSED
        # Without the digest nobody can tell later whether a tag names what was proved.
        or not lane.target.digest
        or not proved(lane.verdicts)
    ]
    if not names:
        return ""
    named = ", ".join(names[:_MOST_NAMED])
    if more := len(names) - _MOST_NAMED:
        named += f" and {more} more" if more > 0 else ""
    return f"{named} {'is' if len(names) == 1 else 'are'} not proved"


class Pushes:
    """Pushes what one run has built, and says so in its journal."""

    def __init__(self, folder: RunFolder, voice: Voice) -> None:
        self._folder = folder
        self._voice = voice

    async def push_all(self, targets: list[TargetState]) -> None:
        """Push target after target, so that they find each other's layers; end at a failure."""
        for target in targets:
            try:
                reason, digest = await self._push(target)
            except asyncio.CancelledError:
                self._say_ended(target, Outcome.CANCELLED)
                raise
            except OSError as error:
                reason, digest = str(error), ""
            self._say_ended(target, Outcome.FAILED if reason else Outcome.PASSED, reason, digest)
            if reason:
                return

    def _say_ended(
        self, target: TargetState, outcome: Outcome, reason: str = "", digest: str = ""
    ) -> None:
        self._voice.say(
            journal.PushEnded(
                at=time.time(),
                target=target.name,
                outcome=outcome,
                reason=reason,
                digest=digest,
            )
        )

    async def _push(self, target: TargetState) -> tuple[str, str]:
        """Return why a target's tags aren't all pushed, or '', and the registry's digest."""
        with self._folder.push_log(target.name).open("wb") as out:
            for tag in target.info.tags:
                if reason := await self._moved(target, tag):
                    return reason, ""
                begun = out.tell()
                process = await GroupProcess.start(
                    ["docker", "push", tag],
                    stderr=out,
                    cwd=self._folder.path,
                    env=dict(os.environ) | {"DOCKER_CLI_HINTS": "false"},
                )
                try:
                    self._voice.say(
                        journal.PushStarted(at=time.time(), target=target.name, pid=process.pid)
                    )
                    code = await process.wait()
                except asyncio.CancelledError:
                    await process.stop()
                    raise
                said = (
                    self._folder.push_log(target.name)
                    .read_bytes()[begun:]
                    .decode("utf-8", "replace")
                )
                if code != 0:
                    return f"{tag}: {push_failure(said, tag)}", ""
                found = _DIGEST.findall(said)
                # The tag may have moved since it was looked at, or not all platforms were there.
                if not found or found[-1] != target.digest:
                    has = found[-1] if found else "docker push told none"
                    return f"{tag}: the registry has another digest than was proved ({has})", ""
        return "", target.digest

    async def _moved(self, target: TargetState, tag: str) -> str:
        """Return why a tag is no name of what was proved; '' where it is."""
        digest, index = await index_of(tag)
        if isinstance(index, ImageUnknown):
            return f"{tag} can't be found in the engine's store: {index}"
        if digest != target.digest:
            return f"{tag} names another image by now than the one that was proved: build it again"
        return ""
