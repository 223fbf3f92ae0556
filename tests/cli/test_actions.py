"""In a job of GitHub Actions, untrusted text is never a workflow command, whatever prints it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.output.github import QuietStream, annotation, muted
from openhqm_tui.report.catalog import formats
from tests.cli.test_build_output import ActionsRunner
from tests.recordings import copied
from tests.report.folders import changed

COMMANDS = (
    "::set-output name=x::y",
    "  ::add-mask::all",
    "\t::error::false",
    "words ##[set-env name=PATH]x",
    "##[group]x",
    "a\n::warning::b",
    "a\r::warning::b",
)
# Further commands that some version of the runner executes.
_KNOWN = ActionsRunner.KNOWN | {"set-output", "save-state", "add-matcher", "echo", "debug"}


class Runner(ActionsRunner):
    KNOWN = _KNOWN


def executed(text: str) -> list[tuple[str, str]]:
    return Runner(text.replace("\r", "\n")).executed


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_is_broken_however_it_is_split_into_writes(text: str) -> None:
    assert executed(text), "the test must recognize it"
    for size in range(1, len(text) + 1):
        out = io.StringIO()
        stream = QuietStream(out)
        for piece in _pieces(text, size):
            stream.write(piece)
        assert executed(out.getvalue()) == []


def _pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("text", ["a::b std::vector", "# [x] ## [y]", "C++ a[1]", "http://[::1]/"])
def test_text_that_is_no_command_is_unchanged(text: str) -> None:
    assert muted(text) == text
    out = io.StringIO()
    QuietStream(out).writelines([*text, "\n"])
    assert out.getvalue() == f"{text}\n"


def test_our_own_commands_work_and_contain_no_other() -> None:
    out = io.StringIO()
    QuietStream(out).command(annotation("error", "x ##[add-mask]y\n::error::z"))
    (line,) = out.getvalue().splitlines()
    assert line.startswith("::error::x ")
    assert "##[" not in line


def _hostile(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _hostile(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_hostile(one, name) for one in value]
    texts = {"evidence", "expected", "reason", "text", "error", "context", "command", "stderr"}
    if isinstance(value, str) and (name in texts or value.startswith("[")):
        return f"{value}\n::set-output name=x::y\n##[add-mask]all words ##[group]x"
    return value


@pytest.mark.parametrize(
    "words",
    [
        *(["report", "RUN", "--format", form] for form in formats()),
        *(
            ["replay", "RUN", "--speed", "max", "--format", form]
            for form in ("plain", "json", "tty")
        ),
        ["runs", "--format", "json"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["checked", "failed"])
def test_no_format_contains_a_command(
    name: str,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / "state"))
    folder = changed(copied(name, tmp_path / "state" / "runs" / "run"), _hostile)
    main([str(folder.path) if word == "RUN" else word for word in words])
    printed = capsys.readouterr()
    assert executed(printed.out) == []
    assert executed(printed.err) == []
    assert "##[" not in printed.out
    if "json" in words:
        for line in [printed.out] if words[0] == "report" else printed.out.splitlines():
            json.loads(line)
