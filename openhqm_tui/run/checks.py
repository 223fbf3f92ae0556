"""Checks being run: evidence from the store and from one container per lane, then verdicts."""

from __future__ import annotations

import asyncio

import msgspec

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.proof import SeenImage
from openhqm_tui.domain.proof_running import judge_probe
from openhqm_tui.domain.verdicts import Verdict
from openhqm_tui.engine.images import ImageUnknown, read_index
from openhqm_tui.run.running_checks import ask, container_command, shown_command
from openhqm_tui.run.static_checks import config_of, look_at


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
    (static, seen), (running, said) = await asyncio.gather(
        look_at(reference, expected, index, config),
        _run(reference, expected, emulated=emulated, run_id=run_id, lane=lane),
    )
    return Checked((*static, *running), evidence | seen | said)


async def _run(
    reference: str, expected: Expectation, *, emulated: bool, run_id: str, lane: str
) -> tuple[list[Verdict], dict[str, object]]:
    if not expected.asks_python:
        return [], {}
    name = f"openhqm-tui-{run_id}-{lane}"
    command = container_command(reference, expected, name=name, run_id=run_id)
    said, ended = await ask(command, name, emulated=emulated)
    evidence: dict[str, object] = {
        "command": shown_command(command),
        "probe": said,
        "exit_code": ended.code,
        "stderr": ended.err[-4096:].decode("utf-8", "replace"),
    }
    return judge_probe(expected, said), evidence


async def index_of(reference: str) -> tuple[str, list[SeenImage] | ImageUnknown]:
    """Return the digest of an image's index and what it holds, or why nobody can tell."""
    try:
        return await asyncio.to_thread(read_index, reference)
    except ImageUnknown as error:
        return "", error
