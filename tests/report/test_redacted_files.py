"""Exported runs: without known secrets, but complete enough to replay."""

from __future__ import annotations

import base64
import json
import os
import zipfile
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.domain.run.log import NO_STEP, LogLines
from openhqm_tui.report.redacted_files import RedactedFiles
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.run.runner.text_log import write_text_log
from openhqm_tui.store.archive import export_run, import_run
from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import NAMES, copied, state_of
from tests.run.planted import ARGUMENT, SECRETS, VARIABLE, planted


@pytest.fixture(params=["checked", "bake_fails", "failed", "warning"])
def run(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunFolder:
    monkeypatch.setenv("PLANTED_SECRET", VARIABLE)
    monkeypatch.setenv("HOME", "/home/somebody")
    folder = planted(
        request.param,
        tmp_path / "state" / "runs" / RunFolder(Path("tests/recordings") / request.param).info.id,
        tmp_path / "secret",
    )
    for target in folder.info.targets:
        stream = folder.stream_name(target.name, 1)
        if (folder.path / stream).exists():
            write_text_log(folder, target.name, stream)
    folder.runner_log.write_text(f"it printed {ARGUMENT} in /home/somebody/checkout\n")
    return folder


def contents(file: Path) -> str:
    text_of_all = ""
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode()
            text_of_all += text
            if name.endswith(".rawjson"):
                for line in text.splitlines():
                    if line.startswith("{"):
                        record = json.loads(line)
                        for log in record.get("logs") or ():
                            text_of_all += base64.b64decode(log["data"]).decode("utf-8", "replace")
    return text_of_all


@pytest.mark.parametrize("share", [False, True])
def test_no_secret_is_in_an_exported_run(run: RunFolder, tmp_path: Path, share: bool) -> None:
    export_run(run, tmp_path / "run.zip", RedactedFiles(run, share=share))
    exported = contents(tmp_path / "run.zip")
    assert [secret for secret in SECRETS if secret in exported] == []
    assert ("/home/somebody" in exported) != share
    assert ARGUMENT in run.bake_file.read_text(), "the original still has what it needs to run"


def lines_of_steps(log: LogLines) -> list[str]:
    return [log.text(index) for index in range(len(log)) if log.step(index) != NO_STEP]


def test_an_exported_run_is_restored_with_the_same_state(run: RunFolder, tmp_path: Path) -> None:
    export_run(run, tmp_path / "run.zip", RedactedFiles(run))
    (tmp_path / "other").mkdir()
    imported, new = import_run(tmp_path / "run.zip", tmp_path / "other")
    assert new
    before, after = state_of(run), state_of(imported)
    assert [str(lane.status) for lane in after.lanes] == [str(lane.status) for lane in before.lanes]
    for name, target in before.targets.items():
        assert len(after.targets[name].steps) == len(target.steps)
        assert lines_of_steps(after.targets[name].log) == lines_of_steps(target.log)


def test_an_exported_run_is_recognized_as_the_existing_one(run: RunFolder, tmp_path: Path) -> None:
    export_run(run, tmp_path / "run.zip", RedactedFiles(run))
    assert import_run(tmp_path / "run.zip", tmp_path / "state", RedactedFiles)[1] is False


@pytest.mark.parametrize("name", NAMES)
def test_a_run_without_secrets_is_packed_unchanged(name: str, tmp_path: Path) -> None:
    folder = copied(name, tmp_path / "run")
    files = RedactedFiles(folder)
    export_run(folder, tmp_path / "run.zip", files)
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        for packed in archive.namelist():
            original = folder.path / packed.partition("/")[2]
            assert archive.read(packed) == original.read_bytes(), packed
    assert files.masked == 0


def test_a_shared_run_lists_what_remains(
    run: RunFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    assert main(["runs", "export", run.path.name, "--share"]) == 0
    output = capsys.readouterr()
    assert [secret for secret in SECRETS if secret in contents(Path(output.out.strip()))] == []
    assert "not masked: " in output.err
    assert "masked 0 occurrences" not in output.err


def test_a_live_run_can_be_exported(run: RunFolder, tmp_path: Path) -> None:
    lock = run.lock()
    assert Follower(run).folder.is_live()
    export_run(run, tmp_path / "run.zip", RedactedFiles(run))
    assert [secret for secret in SECRETS if secret in contents(tmp_path / "run.zip")] == []
    os.close(lock)
