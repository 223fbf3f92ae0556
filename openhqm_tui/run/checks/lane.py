"""The checks of a run's images by digest: verdicts to the journal, evidence to files."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import msgspec

from openhqm_tui.domain.checks.catalog import in_order, judge, judge_running, only
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.evidence import Evidence, ProbeTrouble, SeenConfig, SeenImage
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.layer_manifest import ImageDocuments
from openhqm_tui.domain.checks.running.health_check import command_of
from openhqm_tui.domain.checks.running.service import (
    SERVICE,
    companions_of,
    is_overload_possible,
    without_companions,
)
from openhqm_tui.domain.checks.static.command import COMMAND
from openhqm_tui.domain.checks.verdict import (
    GOOD,
    MOST_EVIDENCE,
    Answer,
    Verdict,
    answered,
    merged,
)
from openhqm_tui.domain.checks.waiver import idle_waivers
from openhqm_tui.domain.plan.bake import repository_of
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import TargetInfo
from openhqm_tui.domain.run.state import LaneState, TargetState
from openhqm_tui.domain.secrets.redact import Mask, config_secrets
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.images import (
    ImageUnknown,
    platforms_here,
    read_documents,
    read_index,
)
from openhqm_tui.run.checks.companions import Companions, shown_companion
from openhqm_tui.run.checks.container import ContainerAnswer, ask, shown_command, sweep
from openhqm_tui.run.checks.pull import pull
from openhqm_tui.run.checks.static import config_of, look_at
from openhqm_tui.run.process import gather_all
from openhqm_tui.run.requests import RequestReader
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.store.run_folder import RunFolder

_PULLS_AT_ONCE = 2
_SERVICE_CHECKS = ("service", "health-check")


class Checked(msgspec.Struct, frozen=True):
    """The result for one lane's image: verdicts, and the evidence to keep.

    `overload_possible`: its service may have failed only because the machine was busy.
    """

    verdicts: tuple[Verdict, ...]
    evidence: dict[str, object]
    overload_possible: bool = False


class Documents:
    """The index and the manifests of one image, read once for all its platforms."""

    def __init__(self, reference: str, digest: str, index: list[SeenImage] | ImageUnknown) -> None:
        self._reference, self._digest = reference, digest
        # The classic store has no manifests, so it doesn't know compressed sizes.
        images = () if isinstance(index, ImageUnknown) else index
        self._kept = any(image.content_size for image in images)
        self._reading: asyncio.Task[ImageDocuments | ImageUnknown] | None = None

    async def read(self) -> ImageDocuments | ImageUnknown:
        """Return them, or why they are unknown."""
        if not self._kept:
            return ImageDocuments("", {})
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        # Shielded: other lanes may wait for it too.
        return await asyncio.shield(self._reading)

    async def _read(self) -> ImageDocuments | ImageUnknown:
        try:
            return await asyncio.to_thread(read_documents, self._reference, self._digest)
        except ImageUnknown as error:
            return error


async def check_lane(
    reference: str,
    expected: Expectation,
    index: list[SeenImage] | ImageUnknown,
    *,
    documents: Documents | None = None,
    companions: Companions | None = None,
    emulated: bool,
    run_id: str,
    lane: str,
) -> Checked:
    """Run all checks of one lane's image; `reference` names it by digest."""
    documents = documents or Documents("", "", [])
    platform = str(expected.platform)
    evidence: dict[str, object] = {"image": reference, "platform": platform, "emulated": emulated}
    config = await config_of(reference, platform)
    # Concurrently: one waits for the engine to export layers, the other for a container.
    reading = asyncio.ensure_future(look_at(reference, expected.platform, index, config))
    asking = asyncio.ensure_future(
        _ask(reference, expected, config, companions, emulated=emulated, run_id=run_id, lane=lane)
    )
    told = asyncio.ensure_future(documents.read())
    await gather_all(reading, asking, told)
    (read, static), asked = reading.result(), asking.result()
    read = _with_documents(read, told.result(), platform)
    verdicts = judge(expected, read, Group.STATIC)
    said: dict[str, object] = {}
    if asked is None:
        verdicts += judge(expected, read, Group.RUNNING)
    else:
        running, said = _judged(expected, asked, read, how="emulated" if emulated else "native")
        verdicts += running
    by_check = {verdict.check: verdict for verdict in verdicts}
    in_turn = tuple(by_check[check] for check in in_order(by_check))
    return Checked(
        in_turn,
        evidence | static | said,
        asked is not None and _overload_possible(expected, asked, by_check),
    )


