"""A run shown without the console: plain, tty, json, github; from recorded real runs."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.cli.output.follow import (
    _cancelling,
    automatic_format,
    choose_output,
    exit_code_of,
    follow_to_the_end,
)
from openhqm_tui.domain.run import events as journal
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import Request, RunFolder
from tests.recordings import NAMES, copied, recording
from tests.waiting import until

Capture = pytest.CaptureFixture[str]
FORMATS = ("plain", "tty", "json", "github")


def shown(folder: RunFolder, form: str, capsys: Capture) -> tuple[int, str, str]:
    code = follow_to_the_end(folder, form)
    out, err = capsys.readouterr()
    return code, out, err


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("checked", 0),
        ("warning", 0),
        ("emulated", 0),
        ("failed", 1),
        ("bake_fails", 1),
        ("cancelled", 130),
        ("never_started", 130),
    ],
)
def test_the_exit_code_is_the_runs(capsys: Capture, name: str, code: int, form: str) -> None:
    assert shown(recording(name), form, capsys)[0] == code


@pytest.mark.parametrize("form", FORMATS)
def test_a_dead_runner_is_reported_as_a_failure(tmp_path: Path, capsys: Capture, form: str) -> None:
    folder = copied("checked", tmp_path / "run")
    *lines, _ = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(lines))
    code, _, err = shown(folder, form, capsys)
    assert code == 1
    assert "the runner died" in err
    assert str(folder.runner_log) in err


# -- plain ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["plain", "tty", "github"])
def test_piped_output_has_no_escape_sequences(capsys: Capture, name: str, form: str) -> None:
    _, out, err = shown(recording(name), form, capsys)
    assert not any(c < " " and c != "\n" for c in out + err)


def test_every_line_of_a_log_names_its_lane(capsys: Capture) -> None:
    _, out, _ = shown(recording("failed"), "plain", capsys)
    assert "kafka linux/arm64 | this is why" in out
    assert "redis linux/amd64 | x86_64" in out
    assert "redis linux/arm64 | aarch64" in out


def test_results_digest_and_table_are_printed_once(capsys: Capture) -> None:
    _, out, _ = shown(recording("bake_fails"), "plain", capsys)
    for line in (
        "bad linux/amd64 | ✗ failed",
        "bad linux/arm64 | − stopped",
        "redis linux/amd64 | ✓ verified",
        "✗ bad · linux/amd64 · stage final",
        "  line    Dockerfile:11",
        "4 images: 1 failed, 1 stopped, 2 verified in",
    ):
        assert sum(one.startswith(line) for one in out.splitlines()) == 1, line


@pytest.mark.parametrize("form", ["plain", "tty", "github"])
def test_targets_that_failed_of_one_cause_are_printed_together(
    tmp_path: Path, capsys: Capture, form: str
) -> None:
    folder = copied("failed", tmp_path / "run")
    (folder.path / "redis.rawjson").write_bytes((folder.path / "kafka.rawjson").read_bytes())
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if b"image-seen" not in line]
    events = b"".join(kept).replace(b'"outcome":"passed","exit_code":0', b'"outcome":"failed"')
    folder.events_file.write_bytes(events)
    _, out, _ = shown(folder, form, capsys)
    assert out.count("  reason  this is why (exit code 7)") == 1
    head = "2 targets: redis, kafka · linux/arm64 · stage build"
    alone = "kafka · linux/arm64 · stage build · the same error as redis"
    assert (head in out) or (form == "tty" and alone in out)
    if form == "github":
        (error,) = [line for line in out.splitlines() if line.startswith("::error")]
        assert "::redis, kafka linux/arm64 build 2/4 RUN " in error


# -- json -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_json_has_one_object_per_line_and_nothing_else(capsys: Capture, name: str) -> None:
    folder = recording(name)
    _, out, err = shown(folder, "json", capsys)
    first, *middle, last = records(out)
    assert (first["event"], first["run"], last["event"]) == ("run", name, "summary")
    assert err == ""
    events = [record for record in middle if record["event"] != "log"]
    # Fields newer than the recording have their defaults.
    written = [json.loads(msgspec.json.encode(event)) for event in folder.events()]
    for target in {record.get("target") for record in written}:
        printed = [record for record in events if record.get("target") == target]
        assert printed == [record for record in written if record.get("target") == target]
    assert len(events) == len(written)
    assert events[-1]["event"] == "run-ended"
    lanes = {(lane["target"], lane["platform"]) for lane in last["lanes"]}
    assert lanes == {(t["name"], p) for t in first["info"]["targets"] for p in t["platforms"]}


def test_json_has_every_log_line_once(capsys: Capture) -> None:
    _, out, _ = shown(recording("failed"), "json", capsys)
    logs = [record for record in records(out) if record["event"] == "log"]
    why = [record for record in logs if record["text"] == "this is why"]
    assert [(r["target"], r["platform"], r["stream"]) for r in why] == [("kafka", "linux/arm64", 2)]
    (digest,) = records(out)[-1]["failures"]
    assert (digest["where"], digest["reason"]) == ("Dockerfile:6", "this is why (exit code 7)")


@pytest.mark.parametrize(
    ("name", "outcome"), [("checked", "passed"), ("failed", "failed"), ("cancelled", "cancelled")]
)
def test_json_has_the_outcome(capsys: Capture, name: str, outcome: str) -> None:
    assert records(shown(recording(name), "json", capsys)[1])[-1]["outcome"] == outcome


# -- a hostile build --------------------------------------------------------------------------

HOSTILE = (
    b"::add-mask::all\n   ::error::false\n\t::warning::tab\nwords ##[set-env name=PATH]x\n"
    b"::stop-commands::me\n::endgroup::\n::group::x\n\x1b]52;c;aGk=\x07clip\x1b[2J\n"
    b"\xff\xfe\x9b31m\n\xe2\x80\xaegpj\n" + b"x" * 100_000 + b"\rlone\n[bold red]markup[/]\n"
)


@pytest.fixture
def hostile(tmp_path: Path) -> RunFolder:
    """A failed run whose step prints terminal escapes and workflow commands."""
    folder = copied("failed", tmp_path / "run")
    log = {"vertex": _failed_step(folder), "stream": 1, "data": HOSTILE}
    stream = folder.path / "kafka.rawjson"
    record = msgspec.json.encode({"logs": [log]}) + b"\n"
    records, error = stream.read_bytes().split(b"Dockerfile:6\n")
    # The error comes with the end of the step, so the log has to precede it.
    lines = records.splitlines(keepends=True)
    lines.insert(len(lines) - 2, record)
    stream.write_bytes(b"".join(lines) + b"Dockerfile:6\n" + error)
    folder.append(journal.Note(at=2e9, text="a note\n::error::false \x1b[31m ##[error]false"))
    folder.append(journal.RunEnded(at=2e9, outcome=Outcome.FAILED))
    return folder


def _failed_step(folder: RunFolder) -> str:
    for line in (folder.path / "kafka.rawjson").read_bytes().splitlines():
        if line.startswith(b"{"):
            for vertex in json.loads(line).get("vertexes") or ():
                if vertex.get("error", "").endswith("exit code: 7"):
                    return str(vertex["digest"])
    raise AssertionError("the recording has no failed step")


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_output_does_not_reach_the_terminal_unescaped(
    hostile: RunFolder, capsys: Capture, form: str
) -> None:
    code, out, err = shown(hostile, form, capsys)
    assert code == 1
    assert not any((c < " " and c != "\n") or "\x7f" <= c < "\xa0" for c in out + err)
    assert "\u202e" not in out
    assert "clip" in out
    assert len(out) < 200_000


def test_markup_is_shown_literally(hostile: RunFolder, capsys: Capture) -> None:
    assert "[bold red]markup[/]" in shown(hostile, "tty", capsys)[1]


class ActionsRunner:
    """The commands GitHub's runner executes: `::name…::` after blanks, `##[name]` anywhere."""

    KNOWN = frozenset(
        [
            "group",
            "endgroup",
            "error",
            "warning",
            "notice",
            "add-mask",
            "set-env",
            "add-path",
            "stop-commands",
        ]
    )

    def __init__(self, out: str) -> None:
        self.executed: list[tuple[str, str]] = []
        self.stopped_by = ""
        for line in out.splitlines():
            self._read(line)

    def _read(self, line: str) -> None:
        name, text = self._command(line)
        if self.stopped_by:
            if name == self.stopped_by:
                self.stopped_by = ""
        elif name == "stop-commands":
            self.stopped_by = text
        elif name in self.KNOWN:
            self.executed.append((name, line))

    def _command(self, line: str) -> tuple[str, str]:
        stripped = line.lstrip()
        if stripped.startswith("::") and "::" in stripped[2:]:
            head, _, text = stripped[2:].partition("::")
            return head.split(" ")[0], text
        if "##[" in line and "]" in line:
            head, _, text = line.partition("##[")[2].partition("]")
            return head.split(" ")[0], text
        return "", ""


