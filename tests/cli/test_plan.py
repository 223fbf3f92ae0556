"""`plan` is exact in a file or a pipe, and shows no secret on a terminal."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from openhqm_tui.cli import build_options
from openhqm_tui.cli.commands import plan
from openhqm_tui.cli.main import parse
from openhqm_tui.domain.run.events import RunInfo, TargetInfo
from openhqm_tui.run.start import prepare

TOKEN = "ghp_" + "a1B2" * 9
PLAN: dict[str, Any] = {
    "group": {"default": {"targets": ["api-of-production"]}},
    "target": {
        "api-of-production": {
            "args": {
                "DB_PASS": "hunter2-hunter2",
                "API_TOKEN": "latest",
                "DEPLOY_SECRET": "api-of-production",
                "SHORT_PASS": "1234567",
                "ANY": TOKEN,
                "INDEX": "https://me:correct-horse@index.example.org/simple",
                "NOTE": "correct-horse stays unread",
                "PLATFORM_TOKEN": "linux/amd64",
            },
            "tags": ["acme/my-token:2026.11.28-r1"],
            "secret": ["id=db_pass,src=/run/secrets/db", "type=env,id=two,env=PLAN_SECRET"],
            "labels": {"note": "value-of-the-variable"},
        }
    },
}


@pytest.fixture(autouse=True)
def prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    target = TargetInfo(
        name="api-of-production",
        variant="api",
        platforms=("linux/amd64",),
        tags=("acme/my-token:2026.11.28-r1",),
    )
    made = SimpleNamespace(
        plan=SimpleNamespace(as_bake=lambda: PLAN),
        info=RunInfo(id="x", created=0, targets=(target,)),
        warnings=(),
        origin="",
        added_output="",
    )
    monkeypatch.setenv("PLAN_SECRET", "value-of-the-variable")
    options, source = SimpleNamespace(builder=""), SimpleNamespace(example=False)
    monkeypatch.setattr(build_options, "options_from", lambda *_: (options, source))
    monkeypatch.setattr(prepare, "depends_on_builder", lambda *_: False)
    monkeypatch.setattr(prepare, "prepare", lambda *_, **__: made)


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[Any, str, str]:
    assert plan.run(parse(["plan"])) == 0
    out, err = capsys.readouterr()
    return json.loads(out), out, err


def test_a_pipe_gets_the_exact_plan(capsys: pytest.CaptureFixture[str]) -> None:
    parsed, _, err = printed(capsys)
    assert parsed == PLAN
    assert err == ""


def test_a_terminal_gets_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    parsed, out, err = printed(capsys)
    for secret in ("hunter2-hunter2", TOKEN, "correct-horse", "value-of-the-variable"):
        assert secret not in out
    body = parsed["target"]["api-of-production"]
    assert body["args"] == {
        "DB_PASS": "***",
        "API_TOKEN": "latest",
        "DEPLOY_SECRET": "api-of-production",
        "SHORT_PASS": "1234567",
        "ANY": "***",
        "INDEX": "https://***@index.example.org/simple",
        "NOTE": "*** stays unread",
        "PLATFORM_TOKEN": "linux/amd64",
    }
    assert body["tags"] == ["acme/my-token:2026.11.28-r1"]
    assert body["secret"] == PLAN["target"]["api-of-production"]["secret"]
    assert "masked on a terminal" in err
