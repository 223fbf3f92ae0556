"""In a job of GitHub Actions no text of a stranger is a command, whatever prints it."""

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
# What the runner has obeyed in any of its versions, beside what `ActionsRunner` knows.
_KNOWN = ActionsRunner.KNOWN | {"set-output", "save-state", "add-matcher", "echo", "debug"}


class Runner(ActionsRunner):
    KNOWN = _KNOWN


def obeyed(told: str) -> list[tuple[str, str]]:
    return Runner(told.replace("\r", "\n")).obeyed


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_is_broken_in_whatever_pieces_it_is_written(text: str) -> None:
    assert obeyed(text), "the test must see it"
    for size in range(1, len(text) + 1):
        out = io.StringIO()
        stream = QuietStream(out)
        for piece in _pieces(text, size):
            stream.write(piece)
        assert obeyed(out.getvalue()) == []


def _pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("text", ["a::b std::vector", "# [x] ## [y]", "C++ a[1]", "http://[::1]/"])
def test_what_is_no_command_stays(text: str) -> None:
    assert muted(text) == text
    out = io.StringIO()
    QuietStream(out).writelines([*text, "\n"])
    assert out.getvalue() == f"{text}\n"


def test_our_own_commands_are_obeyed_and_hold_no_other() -> None:
    out = io.StringIO()
    QuietStream(out).command(annotation("error", "x ##[add-mask]y\n::error::z"))
    (told,) = out.getvalue().splitlines()
    assert told.startswith("::error::x ")
    assert "##[" not in told


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
def test_no_format_has_a_command_in_it(
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
    told = capsys.readouterr()
    assert obeyed(told.out) == []
    assert obeyed(told.err) == []
    assert "##[" not in told.out
    if "json" in words:
        for line in [told.out] if words[0] == "report" else told.out.splitlines():
            json.loads(line)
