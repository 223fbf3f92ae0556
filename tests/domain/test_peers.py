"""Unreachable peers, recognized in the output of many languages and tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from openhqm_tui.domain.checks.peers import complaints

# `== PROBLEM HOST PORT`, then the lines of an output; `-` and 0 if it names none.
_CASES = (Path(__file__).parent / "outputs" / "peers.txt").read_text(encoding="utf-8")
_OUTPUTS = [case.partition("\n")[::2] for case in _CASES.split("== ")[1:]]


@pytest.mark.parametrize(("peer", "output"), _OUTPUTS)
def test_an_unreachable_peer_is_recognized(peer: str, output: str) -> None:
    found = [f"{problem} {host or '-'} {port}" for problem, host, port, _ in complaints(output)]
    assert peer in found
    # Another line of the same error may be less specific.
    assert {one for one in found if not one.endswith(" 0")} <= {peer}


@pytest.mark.parametrize(
    "output",
    [
        "INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)",
        "INFO:     Waiting for application startup.",
        "Waiting for connections on 127.0.0.1:27017",
        "Module not found: Error: Can't resolve './app' in '/srv/src'",
        "OSError: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address "
        "already in use",
        "OSError: [Errno 14] Bad address",
        "error: failed to resolve dependencies of app:1.2",
        "12:30:45 GET /health 500 internal error in app.py:42",
        'FATAL:  password authentication failed for user "app"',
        "(403) ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN",
        'Traceback (most recent call last):\n  File "/app/main.py", line 3, in <module>\n'
        "ModuleNotFoundError: No module named 'redis'",
    ],
)
def test_other_output_is_not_a_complaint(output: str) -> None:
    assert complaints(output) == []
