"""Checks being run: evidence from the store and from one container per lane, then verdicts."""

from __future__ import annotations

import asyncio

import msgspec

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.proof import SeenImage, judge_config, judge_index
from openhqm_tui.domain.proof_running import judge_probe
from openhqm_tui.domain.verdicts import Verdict
from openhqm_tui.engine.images import ImageUnknown, read_config, read_index
from openhqm_tui.run.running_checks import ask, container_command, shown_command


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
    seen, why = (None, str(index)) if isinstance(index, ImageUnknown) else (index, "")
    verdicts = [judge_index(expected, seen, why)]
    evidence: dict[str, object] = {"image": reference, "platform": platform, "emulated": emulated}
    evidence["index"] = str(index) if isinstance(index, ImageUnknown) else index
    try:
        config = await asyncio.to_thread(read_config, reference, platform)
        verdicts += judge_config(expected, config)
        evidence["config"] = config
    except ImageUnknown as error:
        verdicts += judge_config(expected, None, str(error))
        evidence["config"] = str(error)
    if expected.asks_python:
        name = f"openhqm-tui-{run_id}-{lane}"
        command = container_command(reference, expected, name=name, run_id=run_id)
        said, ended = await ask(command, name, emulated=emulated)
        verdicts += judge_probe(expected, said)
        evidence["command"] = shown_command(command)
        evidence["probe"] = said
        evidence["exit_code"] = ended.code
        evidence["stderr"] = ended.err[-4096:].decode("utf-8", "replace")
    return Checked(tuple(verdicts), evidence)


async def index_of(reference: str) -> tuple[str, list[SeenImage] | ImageUnknown]:
    """Return the digest of an image's index and what it holds, or why nobody can tell."""
    try:
        return await asyncio.to_thread(read_index, reference)
    except ImageUnknown as error:
        return "", error
