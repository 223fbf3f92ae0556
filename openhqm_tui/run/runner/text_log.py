"""A target's complete log as text, for pagers; written when the target is finished."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from typing import BinaryIO

from openhqm_tui.domain.buildkit.rawjson import StreamDecoder
from openhqm_tui.domain.failures.failure import text_log_of
from openhqm_tui.domain.run.log import NO_STEP
from openhqm_tui.domain.run.state import RunState, TargetState
from openhqm_tui.domain.text import plain
from openhqm_tui.run.redaction import mask_of
from openhqm_tui.store.run_folder import RunFolder

_PIECE = 1024 * 1024


def write_text_log(folder: RunFolder, target: str, stream: str) -> TargetState | None:
    """Write `TARGET.log` next to its stream: the target's own steps, then each lane's.

    Return the target's state; None if the stream can't be read. If the disk is full, only this
    copy is lost: the stream is complete.
    """
    try:
        state = state_from_stream(folder, target, stream)
    except OSError:
        return None
    state.end_stream(target)
    with contextlib.suppress(OSError):
        _write(state.targets[target], folder.open_to_write(_text_log(folder, stream), empty=True))
    return state.targets[target]


def state_from_stream(folder: RunFolder, target: str, stream: str) -> RunState:
    """Fold one target's stream as far as it is written; raises OSError."""
    state = RunState(folder.info, mask_of(folder))
    decoder = StreamDecoder()
    with folder.open(folder.path / stream) as file:
        while piece := file.read(_PIECE):
            state.apply_records(target, decoder.feed(piece))
    state.apply_records(target, decoder.close())
    return state


def whole_log(folder: RunFolder, target: TargetState) -> tuple[Path, bool]:
    """Return a file with the complete log of a target, and whether that file is temporary.

    A target that is running or was cancelled has no `TARGET.log`: its log so far is written to a
    file in a temporary folder, which the caller removes. Raises OSError.
    """
    file = _text_log(folder, target.stream)
    if target.outcome is not None and target.stream and folder.has(file):
        return file, False
    file = Path(tempfile.mkdtemp(prefix="openhqm-tui-")) / "target.log"
    _write(target, file.open("wb"))
    return file, True


def _text_log(folder: RunFolder, stream: str) -> Path:
    # A journal may be untrusted: only names inside the run folder are used.
    return folder.path / Path(text_log_of(stream)).name


def _write(target: TargetState, file: BinaryIO) -> None:
    parts = [(target.name, target.log)]
    parts += [(f"{target.name} {platform}", lane.log) for platform, lane in target.lanes.items()]
    with io.TextIOWrapper(file, encoding="utf-8") as out:
        for title, log in parts:
            out.write(f"== {title} ==\n")
            out.writelines(
                f"{plain(log.text(index))}\n"
                for index in range(len(log))
                if log.step(index) != NO_STEP
            )
        out.writelines(f"{plain(text)}\n" for text in ("== buildx ==", *target.texts))
