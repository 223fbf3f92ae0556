"""The state folder and bundled files, and the errors if a folder can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.store import paths


def test_the_variable_names_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(paths.STATE_VARIABLE, str(tmp_path / "mine"))
    assert paths.ready_state_folder() == tmp_path / "mine"


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(paths.STATE_VARIABLE, "~/runs")
    assert paths.state_folder() == tmp_path / "runs"


def test_without_the_variable_the_systems_state_folder_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(paths.STATE_VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert paths.state_folder().is_relative_to(tmp_path)
    assert paths.state_folder().name == "openhqm-tui"


def test_preparing_the_state_folder_leaves_no_file() -> None:
    assert list(paths.ready_state_folder().iterdir()) == []


@pytest.mark.parametrize("below", [False, True])
def test_an_unwritable_state_folder_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: bool
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    folder = in_the_way / "below" if below else in_the_way
    monkeypatch.setenv(paths.STATE_VARIABLE, str(folder))
    with pytest.raises(UsageProblem) as caught:
        paths.ready_state_folder()
    assert str(folder) in str(caught.value)
    assert "OPENHQM_TUI_STATE_DIR=DIR" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "inside"), [("Dockerfile", "FROM"), ("context/requirements.txt", "")]
)
def test_the_files_of_the_images_are_found_in_a_checkout(name: str, inside: str) -> None:
    first, _, rest = name.partition("/")
    file = paths.bundled(first) / rest if rest else paths.bundled(first)
    assert inside in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["~nobody-of-this-name/x", "a\0b"])
def test_an_invalid_path_is_refused(text: str) -> None:
    with pytest.raises(UsageProblem):
        paths.at_home(text)