def _overload_possible(
    expected: Expectation, asked: ContainerAnswer, by_check: dict[str, Verdict]
) -> bool:
    service = by_check.get("service")
    if service is None or service.answer in GOOD or isinstance(asked.said, ProbeTrouble):
        return False
    return is_overload_possible(expected, asked.said.service)


async def check_service_again(
    reference: str,
    expected: Expectation,
    first: Checked,
    *,
    companions: Companions | None = None,
    emulated: bool,
    run_id: str,
    lane: str,
) -> Checked:
    """Run a lane's service and its health check once more; their verdicts replace the first."""
    expected = only((*_SERVICE_CHECKS, "python"), expected)
    config = await config_of(reference, str(expected.platform))
    asked = await _ask(
        reference, expected, config, companions, emulated=emulated, run_id=run_id, lane=lane
    )
    if isinstance(config, ImageUnknown) or asked is None or isinstance(asked.said, ProbeTrouble):
        return first
    read = Evidence(config=config, emulated=emulated)
    again, said = _judged(expected, asked, read, how="emulated" if emulated else "native")
    new = {verdict.check: verdict for verdict in again if verdict.check in _SERVICE_CHECKS}
    before = next(one.evidence for one in first.verdicts if one.check == "service")
    words = one_line(
        f"{new['service'].evidence}, when run alone; before that: {before}", MOST_EVIDENCE
    )
    new["service"] = msgspec.structs.replace(new["service"], evidence=words)
    verdicts = tuple(new.get(verdict.check, verdict) for verdict in first.verdicts)
    return Checked(verdicts, first.evidence | {"run_alone": said})


def _with_documents(
    read: Evidence, documents: ImageDocuments | ImageUnknown, platform: str
) -> Evidence:
    """Add what the index and the manifest of a platform's image say."""
    if isinstance(documents, ImageUnknown):
        return msgspec.structs.replace(read, why=read.why or str(documents))
    own = [image for image in read.index or () if image.platform == platform]
    listed = documents.annotations(own[0].digest if own else "")
    hidden = [
        SeenImage(platform="unknown/unknown", digest=digest, attestation=True)
        for digest in sorted(documents.false_attestations())
        if digest not in {image.digest for image in read.index or ()}
    ]
    return msgspec.structs.replace(
        read,
        index=None if read.index is None else [*read.index, *hidden],
        annotations=(own[0].annotations if own else {}) | listed,
    )


async def _ask(
    reference: str,
    expected: Expectation,
    config: SeenConfig | ImageUnknown,
    companions: Companions | None,
    *,
    emulated: bool,
    run_id: str,
    lane: str,
) -> ContainerAnswer | None:
    """Run the probe in the image; None if there is no check that needs it.

    Without the image's command there is no service to start.
    """
    if not expected.has_python:
        return None
    known = SeenConfig(cmd=COMMAND.of(expected)) if isinstance(config, ImageUnknown) else config
    if isinstance(config, ImageUnknown) and not known.command:
        expected = SERVICE.without(expected)
    return await ask(
        reference,
        expected,
        own_command=known.command,
        health=command_of(known, emulated=emulated),
        volumes=known.volumes,
        companions=companions,
        emulated=emulated,
        run_id=run_id,
        lane=lane,
    )


