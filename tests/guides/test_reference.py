"""The migration guide: every row has a replacement, and a test or command that exists."""

from __future__ import annotations

import re
from typing import NamedTuple

from openhqm_tui.domain.guides import links
from tests.guides.places import GUIDES, TOP

PAGE = (GUIDES / "reference.md").read_text(encoding="utf-8")


class Row(NamedTuple):
    then: str
    now: str
    proof: str


def rows() -> list[Row]:
    found = []
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0] != "script":
            assert len(cells) == 3, line
            found.append(Row(*cells))
    return found


ROWS = rows()


def test_every_option_and_topic_has_a_row():
    assert len(ROWS) > 40
    for word in ("--build-all", "--push", "--tag v1.0.0", "--help", "docker inspect", "linux/386"):
        assert any(word in row.then for row in ROWS), word
    for word in ("cache", "size", "benchmarks", "known limits", "Redis 5.0.1", "warnings"):
        assert any(word in row.then for row in ROWS), word


def test_every_row_has_a_replacement_and_an_existing_test_or_command():
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    for row in ROWS:
        assert row.now, row
        named = links(row.proof)
        files = [(GUIDES / link.href.partition("#")[0]).resolve() for link in named]
        tests = re.findall(r"`(test_\w+)`", row.proof)
        commands = re.findall(r"`make (\w+)`", row.proof)
        assert files or commands, f"no proof: {row}"
        assert all(file.exists() for file in files), row
        # The text of a link is the name of its file.
        assert all(link.words in file.name for link, file in zip(named, files, strict=True)), row
        for test in tests:
            assert any(f"def {test}(" in file.read_text(encoding="utf-8") for file in files), test
        for command in commands:
            assert f"\n{command}:" in makefile, command
