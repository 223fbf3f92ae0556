"""`compare` and `history` on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.store.history.database import history_file
from openhqm_tui.store.paths import ready_state_folder
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.recordings import copied, recording


def kept(name: str, as_: str = "") -> RunFolder:
    return copied(name, runs_folder(ready_state_folder()) / (as_ or recording(name).info.id))


@pytest.fixture
def two() -> list[RunFolder]:
    return [kept("warm"), kept("cold")]


def names(folders: list[RunFolder]) -> list[str]:
    return [folder.path.name for folder in folders]


def test_two_runs_are_compared(two, capsys) -> None:
    assert main(["compare", *names(two)]) == 0
    out = capsys.readouterr().out
    warm, cold = names(two)
    assert f"{warm} → {cold}" in out
    assert "▲ cached →" in out
    assert "only in the later run: all amd64+arm64" in out


def test_a_run_is_compared_with_the_one_before(two, capsys) -> None:
    last = max(two, key=lambda folder: folder.info.created).path.name
    first = min(two, key=lambda folder: folder.info.created).path.name
    assert main(["compare"]) == 0
    printed = capsys.readouterr().out
    assert f"{first} → {last}" in printed
    assert main(["compare", last]) == 0
    assert capsys.readouterr().out == printed


def test_runs_whose_folders_are_gone_can_be_compared(two, capsys) -> None:
    assert main(["compare", *names(two)]) == 0
    printed = capsys.readouterr().out
    for folder in two:
        shutil.rmtree(folder.path)
    assert main(["compare", *names(two)]) == 0
    assert capsys.readouterr().out == printed


def test_a_comparison_as_json(two, capsys) -> None:
    assert main(["compare", *names(two), "--format", "json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    record = json.loads(line)
    assert (record["schema"], record["runs"]) == (1, names(two))
    assert {"seconds", "size", "facts", "lanes", "steps", "layers", "packages"} <= set(record)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nonsense"], "there is no run 'nonsense' in the history"),
        (["2026"], "is ambiguous: 2 runs match"),
    ],
)
def test_unknown_and_ambiguous_runs_are_refused(two, words, message, capsys) -> None:
    assert main(["compare", *words]) == 2
    assert message in capsys.readouterr().err


def test_without_a_run_to_compare_with_the_command_says_so(capsys) -> None:
    assert main(["compare"]) == 2
    assert "there are no runs yet" in capsys.readouterr().err
    kept("warm")
    assert main(["compare"]) == 2
    assert "no earlier run built any image of" in capsys.readouterr().err


def test_trends_of_every_image_are_listed(two, capsys) -> None:
    assert main(["history"]) == 0
    whole, heading, *rows = capsys.readouterr().out.splitlines()
    assert whole.startswith("2 runs recorded, 2 passed")
    assert " ".join(heading.split()) == "image runs last median times size cached sizes"
    assert len(rows) == 16
    assert all(" linux/" in row for row in rows)


def test_trends_as_json(two, capsys) -> None:
    assert main(["history", "--format", "json"]) == 0
    series = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(series) == 16
    assert {one["schema"] for one in series} == {1}
    assert set(series[0]["points"][0]) == {"run", "at", "seconds", "size", "hit"}


def test_without_runs_there_are_no_trends(capsys) -> None:
    assert main(["history"]) == 0
    assert "there are no runs yet" in capsys.readouterr().err


def test_reindex_reads_all_runs_and_reports_unreadable_ones(two, capsys) -> None:
    broken = kept("warm", "20990101-000000-aaaa")
    broken.info_file.write_text("{")
    assert main(["history", "reindex"]) == 1
    printed = capsys.readouterr()
    assert printed.out == f"indexed 2 runs in {history_file(ready_state_folder())}\n"
    assert "20990101-000000-aaaa can't be read" in printed.err


def test_a_damaged_history_is_rebuilt_with_a_note(two, capsys) -> None:
    history_file(ready_state_folder()).write_bytes(b"no database" * 999)
    assert main(["history"]) == 0
    err = capsys.readouterr().err
    assert "is corrupt; the file was renamed to history.db.damaged-" in err


def test_an_unusable_history_is_reported(two, capsys) -> None:
    file: Path = history_file(ready_state_folder())
    file.mkdir()
    assert main(["compare"]) == 1
    assert "can't be opened (Is a directory)" in capsys.readouterr().err
