"""Requests to the runner, read from `control.jsonl`."""

from __future__ import annotations

import contextlib

import msgspec

from openhqm_tui.store.run_folder import Request, RunFolder


class RequestReader:
    """Reads requests from byte `upto` of the file, which advances past every complete line."""

    def __init__(self, folder: RunFolder, upto: int) -> None:
        self.upto = upto
        self._folder = folder
        self._decoder = msgspec.json.Decoder(Request)

    def read(self) -> list[Request]:
        """Return new requests; lines that can't be parsed are skipped."""
        with self._folder.open(self._folder.control_file) as control:
            control.seek(self.upto)
            data = control.read()
        whole = data[: data.rfind(b"\n") + 1]
        self.upto += len(whole)
        requests: list[Request] = []
        for line in whole.splitlines():
            with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                requests.append(self._decoder.decode(line))
        return requests
