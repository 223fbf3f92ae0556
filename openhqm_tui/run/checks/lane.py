"""All checks of one image on one platform, by digest."""

from __future__ import annotations

import asyncio
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
)
from openhqm_tui.domain.checks.static.command import COMMAND
from openhqm_tui.domain.checks.verdict import (
    GOOD,
    MOST_EVIDENCE,
    Answer,
    Verdict,
    answered,
)
from openhqm_tui.domain.secrets.redact import Mask, config_secrets
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.images import (
    ImageUnknown,
    read_documents,
    read_index,
)
from openhqm_tui.run.checks.companions import Companions, shown_companion
from openhqm_tui.run.checks.container import ContainerAnswer, ask, shown_command
from openhqm_tui.run.checks.layer_reader import LayerReader
from openhqm_tui.run.checks.static import config_of, look_at
from openhqm_tui.run.process import gather_all

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
    layers: LayerReader,
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
    reading = asyncio.ensure_future(look_at(reference, expected.platform, index, config, layers))
    asking = asyncio.ensure_future(
        _ask(reference, expected, config, companions, emulated=emulated, run_id=run_id, lane=lane)
    )
    told = asyncio.ensure_future(documents.read())
    await gather_all(reading, asking, told)
    (read, static), asked = reading.result(), asking.result()
    read = _with_documents(read, told.result(), platform)
    verdicts = judge(expected, read, Group.STATIC)
    running_evidence: dict[str, object] = {}
    if asked is None:
        verdicts += judge(expected, read, Group.RUNNING)
    else:
        running, running_evidence = _judged(
            expected, asked, read, how="emulated" if emulated else "native"
        )
        verdicts += running
    by_check = {verdict.check: verdict for verdict in verdicts}
    in_turn = tuple(by_check[check] for check in in_order(by_check))
    return Checked(
        in_turn,
        evidence | static | running_evidence,
        asked is not None and _overload_possible(expected, asked, by_check),
    )


def _overload_possible(
    expected: Expectation, asked: ContainerAnswer, by_check: dict[str, Verdict]
) -> bool:
    service = by_check.get("service")
    if service is None or service.answer in GOOD or isinstance(asked.probe, ProbeTrouble):
        return False
    return is_overload_possible(expected, asked.probe.service)


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
    if isinstance(config, ImageUnknown) or asked is None or isinstance(asked.probe, ProbeTrouble):
        return first
    read = Evidence(config=config, emulated=emulated)
    again, evidence = _judged(expected, asked, read, how="emulated" if emulated else "native")
    new = {verdict.check: verdict for verdict in again if verdict.check in _SERVICE_CHECKS}
    before = next(one.evidence for one in first.verdicts if one.check == "service")
    words = one_line(
        f"{new['service'].evidence} (run again alone; first run: {before})", MOST_EVIDENCE
    )
    new["service"] = msgspec.structs.replace(new["service"], evidence=words)
    verdicts = tuple(new.get(verdict.check, verdict) for verdict in first.verdicts)
    return Checked(verdicts, first.evidence | {"run_alone": evidence})


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
        "probe": _masked(msgspec.to_builtins(asked.probe), mask),
        "exit_code": asked.ended.code,
        "stderr": mask.text(asked.ended.err[-4096:].decode("utf-8", "replace")),
    }
    verdicts = judge_running(expected, asked.probe, how=how, seen=read)
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
