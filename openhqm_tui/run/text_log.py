"""A target's whole log as text, for people with a pager: written when the target is over."""

from __future__ import annotations

import contextlib

from openhqm_tui.domain.failures import text_log_of
from openhqm_tui.domain.plain_text import plain
from openhqm_tui.domain.progress import StreamDecoder
from openhqm_tui.domain.state import RunState
from openhqm_tui.store.run_folder import RunFolder

_PIECE = 1024 * 1024


def write_text_log(folder: RunFolder, target: str, stream: str) -> None:
    """Write `TARGET.log` beside its stream: the target's own steps, then each lane's.

    A full disk loses this copy only: the stream has it all.
    """
    state = RunState(folder.info)
    decoder = StreamDecoder()
    with contextlib.suppress(OSError):
        with (folder.path / stream).open("rb") as file:
            while piece := file.read(_PIECE):
                state.apply_records(target, decoder.feed(piece))
        state.apply_records(target, decoder.close())
        state.end_stream(target)
        found = state.targets[target]
        parts = [(target, found.log)]
        parts += [(f"{target} {platform}", lane.log) for platform, lane in found.lanes.items()]
        with (folder.path / text_log_of(stream)).open("w", encoding="utf-8") as out:
            for title, log in parts:
                out.write(f"== {title} ==\n")
                out.writelines(f"{plain(log.text(index))}\n" for index in range(len(log)))
            out.writelines(f"{plain(text)}\n" for text in ("== buildx ==", *found.texts))
