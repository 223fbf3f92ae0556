"""A file is replaced in one step or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.files.replace import replace_file


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty folder."""
    place = tmp_path / "place"
    place.mkdir()
    return place


def test_a_file_is_replaced_and_readable_by_its_owner_only(place: Path) -> None:
    file = place / "list.json"
    file.write_bytes(b"old")
    file.chmod(0o644)
    replace_file(file, b"new")
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(place.iterdir()) == [file]


def test_a_link_is_replaced_and_not_followed(place: Path) -> None:
    other = place / "other"
    other.write_bytes(b"theirs")
    file = place / "list.json"
    file.symlink_to(other)
    replace_file(file, b"ours")
    assert (file.read_bytes(), other.read_bytes()) == (b"ours", b"theirs")
    assert not file.is_symlink()


def test_a_failure_leaves_the_old_file_and_nothing_else(place: Path) -> None:
    folder = place / "list.json"
    folder.mkdir()
    (folder / "inside").touch()
    with pytest.raises(OSError, match=r"list\.json"):
        replace_file(folder, b"data")
    assert list(place.iterdir()) == [folder]
