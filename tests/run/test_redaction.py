"""No output about a run has its secrets; only the files needed for running have them."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.cli.output.follow import Output, show
from openhqm_tui.cli.output.jsonl import JsonOutput
from openhqm_tui.cli.output.plain import GithubOutput, PlainOutput
from openhqm_tui.cli.output.tty import TtyOutput
from openhqm_tui.domain.failures.failure import text_log_of
from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.report.catalog import formats, rendered
from openhqm_tui.report.gather import read_report
from openhqm_tui.run.follow.follower import Follower, read_run
from openhqm_tui.run.follow.history_index import record_folder
from openhqm_tui.run.redaction import mask_of
from openhqm_tui.run.runner.text_log import write_text_log
from openhqm_tui.store.run_folder import RunFolder
from tests.run.planted import ARGUMENT, GITHUB, KEY, SECRETS, VARIABLE, planted

_RUNS = ("checked", "bake_fails", "failed", "warning")


@pytest.fixture(params=_RUNS)
def run(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunFolder:
    monkeypatch.setenv("PLANTED_SECRET", VARIABLE)
    return planted(request.param, tmp_path / "run", tmp_path / "secret")


def assert_none(text: str) -> None:
    found = [secret for secret in SECRETS if secret in text]
    assert found == []


def test_the_run_folder_has_the_secrets(run: RunFolder) -> None:
    assert ARGUMENT in run.bake_file.read_text()
    assert any(GITHUB in file.read_text() for file in run.path.glob("*.rawjson"))


@pytest.mark.parametrize("output", [PlainOutput, GithubOutput, JsonOutput])
def test_printed_output_has_no_secret(
    run: RunFolder, output: Callable[[Follower, io.StringIO], Output]
) -> None:
    out = io.StringIO()
    follower = Follower(run)
    show(follower, output(follower, out))
    text = out.getvalue()
    assert len(text) > 500
    assert "***" in text
    assert_none(text)


def test_terminal_output_has_no_secret(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    follower = Follower(run)
    show(follower, TtyOutput(follower, "stops", verbose=True))
    assert_none(capsys.readouterr().out)


def test_text_logs_have_no_secret(run: RunFolder) -> None:
    text = ""
    for target in run.info.targets:
        stream = run.stream_name(target.name, 1)
        if (run.path / stream).exists():
            assert write_text_log(run, target.name, stream) is not None
            text += (run.path / text_log_of(stream)).read_text()
    assert "***" in text
    assert_none(text)


@pytest.mark.parametrize("form", formats())
def test_reports_have_no_secret(run: RunFolder, form: str) -> None:
    assert_none(rendered(read_report(run), form))


def test_the_history_has_no_secret(run: RunFolder) -> None:
    assert_none(repr(record_folder(run)))


def test_the_consoles_logs_have_no_secret(run: RunFolder) -> None:
    for target in read_run(run).targets.values():
        for log in (target.log, *(lane.log for lane in target.lanes.values())):
            assert_none("\n".join([log.text(index) for index in range(len(log))]))
            assert_none("\n".join([log[index].text for index in range(len(log))]))
            assert_none("\n".join(log.last(100)))
        assert_none("\n".join([*target.texts, target.reason, repr(target.warnings)]))
        for step in target.steps.values():
            assert_none(f"{step.name} {step.error}")


def test_names_of_targets_and_platforms_are_not_masked(tmp_path: Path) -> None:
    run = planted("failed", tmp_path / "run", tmp_path / "secret")
    for word in ("kafka", "linux/amd64", "linux/arm64"):
        assert mask_of(run).named("DB_PASS", word) == word


def test_an_imported_run_reads_no_file_of_this_machine(tmp_path: Path) -> None:
    run = planted("failed", tmp_path / "run", tmp_path / "secret")
    run.imported_file.touch()
    (tmp_path / "secret").write_text("what-is-in-a-file\n")
    assert mask_of(run).text("what-is-in-a-file") == "what-is-in-a-file"


@pytest.mark.parametrize("kind", ["fifo", "folder", "missing", "device"])
def test_a_build_secret_that_is_not_a_regular_file_is_ignored(tmp_path: Path, kind: str) -> None:
    run = planted("failed", tmp_path / "run", tmp_path / "secret")
    (tmp_path / "secret").unlink()
    if kind == "fifo":
        os.mkfifo(tmp_path / "secret")
    elif kind == "folder":
        (tmp_path / "secret").mkdir()
    elif kind == "device":
        (tmp_path / "secret").symlink_to("/dev/zero")
    assert mask_of(run).text(ARGUMENT) == "***"


def test_a_key_that_never_ends_hides_no_other_line(tmp_path: Path) -> None:
    log = LogLines()
    begun = f"-----BEGIN PRIVATE{' '}KEY-----\n{KEY}\n".encode()
    log.feed(begun + b"Building wheel for a: done\n" + KEY.encode() + b"\n", step=0, stream=1, at=0)
    assert [log.text(index) for index in range(len(log))][1:] == [
        "***",
        "Building wheel for a: done",
        KEY,
    ]
