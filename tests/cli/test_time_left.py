"""What the headless faces tell of the time that is left: by builds of before, or nothing."""

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


class Played:
    """A recorded run that is played as far as is asked."""

    def __init__(self, name: str = "checked") -> None:
        self.seconds = 0.0
        self.player = Player(Recording(recording(name)), clock=lambda: self.seconds)
        self.player.pace.position(0.0)
        self.length = self.player.recording.tape.length

    def to(self, part: float):
        """Play up to a part of it, and return what that brought."""
        self.seconds = self.length * part
        changes = self.player.poll()
        while changes.more:
            changes.add(self.player.poll())
        return changes


@pytest.fixture
def learnt() -> None:
    """The very same run went before, a thousand seconds ago."""
    folder = copied("checked", runs_folder(ready_state_folder()) / "before")
    info = json.loads(folder.info_file.read_bytes())
    folder.info_file.write_text(json.dumps(info | {"created": info["created"] - 1000}))
    assert index_missing(ready_state_folder()).read == 1


def test_what_is_left_goes_with_the_time(learnt) -> None:
    played = Played()
    left = time_left_of(played.player.folder.info)
    told = []
    for part in (0.1, 0.4, 0.7):
        played.to(part)
        left.update(played.player.state, played.player.now)
        guess = left.of()
        assert guess is not None
        told.append(guess.seconds - played.length * (1 - part))
    # Off by no more than a fifth of the run, which went as the one before.
    assert all(abs(off) < played.length / 5 for off in told)
    played.to(1.0)
    left.update(played.player.state, played.player.now)
    assert left.of() is None


def test_on_a_first_run_nothing_is_told() -> None:
    played = Played()
    played.to(0.5)
    left = time_left_of(played.player.folder.info)
    left.update(played.player.state, played.player.now)
    assert (left.is_known, left.of(), left.before_start(played.player.state)) == (False, None, None)


def _shown(output: TtyOutput) -> str:
    console = Console(file=io.StringIO(), width=120, height=20)
    console.print(output._render())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_shows_it_for_each_target_and_the_run(learnt) -> None:
    played = Played()
    played.to(0.3)
    output = TtyOutput(played.player, "cancels")
    output._live.stop()
    lines = _shown(output).splitlines()
    foot = next(line for line in lines if "images ·" in line)
    assert " left · Ctrl-C" in foot
    assert sum(" left " in line for line in lines if "linux/" in line) == 4


def test_a_terminal_says_nothing_of_what_it_does_not_know() -> None:
    played = Played()
    played.to(0.3)
    output = TtyOutput(played.player, "cancels")
    output._live.stop()
    assert "left" not in _shown(output)


def test_plain_lines_begin_with_it(learnt) -> None:
    out = io.StringIO()
    PlainOutput(Played().player, out)
    first, second = out.getvalue().splitlines()
    assert first.startswith("run ")
    assert second.startswith("takes about 0:")
    assert second.endswith(" based on 1 build")


@pytest.mark.parametrize("known", [True, False])
def test_json_has_it(known: bool, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if known:
        request.getfixturevalue("learnt")
    played, out = Played(), io.StringIO()
    output = JsonOutput(played.player, out)
    for part in (0.2, 0.8, 1.0):
        output.update(played.to(part))
    records = [json.loads(line) for line in out.getvalue().splitlines()]
    etas = [record for record in records if record["event"] == "eta"]
    assert (records[0]["expected_seconds"] is not None) is known
    assert bool(etas) is known
    for eta in etas:
        assert 0 <= eta["seconds"] <= 2 * played.length
        assert eta["whole"]
        assert set(eta["targets"]) <= {"redis", "minimal"}
