"""A run folder from elsewhere exposes only its own files: links, FIFOs and devices are refused.

Each reader of a run is tried with each of its files replaced by something else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import Problem
from openhqm_tui.report.catalog import formats, rendered
from openhqm_tui.report.gather import read_report
from openhqm_tui.run.follow.history_index import record_folder
from openhqm_tui.run.follow.replay import Player, recording_of
from openhqm_tui.run.runner.text_log import whole_log, write_text_log
from openhqm_tui.store.archive import export_run
from openhqm_tui.store.run_folder import Request, RunFolder
from openhqm_tui.tui.checks.screen import read_evidence
from tests.recordings import copied, recording, state_of

SECRET = "hunter2-of-another-file"
FILES = [
    *("run.json", "bake.json", "events.jsonl", "expectations.json", "lock", "control.jsonl"),
    *("redis.rawjson", "redis.log", "redis.metadata.json", "checks/redis.linux-amd64.json"),
    "checks",
]


def link_outside(file: Path) -> None:
    """Replace a file by a link to a valid copy of it that contains a secret."""
    away = file.parents[len(file.relative_to(RUN_OF[file]).parts)] / "away" / file.name
    away.parent.mkdir(exist_ok=True)
    if file.is_dir():
        shutil.copytree(file, away)
        for inner in away.iterdir():
            inner.write_bytes(marked(inner.read_bytes()))
        shutil.rmtree(file)
    else:
        away.write_bytes(marked(file.read_bytes()))
        file.unlink()
    file.symlink_to(away)


def marked(data: bytes) -> bytes:
    """Return a file's bytes with the secret in place of words that are displayed."""
    for word in (b"CPython", b"x86_64", b"RUN", b"debian", b"uvicorn"):
        data = data.replace(word, SECRET.encode())
    return data


def fifo(file: Path) -> None:
    gone(file)
    os.mkfifo(file)


def endless(file: Path) -> None:
    gone(file)
    file.symlink_to("/dev/zero")


def huge(file: Path) -> None:
    gone(file)
    with file.open("wb") as out:
        out.truncate(1 << 42)


def gone(file: Path) -> None:
    if file.is_dir():
        shutil.rmtree(file)
    else:
        file.unlink()


RUN_OF: dict[Path, Path] = {}
BECOMES: list[Callable[[Path], None]] = [link_outside, fifo, endless, huge]


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """One of the files of a complete run folder, whose streams are shortened."""
    run = copied("checked", tmp_path / "run")
    for stream in run.path.glob("*.rawjson"):
        stream.write_bytes(b"".join(stream.read_bytes().splitlines(keepends=True)[:40]))
    for name in FILES:
        if not (run.path / name).exists():
            (run.path / name).write_bytes(b"{}\n")
    found: Path = run.path / request.param
    RUN_OF[found] = run.path
    return found


@pytest.mark.parametrize("become", BECOMES, ids=lambda become: become.__name__)
def test_no_reader_of_a_run_leaves_its_folder(
    file: Path, become: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    become(file)
    run = RunFolder(RUN_OF[file])
    outputs: list[str] = []
    for read in READERS:
        try:
            outputs.append(read(run, tmp_path))
        except (Problem, OSError) as problem:
            outputs.append(str(problem))
    assert all(SECRET not in output for output in outputs)


def _reports(run: RunFolder, _: Path) -> str:
    return "".join(rendered(read_report(run), form) for form in formats())


def _export(run: RunFolder, place: Path) -> str:
    packed = place / "run.zip"
    export_run(run, packed)
    with zipfile.ZipFile(packed) as archive:
        return "".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def _replay(run: RunFolder, _: Path) -> str:
    player = Player(recording_of(run), speed=float("inf"))
    while not player.finished:
        player.poll()
    return _logs(player.state)


def _follow(run: RunFolder, _: Path) -> str:
    return _logs(state_of(run))


def _logs(state: object) -> str:
    lanes = [lane for target in state.targets.values() for lane in target.lanes.values()]  # type: ignore[attr-defined]
    return "\n".join(lane.log.text(index) for lane in lanes for index in range(len(lane.log)))


def _page(run: RunFolder, _: Path) -> str:
    (target,) = [t for t in state_of(run).targets.values() if t.info.name == "redis"]
    shown, passing = whole_log(run, target)
    text = shown.read_text(errors="replace")
    if passing:
        shutil.rmtree(shown.parent)
    return text


def _evidence(run: RunFolder, _: Path) -> str:
    return str(read_evidence(run.evidence_file("redis", "linux/amd64")))


def _remember(run: RunFolder, _: Path) -> str:
    return str(record_folder(run))


def _expectations(run: RunFolder, _: Path) -> str:
    try:
        return str(run.expectations())
    except ValueError:
        return ""


def _is_live(run: RunFolder, _: Path) -> str:
    return str(run.is_live()) + str(list(run.events()))


READERS = (
    *(_reports, _export, _replay, _follow, _page, _evidence, _remember, _expectations),
    _is_live,
)


@pytest.mark.parametrize("name", ["events.jsonl", "control.jsonl", "lock", "redis.log"])
@pytest.mark.parametrize("exists", [True, False])
def test_nothing_is_written_through_a_link(tmp_path: Path, name: str, exists: bool) -> None:
    run = copied("checked", tmp_path / "run")
    other = tmp_path / "other"
    if exists:
        other.write_text("as it was")
    (run.path / name).unlink(missing_ok=True)
    (run.path / name).symlink_to(other)
    write_text_log(run, "redis", "redis.rawjson")
    event = next(iter(recording("checked").events()))
    for write in (
        lambda: run.append_request(Request("cancel")),
        lambda: run.append(event),
        lambda: os.close(run.lock()),
    ):
        with contextlib.suppress(OSError):
            write()
    assert (other.read_text() == "as it was") if exists else not other.exists()


@pytest.mark.parametrize(
    ("name", "readers"),
    [
        ("checks/redis.linux-amd64.json", (_reports, _export, _evidence)),
        ("redis.log", (_page, _export)),
        ("redis.rawjson", (_follow, _replay, _export)),
        ("run.json", (_reports, _export)),
    ],
)
def test_regular_files_of_the_run_are_read(
    tmp_path: Path, name: str, readers: tuple[Callable[[RunFolder, Path], str], ...]
) -> None:
    run = copied("checked", tmp_path / "run")
    (run.path / name).write_bytes(marked((run.path / name).read_bytes()))
    for read in readers:
        place = tmp_path / read.__name__
        place.mkdir()
        assert SECRET in read(run, place), read.__name__
