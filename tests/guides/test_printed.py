"""`openhqm-tui guides`: the list, a guide as it is written, a guide drawn."""

from __future__ import annotations

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.store.guides import guides
from tests.guides.places import GUIDES


def test_the_list_has_the_index_first(capsys):
    assert main(["guides"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["README", "Guides"]
    assert len(lines) == len(list(GUIDES.glob("*.md")))
    assert lines[1].startswith("multi-arch ")


@pytest.mark.parametrize("name", ["checks", "checks.md"])
def test_into_a_pipe_as_it_is_written(capsys, name):
    assert main(["guides", name]) == 0
    assert capsys.readouterr().out == (GUIDES / "checks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", guides(), ids=lambda guide: guide.name)
def test_drawn_for_a_terminal(capsys, guide):
    assert main(["guides", guide.name, "--format", "tty"]) == 0
    told = capsys.readouterr().out
    assert guide.title in told
    assert "\n## " not in told


def test_an_unknown_name_is_one_line_with_the_near_one(capsys):
    assert main(["guides", "multi-arhc"]) == 2
    told = capsys.readouterr().err
    assert "unknown guide 'multi-arhc': did you mean multi-arch?" in told
    assert told.count("\n") == 1
