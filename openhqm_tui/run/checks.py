"""Checks being run: evidence from the store and from one container per lane, then verdicts."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from openhqm_tui.domain.config_proof import judge_user
from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.proof import SeenConfig, SeenImage
from openhqm_tui.domain.proof_running import judge_running
from openhqm_tui.domain.secrets.redact import Mask, config_secrets
from openhqm_tui.domain.verdicts import Verdict, unanswered
from openhqm_tui.engine.images import ImageUnknown, read_index
from openhqm_tui.run.running_checks import ask, shown_command
from openhqm_tui.run.static_checks import config_of, look_at
from openhqm_tui.run.together import together


class Checked(msgspec.Struct, frozen=True):
    """What one lane's image answered: verdicts, and the evidence to keep."""

    verdicts: tuple[Verdict, ...]
    evidence: dict[str, object]


async def check_lane(
    reference: str,
    expected: Expectation,
    index: list[SeenImage] | ImageUnknown,
    *,
    emulated: bool,
    run_id: str,
    lane: str,
) -> Checked:
    """Put all questions to one lane's image; `reference` names it by digest."""
    platform = str(expected.platform)
    evidence: dict[str, object] = {"image": reference, "platform": platform, "emulated": emulated}
    config = await config_of(reference, platform)
    # Side by side: one waits for the engine to hand over layers, the other for a container.
    (static, seen), (running, said) = await together(
        look_at(reference, expected, index, config),
        _run(reference, expected, config, emulated=emulated, run_id=run_id, lane=lane),
    )
    return Checked((*static, *running), evidence | seen | said)


async def _run(
    reference: str,
    expected: Expectation,
    config: SeenConfig | ImageUnknown,
    *,
    emulated: bool,
    run_id: str,
    lane: str,
) -> tuple[list[Verdict], dict[str, object]]:
    if not expected.asks_python:
        if isinstance(config, ImageUnknown):
            return [judge_user(expected, None, str(config))], {}
        return [judge_user(expected, config)], {}
    unserved: list[Verdict] = []
    known = SeenConfig(cmd=expected.command or ()) if isinstance(config, ImageUnknown) else config
    if expected.service is not None and not known.command and isinstance(config, ImageUnknown):
        # Nobody can tell what would be started: that is no failure of the image.
        unserved = [unanswered("service", f"the image's command is unknown: {config}")]
        expected = msgspec.structs.replace(expected, service=None)
    asked = await ask(
        reference,
        expected,
        own_command=known.command,
        volumes=known.volumes,
        emulated=emulated,
        run_id=run_id,
        lane=lane,
    )
    # What doesn't start often prints its settings, and what it prints is kept and shown.
    mask = Mask(config_secrets(known.env, known.labels))
    evidence: dict[str, object] = {
        "command": shown_command(asked.command, mask),
        "probe": _masked(msgspec.to_builtins(asked.said), mask),
        "exit_code": asked.ended.code,
        "stderr": mask.text(asked.ended.err[-4096:].decode("utf-8", "replace")),
    }
    how = "emulated" if emulated else "native"
    verdicts = judge_running(expected, asked.said, how=how)
    return [
        msgspec.structs.replace(verdict, evidence=mask.text(verdict.evidence))
        for verdict in verdicts
    ] + unserved, evidence


def _masked(told: Any, mask: Mask) -> Any:
    """Return what a container told without the secrets in any of its words."""
    if isinstance(told, str):
        return mask.start(told)
    if isinstance(told, list):
        return [_masked(one, mask) for one in told]
    if isinstance(told, dict):
        return {name: _masked(one, mask) for name, one in told.items()}
    return told


async def index_of(reference: str) -> tuple[str, list[SeenImage] | ImageUnknown]:
    """Return the digest of an image's index and what it holds, or why nobody can tell."""
    try:
        return await asyncio.to_thread(read_index, reference)
    except ImageUnknown as error:
        return "", error
