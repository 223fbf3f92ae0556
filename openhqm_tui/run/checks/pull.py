"""Pulling one image of one platform into the engine's store."""

from __future__ import annotations

from openhqm_tui.domain.failures.failure import push_failure
from openhqm_tui.engine.docker.images import pull_command
from openhqm_tui.run.process import run_bounded

# Seconds: a slow network needs long for a large image.
_PATIENCE = 1800.0


async def pull(reference: str, platform: str) -> str:
    """Pull an image; return why that failed, or ''."""
    ended = await run_bounded(pull_command(reference, platform), patience=_PATIENCE)
    if ended.timed_out:
        return f"timed out after {_PATIENCE:.0f} s"
    if ended.code:
        return push_failure(ended.err.decode("utf-8", "replace"), reference)
    return ""
