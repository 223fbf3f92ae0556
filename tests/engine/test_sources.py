"""What a folder builds, decided by the files in it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Source, SourceKind
from openhqm_tui.engine.source.find import find_source
from tests.our_variants import VARIANT_NAMES, VARIANTS

DOCKERFILE = "FROM x\nARG QUEUE_BACKEND=all\n"


@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    """A package with its own Dockerfile and context."""
    package = tmp_path / "package"
    (package / "context").mkdir(parents=True)
    (package / "Dockerfile").write_text(DOCKERFILE)
    (package / "context" / "requirements.txt").touch()
    return package


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def find(folder: Path, bundled: Path, **options: str) -> Source:
    return find_source(
        folder,
        bundled=bundled / "Dockerfile",
        bundled_context=bundled / "context",
        variants=VARIANTS,
        **options,
    )


def test_an_empty_folder_builds_the_bundled_images(folder: Path, bundled: Path) -> None:
    source = find(folder, bundled)
    assert source.kind is SourceKind.BUNDLED
    assert source.context == str(bundled / "context")
    assert tuple(variant.name for variant in source.variants) == VARIANT_NAMES


def test_a_dockerfile_with_variants_is_built_unchanged(folder: Path, bundled: Path) -> None:
    (folder / "Dockerfile").write_text(DOCKERFILE)
    source = find(folder, bundled)
    assert (source.kind, source.context) == (SourceKind.CHECKOUT, str(folder))
    assert source.dockerfile == str(folder / "Dockerfile")


def test_any_other_dockerfile_is_ignored(folder: Path, bundled: Path) -> None:
    (folder / "Dockerfile").write_text("FROM scratch\n")
    assert find(folder, bundled).kind is SourceKind.BUNDLED


def test_in_its_own_checkout_the_package_builds_its_own_context(bundled: Path) -> None:
    source = find(bundled, bundled)
    assert (source.kind, source.context) == (SourceKind.BUNDLED, str(bundled / "context"))


def test_the_bundled_dockerfile_builds_the_code_of_a_checkout(folder: Path, bundled: Path) -> None:
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "src" / "openhqm").mkdir(parents=True)
    (folder / "requirements.txt").touch()
    source = find(folder, bundled, dockerfile="bundled")
    assert (source.kind, source.context) == (SourceKind.BUNDLED, str(folder))


def test_a_git_address_is_a_context(folder: Path, bundled: Path) -> None:
    address = "https://example.com/openhqm.git#main"
    source = find(folder, bundled, context=address)
    assert (source.context, source.dockerfile) == (address, "Dockerfile")


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({"context": "nowhere"}, ["the context nowhere doesn't exist", "specify a folder"]),
        ({"context": "sub/foldr"}, ["foldr doesn't exist", "did you mean", "folder?"]),
        ({"context": "file"}, ["the context file is not a folder"]),
        ({"dockerfile": "none"}, ["the Dockerfile none doesn't exist", "--dockerfile bundled"]),
        ({"dockerfile": "file"}, ["has no `ARG QUEUE_BACKEND`"]),
        ({"context": "sub/folder"}, ["is not an OpenHQM checkout", "requirements.txt"]),
    ],
)
def test_an_invalid_context_or_dockerfile_is_reported_with_the_fix(
    folder: Path, bundled: Path, options: dict[str, str], messages: list[str]
) -> None:
    (folder / "file").write_text("FROM scratch\n")
    (folder / "sub" / "folder").mkdir(parents=True)
    with pytest.raises(UsageProblem) as caught:
        find(folder, bundled, **options)
    assert all(message in str(caught.value) for message in messages), str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "requested"),
    [
        ("docker-bake.hcl", 'group "default" {\n targets = ["a"]\n}\ntarget "a" {}\n', []),
        ("docker-bake.hcl", 'target "b" {}\n  target "a" {}\n', ["a", "b"]),
        ("docker-bake.json", '{"group": {"default": {"targets": ["a"]}}, "target": {"a": {}}}', []),
        ("docker-bake.json", '{"target": {"b": {}, "a": {}}}', ["a", "b"]),
        ("docker-bake.json", "no json", []),
    ],
)
def test_buildx_prints_the_default_group_or_every_target(
    folder: Path,
    bundled: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    text: str,
    requested: list[str],
) -> None:
    (folder / name).write_text(text)
    seen: list[list[str]] = []
    printed = {"target": {"a": {"platforms": ["linux/x86_64", "odd"], "target": "last"}}}

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        seen.append(command)
        return subprocess.CompletedProcess(command, 0, json.dumps(printed).encode(), b"")

    monkeypatch.setattr(subprocess, "run", run)
    source = find(folder, bundled)
    (command,) = seen
    assert command[command.index("docker") :] == [
        *("docker", "buildx", "bake", "--print", "-f", name, *requested),
    ]
    assert command[3].endswith("read_only.py")
    assert source.kind is SourceKind.BAKE
    (variant,) = source.variants
    assert (variant.name, variant.title) == ("a", "Dockerfile last linux/amd64 odd")


@pytest.mark.parametrize(
    ("code", "out", "err", "message"),
    [
        (
            1,
            b"",
            b"x\nERROR: docker-bake.json: odd\n",
            "is not a valid bake file: docker-bake.json: odd",
        ),
        (0, b"{}", b"", "has no targets"),
    ],
)
def test_an_invalid_bake_file_is_reported(
    folder: Path,
    bundled: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    out: bytes,
    err: bytes,
    message: str,
) -> None:
    (folder / "docker-bake.json").write_text("{}")
    result = subprocess.CompletedProcess([], code, out, err)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: result)
    with pytest.raises(UsageProblem, match=message):
        find(folder, bundled)
