"""Patterns in `.dockerignore` match as they do in BuildKit."""

from __future__ import annotations

import pytest

from openhqm_tui.run.start.preflight import is_ignored


@pytest.mark.parametrize(
    ("text", "path", "ignored"),
    [
        ("", ".runs/x", False),
        (".runs", ".runs/x", True),
        ("/.runs/", ".runs/x", True),
        ("./.runs", ".runs/x", True),
        (".runs/*", ".runs/x", True),
        (".runs/**", ".runs/x/y", True),
        ("runs", ".runs/x", False),
        ("# .runs", ".runs/x", False),
        ("  .runs  ", ".runs/x", True),
        ("*", ".runs/x", True),
        ("*\n!.runs", ".runs/x", False),
        ("*\n!src", ".runs/x", True),
        (".runs\n!.runs/keep", ".runs/x", True),
        (".runs\n!.runs/keep", ".runs/keep", False),
        ("**/state", "a/b/state/runs", True),
        ("**/state", "state/runs", True),
        ("a/**/state", "a/state/runs", True),
        ("state", "a/state/runs", False),
        (".run?", ".runs/x", True),
        (".[q-s]uns", ".runs/x", True),
        (".[a-c]uns", ".runs/x", False),
        ("\\.runs", ".runs/x", True),
        (".", ".runs/x", False),
        ("[", ".runs/x", False),
        ("a+b", "aab/x", False),
    ],
)
def test_the_last_matching_pattern_decides(text: str, path: str, ignored: bool) -> None:
    assert is_ignored(text, path) is ignored
