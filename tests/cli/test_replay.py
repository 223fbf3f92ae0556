"""`replay`, `runs export` and `runs import` from the command line, with no Docker on PATH."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.store.archive import export_run
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.recordings import copied, recording


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder, a separate temporary folder, and no program on PATH."""
    for name in ("state", "temporary", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("PATH", str(tmp_path / "here"))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "state"


def with_run(state: Path, name: str) -> RunFolder:
    runs_folder(state).mkdir(exist_ok=True)
    return copied(name, runs_folder(state) / recording(name).info.id)


def nothing_left(state: Path) -> bool:
    return not list((state.parent / "temporary").iterdir())


def test_without_runs_the_shipped_recording_is_replayed(state, capsys):
    assert main(["replay", "--speed", "max", "--format", "plain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "replaying demo without pauses; nothing is built"
    assert lines[-1].startswith("16 images: 16 verified in ")
    assert any("gssapi==1.12.0 has no usable wheels" in line for line in lines), (
        "the failed first attempt is shown too"
    )
    assert nothing_left(state)


def test_by_default_the_latest_finished_run_is_replayed(state, capsys):
    with_run(state, "checked")
    latest = with_run(state, "cold")
    latest.path.rename(latest.path.with_name("20991123-151400-3fa9"))
    live = with_run(state, "warm")
    live = RunFolder(live.path.rename(live.path.with_name("20991124-151400-3fa9")))
    held = live.lock()
    assert main(["replay", "--speed", "max", "--format", "plain"]) == 0
    os.close(held)
    assert recording("cold").info.id in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize("name", ["failed", "cancelled", "checked"])
def test_the_replay_of_any_run_succeeds(name, state, capsys):
    run = with_run(state, name)
    for word in (run.path.name, run.path.name[:-2], f"{run.path}/"):
        assert main(["replay", word, "--speed", "max", "--format", "plain"]) == 0
        assert capsys.readouterr().out.startswith(f"replaying {run.info.id} ")


@pytest.mark.parametrize("form", ["plain", "tty", "github", "json"])
def test_an_exported_run_is_replayed_and_leaves_nothing_behind(form, state, capsys):
    file = state.parent / "here" / "packed"
    export_run(recording("failed"), file)
    assert main(["replay", "packed", "--speed", "max", "--format", form]) == 0
    out = capsys.readouterr().out.splitlines()
    if form == "json":
        records = [json.loads(line) for line in out]
        start = {"event": "replay", "run": recording("failed").info.id, "speed": "max"}
        assert records[0] == start
        assert [r["event"] for r in (records[1], records[-1])] == ["run", "summary"]
    else:
        assert out[0] == f"replaying {recording('failed').info.id} without pauses; nothing is built"
    assert nothing_left(state)
    assert not runs_folder(state).exists(), "it is not added to the runs"


def test_the_speed_is_shown(state, capsys):
    with_run(state, "warning")
    assert main(["replay", "--speed", "100", "--format", "plain"]) == 0
    assert " at 100× the recorded speed; " in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["replay", "nothing-like-it"], "there is no run 'nothing-like-it'"),
        (["replay", "nothing.zip"], "can't read nothing.zip (No such file or directory)"),
        (["replay", "--speed", "fast"], "--speed fast: not a valid speed"),
        (["replay", "live"], "run live is still in progress"),
        (["runs", "export", "gone"], "there is no run 'gone'"),
        (["runs", "import", "gone.zip"], "no such file: gone.zip"),
        (["runs", "import", "broken.zip"], "broken.zip is not a complete exported run"),
        (["replay", "broken.zip"], "broken.zip is not a complete exported run"),
    ],
)
def test_refusals_are_one_line(words, message, state, capsys):
    (state.parent / "here" / "broken.zip").write_bytes(b"PK\x03\x04")
    runs_folder(state).mkdir()
    live = copied("warm", runs_folder(state) / "live")
    held = live.lock()
    assert main(words) == 2
    os.close(held)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"openhqm-tui: {message}")
    assert printed.err.count("\n") == 1
    assert nothing_left(state)


@pytest.mark.parametrize("means", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_replay_leaves_nothing_behind(means, state):
    command = [sys.executable, "-m", "openhqm_tui", "replay", "demo", "--format", "plain"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("replaying demo at 1× ")
        assert not nothing_left(state)
        process.send_signal(means)
        process.stdout.read()
        # CPython ends itself with SIGINT if it was interrupted in `exec` of a text, as dataclasses
        # use it at import; for a shell, this is 130 too.
        assert process.wait() in {130, -signal.SIGINT}
    assert nothing_left(state)


def test_a_run_can_be_exported_and_imported(state, capsys):
    run = with_run(state, "checked")
    assert main(["runs", "export", run.path.name]) == 0
    printed = capsys.readouterr()
    name = f"openhqm-run-{run.info.id}.zip"
    assert printed.out == f"{name}\n"
    assert "secrets" in printed.err
    assert main(["runs", "import", name]) == 0
    assert "already" in capsys.readouterr().err
    run.path.rename(state / "away")
    assert main(["runs", "import", name]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (f"{run.info.id}\n", "")
    assert main(["runs", "export", run.path.name]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["runs", "export", run.path.name, str(state)]) == 0
    assert (state / name).is_file()


def test_exporting_a_live_run_notes_that_it_is_in_progress(state, capsys):
    run = with_run(state, "checked")
    held = run.lock()
    assert main(["runs", "export", run.path.name, "so-far.zip"]) == 0
    os.close(held)
    assert "the run is in progress" in capsys.readouterr().err
