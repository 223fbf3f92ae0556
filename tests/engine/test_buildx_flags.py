"""The flags of `docker buildx bake` and `build` have the same effect here, by the real Buildx.

Every row of the table that says so is compared with `bake --print`. The others are listed with the
test that shows what they say.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from openhqm_tui.__main__ import main
from openhqm_tui.cli.build_options import options_from
from openhqm_tui.cli.buildx_flags import FLAGS
from openhqm_tui.cli.main import parse
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.permissions import PermissionsNeeded
from openhqm_tui.run.start.permissions import check_permissions
from openhqm_tui.run.start.prepare import prepare
from tests.engine.test_definitions import FACTS, HERE, NEEDS_BUILDX, bake, expected
from tests.guides.commands import Command, commands
from tests.guides.places import GUIDES

pytestmark = NEEDS_BUILDX
# The version whose flags the table has.
_BUILDX = (0, 29)
TESTS = Path(__file__).parents[1]

DEFINITION = """
group "default" { targets = ["app", "web"] }
target "base" { dockerfile-inline = "FROM scratch" }
target "app" {
  contexts = { base = "target:base" }
  args = { A = "file", B = "file" }
  labels = { a = "file" }
  no-cache = true
  tags = ["acme/app:1"]
}
target "web" {
  attest = ["type=sbom"]
  tags = ["acme/web:1"]
  target = "final"
}
"""


class Example(NamedTuple):
    """Words for `plan`, and for bake; '' for the same, `attributes` where bake has no flag."""

    words: str
    bake: str = ""
    attributes: Mapping[str, Any] = MappingProxyType({})


SAME = {
    "--add-host": [
        Example("--add-host h:1.2.3.4", "--set *.extra-hosts.h=1.2.3.4"),
        Example("--add-host h=::1", "--set *.extra-hosts.h=::1"),
        Example("--add-host h:::1", "--set *.extra-hosts.h=::1"),
    ],
    "--annotation": [Example("--annotation index:a=b", "--set *.annotations=index:a=b")],
    "--attest": [
        Example("--attest type=provenance,mode=max", "--set *.attest=type=provenance,mode=max")
    ],
    "--build-arg": [
        Example("--build-arg A=x=y --build-arg C=", "--set *.args.A=x=y --set *.args.C="),
        Example("--build-arg HOME", "--set *.args.HOME"),
        Example("--build-arg order=1", "--set *.args.order=1"),
        Example("--build-arg A=${B}%{C}", "--set *.args.A=${B}%{C}"),
    ],
    "--build-context": [
        Example(
            "--build-context debian:12=docker-image://x --build-context o=../other",
            "--set *.contexts.debian:12=docker-image://x --set *.contexts.o=../other",
        )
    ],
    "--call": [Example("--call check"), Example("--call=outline,format=json")],
    "--label": [
        Example("--label a.b=c=d --label x", "--set *.labels.a.b=c=d --set *.labels.x="),
        Example("--label a=${b}", "--set *.labels.a=${b}"),
    ],
    "--load": [Example("--load"), Example("--load app")],
    "--network": [Example("--network none", attributes={"network": "none"})],
    "--no-cache": [Example("--no-cache"), Example("--no-cache web")],
    "--no-cache-filter": [
        Example(
            "--no-cache-filter a --no-cache-filter b", attributes={"no-cache-filter": ["a", "b"]}
        )
    ],
    "--output": [
        Example("-o out", "--set *.output=out"),
        Example("-o type=local,dest=out", "--set *.output=type=local,dest=out"),
        Example("--output type=cacheonly", "--set *.output=type=cacheonly"),
        Example("-o type=tar,dest=o.tar", "--set *.output=type=tar,dest=o.tar"),
        Example("-o type=docker,dest=o", "--set *.output=type=docker,dest=o"),
        Example(
            "-o type=docker,compression=zstd -o x",
            "--set *.output=type=docker,compression=zstd --set *.output=x",
        ),
        Example("-o type=registry", "--set *.output=type=registry"),
    ],
    "--platform": [
        Example("--platform linux/s390x", "--set *.platform=linux/s390x"),
        Example(
            "--platform x86_64,linux/arm64",
            "--set *.platform=linux/amd64 --set *.platform=linux/arm64",
        ),
        Example(f"--platforms {HERE}", f"--set *.platform={HERE}"),
    ],
    "--provenance": [
        Example("--provenance mode=max"),
        Example("--provenance=false"),
        Example("--provenance true web"),
    ],
    "--pull": [Example("--pull")],
    "--sbom": [Example("--sbom true app"), Example("--sbom=generator=acme/scanner")],
    "--secret": [
        Example("--secret id=a,src=Dockerfile", "--set *.secrets=id=a,src=Dockerfile"),
        Example("--secret id=b,env=HOME", "--set *.secrets=id=b,env=HOME"),
    ],
    "--set": [
        Example("--set app.args.A=1 --set *.args.B=2"),
        Example("--set app.output=type=tar,dest=x.tar"),
        Example("--set app.output+=type=oci,dest=x --set app.output+=out"),
        Example("--set app.output=type=docker,dest=x.tar --set web.output=type=tar,dest=y"),
        Example("--set w*.tags=acme/web:2 --set app.tags+=acme/app:2"),
        Example("--set app.platform=linux/amd64 --set app.platform=linux/arm64 app"),
        Example("--set=base.args.X=1 --set=web.no-cache-filter=final"),
        Example("--set app.cache-from=acme/app:cache --set app.cache-to=type=inline"),
        Example("--set *.network=none --set *.ulimits=nofile=1"),
        Example("--set app.context=https://github.com/acme/app.git --set web.dockerfile=other"),
        Example("--no-cache --set app.no-cache=false --pull --set web.pull=false"),
    ],
    "--shm-size": [Example("--shm-size 64m", "--set *.shm-size=64m")],
    "--ssh": [
        Example("--ssh default", "--set *.ssh=default"),
        Example("--ssh other=../agent", "--set *.ssh=other=../agent"),
    ],
    "--target": [Example("--target other", "--set *.target=other")],
    "--ulimit": [
        Example(
            "--ulimit nofile=1:2 --ulimit nproc=3",
            attributes={"ulimits": ["nofile=1:2", "nproc=3"]},
        )
    ],
}
# What the rows say that aren't compared here, and the tests of it.
ELSEWHERE = {
    "--allow": (
        "tests/real/test_permissions.py::test_we_ask_for_exactly_the_permissions_bake_asks_for"
    ),
    "--builder": "tests/cli/test_choices.py::test_every_option_of_the_script_means_the_same",
    "--cache-from": "tests/domain/test_cache.py::test_buildx_takes_a_bare_reference",
    "--cache-to": "tests/domain/test_cache.py::test_buildx_takes_a_bare_reference",
    "--file": "tests/engine/test_buildx_flags.py::test_files_are_merged",
    "--iidfile": "tests/real/test_result_files.py::test_buildx_reports_the_same",
    "--list": "tests/engine/test_buildx_flags.py::test_lists_are_those_of_buildx",
    "--metadata-file": "tests/real/test_result_files.py::test_buildx_reports_the_same",
    "--print": "tests/engine/test_buildx_flags.py::test_build_with_print_is_plan",
    "--progress": "tests/cli/test_buildx_flags.py::test_progress_is_a_format",
    "--push": (
        "tests/real/test_publish.py::test_several_images_go_to_two_registries_and_are_read_back"
    ),
    "--tag": "tests/cli/test_buildx_flags.py::test_a_flag_with_another_meaning_names_the_right_one",
}


@pytest.fixture
def folder(agent: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "flags"
    place.mkdir()
    (place / "docker-bake.hcl").write_text(DEFINITION)
    (place / "Dockerfile").write_text("FROM scratch AS final\nFROM scratch AS other\n")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(place)
    return place


def resolved(folder: Path, words: str) -> dict[str, Any]:
    """Return the targets of `plan WORDS`, as Buildx reads them."""
    options, source = options_from(parse(["plan", *words.split()]), folder)
    prepared = prepare(options, FACTS, source, plan_only=True)
    # Reading a definition leaves nothing behind; printing it does.
    assert {path.name for path in folder.iterdir()} <= {"docker-bake.hcl", "Dockerfile"}
    plan = folder.parent / "bake.json"
    plan.write_text(json.dumps(prepared.plan.as_bake()))
    found: dict[str, Any] = bake(folder, "-f", str(plan), "--print")["target"]
    return found


def printed(folder: Path, example: Example) -> dict[str, Any]:
    words = (example.bake or ("" if example.attributes else example.words)).split()
    files: tuple[str, ...] = ()
    if example.attributes:
        changed = {name: dict(example.attributes) for name in ("app", "web", "base")}
        (folder.parent / "changed.json").write_text(json.dumps({"target": changed}))
        files = ("-f", "docker-bake.hcl", "-f", "../changed.json", "--allow", "fs.read=..")
    found: dict[str, Any] = bake(folder, *files, "--print", *words)["target"]
    return found


@pytest.mark.parametrize(
    "example", [one for examples in SAME.values() for one in examples], ids=lambda one: one.words
)
def test_a_flag_changes_the_plan_as_it_changes_what_bake_prints(
    folder: Path, example: Example
) -> None:
    wanted = printed(folder, example)
    for path in folder.iterdir():
        # Buildx opens the files of outputs even if it only prints.
        if path.name not in {"docker-bake.hcl", "Dockerfile"}:
            path.unlink()
    plan = resolved(folder, example.words)
    assert plan.keys() == wanted.keys()
    for name, body in plan.items():
        assert body == expected(name, wanted[name], "flags", is_image=name != "base"), name


def output_of(*words: str) -> str:
    command = ["docker", "buildx", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "words", ["--set app.output+=type=cacheonly", "--set app.output+=type=tar,dest=b --load", ""]
)
def test_outputs_are_added_to_files_that_the_definition_writes(folder: Path, words: str) -> None:
    (folder / "docker-bake.hcl").write_text('target "app" { output = ["type=tar,dest=a"] }')
    body = resolved(folder, f"{words} app")["app"]
    wanted = bake(folder, "--print", *words.split(), "app")["target"]["app"]
    assert body == wanted


GUIDE = [
    command
    for command in commands(GUIDES / "bake.md")
    if command.words[0] == "openhqm-tui" and not command.inline
]


@pytest.mark.parametrize("command", GUIDE, ids=lambda command: " ".join(command.words))
def test_the_commands_of_the_guide_work(folder: Path, command: Command) -> None:
    (folder / "docker-bake.hcl").write_text("""