def test_githubs_runner_executes_our_commands_but_none_from_the_log(
    hostile: RunFolder, capsys: Capture
) -> None:
    _, out, _ = shown(hostile, "github", capsys)
    runner = ActionsRunner(out)
    names = [name for name, _ in runner.executed]
    assert names == ["group", "endgroup"] * 6 + ["error"]
    (error,) = (line for name, line in runner.executed if name == "error")
    assert error.startswith("::error file=Dockerfile,line=6::kafka linux/arm64 build 2/4 RUN ")
    assert error.endswith(" (exit code 7)")
    assert runner.stopped_by == ""
    assert "::add-mask::all" in out, "it is shown anyway"


def test_the_model_of_the_runner_executes_commands_in_an_unescaped_log(capsys: Capture) -> None:
    executed = ActionsRunner(HOSTILE.decode("utf-8", "replace")).executed
    assert [name for name, _ in executed] == ["add-mask", "error", "warning", "set-env"]


def test_an_annotation_is_escaped(tmp_path: Path, capsys: Capture) -> None:
    folder = copied("failed", tmp_path / "run")
    stream = folder.path / "kafka.rawjson"
    stream.write_bytes(stream.read_bytes().replace(b"Dockerfile:6\n", b"a,b:c%/Dockerfile:6\n"))
    out = shown(folder, "github", capsys)[1]
    assert "::error file=a%2Cb%3Ac%25/Dockerfile,line=6::" in out


