"""A run's files for export, with all known secrets masked."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from openhqm_tui.domain.secrets.redact import MASK, KeyLines, dockerfile_secrets
from openhqm_tui.report.gather import read_evidence, secrets_of
from openhqm_tui.run.follow.follower import read_run
from openhqm_tui.store.run_folder import RunFolder

_IN_MEMORY = 8 << 20
# Longer unterminated lines are exported in pieces.
_MOST_PENDING = 64 * 1024
# Keys in plans, journals and streams whose values identify things: not masked by name.
_NAMES = frozenset(
    {"event", "target", "targets", "platform", "platforms", "name", "digest", "reference", "tags"}
    | {"stream", "check", "answer", "outcome", "id", "vertex", "inputs", "dockerfile", "variant"}
)
# In a stream, `name` is an instruction.
_NAMES_IN_STREAMS = frozenset({"digest", "vertex", "inputs", "id", "started", "completed"})
_SHORTEST_HOST = 4


class RedactedFiles:
    """Rewrites the files of a run; `masked` counts the masked places, `lines` the log lines left.

    With `share`, the user's home folder and the machine's name are masked as well.
    """

    def __init__(self, run: RunFolder, *, share: bool = False) -> None:
        state = read_run(run)
        evidence = {lane.key: read_evidence(run, *lane.key) for lane in state.lanes}
        self._mask = state.mask.knowing(secrets_of(evidence))
        self._places = list(_places()) if share else []
        self.masked = self.lines = 0

    def __call__(self, name: str, source: BinaryIO, size: int) -> BinaryIO:
        """Return the file to export: the original if it contains no secrets."""
        before = self.masked
        out = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - is returned
        if name.endswith(".rawjson"):
            pieces = self._stream(_lines(source, size))
        elif name.endswith(".jsonl"):
            pieces = map(self._json_line, _lines(source, size))
        elif name.endswith(".json"):
            pieces = iter([self._document(source.read(size))])
        else:
            keys = KeyLines()
            pieces = (self._line(keys, line) for line in _lines(source, size))
        for piece in pieces:
            out.write(piece)
        if self.masked == before:
            source.seek(0)
            return source
        out.seek(0)
        return cast(BinaryIO, out)

    def _text(self, text: str) -> str:
        return self._counted(text, self._mask.raw(text))

    def _counted(self, text: str, shown: str) -> str:
        for pattern, word in self._places:
            shown = pattern.sub(word, shown)
        if shown != text:
            self.masked += max(1, shown.count(MASK) - text.count(MASK))
        return shown

    def _line(self, keys: KeyLines, line: bytes) -> bytes:
        """Return a line of a log; bytes that aren't UTF-8 are kept if it has no secret."""
        self.lines += 1
        end = b"\n" if line.endswith(b"\n") else b""
        body = keys.line(line.removesuffix(b"\n"))
        self.masked += body == MASK.encode() != line.strip()
        text = body.decode("utf-8", "replace")
        shown = self._text(text)
        return (body if shown == text else shown.encode("utf-8", "replace")) + end

    def _document(self, data: bytes) -> bytes:
        try:
            told = json.loads(data)
        except (ValueError, RecursionError):
            text = data.decode("utf-8", "replace")
            return self._text(text).encode("utf-8", "replace")
        return json.dumps(self._value(told), indent=2, ensure_ascii=False).encode() + b"\n"

    def _json_line(self, line: bytes) -> bytes:
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            return self._text(line.decode("utf-8", "replace")).encode("utf-8", "replace")
        return _encoded(self._value(told))

    def _value(self, value: Any, name: str = "", names: frozenset[str] = _NAMES) -> Any:
        if isinstance(value, dict):
            return {key: self._value(one, key, names) for key, one in value.items()}
        if isinstance(value, list):
            # In a plan, the values below `secret` are sources, not secrets.
            return [self._value(one, name if name in names else "", names) for one in value]
        if not isinstance(value, str):
            return value
        if name in names:
            return self._counted(value, value)
        return self._counted(value, self._mask.named(name, value))

    def _stream(self, lines: Iterator[bytes]) -> Iterator[bytes]:
        """Yield BuildKit's records; log lines are masked whole, however they were split."""
        logs = _Logs(self)
        for line in lines:
            try:
                record = json.loads(line) if line.startswith(b"{") else None
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict):
                yield from logs.rest()
                yield self._line(logs.keys, line)
                continue
            for warning in _dicts(record.get("warnings")):
                _redact_source(warning, self)
            record = {
                key: told if key == "logs" else self._value(told, key, _NAMES_IN_STREAMS)
                for key, told in record.items()
            }
            if record.get("logs"):
                record["logs"] = [logs.redacted(log) for log in _dicts(record["logs"])]
            yield _encoded(record)
        yield from logs.rest()


