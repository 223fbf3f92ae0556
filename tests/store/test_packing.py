"""A run in one file: it is restored unchanged, and hostile files are refused."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.run.requests import send_request
from openhqm_tui.store import archive as packing
from openhqm_tui.store.archive import export_run, import_run, unpack_run
from openhqm_tui.store.run_folder import MOST_READ_WHOLE, Request, RunFolder, all_runs, find_run
from tests.recordings import NAMES, copied, recording, state_of

ID = recording("checked").info.id


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    file = tmp_path / "run.zip"
    export_run(recording("checked"), file)
    return file


def everything(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def repacked(file: Path, change) -> Path:
    """Repack a file after `change`, which maps {name: bytes} to the new entries."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    other = file.with_name("changed.zip")
    with zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in change(entries).items():
            archive.writestr(name, data)
    return other


@pytest.mark.parametrize("name", NAMES)
def test_a_run_is_restored_unchanged(name, tmp_path):
    file = tmp_path / "run.zip"
    export_run(recording(name), file)
    run, new = import_run(file, tmp_path / "state")
    assert new
    assert run.path == tmp_path / "state" / "runs" / recording(name).info.id
    assert everything(run.path) == everything(recording(name).path) | {"imported": b""}
    assert state_of(run).status is state_of(recording(name)).status
    assert [found.path for found in all_runs(tmp_path / "state")] == [run.path]


def test_the_same_run_is_packed_to_the_same_bytes(packed, tmp_path):
    run = copied("checked", tmp_path / "elsewhere")
    for path in run.path.rglob("*"):
        os.utime(path, (0, 0))
    export_run(run, tmp_path / "other.zip")
    assert (tmp_path / "other.zip").read_bytes() == packed.read_bytes()


def test_files_that_are_not_part_of_a_run_are_not_packed(tmp_path):
    run = copied("checked", tmp_path / "run")
    os.close(run.lock())
    run.append_request(Request("cancel"))
    (run.path / "imported").touch()
    (run.path / ".netrc").write_text("password")
    (run.path / "stranger.txt").write_text("x")
    (run.path / "secret.log").symlink_to("/etc/passwd")
    export_run(run, tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        names = {name.partition("/")[2] for name in archive.namelist()}
    assert names == set(everything(recording("checked").path))


def test_only_complete_lines_of_a_live_run_are_packed(tmp_path):
    run = copied("checked", tmp_path / "run")
    for file in (run.events_file, run.path / "redis.rawjson"):
        file.write_bytes(file.read_bytes() + b'{"half')
    held = run.lock()
    export_run(run, tmp_path / "run.zip")
    os.close(held)
    got = unpack_run(tmp_path / "run.zip", tmp_path)
    assert everything(got.path) == everything(recording("checked").path)


def test_an_existing_file_is_never_overwritten(packed):
    before = packed.read_bytes()
    with pytest.raises(UsageProblem, match="already exists"):
        export_run(recording("checked"), packed)
    assert packed.read_bytes() == before


def test_a_failed_export_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "MOST_BYTES", 1000)
    with pytest.raises(UsageProblem, match="its logs are larger than"):
        export_run(recording("checked"), tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()


def test_an_oversized_plan_is_not_packed(tmp_path):
    run = copied("checked", tmp_path / "run")
    with run.bake_file.open("ab") as plan:
        plan.truncate(MOST_READ_WHOLE + 1)
    with pytest.raises(UsageProblem, match=r"larger than 16\.8 MB"):
        export_run(run, tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()


def test_the_same_run_can_be_imported_again_but_not_another_of_its_name(packed, tmp_path):
    first, _ = import_run(packed, tmp_path / "state")
    again, new = import_run(packed, tmp_path / "state")
    assert (again.path, new) == (first.path, False)
    events = first.events_file
    events.write_bytes(events.read_bytes() + b"\n")
    before = everything(first.path)
    with pytest.raises(UsageProblem, match="a different run"):
        import_run(packed, tmp_path / "state")
    assert everything(first.path) == before
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["runs"]


def test_only_the_owner_may_read_an_imported_run(packed, tmp_path):
    run, _ = import_run(packed, tmp_path / "state")
    for path in (run.path, *run.path.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_an_imported_run_is_never_executed(packed, tmp_path):
    run, _ = import_run(packed, tmp_path / "state")
    found = find_run(tmp_path / "state", ID[:8])
    assert found.is_imported
    for request in (Request("retry", "redis"), Request("resume"), Request("check")):
        with pytest.raises(Problem, match="imported"):
            send_request(found, request)
    assert not run.control_file.exists()
    assert not run.is_live()


HOSTILE = {
    "a path that leads out": lambda e: e | {f"{ID}/../../evil.log": b"x"},
    "a path that leads out through a folder": lambda e: (
        e | {f"{ID}/checks/../../../evil.json": b"x"}
    ),
    "an absolute path": lambda e: e | {"/tmp/evil.log": b"x"},
    "a Windows path": lambda e: e | {f"{ID}/..\\evil.log": b"x"},
    "another top folder": lambda e: e | {"other/new.log": b"x"},
    "a deeper folder": lambda e: e | {f"{ID}/checks/deep/x.json": b"x"},
    "a folder": lambda e: e | {f"{ID}/checks/": b""},
    "a hidden file": lambda e: e | {f"{ID}/.ssh.log": b"x"},
    "the lock": lambda e: e | {f"{ID}/lock": b""},
    "a request": lambda e: e | {f"{ID}/control.jsonl": b'{"ask":"retry"}\n'},
    "the marker of an import": lambda e: e | {f"{ID}/imported": b""},
    "a program": lambda e: e | {f"{ID}/run.sh": b"x"},
    "a name with a newline": lambda e: e | {f"{ID}/a\nb.log": b"x"},
    "an odd id": lambda e: {f"..{name[len(ID) :]}": data for name, data in e.items()},
    "names that differ only in case": lambda e: e | {f"{ID}/REDIS.rawjson": b"x"},
    "no run.json": lambda e: {n: d for n, d in e.items() if not n.endswith("run.json")},
    "no events": lambda e: {n: d for n, d in e.items() if not n.endswith("events.jsonl")},
    "the run.json of another run": lambda e: (
        e | {f"{ID}/run.json": e[f"{ID}/run.json"].replace(b"2026", b"2025")}
    ),
    "an invalid run.json": lambda e: e | {f"{ID}/run.json": b"[]"},
    "a run.json of a newer version": lambda e: (
        e | {f"{ID}/run.json": e[f"{ID}/run.json"].replace(b'"schema": 1', b'"schema": 99')}
    ),
    "an endless run.json": lambda e: e | {f"{ID}/run.json": b"[" * 100_000},
    "no files": lambda e: {},
    "too many files": lambda e: e | {f"{ID}/t{n}.log": b"" for n in range(packing.MOST_FILES + 1)},
}


def refused(file: Path, tmp_path: Path, match: str | None = None) -> str:
    """Import a file that must be refused with one line and leave nothing behind."""
    with pytest.raises(UsageProblem, match=match) as caught:
        import_run(file, tmp_path / "state")
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "state" / "importing") not in str(caught.value)
    assert not list((tmp_path / "state" / "runs").iterdir())
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["runs"]
    return str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_not_a_run_is_refused(name, packed, tmp_path):
    refused(repacked(packed, HOSTILE[name]), tmp_path)
    assert not (tmp_path / "evil.log").exists()


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFDIR])
def test_links_and_devices_are_refused(kind, packed, tmp_path):
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(packed) as archive, zipfile.ZipFile(other, "w") as made:
        for entry in archive.infolist():
            made.writestr(entry, archive.read(entry))
        link = zipfile.ZipInfo(f"{ID}/other.log")
        link.external_attr = (kind | 0o777) << 16
        made.writestr(link, "/etc/passwd")
    refused(other, tmp_path, "isn't part of a run")


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(packed, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "MOST_BYTES", 1024 * 1024)
    bomb = repacked(packed, lambda e: e | {f"{ID}/bomb.log": bytes(2 * 1024 * 1024)})
    assert bomb.stat().st_size < 200_000
    refused(bomb, tmp_path, "too large for a run")