group "default" { targets = ["web", "worker"] }
group "release" { targets = ["web"] }
target "web" {}
target "worker" {}
""")
    words = [word for word in command.words[2:] if word not in {">", "bake.json"}]
    assert command.words[1] in {"build", "plan"}
    assert main(["plan", *words]) == 0


def in_help(command: str) -> set[str]:
    return set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", output_of(command, "--help"), re.MULTILINE))


@pytest.mark.parametrize("command", ["bake", "build"])
def test_every_flag_of_buildx_has_a_row(command: str) -> None:
    missing = in_help(command) - {flag.name for flag in FLAGS if command in flag.of.split(", ")}
    version = re.search(r" v(\d+)\.(\d+)", output_of("version"))
    if missing and version and (int(version[1]), int(version[2])) > _BUILDX:
        pytest.xfail(f"Buildx{version[0]} has more flags: {', '.join(sorted(missing))}")
    assert missing == set()


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: f"{flag.name} of {flag.of}")
def test_every_row_is_tested(flag: Any) -> None:
    if flag.refused or flag.name in SAME:
        return
    file, _, test = ELSEWHERE[flag.name].partition("::")
    assert f"def {test}(" in (TESTS.parent / file).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--set nope.pull=true", "with --set=nope.pull=true: could not find any target matching"),
        ("--set app.bogus=1", "unknown key: bogus"),
        ("--build-all --set app.bogus=1", "with --set=app.bogus=1: unknown key: bogus"),
        ("--set app.no-cache=maybe", "invalid value maybe for boolean key no-cache"),
    ],
)
def test_what_buildx_refuses_is_refused_with_the_flag(
    folder: Path, words: str, message: str
) -> None:
    with pytest.raises(UsageProblem, match=message):
        options_from(parse(["plan", *words.split()]), folder)


def test_lists_are_those_of_buildx(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for what in ("targets", "type=variables,format=json"):
        listed = output_of("bake", "--list", what)
        assert main(["build", "--list", what]) == 0
        assert capsys.readouterr().out == listed


def test_build_with_print_is_plan(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for words in ("build --print --no-cache app", "plan app --no-cache"):
        assert main(words.split()) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert json.loads(outputs[0])["target"]["app"]["no-cache"] is True


def test_files_are_merged(folder: Path) -> None:
    (folder.parent / "more.json").write_text('{"target": {"app": {"args": {"A": "more"}}}}')
    files = "-f docker-bake.hcl -f ../more.json"
    wanted = bake(folder, *files.split(), "--allow=fs.read=..", "--print", "app")["target"]["app"]
    body = resolved(folder, f"{files} app")["app"]
    assert body == expected("app", wanted, "flags", is_image=True)


def permitted(folder: Path, words: str) -> tuple[str, ...]:
    options, source = options_from(parse(["plan", *words.split()]), folder)
    plan = prepare(options, FACTS, source, plan_only=True).plan
    return check_permissions(options, source, plan, str(folder), "")


@pytest.mark.parametrize(
    ("flag", "override", "needed", "asked"),
    [
        ("--secret id=a,src=../o", "secrets=id=a,src=../o", "fs.read={}/o", False),
        ("--build-context o=../o", "contexts.o=../o", "fs.read={}/o", True),
        ("-o type=tar,dest=../x.tar", "output=type=tar,dest=../x.tar", "fs.write={}/x.tar", False),
        ("-o ../out", "output=../out", "fs.write={}/out", False),
        ("--ssh default", "ssh=default", "ssh", True),
    ],
)
def test_what_a_flag_names_is_permitted(
    folder: Path, flag: str, override: str, needed: str, asked: bool
) -> None:
    (folder.parent / "o").touch()
    wanted = needed.format(folder.parent)
    assert permitted(folder, flag) == (wanted,)
    if asked:
        with pytest.raises(PermissionsNeeded, match="--allow="):
            permitted(folder, f"--set *.{override}")
        override += f" --allow {wanted}"
    assert permitted(folder, f"--set *.{override}") == (wanted,)


@pytest.mark.parametrize("kind", ["lone", "variants"])
def test_flags_change_targets_without_a_bake_file(folder: Path, kind: str) -> None:
    (folder / "docker-bake.hcl").unlink()
    name, words = "flags", ""
    if kind == "variants":
        (folder / "Dockerfile").write_text("ARG QUEUE_BACKEND\nFROM scratch\n")
        name, words = "kafka", "kafka "
    before = resolved(folder, words)[name]
    flags = (
        f"--no-cache --build-arg A=${{x}} --label a=b --attest type=sbom --target other "
        f"--network none --set {name}.tags=acme/x:1 --secret id=a,env=HOME -o out"
    )
    after = resolved(folder, words + flags)[name]
    assert after == before | {
        "no-cache": True,
        "args": {**before.get("args", {}), "A": "$${x}"},
        "labels": {**before.get("labels", {}), "a": "b"},
        "attest": [*before.get("attest", ()), {"type": "sbom"}],
        "target": "other",
        "network": "none",
        "secret": [*before.get("secret", ()), {"id": "a", "env": "HOME"}],
        "output": [{"type": "local", "dest": "out"}],
        "tags": ["acme/x:1"],
    }
