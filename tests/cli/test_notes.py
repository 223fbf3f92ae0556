"""Notes during a run: builds that print nothing for long, and requested cancels."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from openhqm_tui.cli.output.follow import follow_to_the_end
from openhqm_tui.cli.output.tty import TtyOutput
from openhqm_tui.domain.run import events as journal
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import copied

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def silent(tmp_path: Path) -> RunFolder:
    """A run with a target that is silent, prints again, and is cancelled."""
    folder = copied("never_started", tmp_path / "run")
    started, *_ = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(started)
    name = folder.info.targets[0].name
    for event in (
        journal.TargetStarted(at=2e9, target=name, attempt=1, stream="none.rawjson"),
        journal.OutputStalled(at=2e9 + 312, target=name, since=2e9, step="build 2/4 RUN pip"),
        journal.OutputResumed(at=2e9 + 320, target=name),
        journal.OutputStalled(at=2e9 + 700, target=name, since=2e9 + 320),
        journal.CancelRequested(at=2e9 + 701, target=name),
        journal.CancelRequested(at=2e9 + 702),
    ):
        folder.append(event)
    return folder


def test_a_long_silence_and_a_cancel_are_noted(silent: RunFolder, capsys: Capture) -> None:
    name = silent.info.targets[0].name
    follow_to_the_end(silent, "plain")
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("note: ")] == [
        f"note: {name} has printed nothing for 5:12 in build 2/4 RUN pip, but is still running "
        f"(`openhqm-tui cancel run {name}` stops it)",
        f"note: {name} is printing output again",
        f"note: {name} has printed nothing for 6:20, but is still running "
        f"(`openhqm-tui cancel run {name}` stops it)",
        f"note: {name} is being cancelled",
        "note: the run is being cancelled",
    ]


@pytest.mark.parametrize(("events", "word"), [(3, "silent 1:40"), (4, "building"), (6, "stopping")])
def test_the_table_shows_a_silence_and_a_cancel(
    silent: RunFolder, monkeypatch: pytest.MonkeyPatch, events: int, word: str
) -> None:
    lines = silent.events_file.read_bytes().splitlines(keepends=True)
    silent.events_file.write_bytes(b"".join(lines[:events]))
    lock = silent.lock()
    monkeypatch.setattr(Follower, "now", 2e9 + 100)
    follower = Follower(silent)
    output = TtyOutput(follower, "cancels")
    output.update(follower.poll())
    console = Console(width=100, file=io.StringIO())
    console.print(output._render())
    output.leave()
    os.close(lock)
    table = console.file.getvalue()  # type: ignore[attr-defined]
    assert word in table
    assert "Ctrl-C cancels" in table
