"""One index of the images that a builder's nodes have pushed: by its digest, without a tag."""

from __future__ import annotations

from collections.abc import Sequence

from openhqm_tui.domain.published import digest_of
from openhqm_tui.domain.push_failures import push_failure
from openhqm_tui.engine.registry import merge_command, merged_command
from openhqm_tui.run.processes import Ended, run_bounded

# Seconds for some small requests to a registry that may be far away.
_PATIENCE = 120.0


async def merge(repository: str, digests: Sequence[str], builder: str) -> tuple[str, str]:
    """Push the index of what `repository` has under `digests`; return its digest, or '' and why.

    What it will be is asked first: an index whose digest is known can be pushed without a tag.
    """
    parts = [f"{repository}@{digest}" for digest in digests]
    shown = await run_bounded(merged_command(parts, builder), patience=_PATIENCE)
    if shown.code != 0 or shown.timed_out:
        return "", _why(shown, repository)
    digest = digest_of(shown.out.removesuffix(b"\n"))
    command = merge_command(f"{repository}@{digest}", parts, builder)
    pushed = await run_bounded(command, patience=_PATIENCE)
    if pushed.code != 0 or pushed.timed_out:
        return "", _why(pushed, repository)
    return digest, ""


def _why(ended: Ended, repository: str) -> str:
    if ended.timed_out:
        return f"{repository}: no answer from the registry in {_PATIENCE:.0f} s"
    said = (ended.err + ended.out).decode("utf-8", "replace")
    return f"{repository}: {push_failure(said, repository)}"
