"""Secrets planted in arguments, variables, logs, errors and verdicts are in no report."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.report.catalog import formats, rendered
from openhqm_tui.report.gather import read_report
from tests.domain.secrets.test_patterns import ISSUED, secret_of
from tests.recordings import copied
from tests.report.folders import changed

PLANTED = "correct-horse-battery"
GITHUB = "ghp_" + "a1B2" * 9
LOGIN = "https://someone:" + "hunter2hunter2" + "@example.org/x"


def _planted(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        values = {key: _planted(one, key) for key, one in value.items()}
        if name == "args":
            values |= {"NPM_TOKEN": PLANTED, "INDEX_URL": LOGIN}
        return values
    if isinstance(value, list):
        lines = [_planted(one, name) for one in value]
        return [*lines, f"DB_PASSWORD={PLANTED}"] if name == "env" else lines
    if name == "data":
        log = base64.b64decode(value)
        return base64.b64encode(log + f"used {PLANTED} and {GITHUB}\n".encode()).decode()
    texts = {"evidence", "expected", "error", "reason", "stderr", "text", "base_reason", "command"}
    if isinstance(value, str) and value and (name in texts or value.startswith("[")):
        return f"{value} used {PLANTED}, {GITHUB}, TOKEN={PLANTED[:9]}, {LOGIN}"
    return value


@pytest.mark.parametrize("form", formats())
@pytest.mark.parametrize("name", ["checked", "bake_fails", "failed", "warning"])
def test_no_secret_is_reported(name: str, form: str, tmp_path: Path) -> None:
    folder = changed(copied(name, tmp_path / "run"), _planted)
    report = rendered(read_report(folder), form)
    for secret in (PLANTED, GITHUB, "hunter2", PLANTED[:9]):
        assert secret not in report
    if form in {"md", "html", "json"}:
        assert "***" in report


@pytest.mark.parametrize("form", formats())
def test_every_token_of_the_secrets_check_is_redacted(form: str, tmp_path: Path) -> None:
    def planted(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: planted(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [planted(one, name) for one in value]
        if name == "data":
            log = base64.b64decode(value) + "\n".join(ISSUED.values()).encode() + b"\n"
            return base64.b64encode(log).decode()
        return value

    report = rendered(read_report(changed(copied("failed", tmp_path / "run"), planted)), form)
    for token in ISSUED.values():
        assert secret_of(token) not in report


def test_dockerfile_secrets_are_not_reported(tmp_path: Path) -> None:
    """BuildKit puts values of variables into step names and warns about secret names."""
    folder = copied("warning", tmp_path / "run")
    dockerfile = base64.b64encode(f"ENV DB_PASSWORD={PLANTED}\n".encode()).decode()

    def planted(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            values = {key: planted(one, key) for key, one in value.items()}
            return {**values, "sourceInfo": {"data": dockerfile}} if "short" in values else values
        if isinstance(value, list):
            return [planted(one, name) for one in value]
        if name == "name" and isinstance(value, str) and value.startswith("["):
            return f"{value} used {PLANTED}"
        return value

    for form in formats():
        assert PLANTED not in rendered(read_report(changed(folder, planted)), form)


def test_the_secrets_were_planted(tmp_path: Path) -> None:
    folder = changed(copied("bake_fails", tmp_path / "run"), _planted)
    assert PLANTED in folder.bake_file.read_text()
    assert PLANTED in (folder.path / "checks" / "redis.linux-amd64.json").read_text()
    assert GITHUB in (folder.path / "bad.rawjson").read_text()
    args = json.loads(rendered(read_report(folder), "json"))["targets"][0]["arguments"]
    assert args["NPM_TOKEN"] == "***"
    assert args["INDEX_URL"] == "https://***@example.org/x"
