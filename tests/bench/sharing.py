"""How often the steps that several targets have in common ran, as a run's journal tells it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from openhqm_tui.domain.buildkit.rawjson import StreamDecoder, Vertex

# No step that makes a snapshot is as quick.
_NO_TIME = timedelta(milliseconds=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Sharing:
    """How many steps several targets had in common, and how many times these ran."""

    steps: int
    executions: int


def sharing_of(streams: Iterable[bytes]) -> Sharing:
    """Count over the streams of a run's targets, one `--progress rawjson` each.

    Who waits for a step that another target began tells of it with nearly the same times: what
    overlaps is one execution.
    """
    spans: dict[str, list[Span]] = defaultdict(list)
    seen_by: dict[str, set[int]] = defaultdict(set)
    for number, stream in enumerate(streams):
        for vertex in _last_words(stream):
            seen_by[vertex.digest].add(number)
            # What took no time was found, though BuildKit doesn't call it cached.
            began, ended = vertex.started, vertex.completed
            if not vertex.cached and began and ended and ended - began > _NO_TIME:
                spans[vertex.digest].append((began, ended))
    shared = [digest for digest, numbers in seen_by.items() if len(numbers) > 1 and spans[digest]]
    return Sharing(len(shared), sum(_apart(spans[digest]) for digest in shared))


def streams_of(folder: Path) -> list[bytes]:
    """Return the streams that lie in a run folder."""
    return [file.read_bytes() for file in sorted(folder.glob("*.rawjson"))]


def _last_words(stream: bytes) -> list[Vertex]:
    """Return what was last said of each step that is a piece of the images."""
    decoder = StreamDecoder()
    last: dict[str, Vertex] = {}
    for record in [*decoder.feed(stream), *decoder.close()]:
        for vertex in getattr(record, "vertexes", None) or ():
            # What Buildx does for a target alone: its context, its export.
            if not vertex.name.startswith(("[internal]", "exporting", "[context")):
                last[vertex.digest] = vertex
    return list(last.values())


def _apart(spans: list[Span]) -> int:
    """Return how many spans of time there are, overlapping ones taken as one."""
    count, end = 0, None
    for started, completed in sorted(spans):
        if end is None or started > end:
            count += 1
        end = completed if end is None else max(end, completed)
    return count
