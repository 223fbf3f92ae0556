"""The commands, their arguments, and the errors for wrong ones."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from openhqm_tui import __version__
from openhqm_tui.__main__ import main
from openhqm_tui.cli import commands
from openhqm_tui.cli.main import command_names, parse
from openhqm_tui.cli.parser import FORMATS
from openhqm_tui.domain.errors import UsageProblem


def test_without_arguments_the_console_opens() -> None:
    assert parse([]).command is None


def test_the_console_takes_files_and_a_context_and_no_command_does_there() -> None:
    parsed = parse(["-f", "a.hcl", "--file", "b.json", "--context", "sub"])
    assert parsed.command is None
    assert (parsed.console_files, parsed.console_context) == (["a.hcl", "b.json"], "sub")
    for flag in ("--file", "--context"):
        with pytest.raises(UsageProblem, match=f"put {flag} after build"):
            parse([flag, "x", "build"])
        with pytest.raises(UsageProblem, match=f"; omit {flag}"):
            parse([flag, "x", "runs"])


def test_every_option_of_build_is_parsed() -> None:
    parsed = parse(
        [
            "build",
            "--backend",
            "redis",
            "--backend",
            "kafka,sqs",
            "--platforms",
            "amd64",
            "--platforms",
            "arm64",
            "--name",
            "n",
            "--tag",
            "t",
            "--builder",
            "b",
            "--base-image",
            "i",
            "--python-version",
            "3.12",
            "--context",
            "c",
            "--dockerfile",
            "d",
            "--ca-bundle",
            "f",
            "--test-only",
            "--jobs",
            "2",
            "--no-check",
            "--detach",
            "--format",
            "json",
        ]
    )
    assert parsed.backend == ["redis", "kafka,sqs"]
    assert parsed.platforms == ["amd64", "arm64"]
    assert (parsed.name, parsed.tag, parsed.builder, parsed.jobs) == (["n"], "t", "b", 2)
    assert (parsed.base_image, parsed.python_version) == ("i", "3.12")
    assert (parsed.context, parsed.dockerfile, parsed.ca_bundle) == ("c", "d", "f")
    assert parsed.test_only
    assert parsed.no_check
    assert parsed.detach
    assert parsed.format == "json"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_accepted(form: str) -> None:
    assert parse(["build", "--format", form]).format == form


def test_a_module_in_the_commands_folder_is_a_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "greet.py").write_text(
        "HELP = 'say hello'\n"
        "def add_arguments(parser):\n    parser.add_argument('--code', type=int)\n"
        "def run(parsed):\n    return parsed.code\n"
    )
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    assert main(["greet", "--code", "7"]) == 7
    with pytest.raises(SystemExit):
        main(["--help"])
    assert re.search(r"^    greet {2,}say hello$", capsys.readouterr().out, re.MULTILINE)
    with pytest.raises(UsageProblem, match="did you mean greet"):
        parse(["gret"])


def test_every_command_has_a_line_of_help_and_something_to_run() -> None:
    for name in command_names():
        command = importlib.import_module(f"{commands.__name__}.{name}")
        assert command.HELP[0].islower(), name
        assert callable(command.run), name


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("biuld", "unknown command 'biuld': did you mean build? (valid: attach build"),
        ("docter", "did you mean doctor?"),
        ("zzz", "unknown command 'zzz' (valid: "),
        ("--nope", "unknown flag '--nope'"),
        ("build --bakcend redis", "unknown flag '--bakcend': did you mean --backend?"),
        ("build --backedn=redis", "unknown flag '--backedn': did you mean --backend?"),
        ("build --zzz", "unknown flag '--zzz'; see `openhqm-tui build --help`"),
        ("build --platfrom x", "did you mean --platform?"),
        ("builders create x redis", "unexpected argument 'redis'"),
        ("build --quiet-after -1", "--quiet-after -1: not a valid number of seconds"),
        ("build --quiet-after nan", "--quiet-after nan: not a valid number of seconds"),
        ("build --quiet-after soon", "--quiet-after soon: not a valid number of seconds"),
        ("build --jobs 0", "--jobs 0: not a positive integer"),
        ("build --jobs -1", "--jobs"),
        ("build --jobs many", "--jobs many: not a positive integer"),
        ("build --jobs", "--jobs"),
        ("build --backend", "--backend"),
        (
            "build --format yaml",
            "invalid value 'yaml' for --format (valid: auto tty plain json github)",
        ),
        ("build --format jsno", "did you mean json?"),
        ("build --build-all=x", "--build-all"),
        ("plan --jobs 2", "unknown flag '--jobs'"),
        ("check", "IMAGE"),
        ("build --for plain", "unknown flag '--for'"),
    ],
)
def test_a_wrong_argument_is_one_line_that_names_it(line: str, message: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        parse(line.split())
    assert message in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--help", "exit codes:\n  0    success\n"),
        ("build --help", "--backend"),
        ("--version", __version__),
    ],
)
def test_help_and_version_succeed(
    capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(line.split())
    assert not caught.value.code
    assert message in capsys.readouterr().out
