"""The contributing and security pages: targets, folders, hooks and files exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

TOP = Path(__file__).parents[1]
MAKEFILE = (TOP / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):", MAKEFILE, re.M)
PAGES = [TOP / ".github" / name for name in ("CONTRIBUTING.md", "SECURITY.md")]
HOOKS = YAML(typ="safe").load(TOP / ".pre-commit-config.yaml")["repos"]


def test_make_lists_every_target_with_a_description() -> None:
    ran = subprocess.run(
        ["make", "--no-print-directory"], cwd=TOP, capture_output=True, text=True, check=True
    )
    listed = dict(line.split(maxsplit=2)[1:] for line in ran.stdout.splitlines())
    assert list(listed) == TARGETS
    assert all(listed.values())
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    assert phony is not None
    assert phony[1].split() == TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_named_targets_files_and_folders_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M))
    assert targets <= set(TARGETS)
    assert len(targets) > 8 or page.stem == "SECURITY"
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (page.parent / link).exists(), link
    folder = ""
    named = re.findall(r"`((?:[\w.]+/)+[\w.]*|[a-z_]+\.(?:py|html|toml|lock))`", text)
    assert len(named) > 5 or page.stem == "SECURITY"
    for path in named:
        folder = path.rpartition("/")[0] or folder
        near = (TOP / path, TOP / "openhqm_tui" / path, TOP / "openhqm_tui" / folder / path)
        ours = any(one.exists() for one in near) or (TOP / "tests" / path).exists()
        assert ours or path in {"snapshot_report.html", "openhqm-checks.toml"}, path


@pytest.mark.parametrize("hook", [hook for repo in HOOKS for hook in repo["hooks"]])
def test_hooks_need_no_network_and_call_existing_programs(hook: dict[str, str]) -> None:
    assert all(repo["repo"] == "local" for repo in HOOKS)
    assert hook["language"] == "system"
    words = shlex.split(hook["entry"])
    # These tests may run in another environment than the hooks.
    assert (Path(sys.prefix) / words[0].removeprefix(".venv/")).exists()
    assert all((TOP / word).exists() for word in words if word.startswith("tests/"))
