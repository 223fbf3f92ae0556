"""Build options from flags, environment, project and user settings, in this order."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.build_options import options_from
from openhqm_tui.cli.main import parse
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import SourceKind
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.overrides import Overrides
from tests.fake_docker import FakeDocker
from tests.our_variants import VARIANT_NAMES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    return place


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: Any, **_: Any) -> NoReturn:
        raise AssertionError(f"started {words}")

    monkeypatch.setattr(subprocess, "Popen", fail)


def options(line: str, folder: Path) -> BuildOptions:
    return options_from(parse(line.split()), folder)[0]


def chosen(line: str, folder: Path) -> dict[str, list[str]]:
    return {k: [str(p) for p in v] for k, v in options(line, folder).selection.items()}


BOTH = ["linux/amd64", "linux/arm64"]


@pytest.mark.parametrize(
    ("line", "selection"),
    [
        ("build --backend redis", {"redis": BOTH}),
        ("build --backend redis,kafka", {"redis": BOTH, "kafka": BOTH}),
        ("build --backend redis --backend kafka", {"redis": BOTH, "kafka": BOTH}),
        ("build --backend kafka,redis,kafka", {"kafka": BOTH, "redis": BOTH}),
        ("build --backend REDIS", {"redis": BOTH}),
        ("build --backend redis --platforms x86_64", {"redis": ["linux/amd64"]}),
        ("build --backend redis --platforms linux/aarch64,amd64", {"redis": BOTH[::-1]}),
        ("build --backend redis --platforms arm64 --platforms amd64", {"redis": BOTH[::-1]}),
        ("build redis", {"redis": BOTH}),
        ("build redis --push --name x/y kafka", {"redis": BOTH, "kafka": BOTH}),
        ("build --build-all", dict.fromkeys(VARIANT_NAMES, BOTH)),
    ],
)
@pytest.mark.usefixtures("nothing_starts")
def test_backends_and_platforms_are_selected(
    folder: Path, line: str, selection: dict[str, list[str]]
) -> None:
    assert chosen(line, folder) == selection


# The options of the script as arguments of `build`, with the resulting build option.
_REDIS = "--backend redis"
SCRIPT_OPTIONS: dict[str, tuple[str, str, object]] = {
    "-b": ("-b kafka", "selection", ["kafka"]),
    "--backend": ("--backend kafka", "selection", ["kafka"]),
    "-p": (f"{_REDIS} -p linux/arm64", "platforms", ["linux/arm64"]),
    "--platforms": (f"{_REDIS} --platforms linux/arm64", "platforms", ["linux/arm64"]),
    "-n": (f"{_REDIS} -n ghcr.io/acme/x", "name", "ghcr.io/acme/x"),
    "--name": (f"{_REDIS} --name ghcr.io/acme/x", "name", "ghcr.io/acme/x"),
    "-t": (f"{_REDIS} -t v1.0.0", "tag", "v1.0.0"),
    "--tag": (f"{_REDIS} --tag v1.0.0", "tag", "v1.0.0"),
    "--push": (f"{_REDIS} --push", "push", True),
    "--build-all": ("--build-all", "selection", list(VARIANT_NAMES)),
    "--test-only": (f"{_REDIS} --test-only", "test_only", True),
    "PLATFORMS": (_REDIS, "platforms", ["linux/arm64"]),
    "QUEUE_BACKEND": ("", "selection", ["kafka"]),
    "IMAGE_NAME": (_REDIS, "name", "ghcr.io/acme/x"),
    "IMAGE_TAG": (_REDIS, "tag", "v1.0.0"),
    "BUILDER_NAME": (_REDIS, "builder", "mine"),
}
_GUIDE = Path(__file__).parents[2] / "assets" / "guides" / "reference.md"
_OPTION_ROWS = [
    row.split(" | ")
    for row in _GUIDE.read_text(encoding="utf-8")
    .partition("## Every option of the script")[2]
    .partition("\n## ")[0]
    .splitlines()
    if row.startswith("| `")
]


def test_the_guide_has_a_row_for_every_option_of_the_script() -> None:
    documented = {
        word for row in _OPTION_ROWS for word in re.findall(r"`(--?[a-z-]+|[A-Z_]+)", row[0])
    }
    assert documented == {*SCRIPT_OPTIONS, "-h", "--help", "PUSH"}


@pytest.mark.parametrize("option", SCRIPT_OPTIONS)
@pytest.mark.usefixtures("nothing_starts")
def test_every_option_of_the_script_means_the_same(
    folder: Path, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, name, value = SCRIPT_OPTIONS[option]
    if not option.startswith("-"):
        (row,) = (row for row in _OPTION_ROWS if row[0].startswith(f"| `{option}="))
        (variable,) = re.findall(r"OPENHQM_TUI_[A-Z_]+", row[1])
        word = value[0] if isinstance(value, list) else str(value)
        monkeypatch.setenv(variable, word)
    found = getattr(options(f"build {line}", folder), name)
    assert (list(map(str, found)) if isinstance(value, list) else found) == value


def test_the_push_variable_of_the_script_has_no_effect(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUSH", "true")
    assert not options("build --backend redis", folder).push


@pytest.mark.usefixtures("nothing_starts")
def test_defaults_are_those_of_openhqm(folder: Path) -> None:
    found = options("build --backend redis", folder)
    assert (found.name, found.tag, found.jobs, found.python_version) == (
        "openhqm",
        "latest",
        0,
        "3.13",
    )
    assert found.check
    assert not found.test_only


def test_flags_override_environment_project_and_user(
    folder: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = own_home / "config" / "openhqm-tui"
    user.mkdir(parents=True)
    (user / "settings.toml").write_text('name = "user"\ntag = "user"\njobs = 1\nbuilder = "user"')
    (folder / "openhqm-tui.toml").write_text('tag = "project"\njobs = 2\nbuilder = "project"')
    monkeypatch.setenv("OPENHQM_TUI_JOBS", "3")
    monkeypatch.setenv("OPENHQM_TUI_BUILDER", "environment")
    found = options("build --backend redis --builder flag", folder)
    assert (found.name, found.tag, found.jobs, found.builder) == ("user", "project", 3, "flag")


@pytest.mark.parametrize(
    ("line", "setting", "seconds"),
    [
        ("build --backend redis", "", 300.0),
        ("build --backend redis", "quiet-after = 60", 60.0),
        ("build --backend redis --quiet-after 1.5", "quiet-after = 60", 1.5),
        ("build --backend redis --quiet-after 0", "quiet-after = 60", 0.0),
        ("build --backend redis", "quiet-after = 0", 0.0),
        ("plan --backend redis", "", 300.0),
    ],
)
def test_the_limit_for_silent_builds_is_configurable(
    folder: Path, line: str, setting: str, seconds: float
) -> None:
    (folder / "openhqm-tui.toml").write_text(setting)
    assert options(line, folder).quiet_after == seconds


def test_settings_apply_without_flags(folder: Path) -> None:
    (folder / "openhqm-tui.toml").write_text(
        'backends = ["sqs"]\nplatforms = ["aarch64"]\ncheck = false\n'
    )
    assert chosen("build", folder) == {"sqs": ["linux/arm64"]}
    assert chosen("build --backend redis --platforms amd64", folder) == {"redis": ["linux/amd64"]}
    assert list(chosen("build --build-all", folder)) == list(VARIANT_NAMES)
    assert not options("build", folder).check


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("build", "or use --build-all (valid: all redis"),
        ("build --backend ,", "nothing selected to build"),
        ("build --backend rediss", "unknown variant 'rediss': did you mean redis?"),
        ("build --backend redis,kafak", "unknown variant 'kafak': did you mean kafka?"),
        ("build --backend redis --build-all", "can't be combined"),
        ("build --backend redis --platforms linux/amd46", "did you mean linux/amd64?"),
        ("build --backend redis --platforms windows/amd64", "only Linux"),
        ("build --backend redis --platforms ,", "no platform given"),
        ("build --backend redis --name Bad", "lower case"),
        ("build --backend redis --tag a/b", "use --name a/b"),
        ("build --backend redis --python-version 2.7", "unsupported Python version '2.7'"),
        ("build --backend redis --python-version 3.13.1", "use a version of the form 3.N"),
        ("build --backend redis --base-image A:b:c", "'A:b:c' isn't a valid image reference"),
        ("build --backend redis --context nope", "the context nope doesn't exist"),
        ("build --backend redis --context file", "the context file is not a folder"),
        ("build --backend redis --context projcet", "did you mean"),
        ("build --backend redis --dockerfile nope", "the Dockerfile nope doesn't exist"),
        ("build --backend redis --dockerfile file", "unknown target 'redis' (valid: project)"),
    ],
)
@pytest.mark.usefixtures("nothing_starts")
def test_a_wrong_argument_is_refused_before_anything_starts(
    folder: Path, line: str, message: str
) -> None:
    (folder / "file").write_text("FROM scratch\n")
    (folder / "project").mkdir()
    with pytest.raises(UsageProblem) as caught:
        options(line, folder)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_long_tag_must_leave_room_for_the_variant(folder: Path) -> None:
    tag = "x" * 122
    assert options(f"build --backend redis --tag {tag}", folder)
    with pytest.raises(UsageProblem, match="use at most 120"):
        options(f"build --backend minimal --tag {tag}", folder)


@pytest.mark.parametrize(
    ("dockerfile", "kind"),
    [
        ("ARG QUEUE_BACKEND=redis\nFROM scratch\n", SourceKind.CHECKOUT),
        ("FROM scratch\nARG OTHER\n", SourceKind.BAKE),
        (None, SourceKind.BUNDLED),
    ],
)
def test_the_kind_of_source_depends_on_the_folder(
    folder: Path, dockerfile: str | None, kind: SourceKind
) -> None:
    if dockerfile is not None:
        (folder / "Dockerfile").write_text(dockerfile)
    words = ["--build-all"] if kind is SourceKind.BAKE else ["redis"]
    _, source = options_from(parse(["build", *words]), folder)
    assert source.kind is kind


# -- a bake file ------------------------------------------------------------------------------


@pytest.fixture
def baker(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bake file that (a fake) Buildx resolves into two targets and a group."""
    docker = FakeDocker(tmp_path / "docker", monkeypatch)
    listed = [{"name": "App"}, {"name": "every", "group": True}, {"name": "web"}]
    targets = {"App": {"platforms": ["linux/aarch64"]}, "web": {"dockerfile": "W"}}
    groups = {"every": {"targets": ["web", "App"]}}
    printed = {"group": groups, "target": targets}
    docker.program.write_text(
        f"#!/bin/sh\ncase $* in *--list*) echo '{json.dumps(listed)}';;\n"
        f"*) echo '{json.dumps(printed)}';; esac\n"
    )
    (folder / "docker-bake.hcl").touch()
    for name in ("Dockerfile", "W"):
        (folder / name).write_text("FROM scratch\n")
    return folder


