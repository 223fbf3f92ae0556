"""A plan equals `docker buildx bake --print` for every target and group, by the real Buildx.

What a plan changes so that images can be loaded, checked and only then pushed is listed here, and
shown to the user.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from openhqm_tui.cli import main
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import TargetGroup
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.permissions import missing
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.run.start.permissions import definition_digest, needs_of
from openhqm_tui.run.start.prepare import Prepared, prepare
from openhqm_tui.run.start.source import source_for
from tests.conftest import REQUIRED
from tests.engine.definitions import DEFINITIONS, NAMED

HERE = parse_platform(platform.machine())
FACTS = EngineFacts(host=HERE)
_NOT_LINUX = ("darwin/", "windows/")
_UNKNOWN = {"linux/sparc64"}


def _has_buildx() -> bool:
    docker = shutil.which("docker")
    words = ["docker", "buildx", "bake", "--help"]
    return (
        bool(docker)
        and "--list"
        in subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout
    )


NEEDS_BUILDX = pytest.mark.skipif(
    not os.environ.get(REQUIRED) and not _has_buildx(), reason="no Buildx that lists targets"
)
pytestmark = NEEDS_BUILDX


def write(folder: Path, name: str) -> tuple[str, ...]:
    """Write a definition; return the files to name."""
    for file, text in DEFINITIONS[name].items():
        place = folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(textwrap.dedent(text), encoding="utf-8")
    return NAMED.get(name, ())


def bake(folder: Path, *words: str) -> Any:
    """Return the JSON that Buildx prints."""
    command = ["docker", "buildx", "bake", *words]
    run = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr.decode()
    return json.loads(run.stdout)


def planned(folder: Path, files: tuple[str, ...], wanted: list[str] | None) -> Prepared:
    """Return the plan of `plan WANTED…`; None: of `plan --build-all`."""
    source = source_for(folder, files=files, wanted=wanted)
    names = source.selected if wanted is not None else [v.name for v in source.variants]
    options = BuildOptions(selection=dict.fromkeys(names, ()))
    return prepare(options, FACTS, source, plan_only=True)


def expanded(names: list[str], printed: dict[str, Any]) -> list[str]:
    """Return the targets that names stand for, sorted; a group may have itself as a member."""
    targets, groups, left = printed["target"], printed["group"], list(names)
    seen: set[str] = set()
    while left:
        if (name := left.pop()) not in seen:
            seen.add(name)
            left += groups[name]["targets"] if name in groups else []
    return sorted(seen & set(targets))


def expected(name: str, body: dict[str, Any], folder: str, *, is_image: bool) -> dict[str, Any]:
    """Return a printed target with the changes that a plan states; `is_image`: it isn't linked."""
    wanted = dict(body)
    outputs = wanted.pop("output", [])
    images = [
        o for o in outputs if o["type"] in {"image", "registry", "docker"} and "dest" not in o
    ]
    artifacts = [output for output in outputs if output not in images]
    if "cache-to" in wanted:
        wanted["cache-to"] = [c for c in wanted["cache-to"] if c["type"] != "registry"]
    if not is_image:
        wanted.pop("tags", None)
        return wanted | {"output": [{"type": "cacheonly"}]}
    if artifacts == outputs and (outputs or wanted.get("call", "build") != "build"):
        return wanted | ({"output": outputs} if outputs else {})
    if "platforms" in wanted:
        wanted["platforms"] = [
            p for p in wanted["platforms"] if not p.startswith(_NOT_LINUX) and p not in _UNKNOWN
        ]
    options: dict[str, str] = {}
    for output in images:
        where = {"type", "name", "push"}
        options |= {key: value for key, value in output.items() if key not in where}
    named = [output["name"] for output in images if "name" in output]
    both = "-".join(dict.fromkeys([folder, name.lower().strip("_").replace("_", "-")]))
    wanted.setdefault("tags", named or [f"{both}:latest"])
    return wanted | {"output": [{"type": "docker", **options}, *artifacts]}


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.usefixtures("agent")
def test_every_target_and_group_is_planned_as_buildx_prints_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "agent").symlink_to("../agent")
    files = write(folder, name)
    flags = [word for file in files for word in ("-f", file)]
    listed = {one["name"]: one.get("group", False) for one in bake(folder, *flags, _LIST)}
    printed = bake(folder, *flags, "--print", *listed, *_HIDDEN.get(name, ()))
    whole = planned(folder, files, None)
    (tmp_path / "bake.json").write_text(json.dumps(whole.plan.as_bake()))
    resolved = bake(folder, "-f", str(tmp_path / "bake.json"), "--print")["target"]
    linked = set(whole.plan.linked)
    for target, body in resolved.items():
        as_is = expected(target, printed["target"][target], name, is_image=target not in linked)
        assert body == as_is, target
    bodies = whole.plan.as_bake()["target"]
    groups = [word for word, is_group in listed.items() if is_group]
    for word in [*groups, *[word for word in listed if word not in groups][:1]]:
        alone = bake(folder, *flags, "--print", *([word] if word != "default" else []))
        plan = planned(folder, files, [word] if word != "default" else []).plan
        assert sorted(target.name for target in plan.targets) == expanded([word], alone), word
        assert set(plan.as_bake()["target"]) == set(alone["target"]), word
        for target in plan.targets:
            # A target that isn't listed is only in the plan of a group that has it.
            assert target.body == bodies.get(target.name, target.body), target.name
    left = {word for word in listed if word not in groups} - set(resolved)
    assert left <= _ABSTRACT
    shown = "\n".join(whole.warnings)
    for fact in _STATED.get(name, ()):
        assert fact in shown


