"""The labels `source` and `revision` match: the repository has the commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from openhqm_tui import __version__
from openhqm_tui.domain.plan.bake import SourceKind
from openhqm_tui.run.start import prepare as module
from tests.run.test_prepare import SOURCE, ready

PREFIX = "org.opencontainers.image."


def labels(context: Path, kind: SourceKind = SourceKind.BUNDLED) -> tuple[str | None, str | None]:
    dockerfile = str(context / "Dockerfile")
    source = msgspec.structs.replace(SOURCE, context=str(context), dockerfile=dockerfile, kind=kind)
    found = ready(source=source).plan.targets[0].body["labels"]
    return found.get(f"{PREFIX}source"), found.get(f"{PREFIX}revision")


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "requirements.txt").write_text("x")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "x")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "x@example.org")
    for words in (("init", "-q"), ("add", "requirements.txt"), ("commit", "-qm", "x")):
        git(tmp_path, *words)
    return git(tmp_path, "rev-parse", "HEAD")


def git(folder: Path, *words: str) -> str:
    ran = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)
    return ran.stdout.decode().strip()


@pytest.mark.parametrize("kind", [SourceKind.BUNDLED, SourceKind.CHECKOUT])
def test_a_checkouts_origin_goes_with_its_commit(
    tmp_path: Path, head: str, kind: SourceKind
) -> None:
    git(tmp_path, "remote", "add", "origin", "https://TOKEN@github.com/acme/fork.git")
    assert labels(tmp_path, kind) == ("https://github.com/acme/fork", head)


def test_without_an_origin_no_repository_is_claimed(tmp_path: Path, head: str) -> None:
    # The bundled Dockerfile would name its own repository.
    assert labels(tmp_path) == ("unknown", head)
    # Another Dockerfile sets the label itself.
    assert labels(tmp_path, SourceKind.CHECKOUT) == (None, head)


def test_an_installed_package_names_its_own_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "bundled", lambda _name: tmp_path)
    ours = "https://github.com/openhqm/openhqm-tui"
    assert labels(tmp_path) == (ours, f"v{__version__}")


def test_a_context_without_a_repository_claims_no_origin(tmp_path: Path) -> None:
    assert labels(tmp_path) == ("unknown", None)
    assert labels(tmp_path, SourceKind.CHECKOUT) == (None, None)


def test_the_dockerfile_names_the_repository_that_it_is_in() -> None:
    dockerfile = (Path(__file__).parents[2] / "Dockerfile").read_text()
    assert f"ARG SOURCE={module.OUR_SOURCE}\n" in dockerfile
