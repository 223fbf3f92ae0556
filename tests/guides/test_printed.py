"""`openhqm-tui guides`: the list, a guide as Markdown, and a rendered guide."""

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
def test_a_pipe_gets_the_markdown(capsys, name):
    assert main(["guides", name]) == 0
    assert capsys.readouterr().out == (GUIDES / "checks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", guides(), ids=lambda guide: guide.name)
def test_a_terminal_gets_the_rendered_guide(capsys, guide):
    assert main(["guides", guide.name, "--format", "tty"]) == 0
    output = capsys.readouterr().out
    assert guide.title in output
    assert "\n## " not in output


def test_an_unknown_guide_suggests_the_nearest(capsys):
    assert main(["guides", "multi-arhc"]) == 2
    output = capsys.readouterr().err
    assert "unknown guide 'multi-arhc': did you mean multi-arch?" in output
    assert output.count("\n") == 1
