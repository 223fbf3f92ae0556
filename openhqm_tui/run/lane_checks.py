"""The checks of a run's lanes: image by digest, answers into the journal, evidence beside it."""

from __future__ import annotations

import asyncio
import errno
import os
import time
from collections.abc import Sequence

import msgspec

from openhqm_tui.domain import journal
from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.journal import TargetInfo
from openhqm_tui.domain.plan import repository_of
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.proof import SeenImage
from openhqm_tui.domain.state import LaneState, TargetState
from openhqm_tui.domain.verdicts import merged
from openhqm_tui.engine.images import ImageUnknown
from openhqm_tui.engine.layer_list import read_layers
from openhqm_tui.run.checks import check_lane, index_of
from openhqm_tui.run.pull import Pulls
from openhqm_tui.run.running_checks import sweep
from openhqm_tui.run.voice import Voice
from openhqm_tui.store.run_folder import RunFolder


class LaneChecks:
    """Questions the lanes of one run, and says so in its journal."""

    def __init__(self, folder: RunFolder, voice: Voice) -> None:
        self._folder = folder
        self._info = folder.info
        self._voice = voice
        self._pulls = Pulls(voice)
        self._expectations = folder.expectations()
        self._swept = False
        self._host = parse_platform(self._info.host) if self._info.host else None
        # A container that starts Python is CPU-bound: more at once than cores only wait longer.
        self._at_once = asyncio.Semaphore(max(1, os.cpu_count() or 1))
        # Layers on their way into the record: no lane is busy with them, but the run is.
        self.reading: set[asyncio.Task[None]] = set()

    async def look(self, target: TargetState) -> None:
        """Look at the images of a target that was just built, and question every lane."""
        try:
            reference, index = await self._index(target)
            if not isinstance(index, ImageUnknown):
                self._say_images(target.info, index)
            if self._info.check:
                await self._ask(list(target.lanes.values()), reference, index)
        except asyncio.CancelledError:
            if self._info.check:
                self._say_cut_off(list(target.lanes.values()))
            raise

    async def again(self, lane: LaneState, check: str = "") -> None:
        """Question one lane again; with `check` only that answer is renewed."""
        try:
            reference, index = await self._index(lane.target)
            if not lane.digest and not isinstance(index, ImageUnknown):
                # The runner that had it built was killed before it could say what it is.
                mine = [image for image in index if image.platform == str(lane.platform)]
                self._say_images(lane.target.info, mine)
            await self._ask([lane], reference, index, check)
        except asyncio.CancelledError:
            self._voice.say(
                journal.CheckCancelled(
                    at=time.time(), target=lane.target.name, platform=str(lane.platform)
                )
            )
            raise

    async def _index(self, target: TargetState) -> tuple[str, list[SeenImage] | ImageUnknown]:
        # By digest: a tag that moves meanwhile must not change what is proved.
        tag = target.info.tags[0]
        reference = f"{repository_of(tag)}@{target.digest}" if target.digest else tag
        if self._info.by_digest and (why := await self._pulls.fetch(target)):
            return reference, ImageUnknown(why)
        _, index = await index_of(reference)
        if isinstance(index, ImageUnknown) and target.digest:
            # Where its tag names another image by now, the engine knows it by its digest alone.
            _, by_id = await index_of(target.digest)
            if not isinstance(by_id, ImageUnknown):
                return target.digest, by_id
        return reference, index

    async def _ask(
        self,
        lanes: Sequence[LaneState],
        reference: str,
        index: list[SeenImage] | ImageUnknown,
        check: str = "",
    ) -> None:
        if not self._swept:
            self._swept = True
            await sweep()
        # The longest first, so that none is left over at the end.
        longest_first = sorted(lanes, key=lambda lane: not self._emulated(lane))
        asked = [self._ask_lane(lane, reference, index, check) for lane in longest_first]
        for ended in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended

    async def _ask_lane(
        self,
        lane: LaneState,
        reference: str,
        index: list[SeenImage] | ImageUnknown,
        check: str,
    ) -> None:
        target, platform = lane.key
        expected = self._expectations.get(lane.key)
        if expected is None:
            wanted = lane.platform
            expected = Expectation(platform=wanted, platforms=(wanted,), asks_python=False)
        emulated = self._emulated(lane)
        async with self._at_once:
            before = lane.verdicts
            self._voice.say(
                journal.CheckStarted(
                    at=time.time(),
                    target=target,
                    platform=platform,
                    emulated=emulated,
                    check=check,
                )
            )
            checked = await check_lane(
                reference,
                expected,
                index,
                emulated=emulated,
                run_id=self._info.id,
                lane=f"{target}-{platform.replace('/', '-')}",
            )
        self._keep_evidence(target, platform, checked.evidence)
        self._voice.say(
            journal.LaneChecked(
                at=time.time(),
                target=target,
                platform=platform,
                verdicts=merged(before, checked.verdicts, check),
                emulated=emulated,
            )
        )
        # Only now, and beside all else: nobody waits for it, and no verdict depends on it.
        reading = asyncio.create_task(self._say_layers(lane, reference))
        self.reading.add(reading)
        reading.add_done_callback(self.reading.discard)

    def _emulated(self, lane: LaneState) -> bool:
        return self._host is not None and not lane.platform.runs_natively_on(self._host)

    def _keep_evidence(self, target: str, platform: str, evidence: dict[str, object]) -> None:
        """Write down what an image answered; a full disk doesn't cost the verdict."""
        told = msgspec.json.format(msgspec.json.encode(evidence), indent=2)
        try:
            file = self._folder.evidence_file(target, platform)
            with self._folder.open_to_write(file, empty=True) as out:
                out.write(told)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            words = f"the evidence of {target} {platform} can't be kept ({error.strerror})"
            self._voice.note(words, target)

    def _say_images(self, target: TargetInfo, index: list[SeenImage]) -> None:
        for image in index:
            self._voice.say(
                journal.ImageSeen(
                    at=time.time(),
                    target=target.name,
                    platform=image.platform,
                    digest=image.digest,
                    content_size=image.content_size,
                    unpacked_size=image.unpacked_size,
                )
            )

    async def _say_layers(self, lane: LaneState, reference: str) -> None:
        """Write down what a lane's image is made of; a store that can't tell costs no verdict."""
        target, platform = lane.key
        if lane.layers or not lane.digest:
            return
        try:
            layers = await asyncio.to_thread(read_layers, reference, platform, lane.digest)
        except ImageUnknown:
            return
        except Exception as error:
            self._voice.note(f"the layers can't be read: {type(error).__name__}: {error}", target)
            return
        if self._voice.state.lane(target, platform) is not lane:
            return  # it is being built anew
        self._voice.say(
            journal.LayersSeen(at=time.time(), target=target, platform=platform, layers=layers)
        )

    def _say_cut_off(self, lanes: Sequence[LaneState]) -> None:
        for lane in lanes:
            if lane.check_ended is None:
                target, platform = lane.key
                self._voice.say(
                    journal.CheckCancelled(at=time.time(), target=target, platform=platform)
                )
