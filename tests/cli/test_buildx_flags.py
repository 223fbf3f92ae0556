"""Flags of Buildx that aren't accepted, or mean something else, name what to use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openhqm_tui.cli.build_options import options_from
from openhqm_tui.cli.buildx_flags import FLAGS, granted_by, overrides_from
from openhqm_tui.cli.main import parse
from openhqm_tui.cli.parser import nearest_flag
from openhqm_tui.cli.result_files import check_result_files, image_id, write_result_files
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.run.events import TargetInfo
from tests.recordings import copied, recording, state_of

REFUSED = [(name, flag) for flag in FLAGS if flag.refused for name in flag.names]


@pytest.mark.parametrize(("name", "flag"), REFUSED, ids=[name for name, _ in REFUSED])
@pytest.mark.parametrize("command", ["build", "plan"])
def test_a_flag_that_is_not_accepted_says_what_to_use(command, name, flag):
    for words in ([name], [name, "value"], [f"{name}=value"]):
        with pytest.raises(UsageProblem) as caught:
            parse([command, "redis", *words])
        assert str(caught.value) == f"{name} is not available: {flag.refused}; {flag.here}"


def test_every_row_says_where_a_flag_is_or_what_to_use():
    assert len({(flag.name, flag.of) for flag in FLAGS}) == len(FLAGS)
    names = [flag.name for flag in FLAGS]
    assert names == sorted(names)
    for flag in FLAGS:
        assert flag.here
        assert flag.way is None or flag.help
        assert not (flag.way and flag.refused)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "-t acme/app:1",
            "--tag acme/app:1: the tag can't contain an image name; use --name acme/app ",
        ),
        ("-t localhost:5000/app", "use --name localhost:5000/app, or --set"),
        ("-t 1 --tag 2", "--tag is given twice; use only one"),
        ("-f sub/web.Dockerfile", "use --dockerfile sub/web.Dockerfile"),
        ("-f Dockerfile", "not a bake file or Compose file; use --dockerfile Dockerfile"),
        (
            "https://github.com/x/y.git",
            "remote bake definitions are not supported: https://github.com/x/y.git; "
            "clone the repository and run openhqm-tui in it",
        ),
        (
            "git@github.com:x/y.git#main:sub",
            "remote bake definitions are not supported: git@github.com:x/y.git#main:sub; "
            "clone the repository and run openhqm-tui in it",
        ),
        (".", "'.' is a path, not a target; use --context ."),
        ("sub/app", "'sub/app' is a path, not a target; use --context sub/app"),
        ("-", "a bake file can't be read from standard input; use --file FILE"),
        ("-o -", "an output can't be written to standard output"),
        ("--set app.output=type=tar,dest=-", "an output can't be written to standard output"),
        ("--set app", "--set app: not a valid override; write TARGET.KEY=VALUE"),
        ("--set app.args", "--set app.args: not a valid override"),
        ("--set app.tags", "--set app.tags: not a valid override"),
        ("--set =x", "--set =x: not a valid override"),
        ("--add-host host", "--add-host host: not a valid value; write HOST:IP"),
        ("--build-context name", "write NAME=VALUE"),
        ("--build-arg =x", "--build-arg =x: not a valid value"),
        (
            "--call nothing",
            "invalid value 'nothing' for --call (valid: check outline targets build)",
        ),
        ("--network bridge", "invalid value 'bridge' for --network (valid: default none host)"),
        ("--ulimit many", "--ulimit many: not a valid limit"),
        ("--no-cache=false", "--no-cache takes no value"),
    ],
)
def test_a_flag_with_another_meaning_names_the_right_one(folder: Path, words, message):
    with pytest.raises(UsageProblem) as caught:
        options_from(parse(["plan", "redis", *words.split()]), folder)
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("progress", "message"),
    [
        ("rawjson", "use --format json"),
        ("quiet", "use --detach"),
        ("none", "use --detach"),
        ("fancy", "invalid value 'fancy' for --progress"),
    ],
)
def test_a_progress_that_is_not_a_format_is_refused(progress, message):
    with pytest.raises(UsageProblem, match=message):
        parse(["build", "--progress", progress])


def test_progress_is_a_format():
    assert [parse(["build", "--progress", how]).format for how in ("auto", "plain", "tty")] == [
        "auto",
        "plain",
        "tty",
    ]
    assert parse(["build"]).format == "auto"


@pytest.mark.parametrize(
    ("typed", "suggested"),
    [
        ("--pul", "--pull"),
        ("--pll", "--pull"),
        ("--no-cach", "--no-cache"),
        ("--no-cahce", "--no-cache"),
        ("--no-chek", "--no-check"),
        ("--no-chec", "--no-check"),
        ("--pus", "--push"),
        ("--psuh", "--push"),
        ("--no-checksum", "--no-cache"),
        ("--zzz", None),
    ],
)
def test_a_suggested_flag_has_no_effect_that_was_not_meant(typed, suggested):
    flags = ("--pull", "--push", "--no-cache", "--no-check", "--load", "--build-all")
    assert nearest_flag(typed, flags) == suggested


@pytest.mark.parametrize("typed", ["--pul", "--pu", "--pulll"])
def test_a_command_without_pull_does_not_suggest_push(typed):
    assert nearest_flag(typed, ("--push", "--jobs")) is None


def test_flags_become_overrides_in_the_order_of_bake():
    line = (
        "plan --pull --build-arg A=1 --set app.args.A=2 --label a --network none "
        "--no-cache-filter b --provenance false"
    )
    parsed = parse(line.split())
    overrides = overrides_from(parsed)
    assert overrides.words == (
        *("--set=app.args.A=2", "--set=*.args.A=1", "--set=*.labels.a="),
        *("--provenance=false", "--pull"),
    )
    assert overrides.attributes == {"network": "none", "no-cache-filter": ["b"]}


def test_files_that_flags_name_are_permitted():
    line = (
        "plan --secret id=a,src=/etc/a --build-context b=../b -o ../out --ssh default "
        "--network host --set app.secrets=id=c,src=/etc/c --set *.contexts.d=/etc/d"
    )
    parsed = parse(line.split())
    granted = {str(one) for one in granted_by(parsed)}
    assert granted >= {"fs.read=/etc/a", "fs.read=../b", "fs.write=../out", "ssh", "fs.read=/etc/c"}
    assert not {one for one in granted if "/etc/d" in one or "network" in one}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--iidfile missing/id", "--iidfile missing/id can't be written"),
        ("--metadata-file .", "--metadata-file . can't be written"),
        ("--iidfile id --detach", "can't be combined with --detach"),
        ("--iidfile id", "--iidfile writes the ID of one image, but 2 targets are selected"),
    ],
)
def test_result_files_are_checked_before_the_start(folder: Path, words, message):
    targets = tuple(TargetInfo(name=name, variant=name, platforms=()) for name in "ab")
    with pytest.raises(Problem, match=message):
        check_result_files(parse(["build", *words.split()]), targets)


@pytest.mark.parametrize(
    ("result", "image"),
    [
        ({"containerimage.digest": "sha256:a"}, "sha256:a"),
        (
            {"containerimage.digest": "sha256:a", "containerimage.config.digest": "sha256:c"},
            "sha256:c",
        ),
        ({}, ""),
    ],
)
def test_the_image_id_is_that_of_buildx(result, image):
    assert image_id(result) == image


def test_results_are_written_if_every_target_was_built(folder: Path):
    run = copied("verified", folder / "run")
    # One whose platforms were built on several nodes has only results of its parts.
    run.metadata_file("all").write_text('{"all__linux-amd64": {"containerimage.digest": "x"}}')
    write_result_files(parse(["build", "--metadata-file", "m.json"]), run)
    results = json.loads((folder / "m.json").read_text())
    state = state_of(run)
    assert results.keys() == state.targets.keys()
    for name, target in state.targets.items():
        assert results[name]["containerimage.digest"] == target.digest
    assert results["all"].keys() == {"containerimage.digest", "image.name"}
    assert "containerimage.descriptor" in results["redis"]


def test_no_results_are_written_if_a_target_failed(folder: Path):
    for name in ("failed", "cancelled"):
        write_result_files(parse(["build", "--metadata-file", "m.json"]), recording(name))
    assert not (folder / "m.json").exists()
