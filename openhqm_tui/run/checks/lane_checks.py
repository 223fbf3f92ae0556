"""The checks of a run's images: verdicts to the journal, evidence to files."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Sequence

import msgspec

from openhqm_tui.domain.checks.evidence import SeenImage
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.running.service import without_companions
from openhqm_tui.domain.checks.verdict import merged
from openhqm_tui.domain.checks.waiver import idle_waivers
from openhqm_tui.domain.plan.bake import repository_of
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import TargetInfo
from openhqm_tui.domain.run.state import LaneState, TargetState
from openhqm_tui.engine.docker.images import ImageUnknown, platforms_here
from openhqm_tui.run.checks.companions import Companions
from openhqm_tui.run.checks.container import sweep
from openhqm_tui.run.checks.lane import Documents, index_of
from openhqm_tui.run.checks.pull import pull
from openhqm_tui.run.checks.workload import Workload
from openhqm_tui.run.process import gather_all
from openhqm_tui.run.requests import RequestReader
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.store.run_folder import RunFolder

_PULLS_AT_ONCE = 2


class LaneChecks:
    """Checks the lanes of one run, and records it in the journal."""

    def __init__(self, folder: RunFolder, journal: JournalWriter, workload: Workload) -> None:
        self._folder = folder
        self._info = folder.info
        self._journal = journal
        self._workload = workload
        self._pulls = _Pulls(journal)
        self._expectations = folder.expectations()
        self._swept = False
        self._host = parse_platform(self._info.host) if self._info.host else None
        self._companions = Companions(self._host, journal.note)

    async def check_target(self, target: TargetState) -> None:
        """Record the images of a target that was just built, and check every lane."""
        try:
            with self._workload.busy():
                reference, index, documents = await self._index(target)
            if not isinstance(index, ImageUnknown):
                self._record_images(target.info, index)
            if self._info.check:
                await self._check(list(target.lanes.values()), reference, index, documents)
        except asyncio.CancelledError:
            if self._info.check:
                self._record_cancelled(list(target.lanes.values()))
            raise

    def note_idle_waivers(self) -> None:
        """Record every waiver that matches nothing in any image of this run."""
        lanes = self._journal.state.lanes
        found = ((self._expectations.get(lane.key), lane.verdicts) for lane in lanes)
        for line in idle_waivers(found):
            self._journal.note(line)

    async def check_again(self, lane: LaneState, check: str = "") -> None:
        """Check one lane again; with `check` only that verdict is renewed."""
        self._companions.forget_failures()
        try:
            reference, index, documents = await self._index(lane.target)
            if not lane.digest and not isinstance(index, ImageUnknown):
                # The runner that built it was killed before it recorded the image.
                own = [image for image in index if image.platform == str(lane.platform)]
                self._record_images(lane.target.info, own)
            await self._check([lane], reference, index, documents, check)
        except asyncio.CancelledError:
            self._journal.append(
                events.CheckCancelled(
                    at=time.time(), target=lane.target.name, platform=str(lane.platform)
                )
            )
            raise

    async def _index(
        self, target: TargetState
    ) -> tuple[str, list[SeenImage] | ImageUnknown, Documents]:
        # By digest: a tag that moves meanwhile must not change what is verified.
        tag = target.info.tags[0]
        reference = f"{repository_of(tag)}@{target.digest}" if target.digest else tag
        if self._info.by_digest and (why := await self._pulls.fetch(target)):
            return reference, ImageUnknown(why), Documents("", "", [])
        digest, index = await index_of(reference)
        if isinstance(index, ImageUnknown) and target.digest:
            # If its tag has moved, the engine only finds it by digest.
            digest, by_id = await index_of(target.digest)
            if not isinstance(by_id, ImageUnknown):
                reference, index = target.digest, by_id
        return reference, index, Documents(reference, digest, index)

    async def _check(
        self,
        lanes: Sequence[LaneState],
        reference: str,
        index: list[SeenImage] | ImageUnknown,
        documents: Documents,
        check: str = "",
    ) -> None:
        if not self._swept:
            self._swept = True
            with self._workload.busy():
                await sweep()
        # The longest first, so that no long check runs alone at the end.
        longest_first = sorted(lanes, key=lambda lane: not self._emulated(lane))
        checks = [
            self._check_lane(lane, reference, index, documents, check) for lane in longest_first
        ]
        await gather_all(*checks)

    async def _check_lane(
        self,
        lane: LaneState,
        reference: str,
        index: list[SeenImage] | ImageUnknown,
        documents: Documents,
        check: str,
    ) -> None:
        target, platform = lane.key
        expected = self._expectations.get(lane.key)
        if expected is None:
            expected = Expectation(
                platform=lane.platform, platforms=(lane.platform,), has_python=False
            )
        if not all(request.companions for request in RequestReader(self._folder, 0).read()):
            expected = without_companions(expected)
        emulated = self._emulated(lane)
        before = lane.verdicts

        def started() -> None:
            self._journal.append(
                events.CheckStarted(
                    at=time.time(),
                    target=target,
                    platform=platform,
                    emulated=emulated,
                    check=check,
                )
            )

        checked = await self._workload.check(
            f"{target} {platform}",
            reference,
            expected,
            index,
            documents=documents,
            started=started,
            notify=lambda line: self._journal.note(line, target),
            companions=self._companions,
            emulated=emulated,
            run_id=self._info.id,
            lane=f"{target}-{platform.replace('/', '-')}",
        )
        self._keep_evidence(target, platform, checked.evidence)
        self._journal.append(
            events.LaneChecked(
                at=time.time(),
                target=target,
                platform=platform,
                verdicts=merged(before, checked.verdicts, check),
                emulated=emulated,
            )
        )
        found = await documents.read()
        layers = () if isinstance(found, ImageUnknown) else found.layers(lane.digest)
        if layers and not lane.layers and self._journal.state.lane(target, platform) is lane:
            self._journal.append(
                events.LayersSeen(at=time.time(), target=target, platform=platform, layers=layers)
            )

    def _emulated(self, lane: LaneState) -> bool:
        return self._host is not None and not lane.platform.runs_natively_on(self._host)

    def _keep_evidence(self, target: str, platform: str, evidence: dict[str, object]) -> None:
        """Save the evidence of a check; on a full disk only the evidence is lost."""
        text = msgspec.json.format(msgspec.json.encode(evidence), indent=2)
        try:
            file = self._folder.evidence_file(target, platform)
            with self._folder.open_to_write(file, empty=True) as out:
                out.write(text)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            words = f"can't save the evidence for the check results of {target} {platform}"
            self._journal.note(f"{words} ({error.strerror})", target)

    def _record_images(self, target: TargetInfo, index: list[SeenImage]) -> None:
        for image in index:
            if image.attestation:
                continue
            self._journal.append(
                events.ImageSeen(
                    at=time.time(),
                    target=target.name,
                    platform=image.platform,
                    digest=image.digest,
                    content_size=image.content_size,
                    unpacked_size=image.unpacked_size,
                )
            )

    def _record_cancelled(self, lanes: Sequence[LaneState]) -> None:
        for lane in lanes:
            if lane.check_ended is None:
                target, platform = lane.key
                self._journal.append(
                    events.CheckCancelled(at=time.time(), target=target, platform=platform)
                )


class _Pulls:
    """Pulls the images that a remote builder pushed, each platform by the digest of its index."""

    def __init__(self, journal: JournalWriter) -> None:
        self._journal = journal
        self._slots = asyncio.Semaphore(_PULLS_AT_ONCE)
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
                async with self._slots:
                    reason = await pull(reference, platform)
                if reason:
                    return f"the image for {platform} can't be pulled: {reason}"
        return ""