# -- a run in progress ------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_a_second_attempt_is_shown_from_its_beginning(
    tmp_path: Path, capsys: Capture, form: str
) -> None:
    folder = copied("failed", tmp_path / "run")
    *first, _ = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(first))
    lock = folder.lock()
    follower = Follower(folder)
    output = choose_output(form, follower)
    while changes := follower.poll():
        output.update(changes)
    (folder.path / "kafka.2.rawjson").write_bytes((folder.path / "redis.rawjson").read_bytes())
    for event in (
        journal.TargetStarted(at=2e9, target="kafka", attempt=2, stream="kafka.2.rawjson"),
        journal.TargetEnded(at=2e9, target="kafka", attempt=2, outcome=Outcome.PASSED),
        journal.RunEnded(at=2e9, outcome=Outcome.PASSED),
    ):
        folder.append(event)
    while not follower.finished:
        output.update(follower.poll())
    output.end()
    os.close(lock)
    out = capsys.readouterr().out
    assert exit_code_of(follower.state) == 0
    if form == "plain":
        assert out.splitlines().count("kafka linux/amd64 | x86_64") == 2
    elif form == "json":
        lines = [(r.get("target"), r.get("text")) for r in records(out)]
        assert lines.count(("kafka", "x86_64")) == 2
    elif form == "github":
        assert out.count("::group::kafka linux/amd64\n") == 2


def test_an_interrupt_cancels_once_and_waits_for_the_end(tmp_path: Path, capsys: Capture) -> None:
    folder = copied("failed", tmp_path / "run")
    *lines, last = folder.events_file.read_bytes().splitlines(keepends=True)
    folder.events_file.write_bytes(b"".join(lines))
    lock = folder.lock()

    def interrupt_then_end() -> None:
        # Python's own handler is in place until the follower sets its own.
        until(lambda: signal.getsignal(signal.SIGINT) is not signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: folder.control_file.exists() and folder.control_file.read_bytes())
        os.kill(os.getpid(), signal.SIGINT)
        with folder.events_file.open("ab") as events:
            events.write(last)
        os.close(lock)

    runner = threading.Thread(target=interrupt_then_end)
    runner.start()
    code = follow_to_the_end(folder, "json")
    runner.join()
    assert code == 1
    assert folder.control_file.read_bytes() == b'{"ask":"cancel"}\n'
    assert "cancelling" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_that_cannot_be_recorded_can_be_repeated(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied("failed", tmp_path / "run")
    append, full = RunFolder.append_request, [True]

    def fails_once(folder: RunFolder, request: Request) -> int:
        if full:
            full.pop()
            raise OSError(errno.ENOSPC, "No space left on device")
        return append(folder, request)

    monkeypatch.setattr(RunFolder, "append_request", fails_once)
    with _cancelling(folder):
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
    assert folder.control_file.read_bytes() == b'{"ask":"cancel"}\n'
    err = capsys.readouterr().err
    assert "can't cancel the run (No space left on device); try again" in err
    assert err.count("cancelling, waiting") == 1


# -- which format -----------------------------------------------------------------------------


class Stream:
    def __init__(self, *, terminal: bool) -> None:
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("environment", "terminal", "form"),
    [
        ({}, True, "tty"),
        ({}, False, "plain"),
        ({"CI": "true"}, True, "plain"),
        ({"TERM": "dumb"}, True, "plain"),
        ({"GITHUB_ACTIONS": "true", "CI": "true"}, False, "github"),
        ({"GITHUB_ACTIONS": "false"}, True, "tty"),
    ],
)
def test_the_automatic_format_fits_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], terminal: bool, form: str
) -> None:
    for name in ("CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert automatic_format(Stream(terminal=terminal)) == form  # type: ignore[arg-type]