@pytest.mark.parametrize(
    ("line", "selection"),
    [
        ("build --build-all", {"App": [], "web": []}),
        ("build app", {"App": []}),
        ("build every --platforms amd64", {"web": ["linux/amd64"], "App": ["linux/amd64"]}),
        ("plan web --push App", {"web": [], "App": []}),
        ("build --backend web --platforms amd64", {"web": ["linux/amd64"]}),
    ],
)
def test_targets_and_groups_of_a_bake_file_are_selected_with_their_own_platforms(
    baker: Path, line: str, selection: dict[str, list[str]]
) -> None:
    assert chosen(line, baker) == selection


def test_variants_lists_the_targets_of_named_files(
    baker: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (baker / "ci.hcl").touch()
    monkeypatch.chdir(baker)
    assert main(["variants", "-f", "ci.hcl"]) == 0
    output = capsys.readouterr()
    assert output.out.split() == ["App", "Dockerfile", "linux/arm64", "web", "W"]
    assert f"from {baker}/ci.hcl (bake)" in output.err


def test_a_bake_file_does_not_have_openhqms_variants(baker: Path) -> None:
    message = r"no target or group 'redis' \(valid: App web every\)"
    with pytest.raises(UsageProblem, match=message):
        options("build --backend redis", baker)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], False),
        (["app.tags=a:1"], True),
        (["*.tags+=a:1"], True),
        (["web.tags=a:1", "app.args.tags=1"], False),
    ],
)
def test_tags_set_by_a_flag_are_told_from_those_of_the_file(words: list[str], found: bool) -> None:
    overrides = Overrides(tuple(f"--set={word}" for word in words))
    assert overrides.sets("app", "tags") is found


