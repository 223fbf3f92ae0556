"""One JSON object per line, and nothing else on stdout."""

from __future__ import annotations

from typing import Any, TextIO

import msgspec

from openhqm_tui.cli.output.summary import failures_of, rows_of, warning_lines
from openhqm_tui.domain.run.events import LaneChecked, TargetEnded, TargetStarted
from openhqm_tui.domain.run.state import RunState, TargetState
from openhqm_tui.domain.run.timeline import hits_of
from openhqm_tui.domain.text import plain
from openhqm_tui.run.follow.eta import time_left_of
from openhqm_tui.run.follow.follower import Changes, EventOrderer, Follower
from openhqm_tui.run.redaction import info_without_secrets

# 2: `result` is "verified", "not verified" or "not started" (1: "proved", "not proved", "not
# begun").
SCHEMA = 2


class JsonOutput:
    """Writes the journal's events, log lines (`"event": "log"`), and a last `summary`."""

    def __init__(self, follower: Follower, out: TextIO) -> None:
        self._follower = follower
        self._out = out
        self._encoder = msgspec.json.Encoder()
        self._orderer = EventOrderer(follower)
        folder = follower.folder
        self._left = time_left_of(folder.info)
        expected = self._left.before_start(follower.state)
        self._write(
            {
                "event": "run",
                "schema": SCHEMA,
                "run": folder.path.name,
                "folder": str(folder.path),
                "info": info_without_secrets(folder.info, follower.state.mask),
                "expected_seconds": None if expected is None else round(expected.seconds, 1),
            }
        )

    def update(self, changes: Changes) -> None:
        """Write events and new log lines, those of a target in order."""
        for event in self._orderer.events(changes):
            if isinstance(event, TargetEnded):
                self._write_lines(self._follower.state.targets[event.target])
            self._write(event)
            if isinstance(event, TargetStarted | TargetEnded | LaneChecked):
                self._write_left(event.at)
        for name in sorted(changes.targets):
            self._write_lines(self._follower.state.targets[name])
        self._out.flush()

    def leave(self) -> None:
        """Flush; there is nothing to clean up."""
        self._out.flush()

    def end(self) -> None:
        """Write the summary: a record per lane, and the failures."""
        state = self._follower.state
        self._write(
            {
                "event": "summary",
                "outcome": state.status.value,
                "interrupted": state.interrupted,
                "started": state.started,
                "ended": state.ended,
                "lanes": rows_of(state),
                "cache": hits_of(state),
                "targets": {
                    target.name: {"cache": hits_of(target)} for target in state.targets.values()
                },
                "warnings": warning_lines(state),
                "pushes": _pushes(state),
                "failures": failures_of(state, self._follower.folder.path),
            }
        )
        self._out.flush()

    def _write_left(self, at: float) -> None:
        """Write the estimated time left, if known; `whole` is false if it is a lower bound."""
        self._left.update(self._follower.state, self._follower.now)
        left = self._left.of()
        if left is not None:
            guesses = {name: self._left.of(name) for name in self._follower.state.targets}
            self._write(
                {
                    "event": "eta",
                    "at": at,
                    "seconds": round(left.seconds, 1),
                    "whole": left.whole,
                    "targets": {n: round(g.seconds, 1) for n, g in guesses.items() if g},
                }
            )

    def _write_lines(self, target: TargetState) -> None:
        for platform, log, index in self._orderer.lines(target):
            line = log[index]
            self._write(
                {
                    "event": "log",
                    "target": target.name,
                    "platform": platform,
                    "step": line.step,
                    "stream": line.stream,
                    "at": line.at,
                    "text": plain(line.text),
                }
            )

    def _write(self, value: Any) -> None:
        self._out.write(self._encoder.encode(value).decode() + "\n")


def _pushes(state: RunState) -> list[dict[str, Any]]:
    """Return each target's push, with outcome '' before the attempt; [] for a run without push."""
    if not state.info.push:
        return []
    return [
        {
            "target": target.name,
            "tags": target.info.tags,
            "outcome": target.pushed.value if target.pushed else "",
            "reason": target.push_reason,
            "digest": target.push_digest,
            "read_back": [
                {
                    "tag": tag.name,
                    "digest": tag.digest,
                    "images": tag.images,
                    "attestations": tag.attestations,
                }
                for tag in target.read_back.values()
            ],
        }
        for target in state.targets.values()
    ]
