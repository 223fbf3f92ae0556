"""The view of the Run screen is remembered, and nothing can go wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.store.run_view import BOARD, VIEWS, remember_run_view, run_view


@pytest.mark.parametrize("view", VIEWS)
def test_the_last_view_is_remembered(tmp_path: Path, view: str):
    remember_run_view(tmp_path, "steps")
    remember_run_view(tmp_path, view)
    assert run_view(tmp_path) == view
    assert (tmp_path / "run-view").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\xff\xfe", b"panes" * 10_000])
def test_a_damaged_file_means_the_board(tmp_path: Path, data: bytes):
    (tmp_path / "run-view").write_bytes(data)
    assert run_view(tmp_path) == BOARD


def test_without_a_state_folder_nothing_is_remembered(tmp_path: Path):
    missing = tmp_path / "missing"
    remember_run_view(missing, "panes")
    assert run_view(missing) == BOARD
    assert not missing.exists()


def test_a_link_is_neither_read_nor_written(tmp_path: Path):
    other = tmp_path / "other"
    other.write_text("panes\n")
    for name in ("run-view", "run-view.new"):
        (tmp_path / name).symlink_to(other)
    assert run_view(tmp_path) == BOARD
    remember_run_view(tmp_path, "steps")
    assert other.read_text() == "panes\n"