class _Logs:
    """Joins the pieces of a stream's logs into lines."""

    def __init__(self, files: RedactedFiles) -> None:
        self._files = files
        self._keys: dict[tuple[str, Any], KeyLines] = {}
        self._pending: dict[tuple[str, Any], tuple[bytes, dict[str, Any]]] = {}
        self.keys = KeyLines()

    def redacted(self, log: dict[str, Any]) -> dict[str, Any]:
        """Return a log record with the lines that end in it."""
        place = (str(log.get("vertex")), log.get("stream"))
        data = self._pending.pop(place, (b"", log))[0] + _decoded(log.get("data"))
        cut = data.rfind(b"\n") + 1 if len(data) < _MOST_PENDING else len(data)
        if data[cut:]:
            self._pending[place] = data[cut:], log
        return self._with(log, place, data[:cut])

    def rest(self) -> Iterator[bytes]:
        """Yield a record with the remaining unterminated lines."""
        logs = [self._with(log, place, data) for place, (data, log) in self._pending.items()]
        self._pending.clear()
        if logs:
            yield _encoded({"logs": logs})

    def _with(self, log: dict[str, Any], place: tuple[str, Any], data: bytes) -> dict[str, Any]:
        keys = self._keys.setdefault(place, KeyLines())
        lines = [self._files._line(keys, line) for line in data.splitlines(keepends=True)]
        return {**log, "data": base64.b64encode(b"".join(lines)).decode()}


def _redact_source(warning: dict[str, Any], files: RedactedFiles) -> None:
    """Mask the Dockerfile in a warning, and the lines that the warning quotes."""
    source = warning.get("sourceInfo")
    if isinstance(source, dict) and isinstance(source.get("data"), str):
        text = _decoded(source["data"]).decode("utf-8", "replace")
        files._mask = files._mask.knowing(dockerfile_secrets(text))
        source["data"] = base64.b64encode(files._text(text).encode()).decode()
    detail = warning.get("detail")
    if isinstance(detail, list):
        warning["detail"] = [
            base64.b64encode(
                files._text(_decoded(one).decode("utf-8", "replace")).encode()
            ).decode()
            for one in detail
        ]


def _places() -> Iterator[tuple[re.Pattern[str], str]]:
    home = os.path.expanduser("~")  # noqa: PTH111 - doesn't raise without a home
    for place in dict.fromkeys((home, os.path.realpath(home))):
        if len(Path(place).parts) > 1:
            yield re.compile(rf"{re.escape(place)}(?![\w-])"), "~"
    host = socket.gethostname()
    if len(host) >= _SHORTEST_HOST and host != "localhost":
        yield re.compile(rf"(?<![\w-]){re.escape(host)}(?![\w-])"), "this-machine"


def _lines(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (line := source.readline(size)):
        size -= len(line)
        yield line


def _dicts(told: Any) -> list[dict[str, Any]]:
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []


def _decoded(data: object) -> bytes:
    try:
        return base64.b64decode(data) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _encoded(told: object) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
