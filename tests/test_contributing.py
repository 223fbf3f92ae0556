"""What a newcomer is told is so: targets, folders, hooks, files."""

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


def test_make_alone_lists_every_target_with_a_word_about_it() -> None:
    ran = subprocess.run(
        ["make", "--no-print-directory"], cwd=TOP, capture_output=True, text=True, check=True
    )
    told = dict(line.split(maxsplit=2)[1:] for line in ran.stdout.splitlines())
    assert list(told) == TARGETS
    assert all(told.values())
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    assert phony is not None
    assert phony[1].split() == TARGETS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_targets_files_and_folders_that_a_page_names_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    asked = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M))
    assert asked <= set(TARGETS)
    assert len(asked) > 8 or page.stem == "SECURITY"
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (page.parent / link).exists(), link
    folder = ""
    named = re.findall(r"`((?:[\w.]+/)+[\w.]*|[a-z_]+\.(?:py|html|toml|lock))`", text)
    assert len(named) > 5 or page.stem == "SECURITY"
    for place in named:
        folder = place.rpartition("/")[0] or folder
        near = (TOP / place, TOP / "openhqm_tui" / place, TOP / "openhqm_tui" / folder / place)
        ours = any(one.exists() for one in near) or (TOP / "tests" / place).exists()
        assert ours or place in {"snapshot_report.html", "openhqm-checks.toml"}, place


@pytest.mark.parametrize("hook", [hook for repo in HOOKS for hook in repo["hooks"]])
def test_a_hook_needs_no_network_and_calls_what_is_there(hook: dict[str, str]) -> None:
    assert all(repo["repo"] == "local" for repo in HOOKS)
    assert hook["language"] == "system"
    words = shlex.split(hook["entry"])
    # The environment that these tests run in may be another than the one that hooks use.
    assert (Path(sys.prefix) / words[0].removeprefix(".venv/")).exists()
    assert all((TOP / word).exists() for word in words if word.startswith("tests/"))
