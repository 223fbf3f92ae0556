"""The files that `--metadata-file` and `--iidfile` request, written when a run has finished."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from openhqm_tui.domain.errors import Problem, UsageProblem

if TYPE_CHECKING:
    import argparse

    from openhqm_tui.domain.run.events import TargetInfo
    from openhqm_tui.domain.run.state import TargetState
    from openhqm_tui.store.run_folder import RunFolder

_DIGEST, _CONFIG_DIGEST = "containerimage.digest", "containerimage.config.digest"


def check_result_files(parsed: argparse.Namespace, targets: tuple[TargetInfo, ...]) -> None:
    """Raise UsageProblem if the requested files couldn't be written after the run."""
    for flag, path in (("--metadata-file", parsed.metadata_file), ("--iidfile", parsed.iidfile)):
        if not path:
            continue
        folder = Path(path).parent
        if parsed.detach:
            raise UsageProblem(
                f"{flag} can't be combined with --detach: the file is written when the run has "
                "finished",
                fix="use only one of them",
            )
        if Path(path).is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
            raise UsageProblem(
                f"{flag} {path} can't be written", fix="choose a file in a writable folder"
            )
    if parsed.iidfile and len(targets) != 1:
        raise UsageProblem(
            f"--iidfile writes the ID of one image, but {len(targets)} targets are selected",
            fix="name one target, or use --metadata-file",
        )


def write_result_files(parsed: argparse.Namespace, folder: RunFolder) -> None:
    """Write the requested files if every target was built; raises Problem."""
    if not parsed.metadata_file and not parsed.iidfile:
        return
    from openhqm_tui.run.follow.follower import state_of

    state = state_of(folder)
    results = {name: _result(folder, target) for name, target in state.targets.items()}
    if not all(results.values()):
        return
    try:
        if parsed.metadata_file:
            text = msgspec.json.format(msgspec.json.encode(results), indent=2)
            Path(parsed.metadata_file).write_bytes(text)
        if parsed.iidfile:
            (result,) = results.values()
            Path(parsed.iidfile).write_text(image_id(result), encoding="utf-8")
    except OSError as error:
        raise Problem(f"{error.filename} can't be written ({error.strerror})") from error


def image_id(result: dict[str, Any]) -> str:
    """Return the image ID that `docker buildx build --iidfile` would write for a result."""
    return str(result.get(_CONFIG_DIGEST) or result.get(_DIGEST) or "")


def _result(folder: RunFolder, target: TargetState) -> dict[str, Any]:
    """Return what Buildx reported about a built target; {} if it wasn't built."""
    from openhqm_tui.domain.run.events import Outcome

    if target.outcome is not Outcome.PASSED:
        return {}
    try:
        whole = msgspec.json.decode(folder.read(folder.metadata_file(target.name)))
    except (OSError, msgspec.MsgspecError):
        whole = {}
    found = whole.get(target.name) if isinstance(whole, dict) else None
    if isinstance(found, dict) and found:
        return found
    # One that was built in parts: one per platform.
    return {_DIGEST: target.digest, "image.name": ",".join(target.info.tags)}
