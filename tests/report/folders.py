"""Run folders for reports: recorded ones, unchanged or with hostile text in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openhqm_tui.report.gather import read_report
from openhqm_tui.report.model import Report
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import copied

Change = Callable[[str], str]


def report_from(folder: RunFolder) -> Report:
    """Return the report of a run."""
    return read_report(folder)


def with_layers(place: Path) -> RunFolder:
    """Copy the recording of four checked images and add typical layers."""
    folder = copied("checked", place)
    own = {"minimal": (), "redis": (("redis", 1277331, "COPY /layer/ / # buildkit"),)}
    added = b""
    for target, layers in own.items():
        for platform in ("linux/amd64", "linux/arm64"):
            shared = (
                (f"base-{platform}", 28486588, "ADD root.tar / # buildkit"),
                (f"python-{platform}", 7115974, "COPY /layer/ / # buildkit"),
                ("config", 6466, "COPY overlay/ / # buildkit"),
            )
            event = {
                "event": "layers-seen",
                "at": 1795451532.9,
                "target": target,
                "platform": platform,
                "layers": [
                    {"digest": digest_of(name), "size": size, "created_by": made_by}
                    for name, size, made_by in (*shared, *layers)
                ],
            }
            added += json.dumps(event).encode() + b"\n"
    events = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(events[:-1]) + added + events[-1])
    return folder


def digest_of(name: str) -> str:
    """Return a digest derived from a name."""
    return "sha256:" + name.encode().hex().ljust(64, "0")[:64]


def changed(folder: RunFolder, change: Callable[[Any], Any]) -> RunFolder:
    """Apply a change to every JSON value of a run folder: plan, journal, streams, evidence."""
    for file in sorted(folder.path.rglob("*")):
        if file.suffix == ".json":
            file.write_text(json.dumps(change(json.loads(file.read_bytes()))))
        elif file.suffix in {".jsonl", ".rawjson"}:
            lines = file.read_bytes().splitlines()
            changed_lines = [
                json.dumps(change(json.loads(line))) for line in lines if line[:1] == b"{"
            ]
            rest = [line.decode() for line in lines if line[:1] != b"{"]
            file.write_text("\n".join([*changed_lines, *rest]) + "\n")
    return folder
