"""Attaching to a run at any time prints the same lines; Ctrl-C only stops following."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.output.follow import choose_output, show_and_leave
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.paths import ready_state_folder
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.by_lane import by_lane
from tests.cutting import cut
from tests.recordings import HERE, NAMES, copied
from tests.waiting import until

Capture = pytest.CaptureFixture[str]
T = 2e9


def retried(place: Path) -> RunFolder:
    """A run with a target that failed, and passed when it was retried after the end."""
    folder = copied("failed", place)
    shutil.copy(place / "redis.rawjson", place / "kafka.2.rawjson")
    for event in (
        journal.RunStarted(at=T, pid=1),
        journal.TargetStarted(at=T, target="kafka", attempt=2, stream="kafka.2.rawjson"),
        journal.Note(at=T, text="a note", target="kafka"),
        journal.TargetEnded(at=T, target="kafka", attempt=2, outcome=Outcome.PASSED),
        journal.RunEnded(at=T, outcome=Outcome.PASSED),
    ):
        folder.append(event)
    return folder


def cut_off(place: Path) -> RunFolder:
    """A run whose runner died when kafka had failed and redis was built."""
    folder = copied("failed", place)
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(lines[:4]))
    return folder


def a_run(name: str, place: Path) -> RunFolder:
    made = {"retried": retried, "cut_off": cut_off}.get(name)
    return made(place) if made else copied(name, place)


class Growing:
    """A run folder that grows in random pieces, and is locked as by a runner until it is complete.

    As with a runner, a target's end is written after its stream.
    """

    def __init__(self, folder: RunFolder, dice: random.Random) -> None:
        self.folder = folder
        self._dice = dice
        self._lock: int | None = folder.lock()
        self._events = self._pieces(folder.events_file)
        self._written = b""
        self._streams = {f.name: self._pieces(f) for f in sorted(folder.path.glob("*.rawjson"))}

    def grow(self) -> None:
        """Write a piece of some file; release the lock after the last one."""
        left = [name for name, pieces in self._streams.items() if pieces]
        if left and self._dice.random() < 0.7:
            self._write_stream(self._dice.choice(left))
        elif self._events:
            self._write_events(self._events.pop(0))
        elif self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _pieces(self, file: Path) -> list[bytes]:
        places = [self._dice.randrange(10**7) for _ in range(self._dice.randrange(8))]
        pieces = cut(file.read_bytes(), places)
        file.write_bytes(b"")
        return pieces

    def _write_stream(self, name: str) -> None:
        with (self.folder.path / name).open("ab") as stream:
            stream.write(self._streams[name].pop(0))

    def _write_events(self, piece: bytes) -> None:
        self._written += piece
        streams: dict[str, str] = {}
        for line in self._written.split(b"\n")[:-1]:
            event = journal.event_decoder.decode(line)
            if isinstance(event, journal.TargetStarted):
                streams[event.target] = event.stream
            elif isinstance(event, journal.TargetEnded) and event.target in streams:
                while self._streams[streams[event.target]]:
                    self._write_stream(streams[event.target])
        with self.folder.events_file.open("ab") as events:
            events.write(piece)


def follow_growing(growing: Growing, form: str, dice: random.Random) -> None:
    """Show a run while it grows, as `build` does."""
    follower = Follower(growing.folder)
    output = choose_output(form, follower)
    while not follower.finished:
        for _ in range(dice.randrange(6)):
            growing.grow()
        output.update(follower.poll())
    output.end()


RUNS = (*NAMES, "retried", "cut_off")


@pytest.mark.parametrize("form", ["plain", "json", "github"])
@pytest.mark.parametrize("name", RUNS)
def test_attaching_later_prints_the_same_lines(
    tmp_path: Path, capsys: Capture, name: str, form: str
) -> None:
    for seed in range(3):
        dice = random.Random(seed)
        place = tmp_path / "run"
        folder = a_run(name, place)
        whole = folder.events_file.read_bytes()
        follow_growing(Growing(folder, dice), form, dice)
        live = capsys.readouterr().out
        assert folder.events_file.read_bytes() == whole, "all of it was written"
        assert show_and_leave(Follower(RunFolder(place)), form) in {0, 1, 130}
        assert by_lane(form, live) == by_lane(form, capsys.readouterr().out), f"seed {seed}"
        shutil.rmtree(place)


def test_the_end_of_a_run_comes_after_the_ends_of_its_targets(
    tmp_path: Path, capsys: Capture
) -> None:
    folder = copied("cold", tmp_path / "run")
    assert max(f.stat().st_size for f in folder.path.glob("*.rawjson")) > 2 * 64 * 1024
    show_and_leave(Follower(folder), "json")
    *_, last, summary = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (last["event"], summary["event"]) == ("run-ended", "summary")


def test_output_read_before_is_not_printed_again(tmp_path: Path, capsys: Capture) -> None:
    folder = copied("failed", tmp_path / "run")
    follower = Follower(folder)
    follower.read_all()
    outputs = [choose_output(form, follower) for form in ("plain", "tty", "json", "github")]
    shutil.copytree(retried(tmp_path / "again").path, folder.path, dirs_exist_ok=True)
    capsys.readouterr()
    while (changes := follower.poll()) or not follower.finished:
        for output in outputs:
            output.update(changes)
    out = capsys.readouterr().out
    assert "| this is why\n" not in out, "output of the first attempt"
    assert "redis linux/amd64 |" not in out, "it was verified before"
    assert out.count("kafka linux/amd64 | x86_64\n") == 1
    assert "✗ kafka" not in out
    for output in outputs:
        output.leave()


# -- as a command -----------------------------------------------------------------------------


@pytest.fixture
def runs(own_home: Path) -> Path:
    return runs_folder(ready_state_folder())


@pytest.mark.parametrize(
    ("name", "code"), [("checked", 0), ("failed", 1), ("cancelled", 130), ("cut_off", 1)]
)
def test_the_exit_code_is_the_same_as_for_a_build(
    runs: Path, capsys: Capture, name: str, code: int
) -> None:
    a_run(name, runs / "20261123-100000-aaaa")
    assert main(["attach", "--format", "plain"]) == code
    out, err = capsys.readouterr()
    assert out.startswith(f"run 20261123-100000-aaaa · {runs}")
    if name == "cut_off":
        assert "run 20261123-100000-aaaa was interrupted: the runner died" in err
        assert "continue with `openhqm-tui resume 20261123-100000-aaaa`" in err
        assert out.endswith(" · interrupted\n")
        for line in (
            "kafka linux/amd64 | − stopped",
            "kafka linux/arm64 | ✗ failed",
            "redis linux/amd64 | ! interrupted",
        ):
            assert f"{line}\n" in out
    else:
        assert err == ""


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ([], "20261123-110000-bbbb"),
        (["20261123-10"], "20261123-100000-aaaa"),
        (["20261123-110000-bbbb"], "20261123-110000-bbbb"),
        ([str(HERE / "failed")], "failed"),
    ],
)
def test_the_run_is_found_by_name_prefix_or_path(
    runs: Path, capsys: Capture, words: list[str], shown: str
) -> None:
    for name in ("20261123-100000-aaaa", "20261123-110000-bbbb"):
        copied("checked", runs / name)
    main(["attach", "--format", "json", *words])
    assert json.loads(capsys.readouterr().out.splitlines()[0])["run"] == shown


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("20261123-100000-aaba", "did you mean 20261123-100000-aaaa?"),
        ("2026", "'2026' is ambiguous: 2 runs match"),
        ("zzz", "there is no run 'zzz'"),
        ("./zzz", "zzz is not a run folder"),
        ("", "RUN is empty"),
    ],
)
def test_an_unknown_run_is_one_line(runs: Path, capsys: Capture, word: str, message: str) -> None:
    for name in ("20261123-100000-aaaa", "20261123-110000-bbbb"):
        copied("checked", runs / name)
    assert main(["attach", word]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err


def test_without_any_run_it_is_one_line(capsys: Capture) -> None:
    assert main(["attach"]) == 2
    assert "there are no runs yet; start one with `openhqm-tui build`" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["plain", "tty", "json", "github"])
@pytest.mark.parametrize("means", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_following_and_the_run_continues(
    runs: Path, capsys: Capture, form: str, means: signal.Signals
) -> None:
    folder = cut_off(runs / "20261123-100000-aaaa")
    lock = folder.lock()
    read = threading.Event()

    class Reads(Follower):
        """Signals when everything written so far has been shown."""

        def poll(self, only: object = None) -> object:  # type: ignore[override]
            changes = super().poll()
            if not changes:
                read.set()
            return changes

    def interrupt() -> None:
        until(read.is_set)
        os.kill(os.getpid(), means)

    thread = threading.Thread(target=interrupt)
    thread.start()
    code = show_and_leave(Reads(folder), form)
    thread.join()
    os.close(lock)
    assert code == 130
    err = capsys.readouterr().err
    assert "the run continues; `openhqm-tui cancel 20261123-100000-aaaa` stops it" in err
    assert not folder.control_file.exists(), "nothing was requested"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_run_that_ends_between_two_polls_is_followed_to_its_end(
    runs: Path, capsys: Capture
) -> None:
    folder = copied("failed", runs / "20261123-100000-aaaa")
    *lines, last = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(lines))
    lock = folder.lock()

    class Late(Follower):
        """The run ends right after it was found to be live."""

        def _is_live(self) -> bool:
            live = super()._is_live()
            if live:
                with self.folder.events_file.open("ab") as events:
                    events.write(last)
                os.close(lock)
            return live

    assert show_and_leave(Late(folder), "plain") == 1
    assert "interrupted" not in "".join(capsys.readouterr())
