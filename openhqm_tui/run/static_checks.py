"""What can be told of a lane's image without running it: evidence from the store, then verdicts."""

from __future__ import annotations

import asyncio

from openhqm_tui.domain.config_proof import judge_config
from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.proof import SeenConfig, SeenImage, judge_index
from openhqm_tui.domain.verdicts import Verdict
from openhqm_tui.engine.api import EngineApi
from openhqm_tui.engine.images import ImageUnknown, read_config


async def config_of(reference: str, platform: str) -> SeenConfig | ImageUnknown:
    """Return the config and history of one platform's image, or why nobody can tell."""
    try:
        return await asyncio.to_thread(_ask, reference, platform)
    except ImageUnknown as error:
        return error


async def look_at(
    reference: str,  # noqa: ARG001 - the layers are read by it
    expected: Expectation,
    index: list[SeenImage] | ImageUnknown,
    config: SeenConfig | ImageUnknown,
) -> tuple[list[Verdict], dict[str, object]]:
    """Return the static verdicts on one lane's image, in their order, and the evidence to keep."""
    if isinstance(index, ImageUnknown):
        verdicts = [judge_index(expected, None, str(index))]
    else:
        verdicts = [judge_index(expected, index)]
    if isinstance(config, ImageUnknown):
        verdicts += judge_config(expected, None, str(config))
    else:
        verdicts += judge_config(expected, config)
    return verdicts, {"index": _told(index), "config": _told(config)}


def _told(seen: object) -> object:
    return str(seen) if isinstance(seen, ImageUnknown) else seen


def _ask(reference: str, platform: str) -> SeenConfig:
    with EngineApi() as api:
        return read_config(reference, platform, api)
