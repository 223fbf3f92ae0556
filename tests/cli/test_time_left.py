"""The time left in headless output: estimated from earlier builds, or not shown."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from openhqm_tui.cli.output.jsonl import JsonOutput
from openhqm_tui.cli.output.plain import PlainOutput
from openhqm_tui.cli.output.tty import TtyOutput
from openhqm_tui.run.follow.eta import time_left_of
from openhqm_tui.run.follow.history_index import index_missing
from openhqm_tui.run.follow.replay import Player, Recording
from openhqm_tui.store.paths import ready_state_folder
from openhqm_tui.store.run_folder import runs_folder
from tests.recordings import copied, recording


class PartialReplay:
    """A recorded run that is replayed up to a given part."""

    def __init__(self, name: str = "checked") -> None:
        self.seconds = 0.0
        self.player = Player(Recording(recording(name)), clock=lambda: self.seconds)
        self.player.pace.position(0.0)
        self.length = self.player.recording.tape.length

    def to(self, part: float):
        """Replay up to a part of the run, and return the changes."""
        self.seconds = self.length * part
        changes = self.player.poll()
        while changes.more:
            changes.add(self.player.poll())
        return changes


@pytest.fixture
def earlier_run() -> None:
    """Put the same run into the history, a thousand seconds earlier."""
    folder = copied("checked", runs_folder(ready_state_folder()) / "before")
    info = json.loads(folder.info_file.read_bytes())
    folder.info_file.write_text(json.dumps(info | {"created": info["created"] - 1000}))
    assert index_missing(ready_state_folder()).read == 1


def test_the_estimate_follows_the_elapsed_time(earlier_run) -> None:
    replay = PartialReplay()
    left = time_left_of(replay.player.folder.info)
    errors = []
    for part in (0.1, 0.4, 0.7):
        replay.to(part)
        left.update(replay.player.state, replay.player.now)
        guess = left.of()
        assert guess is not None
        errors.append(guess.seconds - replay.length * (1 - part))
    # Off by at most a fifth of the run, which took as long as the earlier one.
    assert all(abs(error) < replay.length / 5 for error in errors)
    replay.to(1.0)
    left.update(replay.player.state, replay.player.now)
    assert left.of() is None


def test_a_first_run_has_no_estimate() -> None:
    replay = PartialReplay()
    replay.to(0.5)
    left = time_left_of(replay.player.folder.info)
    left.update(replay.player.state, replay.player.now)
    assert (left.is_known, left.of(), left.before_start(replay.player.state)) == (False, None, None)


def _shown(output: TtyOutput) -> str:
    console = Console(file=io.StringIO(), width=120, height=20)
    console.print(output._render())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_the_estimate_of_each_target_and_the_run(earlier_run) -> None:
    replay = PartialReplay()
    replay.to(0.3)
    output = TtyOutput(replay.player, "cancels")
    output._live.stop()
    lines = _shown(output).splitlines()
    foot = next(line for line in lines if " done · " in line)
    assert " left · Ctrl-C" in foot
    assert sum(" left " in line for line in lines if "linux/" in line) == 4


def test_a_terminal_shows_no_estimate_without_history() -> None:
    replay = PartialReplay()
    replay.to(0.3)
    output = TtyOutput(replay.player, "cancels")
    output._live.stop()
    assert "left" not in _shown(output)


def test_plain_output_begins_with_the_estimate(earlier_run) -> None:
    out = io.StringIO()
    PlainOutput(PartialReplay().player, out)
    first, second = out.getvalue().splitlines()
    assert first.startswith("run ")
    assert second.startswith("takes about 0:")
    assert second.endswith(", based on 1 build")


@pytest.mark.parametrize("known", [True, False])
def test_json_has_the_estimate_if_there_is_one(
    known: bool, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if known:
        request.getfixturevalue("earlier_run")
    replay, out = PartialReplay(), io.StringIO()
    output = JsonOutput(replay.player, out)
    for part in (0.2, 0.8, 1.0):
        output.update(replay.to(part))
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    etas = [record for record in records if record["event"] == "eta"]
    assert (records[0]["expected_seconds"] is not None) is known
    assert bool(etas) is known
    for eta in etas:
        assert 0 <= eta["seconds"] <= 2 * replay.length
        assert eta["whole"]
        assert set(eta["targets"]) <= {"redis", "minimal"}
