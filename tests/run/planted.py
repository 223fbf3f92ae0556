"""Recorded runs with secrets planted in everything a run stores."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from openhqm_tui.store.run_folder import RunFolder
from tests.recordings import copied
from tests.report.folders import changed

# Assembled here: a complete token in a file would trigger secret scanners.
ARGUMENT = "hunter2-of-the-database"
GITHUB = "ghp_" + "a1B2" * 9
PASSWORD = "p4ss-of-the-index"
FILE = "words-of-a-build-secret"
VARIABLE = "value-of-a-variable"
KEY = "MIIEpAIBAAKCAQEAtU7bGd0sVwJ9mUQ"
SECRETS = (ARGUMENT, GITHUB, PASSWORD, FILE, VARIABLE, KEY)
_LOG = f"""
DB_PASS is {ARGUMENT}; token {GITHUB}, from https://me:{PASSWORD}@index.example.org/simple
{ARGUMENT[:9]}\x1b[31m{ARGUMENT[9:]}\x1b[0m and {base64.b64encode(ARGUMENT.encode()).decode()}
read {FILE} and {VARIABLE}
-----BEGIN RSA PRIVATE{" "}KEY-----
{KEY}
-----END RSA PRIVATE{" "}KEY-----
"""
# Cut within a secret and a line.
_CUT = _LOG.index(GITHUB) + 12
# Free-text fields of a journal, a verdict, a plan and a stream.
_TEXTS = {"evidence", "expected", "error", "reason", "stderr", "created_by", "base_reason", "short"}


def planted(name: str, place: Path, secret_file: Path) -> RunFolder:
    """Copy a recording and plant secrets in its build options and all its output."""
    secret_file.write_text(f"{FILE}\n")
    os.environ["PLANTED_SECRET"] = VARIABLE
    secrets = [f"id=one,src={secret_file}", "type=env,id=two,env=PLANTED_SECRET"]

    def change(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            copy = {key: change(one, key) for key, one in value.items()}
            if name == "args":
                copy |= {
                    "DB_PASS": ARGUMENT,
                    "INDEX_URL": f"https://me:{PASSWORD}@index.example.org/simple",
                    "PLAIN": GITHUB,
                }
            if "dockerfile" in copy and "args" in copy:
                copy["secret"] = secrets
            return copy
        if isinstance(value, list):
            items = [change(one, name) for one in value]
            return _in_pieces(items) if name == "logs" else items
        if isinstance(value, str) and value and (name in _TEXTS or value.startswith("[")):
            return f"{value} with {ARGUMENT} and {GITHUB}"
        return value

    return changed(copied(name, place), change)


def _in_pieces(logs: list[Any]) -> list[Any]:
    if not logs:
        return logs
    pieces = (_LOG[:_CUT], _LOG[_CUT:])
    return [
        *logs,
        *({**logs[-1], "data": base64.b64encode(piece.encode()).decode()} for piece in pieces),
    ]
