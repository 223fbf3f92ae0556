"""What is taken away of what nobody came back for."""

from __future__ import annotations

import pytest

from openhqm_tui.engine.docker import cleanup


@pytest.mark.parametrize(
    ("told", "removed"),
    [
        ("", []),
        ("aa 999\nbb 1000\ncc 1001\n", ["aa"]),
        ("aa 5\nbb\ncc never\ndd 6 7\n\nee -1\nff 6\n", ["aa", "ff"]),
    ],
)
def test_containers_are_removed_once_they_are_overdue(
    monkeypatch: pytest.MonkeyPatch, told: str, removed: list[str]
) -> None:
    asked: list[tuple[str, ...]] = []

    def said(*command: str) -> str:
        asked.append(command)
        return told

    monkeypatch.setattr(cleanup, "_said", said)
    cleanup.remove_overdue_containers("it.until", 1000.0)
    assert "label=it.until" in asked[0]
    assert [command[4:] for command in asked[1:]] == ([tuple(removed)] if removed else [])
