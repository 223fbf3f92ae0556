"""What a folder builds, decided by the files in it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Source, SourceKind
from openhqm_tui.engine.source.find import find_source, has_own_base
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


def find(folder: Path, bundled: Path, **options: Any) -> Source:
    return find_source(
        folder,
        bundled=bundled / "Dockerfile",
        bundled_context=bundled / "context",
        variants=lambda: VARIANTS,
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


def test_any_other_dockerfile_is_one_target_named_after_its_folder(
    folder: Path, bundled: Path
) -> None:
    (folder / "Dockerfile").write_text("FROM scratch\n")
    source = find(folder, bundled)
    assert (source.kind, source.selected) == (SourceKind.BAKE, ("folder",))
    assert source.bake_targets == {"folder": {"context": ".", "dockerfile": "Dockerfile"}}
    assert find(folder.parent, bundled, context="folder") == source


@pytest.mark.parametrize(
    ("files", "own"),
    [
        ({}, False),
        ({"Dockerfile": DOCKERFILE}, False),
        ({"Dockerfile": DOCKERFILE, "docker-bake.hcl": ""}, False),
        ({"Dockerfile": "FROM golang"}, True),
        ({"docker-bake.hcl": ""}, True),
        ({"compose.yaml": ""}, True),
    ],
)
def test_a_project_of_its_own_names_its_base_images(
    folder: Path, files: dict[str, str], own: bool
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    assert has_own_base(folder) is own


def test_a_named_dockerfile_may_have_another_name(folder: Path, bundled: Path) -> None:
    (folder / "dev.Dockerfile").write_text("FROM scratch\n")
    source = find(folder, bundled, dockerfile="dev.Dockerfile")
    assert source.bake_targets == {"folder": {"context": ".", "dockerfile": "dev.Dockerfile"}}


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


def buildx(monkeypatch: pytest.MonkeyPatch, printed: object) -> list[list[str]]:
    """Replace Buildx; return the list that its calls are added to."""
    seen: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        seen.append(command)
        return subprocess.CompletedProcess(command, 0, json.dumps(printed).encode(), b"")

    monkeypatch.setattr(subprocess, "run", run)
    return seen


def printed_by(*default: str, **bodies: object) -> dict[str, object]:
    """Return what Buildx prints of some targets, and that `default` is a group of these."""
    order = json.dumps(default) if default else ""
    reader = {"_openhqm-reader": {"args": {"_openhqm-reader": order}}}
    return {"group": {"default": {"targets": sorted(bodies)}}, "target": {**bodies, **reader}}


def test_one_buildx_resolves_the_files_that_it_would_find(
    folder: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "docker-bake.hcl").touch()
    (folder / "docker-bake.override.hcl").touch()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    body = {"platforms": ["linux/x86_64", "odd"], "target": "last"}
    seen = buildx(monkeypatch, printed_by("a", a=body))
    source = find(folder, bundled)
    (printing,) = seen
    files = ["-f", "docker-bake.hcl", "-f", "docker-bake.override.hcl", "-f", "-"]
    assert printing[4:] == ["docker", "buildx", "bake", "--print", *files, "_openhqm-reader", "*"]
    assert printing[3].endswith("read_only.py")
    assert source.kind is SourceKind.BAKE
    assert source.bake_file == str(folder / "docker-bake.hcl")
    assert len(source.bake_files) == 2
    (variant,) = source.variants
    assert (variant.name, variant.title) == ("a", "Dockerfile last linux/amd64 odd")


@pytest.mark.parametrize("by", ["a.hcl:b.json", " a.hcl : :b.json", ""])
def test_named_files_replace_those_of_the_folder(
    folder: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    for name in ("docker-bake.hcl", "a.hcl", "b.json"):
        (folder / name).touch()
    seen = buildx(monkeypatch, printed_by("a", a={"dockerfile-inline": "FROM scratch"}))
    options: dict[str, Any] = {} if by else {"files": ["cwd://a.hcl", "b.json"]}
    if by:
        monkeypatch.setenv("BUILDX_BAKE_FILE", by)
    source = find(folder, bundled, **options)
    assert all("-f a.hcl -f b.json" in " ".join(command) for command in seen)
    assert source.bake_file == str(folder / "a.hcl")


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("app", "app"),
        ("APP", "APP"),
        ("web", "Web"),
        ("web.ui", "web_ui"),
        ("web*", "web_ui"),
        ("[^A-Zw]*", "app"),
        ("App", ""),
        ("wep", ""),
        ("wep*", ""),
        ("--file=x", ""),
    ],
)
def test_a_name_is_matched_exactly_before_its_case_is_ignored(
    folder: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch, word: str, found: str
) -> None:
    (folder / "docker-bake.hcl").touch()
    buildx(monkeypatch, printed_by("app", APP={}, Web={}, app={}, web_ui={}))
    if found:
        assert find(folder, bundled, wanted=[word]).selected == (found,)
    else:
        with pytest.raises(UsageProblem, match=f"no target or group '{re.escape(word)}'"):
            find(folder, bundled, wanted=[word])


def test_a_buildx_that_knows_no_patterns_is_asked_for_the_names(
    folder: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "docker-bake.hcl").touch()
    seen: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        seen.append(command)
        if "*" in command:
            error = b"ERROR: failed to find target *\n"
            return subprocess.CompletedProcess(command, 1, b"", error)
        names = [{"name": "app"}, {"name": "default", "group": True}]
        found: object = printed_by("app", app={}) if "--print" in command else names
        return subprocess.CompletedProcess(command, 0, json.dumps(found).encode(), b"")

    monkeypatch.setattr(subprocess, "run", run)
    assert find(folder, bundled).selected == ("app",)
    assert seen[-1][-2:] == ["app", "default"]


@pytest.mark.parametrize("none", [[], None])
def test_compose_files_that_build_nothing_are_no_source(
    folder: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch, none: object
) -> None:
    (folder / "compose.yaml").touch()
    buildx(monkeypatch, {"group": {"default": {"targets": none}}, "target": {}})
    assert find(folder, bundled).kind is SourceKind.BUNDLED


def test_a_target_that_buildx_cannot_resolve_does_not_hide_the_others(
    folder: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "docker-bake.hcl").touch()
    body = {"dockerfile-inline": "FROM scratch"}

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        if "--print" not in command:
            out = json.dumps([{"name": "good"}, {"name": "odd"}])
            return subprocess.CompletedProcess(command, 0, out.encode(), b"")
        if {"odd", "*"} & set(command):
            return subprocess.CompletedProcess(command, 1, b"", b"ERROR: no agent\n")
        out = json.dumps(printed_by("good", good=body))
        return subprocess.CompletedProcess(command, 0, out.encode(), b"")

    monkeypatch.setattr(subprocess, "run", run)
    source = find(folder, bundled)
    assert [variant.name for variant in source.variants] == ["good"]
    (problem,) = source.problems
    assert problem.startswith("target odd is skipped: ")
    assert problem.endswith("no agent")


@pytest.mark.parametrize(
    ("code", "out", "err", "message"),
    [
        (
            1,
            b"",
            b"x\nERROR: docker-bake.json: odd\n",
            "docker-bake.json: docker-bake.json: odd",
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


def test_a_target_with_an_invalid_tag_does_not_hide_the_others(
    folder: Path, bundled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "docker-bake.hcl").touch()
    inline = {"dockerfile-inline": "FROM scratch"}
    bodies = {"good": inline, "odd": {**inline, "tags": ["acme/app:"]}}
    buildx(monkeypatch, printed_by("good", **bodies))
    source = find(folder, bundled)
    assert [variant.name for variant in source.variants] == ["good"]
    assert source.problems[0].startswith(
        "target odd is skipped: 'acme/app:' isn't a valid image ref"
    )
    assert find(folder, bundled, wanted=["good"]).selected == ("good",)
    with pytest.raises(UsageProblem, match="odd: 'acme/app:' isn't a valid"):
        find(folder, bundled, wanted=["odd"])
