"""Where things are kept, and what is said where they can't be."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.store import paths


def test_the_variable_names_the_state_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(paths.STATE_VARIABLE, str(tmp_path / "mine"))
    assert paths.ready_state_folder() == tmp_path / "mine"


def test_a_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(paths.STATE_VARIABLE, "~/runs")
    assert paths.state_folder() == tmp_path / "runs"


def test_without_it_the_systems_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.STATE_VARIABLE)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert paths.state_folder().is_relative_to(tmp_path)
    assert paths.state_folder().name == "openhqm-tui"


def test_it_is_made_for_its_owner_only() -> None:
    mode = stat.S_IMODE(paths.ready_state_folder().stat().st_mode)
    assert mode == 0o700


def test_nothing_is_left_by_the_look() -> None:
    assert list(paths.ready_state_folder().iterdir()) == []


@pytest.mark.parametrize("below", [False, True])
def test_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below: bool
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    place = in_the_way / "below" if below else in_the_way
    monkeypatch.setenv(paths.STATE_VARIABLE, str(place))
    with pytest.raises(UsageProblem) as caught:
        paths.ready_state_folder()
    assert str(place) in str(caught.value)
    assert "OPENHQM_TUI_STATE_DIR=DIR" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "inside"), [("Dockerfile", "FROM"), ("context/requirements.txt", "")]
)
def test_the_images_are_found_in_a_checkout(name: str, inside: str) -> None:
    first, _, rest = name.partition("/")
    file = paths.bundled(first) / rest if rest else paths.bundled(first)
    assert inside in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("told", ["~nobody-of-this-name/x", "a\0b"])
def test_what_is_no_path(told: str) -> None:
    with pytest.raises(UsageProblem):
        paths.at_home(told)