@pytest.mark.parametrize("flag", ["--name mine", "--tag v2"])
def test_a_flag_does_not_rename_what_the_bake_file_tags(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    docker = FakeDocker(tmp_path / "docker", monkeypatch)
    printed = json.dumps({"target": {"app": {"tags": ["example-app:1"]}, "web": {}}})
    listed = json.dumps([{"name": "app"}, {"name": "web"}])
    docker.program.write_text(
        f"#!/bin/sh\ncase $* in *--list*) echo '{listed}';; *) echo '{printed}';; esac\n"
    )
    (folder / "docker-bake.json").touch()
    with pytest.raises(UsageProblem, match=f"{flag.split()[0]} has no effect on app"):
        options(f"build app {flag}", folder)
    assert options(f"build web {flag}", folder).selection == {"web": ()}


def test_settings_a_project_may_not_set_are_ignored_with_one_line_each(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "openhqm-tui.toml").write_text(
        'keep-runs = 1\ncontext = ".."\ncache-to = ["registry=ghcr.io/acme/prod"]\ntag = "v1"\n'
    )
    found = options("plan --backend redis", folder)
    assert (found.context, found.cache_to, found.tag) == ("", (), "v1")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    for line, key in zip(lines, ("keep-runs", "context", "cache-to"), strict=True):
        assert line.startswith(f"openhqm-tui: {folder}/openhqm-tui.toml: {key} is ignored: ")
        assert f"OPENHQM_TUI_{key.replace('-', '_').upper()} or in " in line


def test_a_flag_may_set_what_the_project_may_not(folder: Path) -> None:
    (folder / "openhqm-tui.toml").write_text('cache-to = ["registry=ghcr.io/acme/prod"]')
    (cache,) = options("plan --backend redis --cache-to registry=ghcr.io/me/x", folder).cache_to
    assert cache.place == "ghcr.io/me/x"


@pytest.mark.parametrize("key", ["context", "dockerfile", "checks"])
def test_a_push_is_refused_while_a_project_setting_is_ignored(folder: Path, key: str) -> None:
    (folder / "openhqm-tui.toml").write_text(f'{key} = "../elsewhere"\n')
    line = "build --backend redis --push --name ghcr.io/me/x"
    with pytest.raises(UsageProblem, match=f"the project's setting `{key}` is ignored") as caught:
        options(line, folder)
    assert f"turn off push, or set `{key}` with a flag or in your own settings" in str(caught.value)
    assert options("build --backend redis", folder).ignored == (key,)


def test_a_push_is_allowed_if_the_user_sets_the_ignored_key(folder: Path) -> None:
    (folder / "openhqm-tui.toml").write_text('checks = "../elsewhere"\n')
    (folder.parent / "mine.toml").write_text("")
    found = options("build --backend redis --push --name x/y --checks ../mine.toml", folder)
    assert found.checks == "../mine.toml"
