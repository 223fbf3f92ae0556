"""A stranger's run folder, hostile in every field, in every output that a run has."""

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
# What a build or an image says at length: these alone are shown over several lines.
OF_LINES = {
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
    # A line that is wrapped isn't broken.
    monkeypatch.setenv("COLUMNS", "4000")
    monkeypatch.chdir(tmp_path / "here")
    copied("checked", tmp_path / "state/runs" / OTHER)
    return tmp_path / "state"


Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Run a command and return how it ended and all that it said."""

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = main(words)
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def texts_in(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        yield from told
        for one in told.values():
            yield from texts_in(one)
    elif isinstance(told, list):
        for one in told:
            yield from texts_in(one)


def as_json(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def hold_clean(name: str, text: str) -> set[int]:
    """Hold that nothing of a field acts in a text; return the numbers of fields that are in it."""
    assert not unclean(text, colored="tty" in name), name
    assert not {FIELDS[number] for number in broken(text) - OF_LINES}, name
    if "json" in name:
        for one in texts_in(as_json(text)):
            assert not unclean(one), name
            if not {int(number) for number in re.findall(r"qz(\d+)z", one)} & OF_LINES:
                assert "\n" not in one, name
    return {int(number) for number in re.findall(r"qz(\d+)z", text)}


def strings_of(kind: Any) -> bool:
    """Return whether a type holds text that anyone may have written."""
    if kind is str:
        return True
    return any(strings_of(each) for each in typing.get_args(kind))


def test_every_kind_of_event_and_every_text_of_it_is_there() -> None:
    here = {event["event"]: event for event in EVENTS}
    kinds = {kind.__struct_config__.tag: kind for kind in typing.get_args(events.AnyEvent)}
    assert set(here) == set(kinds)
    for tag, kind in [*kinds.items(), ("", events.RunInfo)]:
        told = here.get(str(tag), INFO)
        hints = typing.get_type_hints(kind)
        wanted = {
            field.encode_name
            for field in msgspec.structs.fields(kind)
            if strings_of(hints[field.name])
        }
        assert wanted <= set(told), kind


def test_no_output_holds_what_came_from_a_field(
    state: Path, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write(everything(), state / "runs" / ID)
    seen: dict[str, set[int]] = {}
    for name, words in OUTPUTS.items():
        _, text = say(*(str(run.path) if word == "RUN" else word for word in words))
        seen[name] = hold_clean(name, text)
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    say("attach", str(run.path), "--format", "github")
    if summary.exists():
        seen["step summary"] = hold_clean("step summary", summary.read_text())
    for target in ("redis", "kafka"):
        write_text_log(run, target, f"{target}.rawjson")
    pages = "".join((run.path / f"{target}.log").read_text() for target in ("redis", "kafka"))
    seen["log for the pager"] = hold_clean("log for the pager", pages)
    offered = [f"{word}\n{told}" for word, told in completion.run_or_target_names().items()]
    seen["completion"] = hold_clean("completion", "\n".join(offered))
    packed = tmp_path / "run.zip"
    export_run(run, packed)
    _, text = say("runs", "import", str(packed))
    seen["import"] = hold_clean("import", text)
    assert set(seen) >= set(OUTPUTS)
    shown = set().union(*seen.values())
    print(f"{len(FIELDS)} fields x {len(ALL_OUTPUTS)} outputs; {len(shown)} fields are shown")
    # A test that shows nothing would hold anything.
    assert len(shown) > 80
    assert {"attach plain", "attach json", "report md", "report html"} <= {
        n for n in seen if seen[n]
    }


@pytest.mark.parametrize("path", ALONE, ids=lambda path: ".".join(map(str, path)))
def test_a_run_that_a_field_makes_unreadable_is_refused_in_a_line(
    state: Path, say: Say, tmp_path: Path, path: tuple[Any, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    told = documents()
    put(told, path, hostile(FIELDS.index(path)))
    run = write(told, state / "runs" / ID)
    for name, words in OUTPUTS.items():
        code, text = say(*(str(run.path) if word == "RUN" else word for word in words))
        hold_clean(name, text if code != 2 else text.replace("{", ""))
        assert code in {0, 1, 2}, name
        if code == 2:
            assert text.count("\n") == 1, name
    packed = tmp_path / "run.zip"
    try:
        export_run(run, packed)
    except Problem:
        return
    hold_clean("import", say("runs", "import", str(packed))[1])


def test_letters_that_are_read_from_the_right_are_left_alone(state: Path, say: Say) -> None:
    told = documents()
    put(told, ("events.jsonl", EVENTS.index(EVENTS[-2]), "text"), f" {LETTERS}")
    run = write(told, state / "runs" / ID)
    assert f"a remark {LETTERS}" in say("attach", str(run.path), "--format", "plain")[1]


def test_a_runs_texts_are_clean_wherever_they_are_read_from(state: Path) -> None:
    run = write(everything(), state / "runs" / ID)
    read = [*RunFolder(run.path).events(), run.info]
    assert len(read) > len(EVENTS)
    for one in read:
        for text in texts_in(msgspec.to_builtins(one)):
            assert not unclean(text)
            assert "\n" not in text
