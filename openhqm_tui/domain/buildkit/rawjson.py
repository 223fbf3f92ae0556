"""BuildKit's progress stream, typed: bytes of `--progress rawjson` in, records out.

The stream has one BuildKit `client.SolveStatus` per line as JSON, on stderr of `docker buildx`,
mixed with plain text on errors (https://github.com/moby/buildkit, client/graph.go). It may be cut
anywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

# A record has at most 256 KiB of log data in base64; a much longer line isn't a record.
LONGEST_LINE = 8 * 1024 * 1024
_FIRST_REAL_YEAR = 1971


class Vertex(msgspec.Struct, frozen=True, gc=False):
    """One step of the build graph; resent whenever its times change."""

    digest: str
    name: str = ""
    inputs: list[str] | None = None
    started: datetime | None = None
    completed: datetime | None = None
    cached: bool = False
    error: str = ""


class VertexStatus(msgspec.Struct, frozen=True, gc=False):
    """Progress of one part of a step, such as a layer being pulled; `current`, `total` in bytes.

    A `total` of 0 means unknown.
    """

    id: str
    vertex: str
    name: str = ""
    current: int = 0
    total: int = 0
    timestamp: datetime | None = None
    started: datetime | None = None
    completed: datetime | None = None


class VertexLog(msgspec.Struct, frozen=True, gc=False):
    """A piece of a step's output; `stream` is 1 for stdout, 2 for stderr. Lines may be cut."""

    vertex: str
    data: bytes = b""
    stream: int = 1
    timestamp: datetime | None = None


class WarningSource(msgspec.Struct, frozen=True, gc=False):
    """The whole file that a warning is about."""

    data: bytes = b""


class VertexWarning(msgspec.Struct, frozen=True, gc=False):
    """A warning of the Dockerfile's checks or of a step."""

    vertex: str
    short: bytes = b""
    detail: list[bytes] | None = None
    level: int = 1
    url: str = ""
    source: WarningSource | None = msgspec.field(default=None, name="sourceInfo")


class SolveStatus(msgspec.Struct, frozen=True, gc=False):
    """One record of the stream."""

    vertexes: list[Vertex] | None = None
    statuses: list[VertexStatus] | None = None
    logs: list[VertexLog] | None = None
    warnings: list[VertexWarning] | None = None


class PlainText(msgspec.Struct, frozen=True, gc=False):
    """A line of the stream that isn't a record: Buildx's own output, usually errors."""

    text: str


Record = SolveStatus | PlainText


def seconds(moment: datetime | None) -> float | None:
    """Return seconds since the epoch; None for Go's zero time, the year 1."""
    if moment is None or moment.year < _FIRST_REAL_YEAR:
        return None
    # Go always writes a time zone; without one, don't use the local zone.
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


class StreamDecoder:
    """Decodes pieces of the stream into records, however they are cut.

    Invalid content never raises: a line that isn't a valid record is text, a line of more than
    LONGEST_LINE bytes is replaced by a note.
    """

    def __init__(self) -> None:
        self._decode = msgspec.json.Decoder(SolveStatus).decode
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[Record]:
        """Return the records that `data` completes; an incomplete last line is buffered."""
        data = self._rest + data if self._rest else data
        lines = data.split(b"\n")
        self._rest = lines.pop()
        if self._skipping and lines:
            lines.pop(0)
            self._skipping = False
        records: list[Record] = []
        for line in lines:
            self._read(line, records)
        if len(self._rest) > LONGEST_LINE or (self._skipping and self._rest):
            if not self._skipping:
                records.append(PlainText(f"[a line of more than {LONGEST_LINE} bytes was omitted]"))
            self._skipping = True
            self._rest = b""
        return records

    def close(self) -> list[Record]:
        """Return the last, unterminated line; call it at the end of the stream.

        An incomplete record is dropped.
        """
        records: list[Record] = []
        line, self._rest = self._rest, b""
        if line and not self._skipping:
            self._read(line, records)
            if line.startswith(b"{"):
                records = [record for record in records if isinstance(record, SolveStatus)]
        self._skipping = False
        return records

    def _read(self, line: bytes, records: list[Record]) -> None:
        if line.startswith(b"{"):
            try:
                records.append(self._decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass
            else:
                return
        text = line.decode("utf-8", "replace").rstrip("\r")
        if text.strip():
            records.append(PlainText(text))
