"""The workflows keep to the public schema and to our own rules: pins, rights, untrusted text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.reading import FILES, TOP, Step, jobs, steps, workflow

JOBS = jobs()
STEPS = steps()
BIN = Path(sys.executable).parent
# Who may ask for a token in this repository's name, and who may write to the repository.
MAY_SIGN = {"release/sbom", "release/attest", "release/pypi"}
MAY_RELEASE = {"release/release"}
USES = re.compile(r"uses: (\S+)(?: # (\S+))?")


def ran(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("vendor.github-workflows", FILES),
        ("vendor.dependabot", [TOP / ".github/dependabot.yml"]),
        ("vendor.github-issue-forms", [TOP / ".github/ISSUE_TEMPLATE/bug.yml"]),
    ],
)
def test_the_public_schema(schema: str, files: list[Path]) -> None:
    assert files
    told = ran(BIN / "check-jsonschema", "--builtin-schema", schema, *files)
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_wrong_workflow_would_be_found(tmp_path: Path) -> None:
    text = FILES[0].read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(text.replace("runs-on:", "runs-onn:", 1), encoding="utf-8")
    assert ran(
        BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", wrong
    ).returncode


def test_an_auditor_has_nothing_to_say(tmp_path: Path) -> None:
    told = ran(BIN / "zizmor", "--offline", "--no-progress", *FILES)
    assert told.returncode == 0, told.stdout
    wrong = tmp_path / "wrong.yml"
    text = FILES[0].read_text(encoding="utf-8")
    wrong.write_text(
        text.replace("run: make check", 'run: echo "${{ github.head_ref }}"', 1), encoding="utf-8"
    )
    assert ran(BIN / "zizmor", "--offline", "--no-progress", wrong).returncode


def test_actions_are_pinned_by_commit_the_same_everywhere() -> None:
    pins: dict[str, set[tuple[str, str]]] = {}
    for file in FILES:
        for used, version in USES.findall(file.read_text(encoding="utf-8")):
            name, _, commit = used.partition("@")
            assert re.fullmatch(r"[0-9a-f]{40}", commit), used
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), used
            pins.setdefault(name, set()).add((commit, version))
    assert len(pins) > 5
    assert all(len(found) == 1 for found in pins.values()), pins


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_allowed_unless_a_job_says_so(file: Path) -> None:
    told = workflow(file)
    assert told["permissions"] == {}
    assert told["concurrency"]


@pytest.mark.parametrize(("name", "job"), JOBS, ids=[name for name, _ in JOBS])
def test_a_job_has_few_rights_and_an_end(name: str, job: dict[str, Any]) -> None:
    rights = job["permissions"]
    assert job["timeout-minutes"] <= 45
    assert ("id-token" in rights) == (name in MAY_SIGN)
    assert (rights.get("contents") == "write") == (name in MAY_RELEASE)
    if name.startswith("ci/"):
        assert rights == {"contents": "read"}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.place)
def test_no_credentials_are_left_behind_and_no_text_is_pasted_into_a_script(step: Step) -> None:
    if str(step.told.get("uses", "")).startswith("actions/checkout@"):
        assert step.told["with"]["persist-credentials"] is False
    assert "${{" not in step.script