def test_a_decompression_bomb_with_a_false_size_is_refused(packed, tmp_path):
    bomb = repacked(packed, lambda e: e | {f"{ID}/bomb.log": bytes(1_000_000)})
    data = bomb.read_bytes()
    declared = (1_000_000).to_bytes(4, "little")
    assert data.count(declared) == 2
    bomb.write_bytes(data.replace(declared, (10).to_bytes(4, "little")))
    refused(bomb, tmp_path)


def test_a_truncated_file_is_refused(packed, tmp_path):
    data = packed.read_bytes()
    cut = tmp_path / "cut.zip"
    for length in range(0, len(data), max(1, len(data) // 50)):
        cut.write_bytes(data[:length])
        refused(cut, tmp_path)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6))
def test_a_damaged_file_is_read_or_refused_in_one_line(changes, packed, tmp_path):
    data = bytearray(packed.read_bytes())
    for at, byte in changes:
        data[at % len(data)] = byte
    file = tmp_path / "damaged.zip"
    file.write_bytes(data)
    state = tmp_path / "room"
    state.mkdir(exist_ok=True)
    message = ""
    try:
        run, _ = import_run(file, state)
    except UsageProblem as problem:
        message = str(problem)
    assert message.count("\n") == 0
    assert message or run.info.id == run.path.name


@pytest.mark.parametrize("what", ["a folder", "no file", "/dev/null", "text"])
def test_a_file_that_is_not_an_archive_is_refused(what, tmp_path):
    file = tmp_path / "x.zip"
    if what == "a folder":
        file.mkdir()
    elif what == "text":
        file.write_text("hello")
    elif what == "/dev/null":
        file = Path(what)
    refused(file, tmp_path)


def test_a_full_disk_leaves_nothing_behind(packed, tmp_path, monkeypatch):
    def full(source, target, size):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packing, "_copy", full)
    refused(packed, tmp_path, "No space left")


def test_an_archive_with_a_password_is_refused(packed, tmp_path):
    data = bytearray(packed.read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        first = archive.infolist()[0].header_offset
    data[first + 6] |= 1
    central = data.rfind(b"PK\x01\x02", 0, data.rfind(b"PK\x05\x06"))
    data[central + 8] |= 1
    file = tmp_path / "locked.zip"
    file.write_bytes(data)
    refused(file, tmp_path)


def test_a_run_that_was_not_imported_is_not_marked(tmp_path):
    assert not RunFolder(copied("warm", tmp_path / "run").path).is_imported
