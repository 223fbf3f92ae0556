"""How often steps shared by several targets ran, from the streams of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from openhqm_tui.domain.buildkit.rawjson import StreamDecoder, Vertex

# No step that creates a snapshot is this fast.
_NO_TIME = timedelta(milliseconds=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Sharing:
    """The number of steps shared by several targets, and of their executions."""

    steps: int
    executions: int


def sharing_of(streams: Iterable[bytes]) -> Sharing:
    """Count over the streams of a run's targets, one `--progress rawjson` each.

    A target that waits for another target's step reports it with nearly the same times, so
    overlapping ones count as one execution.
    """
    spans: dict[str, list[Span]] = defaultdict(list)
    seen_by: dict[str, set[int]] = defaultdict(set)
    for number, stream in enumerate(streams):
        for vertex in _last_updates(stream):
            seen_by[vertex.digest].add(number)
            # A step that took no time was cached, even if BuildKit doesn't mark it.
            started_at, ended = vertex.started, vertex.completed
            if not vertex.cached and started_at and ended and ended - started_at > _NO_TIME:
                spans[vertex.digest].append((started_at, ended))
    shared = [digest for digest, numbers in seen_by.items() if len(numbers) > 1 and spans[digest]]
    return Sharing(len(shared), sum(_apart(spans[digest]) for digest in shared))


def streams_of(folder: Path) -> list[bytes]:
    """Return the streams in a run folder."""
    return [file.read_bytes() for file in sorted(folder.glob("*.rawjson"))]


def _last_updates(stream: bytes) -> list[Vertex]:
    """Return the last update of each step that is part of an image."""
    decoder = StreamDecoder()
    last: dict[str, Vertex] = {}
    for record in [*decoder.feed(stream), *decoder.close()]:
        for vertex in getattr(record, "vertexes", None) or ():
            # Steps of a single target: its context and its export.
            if not vertex.name.startswith(("[internal]", "exporting", "[context")):
                last[vertex.digest] = vertex
    return list(last.values())


def _apart(spans: list[Span]) -> int:
    """Return the number of time spans, counting overlapping ones once."""
    count, end = 0, None
    for started, completed in sorted(spans):
        if end is None or started > end:
            count += 1
        end = completed if end is None else max(end, completed)
    return count
