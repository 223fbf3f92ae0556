"""A run folder with hostile text in every field, in every output of a run."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli import completion
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.run import events
from openhqm_tui.run.runner.text_log import write_text_log
from openhqm_tui.store.archive import export_run
from openhqm_tui.store.run_folder import RunFolder
from tests.hostile.run_folder import (
    EVENTS,
    ID,
    INFO,
    all_fields,
    documents,
    everything,
    is_alone,
    put,
    write,
)
from tests.hostile.words import LETTERS, broken, hostile, unclean
from tests.recordings import copied

OTHER = "20261123-163211-eccd"
FIELDS = all_fields()
ALONE = [path for path in FIELDS if is_alone(path)]
# Output of builds and images: only these fields may be shown over several lines.
MULTI_LINE = {
    number
    for number, (file, *way) in enumerate(FIELDS)
    if way[-1] in {"data", "stderr", "detail"} or file.endswith(".log") or len(way) == 1
}
OUTPUTS: dict[str, tuple[str, ...]] = {
    "runs plain": ("runs", "--format", "plain"),
    "runs json": ("runs", "--format", "json"),
    **{
        f"{command} {form}": (*words, "--verbose", "--format", form)
        for command, words in {
            "attach": ("attach", "RUN"),
            "replay": ("replay", "RUN", "--speed", "max"),
        }.items()
        for form in ("plain", "json", "github", "tty")
    },
    **{
        f"report {form}": ("report", "RUN", "--format", form)
        for form in ("md", "html", "junit", "json", "github")
    },
    **{f"history {form}": ("history", "--format", form) for form in ("plain", "json")},
    **{f"compare {form}": ("compare", ID, OTHER, "--format", form) for form in ("plain", "json")},
    "cancel": ("cancel", "RUN"),
    "cancel a target": ("cancel", "RUN", "nobody"),
}
ALL_OUTPUTS = (*OUTPUTS, "step summary", "log for the pager", "completion", "import")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder, and no program on PATH."""
    for name in ("here", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("OPENHQM_TUI_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "here"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    # Wide enough that no line is wrapped.
    monkeypatch.setenv("COLUMNS", "4000")
    monkeypatch.chdir(tmp_path / "here")
    copied("checked", tmp_path / "state/runs" / OTHER)
    return tmp_path / "state"


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command and return its exit code and its whole output."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(arguments)
        output = capsys.readouterr()
        return code, output.out + output.err

    return run


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for one in value.values():
            yield from texts_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_in(one)


def as_json(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def assert_clean(name: str, text: str) -> set[int]:
    """Assert that a text has no control characters of a field; return the numbers of its fields."""
    assert not unclean(text, colored="tty" in name), name
    assert not {FIELDS[number] for number in broken(text) - MULTI_LINE}, name
    if "json" in name:
        for one in texts_in(as_json(text)):
            assert not unclean(one), name
            if not {int(number) for number in re.findall(r"qz(\d+)z", one)} & MULTI_LINE:
                assert "\n" not in one, name
    return {int(number) for number in re.findall(r"qz(\d+)z", text)}


def strings_of(kind: Any) -> bool:
    """Return whether a type contains free text."""
    if kind is str:
        return True
    return any(strings_of(each) for each in typing.get_args(kind))


def test_the_folder_has_every_kind_of_event_and_every_text() -> None:
    by_tag = {event["event"]: event for event in EVENTS}
    kinds = {kind.__struct_config__.tag: kind for kind in typing.get_args(events.AnyEvent)}
    assert set(by_tag) == set(kinds)
    for tag, kind in [*kinds.items(), ("", events.RunInfo)]:
        document = by_tag.get(str(tag), INFO)
        hints = typing.get_type_hints(kind)
        wanted = {
            field.encode_name
            for field in msgspec.structs.fields(kind)
            if strings_of(hints[field.name])
        }
        assert wanted <= set(document), kind


def test_no_output_of_a_hostile_run_has_control_characters(
    state: Path, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write(everything(), state / "runs" / ID)
    seen: dict[str, set[int]] = {}
    for name, words in OUTPUTS.items():
        _, text = command(*(str(run.path) if word == "RUN" else word for word in words))
        seen[name] = assert_clean(name, text)
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    command("attach", str(run.path), "--format", "github")
    if summary.exists():
        seen["step summary"] = assert_clean("step summary", summary.read_text())
    for target in ("redis", "kafka"):
        write_text_log(run, target, f"{target}.rawjson")
    pages = "".join((run.path / f"{target}.log").read_text() for target in ("redis", "kafka"))
    seen["log for the pager"] = assert_clean("log for the pager", pages)
    offered = [
        f"{word}\n{description}" for word, description in completion.run_or_target_names().items()
    ]
    seen["completion"] = assert_clean("completion", "\n".join(offered))
    packed = tmp_path / "run.zip"
    export_run(run, packed)
    _, text = command("runs", "import", str(packed))
    seen["import"] = assert_clean("import", text)
    assert set(seen) >= set(OUTPUTS)
    shown = set().union(*seen.values())
    print(f"{len(FIELDS)} fields x {len(ALL_OUTPUTS)} outputs; {len(shown)} fields are shown")
    # If nothing were shown, the test would verify nothing.
    assert len(shown) > 80
    assert {"attach plain", "attach json", "report md", "report html"} <= {
        n for n in seen if seen[n]
    }


@pytest.mark.parametrize("path", ALONE, ids=lambda path: ".".join(map(str, path)))
def test_a_run_with_an_invalid_field_is_refused_in_one_line(
    state: Path,
    command: Command,
    tmp_path: Path,
    path: tuple[Any, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = documents()
    put(files, path, hostile(FIELDS.index(path)))
    run = write(files, state / "runs" / ID)
    for name, words in OUTPUTS.items():
        code, text = command(*(str(run.path) if word == "RUN" else word for word in words))
        assert_clean(name, text if code != 2 else text.replace("{", ""))
        assert code in {0, 1, 2}, name
        if code == 2:
            assert text.count("\n") == 1, name
    packed = tmp_path / "run.zip"
    try:
        export_run(run, packed)
    except Problem:
        return
    assert_clean("import", command("runs", "import", str(packed))[1])


def test_right_to_left_text_is_kept(state: Path, command: Command) -> None:
    files = documents()
    put(files, ("events.jsonl", EVENTS.index(EVENTS[-2]), "text"), f" {LETTERS}")
    run = write(files, state / "runs" / ID)
    assert f"a remark {LETTERS}" in command("attach", str(run.path), "--format", "plain")[1]


def test_texts_of_a_run_are_sanitized_when_read(state: Path) -> None:
    run = write(everything(), state / "runs" / ID)
    read = [*RunFolder(run.path).events(), run.info]
    assert len(read) > len(EVENTS)
    for one in read:
        for text in texts_in(msgspec.to_builtins(one)):
            assert not unclean(text)
            assert "\n" not in text
