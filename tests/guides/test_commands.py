"""Every command in the documentation: it is run where possible, otherwise its words are checked."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from openhqm_tui.__main__ import main as run
from openhqm_tui.cli import main
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.store.run_folder import runs_folder
from tests.guides.commands import Command, commands, split
from tests.guides.places import TOP, pages
from tests.recordings import copied, recording

EVERY = [command for page in pages() for command in commands(page)]
# Commands without an engine, which change only the state folder (private to a test).
_READING = {"plan", "variants", "report", "history", "compare", "guides", "runs", "completion"}
_NEEDS = {
    "--builder": "a builder of that name",
    "--context": "a checkout",
    "--dockerfile": "a Dockerfile",
    "--ca-bundle": "that file",
    "--checks": "that file",
}
# Other programs, with their purpose in the documentation.
_OTHERS = {
    "pip": "installs the package",
    "pipx": "installs the package",
    "uv": "installs the package",
    "uvx": "runs the package",
    "python3": "makes a virtual environment",
    "echo": "writes a line for the next command",
    "tee": "writes a file of the CI machine",
    "systemctl": "restarts the CI machine's engine",
    "apk": "installs Python in the CI job",
    "git": "clones the source",
    "ssh": "forwards a port of the build machine",
    "cd": "changes the folder",
    "less": "pages the output of a command",
    "jq": "selects from the output of a command",
    "cat": "shows a file",
    "source": "reads a completion script",
    ".": "reads a completion script",
}


def ids(command: Command) -> str:
    return re.sub(r"[^\w./:=-]+", "_", command.where)[:110]


def of(program: str, *, inline: bool | None = None) -> list[Command]:
    return [
        command
        for command in EVERY
        if command.program == program and (inline is None or command.inline is inline)
    ]


def test_the_pages_have_commands_of_every_kind():
    assert len(of("openhqm-tui")) > 60
    assert len(of("docker")) > 15
    assert len(of("make")) > 5
    assert any(command.tested for command in EVERY)
    assert any(command.reason for command in EVERY)


def test_every_command_is_run_or_checked():
    known = {"openhqm-tui", "docker", "make", "python"} | set(_OTHERS)
    unchecked = [one.where for one in EVERY if one.program not in known and not one.reason]
    assert unchecked == [], (
        "neither run nor checked: give the reason above the block, <!-- not run: REASON -->"
    )


def test_the_parser_accepts_our_commands(capsys):
    problems = {one.where: problem for one in of("openhqm-tui") if (problem := refused(one))}
    assert problems == {}


def refused(command: Command) -> str:
    """Return why our parser refuses a command; '' if it accepts it."""
    words = [word.replace("SUBSTITUTED", "amd64") for word in command.words[1:]]
    if words[:1] == ["NAME"]:
        return ""  # a placeholder for the reader's command
    try:
        main.parse(words)
    except SystemExit as end:
        return "" if end.code == 0 else f"ended with {end.code}"
    except UsageProblem as problem:
        # A sentence may name only the start of a command.
        return "" if command.inline and "required" in str(problem) else str(problem)
    return ""


def test_an_unknown_flag_would_be_found():
    with pytest.raises(UsageProblem, match="--backends"):
        main.parse(["build", "--backends", "redis"])


def is_whole(words: tuple[str, ...]) -> bool:
    """Return whether a command is complete; a sentence may name only its start."""
    try:
        main.parse(words)
    except (UsageProblem, SystemExit):
        return "--help" in words
    return True


def runnable(command: Command) -> bool:
    words = command.words[1:]
    if command.program != "openhqm-tui" or command.reason:
        return False
    if words[:1] == ("NAME",) or (command.inline and not is_whole(words)):
        return False
    if "--help" in words or "--version" in words:
        return True
    if not words or any(flag in words for flag in _NEEDS) or "demo" in words:
        return "demo" in words and "max" in words
    if words[0] == "plan" and len(words) == 1:
        return False
    # A word in capitals is a placeholder; `import` and `export` need an existing file.
    made_up = any(re.fullmatch(r"[A-Z][A-Z-]*|[\w.-]+\.zip", word) for word in words)
    return words[0] in _READING and not made_up


RUN = list({command.words: command for command in EVERY if runnable(command)}.values())


@pytest.mark.parametrize("command", RUN, ids=ids)
def test_commands_without_an_engine_run(
    command: Command, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
):
    state = own_home / "state"
    runs_folder(state).mkdir(parents=True)
    for name in ("verified", "cold"):
        copied(name, runs_folder(state) / recording(name).info.id)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    code: object
    try:
        code = run(command.words[1:])
    except SystemExit as end:  # --help
        code = end.code
    out, err = capsys.readouterr()
    assert code == 0, f"{command.where}\n{err}"
    assert out or err


def test_many_commands_are_run():
    assert len(RUN) >= 16


def test_make_targets_exist():
    targets = {*re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.M), ".venv/.ready"}
    for command in of("make"):
        named = {word for word in command.words[1:] if "=" not in word and word.islower()}
        assert named <= targets, command.where


def test_python_modules_exist():
    for command in of("python"):
        if command.words[1:2] == ("-m",):
            name, more = command.words[2], command.words[3:]
            module = TOP / name.replace(".", "/")
            known = {"venv", "pip", "pytest"}
            assert name in known or module.is_dir() or module.with_suffix(".py").exists()
            files = [word for word in more if word.startswith("tests/") and "NAME" not in word]
            assert all((TOP / word.partition("::")[0]).exists() for word in files), command.where


@functools.cache
def flags_of(words: tuple[str, ...]) -> frozenset[str] | None:
    """Return the flags in the help of a Docker command; None if there is no such command."""
    # The client hides flags that its engine is too old for, so use none.
    result = subprocess.run(
        ["docker", "--host", "unix:///nowhere", *words, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    usage = re.search(r"Usage:\s+docker (.*)", result.stdout)
    if result.returncode != 0 or usage is None or not usage[1].startswith(" ".join(words)):
        return None
    return frozenset(re.findall(r"(?<![\w-])(-\w|--[a-z][\w-]*)", result.stdout))


def test_docker_accepts_the_commands_of_docker():
    if not shutil.which("docker") or flags_of(("buildx", "build")) is None:
        pytest.skip("no docker with Buildx on this machine")
    for command in of("docker"):
        docker_accepts(command, command.words[1:])


def docker_accepts(command: Command, words: tuple[str, ...]) -> None:
    if not words:
        return
    named: tuple[str, ...] = ()
    for word in words[:3]:
        if not re.fullmatch(r"[a-z]+", word) or flags_of((*named, word)) is None:
            break
        named = (*named, word)
    assert named, command.where
    known = flags_of(named) or frozenset()
    # Words after the image belong to the program in it.
    arguments = before_the_image(words[len(named) :]) if named == ("run",) else words[len(named) :]
    for word in arguments:
        if word.startswith("-"):
            assert word.split("=")[0] in known | {"--help"}, (
                f"{command.where}\ndocker has no {word}"
            )


_WITHOUT_VALUE = {"--rm", "--privileged", "-d", "-it", "-i", "-t"}


def before_the_image(words: tuple[str, ...]) -> tuple[str, ...]:
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 1 if words[at] in _WITHOUT_VALUE or "=" in words[at] else 2
    return words[:at]


def test_a_marker_has_a_reason():
    for command in EVERY:
        if command.reason:
            assert len(command.reason.split()) >= 3, command.where


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a b && c", [("a", "b"), ("c",)]),
        ("a | b > c", [("a",), ("b",)]),
        ("a --b \\\n  c", [("a", "--b", "c")]),
        ("a $(uname -m)  # a comment", [("a", "SUBSTITUTED")]),
        ("X=1 sudo a", [("a",)]),
        ("# nothing", []),
        ("a 'b | c'", [("a", "b | c")]),
    ],
)
def test_scripts_are_split_into_commands(script, words):
    assert list(split(script)) == words


def test_commands_of_a_page_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.guides.commands.TOP", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "# `docker is broken`\n\nRun `openhqm-tui build …` or `make` or `word`.\n\n"
        "```console\n$ docker info\nanswer\n```\n\n"
        "<!-- not run: it costs money -->\n```sh\nbuy all\n```\n\n```sh\nls\n```\n\n"
        "```yaml\njobs: {a: {steps: [{run: 'make x'}]}}\n```\n\n```groovy\nsh 'make y'\n```\n"
    )
    found = list(commands(page))
    assert [command.words for command in found] == [
        ("openhqm-tui", "build"),
        ("make",),
        ("docker", "info"),
        ("buy", "all"),
        ("ls",),
        ("make", "x"),
        ("make", "y"),
    ]
    assert [command.reason for command in found] == ["", "", "", "it costs money", "", "", ""]
