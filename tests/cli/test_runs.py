"""Listing and deleting runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.output.run_table import RunRow, ago, table, what_of
from openhqm_tui.domain.formatting import size_text
from openhqm_tui.run.prune import make_room, prune_runs
from openhqm_tui.store.paths import ready_state_folder
from openhqm_tui.store.retention import YOUNG, Limits, limits_of
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from openhqm_tui.store.settings import read_settings
from tests.eight_variants import EIGHT_NAMES as EIGHT
from tests.fake_docker import FakeDocker
from tests.recordings import copied

Capture = pytest.CaptureFixture[str]
BOTH = ("linux/amd64", "linux/arm64")


@pytest.fixture
def runs(own_home: Path) -> Path:
    return runs_folder(ready_state_folder())


def cut_off(place: Path) -> RunFolder:
    folder = copied("failed", place)
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(lines[:2]))
    return folder


def row(
    targets: tuple[str, ...] = EIGHT, platforms: tuple[str, ...] = BOTH, **more: object
) -> RunRow:
    made = RunRow(run="20261123-100000-aaaa", folder="/f", state="passed", seconds=99.0)
    return msgspec.structs.replace(
        made, targets=targets, platforms=platforms, created=1e9, size=1_200_000, **more
    )


# -- the list ---------------------------------------------------------------------------------


def test_runs_are_listed_with_their_state_latest_first(runs: Path, capsys: Capture) -> None:
    for number, name in enumerate(("checked", "failed", "cancelled")):
        copied(name, runs / f"20261123-1{number}0000-aaaa")
    cut_off(runs / "20261123-140000-aaaa")
    live = cut_off(runs / "20261123-150000-aaaa").lock()
    broken = copied("checked", runs / "20261123-160000-aaaa")
    broken.info_file.write_bytes(b"{")
    assert main(["runs"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    head, *lines = out.splitlines()
    assert head.split() == ["run", "started", "state", "time", "size", "targets"]
    for line, name, word in zip(
        lines,
        ("16", "15", "14", "12", "11", "10"),
        ("? unreadable", "▸ running", "! interrupted", "⊘ cancelled", "✗ failed", "✓ passed"),
        strict=True,
    ):
        assert line.startswith(f"20261123-{name}0000-aaaa  ")
        assert word in line
    assert lines[-1].endswith("minimal redis × amd64 arm64")
    assert "can't be read" in lines[0]
    os.close(live)


def test_runs_as_json_are_one_object_per_line(runs: Path, capsys: Capture) -> None:
    folder = copied("checked", runs / "20261123-100000-aaaa")
    cut_off(runs / "20261123-090000-aaaa")
    lock = cut_off(runs / "20261123-110000-aaaa").lock()
    assert main(["runs", "--format", "json", "--limit", "2"]) == 0
    live, passed = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (live["state"], live["live"]) == ("running", True)
    assert (passed["run"], passed["folder"]) == (folder.path.name, str(folder.path))
    assert (passed["state"], passed["live"]) == ("passed", False)
    assert (passed["targets"], passed["platforms"]) == (["minimal", "redis"], list(BOTH))
    assert passed["size"] == sum(f.stat().st_size for f in folder.path.rglob("*") if f.is_file())
    assert passed["seconds"] == pytest.approx(10.08, abs=0.01)
    os.close(lock)


def test_without_runs_the_list_succeeds_with_a_note(capsys: Capture) -> None:
    assert main(["runs"]) == 0
    assert capsys.readouterr() == (
        "",
        "openhqm-tui: there are no runs yet; start one with `openhqm-tui build`\n",
    )
    assert main(["runs", "--format", "json"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("room", "what"),
    [
        (None, "all redis kafka sqs azure gcp mqtt minimal × amd64 arm64"),
        (80, "all redis kafka sqs azure gcp mqtt minimal × amd64 arm64"),
        (50, "all redis kafka sqs azure gcp mqtt minimal × 2"),
        (40, "all redis kafka sqs azure gcp +2 × 2"),
        (12, "all +7 × 2"),
        (8, "8 × 2"),
    ],
)
def test_many_targets_are_shortened(room: int | None, what: str) -> None:
    assert what_of(row(), room) == what
    assert room is None or len(what) <= room


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("targets", [("redis",), EIGHT, ("a" * 90, "b")])
def test_no_line_is_wider_than_the_terminal(width: int, targets: tuple[str, ...]) -> None:
    rows = [row(targets), row(state="unreadable", problem="why " * 40)]
    lines = table(rows, 1e9 + 7200, width)
    assert all(len(line) <= width for line in lines)
    assert all("20261123-100000-aaaa" in line for line in lines[1:])
    if width >= 80:
        assert "2 h ago  ✓ passed" in lines[1]
        assert " 1:39  1.20 MB  " in lines[1]
        assert lines[1].rstrip()[-1] in "24…"


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (80, "run started state time size targets"),
        (66, "run started state time targets"),
        (58, "run started state targets"),
        (50, "run state targets"),
    ],
)
def test_columns_without_room_are_left_out(width: int, columns: str) -> None:
    head, line = table([row()], 1e9 + 7200, width)
    assert head.split() == columns.split()
    assert line.endswith(" × 2")
    assert len(line) <= width


def test_in_a_pipe_nothing_is_shortened() -> None:
    assert table([row()], 1e9, None)[1].endswith("mqtt minimal × amd64 arm64")


def test_target_names_are_sanitized() -> None:
    assert "\x1b" not in table([row(("\x1b[2Jx",))], 1e9, 80)[1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86399, "23 h ago"),
        (86400, "1 d ago"),
        (86400 * 40, "40 d ago"),
    ],
)
def test_ages_are_rounded_down(seconds: float, words: str) -> None:
    assert ago(seconds) == words


# -- prune ------------------------------------------------------------------------------------


def names(runs: Path) -> list[str]:
    return sorted(path.name for path in runs.iterdir())


@pytest.fixture
def three(runs: Path) -> list[str]:
    made = [f"20261123-1{number}0000-aaaa" for number in range(3)]
    for name in made:
        copied("failed", runs / name)
    return made


def test_deleted_runs_are_listed_with_the_freed_space(
    runs: Path, three: list[str], capsys: Capture
) -> None:
    assert main(["runs", "prune", "--keep", "1"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert [line.split()[0] for line in out.splitlines()] == [*three[:2], "2"]
    size = sum(f.stat().st_size for f in (runs / three[2]).rglob("*") if f.is_file())
    assert out.splitlines()[-1] == f"2 runs deleted, {size_text(2 * size)} freed"
    assert names(runs) == three[2:]


def test_a_cloned_folder_deletes_no_run_of_other_projects(
    runs: Path, three: list[str], capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    (clone / "openhqm-tui.toml").write_text("keep-runs = 1\nkeep-mb = 1\n")
    monkeypatch.chdir(clone)
    assert main(["runs", "prune"]) == 0
    out, err = capsys.readouterr()
    assert out == "nothing to delete\n"
    assert [line.split(": ")[2] for line in err.splitlines()] == [
        "keep-runs is ignored",
        "keep-mb is ignored",
    ]
    make_room(runs.parent, limits_of(read_settings(clone)))
    assert names(runs) == three


def test_a_dry_run_deletes_nothing(runs: Path, three: list[str], capsys: Capture) -> None:
    assert main(["runs", "prune", "--all", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 runs would be deleted, freeing ")
    assert names(runs) == three


def test_prune_all_keeps_live_and_unreadable_runs(
    runs: Path, three: list[str], capsys: Capture
) -> None:
    lock = RunFolder(runs / three[0]).lock()
    (runs / three[1] / "run.json").write_bytes(b"{")
    assert main(["runs", "prune", "--all"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("1 run deleted, ")
    assert f"{three[1]} is kept: " in err
    assert names(runs) == three[:2]
    os.close(lock)


@pytest.mark.parametrize(
    ("variable", "value", "left"),
    [("OPENHQM_TUI_KEEP_RUNS", "2", 2), ("OPENHQM_TUI_KEEP_MB", "1", 3)],
)
def test_prune_uses_the_settings_by_default(
    runs: Path,
    three: list[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    left: int,
) -> None:
    monkeypatch.setenv(variable, value)
    assert main(["runs", "prune"]) == 0
    assert names(runs) == three[-left:]


def test_nothing_to_delete_is_reported(three: list[str], capsys: Capture) -> None:
    assert main(["runs", "prune"]) == 0
    assert capsys.readouterr() == ("nothing to delete\n", "")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("runs prune --keep 0", "--keep 0: not a positive integer; use 1 or more, or --all"),
        ("runs prune --max-size x", "--max-size x: not a positive integer"),
        ("runs prune --all --keep 3", "--all can't be combined with --keep or --max-size"),
        ("runs --limit 0", "--limit 0: not a positive integer"),
        ("runs prnue", "unknown command 'prnue': did you mean prune?"),
        ("runs --format tty", "invalid value 'tty' for --format"),
    ],
)
def test_a_wrong_argument_deletes_nothing(
    runs: Path, three: list[str], capsys: Capture, line: str, message: str
) -> None:
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert names(runs) == three


# -- automatically ----------------------------------------------------------------------------


def set_last_activity(run: Path, at: float) -> None:
    """Set the time when something was last written to a run."""
    for file in (run / "events.jsonl", *run.glob("*.rawjson")):
        os.utime(file, (at, at))


def test_a_run_with_a_recent_stream_is_kept(runs: Path, three: list[str]) -> None:
    for name in three:
        set_last_activity(runs / name, 0)
    stream = next((runs / three[0]).glob("*.rawjson"))
    os.utime(stream)
    make_room(runs.parent, Limits(runs=1))
    assert names(runs) == [three[0], three[2]]


def test_only_old_runs_are_deleted_automatically(runs: Path, three: list[str]) -> None:
    now = time.time()
    for name, age in zip(three, (YOUNG + 60, YOUNG - 600, 0), strict=True):
        set_last_activity(runs / name, now - age)
    make_room(runs.parent, Limits(runs=1))
    assert names(runs) == three[1:], "the others are recent"


def test_making_room_never_fails(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("openhqm_tui.run.prune.prune", fails)
    make_room(runs.parent, Limits())


def test_a_new_run_deletes_old_ones(
    runs: Path, three: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FakeDocker(tmp_path / "docker", monkeypatch)
    for name in three[:2]:
        set_last_activity(runs / name, 0)
    monkeypatch.setenv("OPENHQM_TUI_KEEP_RUNS", "1")
    line = "build --backend redis --platforms amd64 --base-image mine:1 --no-check --format json"
    assert main(line.split()) == 0
    (new,) = set(names(runs)) - {three[2]}
    assert new not in three


@pytest.mark.parametrize(("interrupted", "ended"), [(True, -signal.SIGINT), (False, None)])
def test_deleting_an_interrupted_run_stops_its_leftover_processes(
    runs: Path, interrupted: bool, ended: int | None
) -> None:
    name = "20261123-100000-aaaa"
    folder = cut_off(runs / name) if interrupted else copied("failed", runs / name)
    sleeps = "import signal, time; signal.signal(2, signal.SIG_DFL); print(1, flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", f"{sleeps}; time.sleep(600)", "bake", "-f", str(folder.bake_file)],
        start_new_session=True,
        stdout=subprocess.PIPE,
    ) as left:
        assert left.stdout is not None
        try:
            left.stdout.readline()
            assert [run.name for run in prune_runs(runs.parent, Limits(runs=0)).gone] == [name]
            assert left.poll() == ended
        finally:
            left.kill()
