"""Every command that a page for people shows: run where it can be, else its words are checked."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from openhqm_tui.cli import main
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.store.run_folder import runs_folder
from tests.guides.commands import Command, commands, split
from tests.guides.places import TOP, pages
from tests.recordings import copied, recording

EVERY = [command for page in pages() for command in commands(page)]
# What asks no engine and changes nothing beyond the state folder, which is a test's own.
_READING = {"plan", "variants", "report", "history", "compare", "guides", "runs", "completion"}
_NEEDS = {
    "--builder": "a builder of that name",
    "--context": "a checkout",
    "--dockerfile": "a Dockerfile",
    "--ca-bundle": "that file",
    "--checks": "that file",
}
# Programs that are neither ours nor Docker's nor make: what they are for here, on one line each.
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
    "git": "gets the source",
    "ssh": "leads a port of the build machine here",
    "cd": "goes into a folder",
    "less": "pages what a command printed",
    "jq": "picks from what a command printed",
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


def test_there_are_commands_of_every_kind():
    assert len(of("openhqm-tui")) > 60
    assert len(of("docker")) > 15
    assert len(of("make")) > 5
    assert any(command.tested for command in EVERY)
    assert any(command.reason for command in EVERY)


@pytest.mark.parametrize("command", EVERY, ids=ids)
def test_no_command_goes_unchecked(command: Command):
    known = {"openhqm-tui", "docker", "make", "python"} | set(_OTHERS)
    assert command.program in known or command.reason, (
        f"{command.where}\nneither run nor checked: say why above its block, "
        "<!-- not run: REASON -->"
    )


@pytest.mark.parametrize("command", of("openhqm-tui"), ids=ids)
def test_ours_are_words_that_our_parser_takes(command: Command, capsys):
    words = [word.replace("SUBSTITUTED", "amd64") for word in command.words[1:]]
    if words[:1] == ["NAME"]:
        return  # stands for a command that the reader is about to write
    try:
        main.parse(words)
    except SystemExit as end:
        trouble = "" if end.code == 0 else f"ended with {end.code}"
    except UsageProblem as problem:
        # A sentence may name the beginning of a command only.
        trouble = "" if command.inline and "required" in str(problem) else str(problem)
    else:
        trouble = ""
    assert not trouble, f"{command.where}\n{trouble}"


def test_a_wrong_flag_would_be_found():
    with pytest.raises(UsageProblem, match="--backends"):
        main.parse(["build", "--backends", "redis"])


def is_whole(words: tuple[str, ...]) -> bool:
    """Tell whether nothing is missing: a sentence may name the beginning of a command."""
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
    # A word in capitals stands for one that the reader has; `import` and `export` need its file.
    made_up = any(re.fullmatch(r"[A-Z][A-Z-]*|[\w.-]+\.zip", word) for word in words)
    return words[0] in _READING and not made_up


RUN = list({command.words: command for command in EVERY if runnable(command)}.values())


@pytest.mark.parametrize("command", RUN, ids=ids)
def test_what_needs_no_engine_is_run(command: Command, own_home: Path, tmp_path: Path):
    state = own_home / "state"
    runs_folder(state).mkdir(parents=True)
    for name in ("verified", "cold"):
        copied(name, runs_folder(state) / recording(name).info.id)
    ended = subprocess.run(
        [sys.executable, "-m", "openhqm_tui", *command.words[1:]],
        cwd=tmp_path,
        env=os.environ | {"DOCKER_HOST": "unix:///nowhere.sock", "PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, f"{command.where}\n{ended.stderr}"
    assert ended.stdout or ended.stderr


def test_many_are_run():
    assert len(RUN) >= 16


@pytest.mark.parametrize("command", of("make"), ids=ids)
def test_targets_of_make_exist(command: Command):
    targets = [*re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.M), ".venv/.ready"]
    named = [word for word in command.words[1:] if "=" not in word and word.islower()]
    assert set(named) <= set(targets), command.where


@pytest.mark.parametrize("command", of("python"), ids=ids)
def test_modules_exist(command: Command):
    if command.words[1:2] == ("-m",):
        name, told = command.words[2], command.words[3:]
        module = TOP / name.replace(".", "/")
        known = {"venv", "pip", "pytest"}
        assert name in known or module.is_dir() or module.with_suffix(".py").exists()
        files = [word for word in told if word.startswith("tests/") and "NAME" not in word]
        assert all((TOP / word.partition("::")[0]).exists() for word in files), command.where


@functools.cache
def flags_of(words: tuple[str, ...]) -> frozenset[str] | None:
    """Return the flags of a command of Docker's by its own help; None where it is no command."""
    # The client hides the flags that its engine is too old for: help is asked without one.
    told = subprocess.run(
        ["docker", "--host", "unix:///nowhere", *words, "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    usage = re.search(r"Usage:\s+docker (.*)", told.stdout)
    if told.returncode != 0 or usage is None or not usage[1].startswith(" ".join(words)):
        return None
    return frozenset(re.findall(r"(?<![\w-])(-\w|--[a-z][\w-]*)", told.stdout))


_NO_CLIENT = not shutil.which("docker") or flags_of(("buildx", "build")) is None


@pytest.mark.skipif(_NO_CLIENT, reason="there is no docker with Buildx here")
@pytest.mark.parametrize("command", of("docker"), ids=ids)
def test_dockers_are_words_that_the_installed_docker_takes(command: Command):
    words = command.words[1:]
    if not words:
        return
    named: tuple[str, ...] = ()
    for word in words[:3]:
        if not re.fullmatch(r"[a-z]+", word) or flags_of((*named, word)) is None:
            break
        named = (*named, word)
    assert named, command.where
    known = flags_of(named) or frozenset()
    # What comes after the image is for the program in it.
    asked = before_the_image(words[len(named) :]) if named == ("run",) else words[len(named) :]
    for word in asked:
        if word.startswith("-"):
            assert word.split("=")[0] in known | {"--help"}, (
                f"{command.where}\ndocker has no {word} there"
            )


_WITHOUT_VALUE = {"--rm", "--privileged", "-d", "-it", "-i", "-t"}


def before_the_image(words: tuple[str, ...]) -> tuple[str, ...]:
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 1 if words[at] in _WITHOUT_VALUE or "=" in words[at] else 2
    return words[:at]


def test_a_marker_says_why():
    for command in EVERY:
        if command.reason:
            assert len(command.reason.split()) >= 3, command.where


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("a b && c", [("a", "b"), ("c",)]),
        ("a | b > c", [("a",), ("b",)]),
        ("a --b \\\n  c", [("a", "--b", "c")]),
        ("a $(uname -m)  # said", [("a", "SUBSTITUTED")]),
        ("X=1 sudo a", [("a",)]),
        ("# nothing", []),
        ("a 'b | c'", [("a", "b | c")]),
    ],
)
def test_how_scripts_are_taken_apart(script, words):
    assert list(split(script)) == words


def test_what_a_page_holds_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.guides.commands.TOP", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "# `docker is broken`\n\nSay `openhqm-tui build …` or `make` or `word`.\n\n"
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