def _judged(
    expected: Expectation, asked: ContainerAnswer, read: Evidence, *, how: str
) -> tuple[list[Verdict], dict[str, object]]:
    """Return the verdicts on what the probe reported, and the evidence to keep."""
    not_started: list[Verdict] = []
    if read.config is None and SERVICE.is_set(expected) and not COMMAND.of(expected):
        # Without the command there is nothing to start, which isn't the image's fault.
        why = f"the image's command is unknown: {read.why}"
        not_started = [answered("service", Answer.UNKNOWN, why)]
        expected = SERVICE.without(expected)
    known = read.config or SeenConfig()
    # A program that fails to start often prints its settings, and its output is kept and shown.
    secrets = config_secrets(known.env, known.labels)
    secrets |= {value for one in companions_of(expected) for value in one.env.values()}
    mask = Mask(secrets)
    commands = [shown_companion(command) for command in asked.companions]
    evidence: dict[str, object] = {
        "command": " && ".join([*commands, shown_command(asked.command, mask)]),
        "probe": _masked(msgspec.to_builtins(asked.said), mask),
        "exit_code": asked.ended.code,
        "stderr": mask.text(asked.ended.err[-4096:].decode("utf-8", "replace")),
    }
    verdicts = judge_running(expected, asked.said, how=how, seen=read)
    return [
        msgspec.structs.replace(verdict, evidence=mask.text(verdict.evidence))
        for verdict in verdicts
    ] + not_started, evidence


def _masked(told: Any, mask: Mask) -> Any:
    """Return the output of a container with all secrets masked."""
    if isinstance(told, str):
        return mask.start(told)
    if isinstance(told, list):
        return [_masked(one, mask) for one in told]
    if isinstance(told, dict):
        return {name: _masked(one, mask) for name, one in told.items()}
    return told


async def index_of(reference: str) -> tuple[str, list[SeenImage] | ImageUnknown]:
    """Return the digest of an image's index and its images, or why they are unknown."""
    try:
        return await asyncio.to_thread(read_index, reference)
    except ImageUnknown as error:
        return "", error


class Workload:
    """The builds and checks of a run, so that a check can wait for its turn to run alone."""

    def __init__(self) -> None:
        self._running = 0
        self._idle = asyncio.Event()
        self._turn = asyncio.Lock()

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Count as running."""
        self._running += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait until nothing else is running; what is started after that doesn't wait."""
        async with self._turn:
            while self._running:
                await self._idle.wait()
                # The checks of a target that was just built are about to start.
                await asyncio.sleep(0)
            with self.busy():
                yield


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
        # A container that starts Python is CPU-bound: more of them than cores only wait longer.
        self._slots = asyncio.Semaphore(max(1, os.cpu_count() or 1))

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
        ask: dict[str, Any] = {
            "companions": self._companions,
            "emulated": emulated,
            "run_id": self._info.id,
            "lane": f"{target}-{platform.replace('/', '-')}",
        }
        with self._workload.busy():
            async with self._slots:
                before, began = lane.verdicts, time.time()
                self._journal.append(
                    events.CheckStarted(
                        at=began,
                        target=target,
                        platform=platform,
                        emulated=emulated,
                        check=check,
                    )
                )
                checked = await check_lane(reference, expected, index, documents=documents, **ask)
        if checked.overload_possible and self._others_ran_since(began, lane):
            words = f"the service of {target} {platform} failed while other images were built or "
            words += "checked; it will run again when nothing else is running"
            self._journal.note(words, target)
            async with self._workload.alone():
                checked = await check_service_again(reference, expected, checked, **ask)
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

    def _others_ran_since(self, moment: float, lane: LaneState) -> bool:
        """Whether anything else was built or checked since a moment, in this run."""
        state = self._journal.state
        spans = [(target.started, target.ended) for target in state.targets.values()]
        spans += [(one.check_started, one.check_ended) for one in state.lanes if one is not lane]
        return any(start and (end is None or end > moment) for start, end in spans)

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
            words = f"the evidence of {target} {platform} can't be saved ({error.strerror})"
            self._journal.note(words, target)

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
                    return f"{platform} can't be pulled: {reason}"
        return ""
