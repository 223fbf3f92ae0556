"""Programs named in a checkout's git settings are run neither by us nor by Buildx."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.engine.source import git
from openhqm_tui.engine.source.git import buildx_git, commit_of, safe_git
from tests.hostile_checkout import AT_A_LOG, BARE, BY_FETCHING, Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


# What Buildx 0.29 and 0.36 run for provenance and labels.
BUILDX_CALLS = [
    ["-c", "log.showSignature=false", *words]
    for words in (
        ["rev-parse", "--is-inside-work-tree"],
        ["rev-parse", "--show-toplevel"],
        ["show", "--format=%H", "HEAD", "--quiet", "--"],
        ["symbolic-ref", "-q", "HEAD"],
        ["for-each-ref", "--format=%(upstream:remotename)", "refs/heads/master"],
        ["remote", "get-url", "origin"],
    )
]
STATUS = ["-c", "log.showSignature=false", "status", "--porcelain", "--ignored"]


@pytest.mark.parametrize("hostile", [*AT_A_LOG, *BY_FETCHING])
def test_reading_the_commit_runs_no_program_of_the_checkout(
    checkout: Checkout, hostile: Callable[[Checkout], None]
) -> None:
    hostile(checkout)
    checkout.git("log", "-1", "--format=%H %ct", "--", ".")
    assert checkout.ran(), "the exploit works with an unguarded git"
    commit = commit_of(checkout.folder)
    assert not checkout.ran()
    if hostile in AT_A_LOG:
        assert commit == (checkout.git("rev-parse", "HEAD"), 1700000000)
    else:
        assert commit is None


def test_a_folder_that_is_not_a_checkout_has_no_commit(tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None
    assert commit_of(tmp_path / "gone") is None


@pytest.mark.parametrize("hostile", BY_FETCHING)
@pytest.mark.parametrize("passes_environment", [True, False], ids=["buildx-0.29", "buildx-0.36"])
def test_buildx_runs_no_program_of_the_checkout(
    checkout: Checkout, hostile: Callable[[Checkout], None], passes_environment: bool
) -> None:
    hostile(checkout)
    for call in BUILDX_CALLS:
        checkout.git(*call)
    assert checkout.ran(), "the exploit works with an unguarded git"
    safe = buildx_git([checkout.folder], BARE)
    # A newer Buildx passes only PATH and HOME to git.
    if passes_environment:
        for call in BUILDX_CALLS:
            checkout.git(*call, env=safe)
    assert (safe["BUILDX_GIT_INFO"], safe["BUILDX_GIT_LABELS"]) == ("false", "false")
    assert not checkout.ran()


def filtered(checkout: Checkout) -> None:
    (checkout.folder / ".gitattributes").write_text("file filter=evil\n")
    checkout.set("filter.evil.clean")
    (checkout.folder / "file").write_text("y")


def monitored(checkout: Checkout) -> None:
    checkout.set("core.fsmonitor")


def hooked(checkout: Checkout) -> None:
    hook = checkout.folder / ".git/hooks/post-index-change"
    hook.parent.mkdir(exist_ok=True)
    shutil.copy(checkout.program, hook)
    os.utime(checkout.folder / "file", (1, 1))


def hooked_elsewhere(checkout: Checkout) -> None:
    hooks = checkout.folder / "hooks"
    hooks.mkdir()
    shutil.copy(checkout.program, hooks / "post-index-change")
    checkout.set("core.hooksPath", "hooks")
    os.utime(checkout.folder / "file", (1, 1))


def monitored_below(checkout: Checkout) -> None:
    inner = checkout.folder / "inner"
    subprocess.run(["git", "init", "-q", str(inner)], check=True, capture_output=True, env=BARE)
    (inner / "f").write_text("x")
    for words in (("add", "."), ("commit", "-qm", "x")):
        subprocess.run(["git", "-C", str(inner), *words], check=True, env=BARE)
    checkout.git("add", "inner")
    checkout.git("commit", "-qm", "y")
    subprocess.run(
        ["git", "-C", str(inner), "config", "core.fsmonitor", str(checkout.program)],
        check=True,
        env=BARE,
    )


@pytest.mark.parametrize(
    "hostile", [filtered, monitored, hooked, hooked_elsewhere, monitored_below]
)
def test_changes_are_queried_only_if_that_runs_no_program(
    checkout: Checkout, hostile: Callable[[Checkout], None]
) -> None:
    hostile(checkout)
    dirty = BARE | {"BUILDX_GIT_CHECK_DIRTY": "1"}
    safe = buildx_git([checkout.folder], dirty)
    assert not checkout.ran()
    assert safe["BUILDX_GIT_INFO"] == "false"
    # Without the request for changes, the information is kept.
    assert "BUILDX_GIT_INFO" not in buildx_git([checkout.folder], BARE)
    assert not checkout.ran()
    checkout.git(*STATUS)
    assert checkout.ran(), "the exploit works with an unguarded git"


@pytest.mark.parametrize("file", ["HEAD", "packed-refs", "settings"])
def test_git_information_is_disabled_if_git_hangs(
    checkout: Checkout, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "_PATIENCE", 0.5)
    fifo = checkout.folder / ".git" / file
    fifo.unlink(missing_ok=True)
    os.mkfifo(fifo)
    if file == "settings":
        with (checkout.folder / ".git" / "config").open("a") as config:
            config.write("[include]\npath = settings\n")
    assert buildx_git([checkout.folder], {})["BUILDX_GIT_INFO"] == "false"


@pytest.mark.parametrize("setting", ["core.excludesFile", "core.attributesFile"])
def test_changes_are_not_queried_if_git_would_read_any_file(
    checkout: Checkout, setting: str
) -> None:
    checkout.git("config", setting, "/dev/zero")
    assert "BUILDX_GIT_INFO" not in buildx_git([checkout.folder], {})
    dirty = buildx_git([checkout.folder], {"BUILDX_GIT_CHECK_DIRTY": "1"})
    assert dirty["BUILDX_GIT_INFO"] == "false"


def test_an_ordinary_checkout_keeps_its_information(checkout: Checkout) -> None:
    checkout.set("remote.origin.url", "https://host.example/x")
    safe = buildx_git([checkout.folder], BARE | {"BUILDX_GIT_CHECK_DIRTY": "1"})
    assert "BUILDX_GIT_INFO" not in safe
    assert checkout.git(*BUILDX_CALLS[2], env=safe) == checkout.git("rev-parse", "HEAD")
    assert checkout.git(*BUILDX_CALLS[-1], env=safe) == "https://host.example/x"


def test_git_settings_of_the_environment_are_kept() -> None:
    safe = safe_git({"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"})
    assert safe["GIT_CONFIG_KEY_0"] == "a.b"
    count = int(safe["GIT_CONFIG_COUNT"])
    assert {safe[f"GIT_CONFIG_KEY_{number}"] for number in range(count)} >= {"core.fsmonitor"}
    assert safe_git({"GIT_CONFIG_COUNT": "²"})["GIT_CONFIG_KEY_0"]
