"""The container that asks: its rights, and what is made of what it answers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.proof_running import ProbeAnswer, ProbeTrouble, judge_probe
from openhqm_tui.domain.variants import Client
from openhqm_tui.domain.verdicts import Answer, worst
from openhqm_tui.run import running_checks
from openhqm_tui.run.probe import MARK
from openhqm_tui.run.processes import Ended
from openhqm_tui.run.running_checks import container_command, read_answer, shown_command

ARM = parse_platform("arm64")
WANTED = Expectation(
    platform=ARM,
    platforms=(ARM,),
    clients=(Client("azure-eventhub", "azure.eventhub"),),
    absent=(Client("redis", "redis"), Client("boto3", "boto3")),
)
ANSWER = ProbeAnswer(
    machine="aarch64",
    implementation="CPython",
    python="3.13.5",
    python_platform="linux-aarch64",
    uid=1000,
)
LINE = MARK.encode() + msgspec.json.encode(ANSWER) + b"\n"


def answer(ended: Ended, *, emulated: bool = False) -> ProbeAnswer | ProbeTrouble:
    return read_answer(ended, patience=60, emulated=emulated)


# -- the container ----------------------------------------------------------------------------


def command() -> list[str]:
    return container_command("openhqm@sha256:1", WANTED, name="it", run_id="run")


@pytest.mark.parametrize(
    "words",
    [
        "--rm",
        "--network none",
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--memory 512m",
        "--pids-limit 128",
        "--pull never",
        "--platform linux/arm64",
        "--name it",
        "--label openhqm-tui.run=run",
        "--no-healthcheck",
        "--entrypoint python openhqm@sha256:1 -c",
    ],
)
def test_it_has_no_more_rights_than_python_needs(words: str) -> None:
    assert f" {words} " in " ".join(command()[: command().index("-c") + 1]) + " "


@pytest.mark.parametrize(
    "word", ["--privileged", "--cap-add", "-v", "--volume", "--mount", "--device", "--env", "-e"]
)
def test_nothing_of_this_machine_goes_into_it(word: str) -> None:
    given = command()[: command().index("openhqm@sha256:1")]
    assert not any(part == word or part.startswith(f"{word}=") for part in given)


def test_the_questions_are_its_last_words() -> None:
    *_, program, clients, absent = command()
    assert f'MARK = "{MARK}"' in program
    assert clients == "azure-eventhub=azure.eventhub"
    assert absent == "redis=redis,boto3=boto3"


def test_it_is_shown_as_a_shell_understands_it() -> None:
    shown = shown_command(command())
    assert shown.startswith("docker run --rm --pull never --name it ")
    assert "\n" not in shown
    seen = subprocess.run(
        ["sh", "-c", shown.replace("docker ", "printf '%s\\0' docker ", 1)],
        capture_output=True,
        text=True,
        check=True,
    )
    # A shell takes the last newline off what it reads from a file.
    assert seen.stdout.split("\0")[:-1] == [word.removesuffix("\n") for word in command()]


# -- the answer -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "out",
    [
        LINE,
        LINE.rstrip(),
        b"noise\n" + LINE + b"more\n",
        b"\xff\xfe\n" + LINE,
        LINE + MARK.encode() + b"a second\n",
    ],
)
@pytest.mark.parametrize("code", [0, 1, 139])
def test_an_answer_is_an_answer_however_it_ended(out: bytes, code: int) -> None:
    assert answer(Ended(code, out), emulated=True) == ANSWER


@pytest.mark.parametrize(
    "out",
    [
        b"{}",
        b"not json",
        b"",
        b"[" * 200_000,
        b'{"x":' + b"[" * 200_000,
        b"\xff",
        b'{"machine":1}',
        msgspec.json.encode(ANSWER)[:-5],
        msgspec.json.encode(ANSWER).replace(b"1000", b'"root"'),
    ],
)
def test_an_answer_that_cant_be_read_is_a_failure_of_the_image(out: bytes) -> None:
    said = answer(Ended(0, MARK.encode() + out + b"\n"), emulated=True)
    assert said == ProbeTrouble(reason="the answer from the container can't be read")
    assert worst(judge_probe(WANTED, said)) is Answer.FAIL


@pytest.mark.parametrize(
    ("ended", "emulated", "gravest", "says"),
    [
        (Ended(-9, timed_out=True), False, Answer.FAIL, "no answer in 60 s"),
        (Ended(-9, timed_out=True), True, Answer.UNKNOWN, "no answer in 60 s"),
        (Ended(139), True, Answer.UNKNOWN, "the emulator crashed (exit code 139): no output"),
        (Ended(139), False, Answer.FAIL, "Python ended with exit code 139"),
        (Ended(132), True, Answer.UNKNOWN, "the emulator crashed (exit code 132)"),
        (Ended(134), True, Answer.UNKNOWN, "the emulator crashed"),
        (
            Ended(1, err=b"qemu: uncaught target signal 11"),
            True,
            Answer.UNKNOWN,
            "the emulator crashed (exit code 1): qemu: uncaught",
        ),
        (Ended(1, err=b"rosetta error: x"), True, Answer.UNKNOWN, "the emulator crashed"),
        (Ended(1, err=b"qemu: uncaught target signal 11"), False, Answer.FAIL, "exit code 1"),
        (Ended(137), True, Answer.FAIL, "exit code 137"),
        (Ended(255, err=b"exec /x: exec format error"), True, Answer.UNKNOWN, "no emulator"),
        (Ended(255, err=b"exec /x: exec format error"), False, Answer.UNKNOWN, "no emulator"),
        (Ended(125, err=b"docker: no such image"), False, Answer.UNKNOWN, "can't be started"),
        (Ended(126, err=b"permission denied"), False, Answer.FAIL, "no `python` in the image"),
        (Ended(127, err=b"not found"), False, Answer.FAIL, "no `python` in the image: not found"),
        (Ended(1, err=b"ImportError: x"), False, Answer.FAIL, "exit code 1: ImportError: x"),
        (Ended(0), False, Answer.FAIL, "exit code 0"),
    ],
)
def test_why_there_is_no_answer(ended: Ended, emulated: bool, gravest: Answer, says: str) -> None:
    said = answer(ended, emulated=emulated)
    assert isinstance(said, ProbeTrouble)
    assert says in said.reason
    assert {verdict.answer for verdict in judge_probe(WANTED, said)} == {gravest}


@given(st.integers(-15, 255), st.binary(), st.binary(), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=100)
def test_whatever_a_container_prints_can_be_said(code, out, err, timed_out, emulated) -> None:
    for printed in (out, MARK.encode() + out):
        said = answer(Ended(code, printed, err, timed_out), emulated=emulated)
        assert isinstance(said, ProbeTrouble)
        assert len(said.reason) < 500
        assert "\x1b" not in said.reason
        assert "\n" not in said.reason


def test_the_probe_that_is_sent_is_the_file() -> None:
    file = Path(running_checks.__file__).parent / "probe.py"
    assert command()[-3] == file.read_text(encoding="utf-8")