_LIST = "--list=type=targets,format=json"
# Buildx doesn't list these.
_HIDDEN = {"cases": ("_hidden",)}
_ABSTRACT = {"docker-metadata-action"}
_STATED = {
    "platforms": ["mixed is not built for darwin/arm64, windows/amd64, linux/sparc64: such images"],
    "pushed": [
        "output type=image, type=registry is replaced: images are loaded into Docker for",
        "without --push, 1 remote cache export is skipped",
    ],
    "outputs": ["output type=image is replaced: images are loaded into Docker for their checks"],
}


def test_the_default_group_keeps_its_order(tmp_path: Path) -> None:
    write(tmp_path, "groups")
    assert source_for(tmp_path, wanted=()).selected == ("zeta", "mid", "alpha")
    names = [variant.name for variant in source_for(tmp_path).variants]
    assert names == ["zeta", "mid", "alpha", "last"]


def test_groups_are_offered_with_their_descriptions_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    write(tmp_path, "groups")
    assert source_for(tmp_path).groups == (
        TargetGroup("default", "What is released (daily)", ("zeta", "mid", "alpha")),
        TargetGroup("tools", "", ("mid", "alpha")),
        TargetGroup("every", "", ("zeta", "mid", "alpha", "last")),
    )


def test_the_targets_of_a_matrix_are_a_group_where_the_file_has_it(tmp_path: Path) -> None:
    write(tmp_path, "matrix")
    source = source_for(tmp_path)
    apps = tuple(f"app-{edition}" for edition in ("full-1-1", "full-1-2", "slim-1-1", "slim-1-2"))
    assert tuple(variant.name for variant in source.variants) == (*apps, "one", "two")
    assert source.groups == (
        TargetGroup("default", "", apps),
        TargetGroup("app", "", apps),
        TargetGroup("items", "", ("one", "two")),
    )


@pytest.mark.parametrize(
    ("word", "targets"),
    [
        ("default", ["zeta", "loop", "alpha"]),
        ("every", ["last", "zeta", "loop", "alpha"]),
        ("loop", ["loop", "alpha"]),
        ("*a", ["alpha", "zeta"]),
    ],
)
def test_groups_in_groups_keep_the_order_of_their_members(
    tmp_path: Path, word: str, targets: list[str]
) -> None:
    write(tmp_path, "nested")
    assert source_for(tmp_path, wanted=[word]).selected == tuple(targets)
    alone = bake(tmp_path, "--print", *([word] if word != "default" else []))
    assert sorted(targets) == sorted(alone["target"])


@pytest.mark.parametrize("command", ["plan", "build"])
def test_without_a_default_group_targets_have_to_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "comments")
    message = (
        r"docker-bake.hcl has no group or target `default`; "
        r"name a target or use --build-all \(valid: bare\)"
    )
    with pytest.raises(UsageProblem, match=message):
        main.parse([command]).run(main.parse([command]))


@pytest.mark.parametrize(
    ("variable", "value"), [("TAG", "3"), ("LIST", "x,y"), ("WHERE", "."), ("HOME_OF", "")]
)
def test_variables_of_the_environment_change_a_plan_as_they_change_bake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    name = "overridden" if variable == "TAG" else "variables"
    write(tmp_path, name)
    before = source_for(tmp_path).bake_targets
    monkeypatch.setenv(variable, value)
    after = source_for(tmp_path).bake_targets
    assert after == bake(tmp_path, "--print", "app")["target"] != before


def test_included_files_may_lead_out_of_the_folder_and_are_asked_about(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    write(folder, "compose-includes")
    source = source_for(folder)
    (need,) = missing(needs_of(source.bake_targets.values(), str(folder)), ())
    assert str(need) == f"fs.read={tmp_path}/shared/ctx"
    answered = definition_digest(source)
    (tmp_path / "shared" / "base.yaml").write_text("services: {base: {build: /etc}}\n")
    assert definition_digest(source_for(folder)) != answered


def test_a_definition_may_have_byte_order_mark_comments_and_bare_names(tmp_path: Path) -> None:
    write(tmp_path, "comments")
    assert source_for(tmp_path).selected == ()
    assert [variant.name for variant in source_for(tmp_path, wanted=()).variants] == ["bare"]
