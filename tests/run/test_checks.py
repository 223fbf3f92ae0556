"""Checks being run: the container's rights, and what is made of what it answers."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.proof import (
    ProbeAnswer,
    ProbeTrouble,
    SeenConfig,
    SeenImage,
    judge_probe,
)
from openhqm_tui.domain.variants import Client
from openhqm_tui.domain.verdicts import Answer, worst
from openhqm_tui.engine.images import ImageUnknown
from openhqm_tui.run import checks
from openhqm_tui.run.checks import check_lane, container_command, read_answer, shown_command
from openhqm_tui.run.probe import MARK
from openhqm_tui.run.processes import Ended

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


# -- a lane -----------------------------------------------------------------------------------


class Engine:
    """Stands in for the engine: answers in order, and remembers what was started."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Ended) -> None:
        self.answers = list(answers)
        self.started: list[list[str]] = []
        monkeypatch.setattr(checks, "run_bounded", self.run)
        monkeypatch.setattr(checks, "read_config", self.config)

    async def run(self, command: list[str], *, patience: float) -> Ended:
        self.started.append(command)
        return self.answers.pop(0) if command[1] == "run" else Ended(0)

    def config(self, reference: str, platform: str) -> SeenConfig:
        return SeenConfig(os="linux", arch="arm64")


async def lane(index: list[SeenImage] | ImageUnknown, *, emulated: bool = True) -> checks.Checked:
    wanted = msgspec.structs.replace(WANTED, clients=None, absent=())
    return await check_lane(
        "openhqm@sha256:1", wanted, index, emulated=emulated, run_id="run", lane="redis-linux-arm64"
    )


INDEX = [SeenImage(platform="linux/arm64")]


async def test_every_question_has_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Ended(0, LINE, b"\xffwords"))
    checked = await lane(INDEX)
    assert [v.check for v in checked.verdicts] == [
        "index",
        "architecture",
        "machine",
        "python",
        "user",
    ]
    assert worst(checked.verdicts) is Answer.PASS
    assert checked.evidence["stderr"] == "\ufffdwords"
    assert checked.evidence["emulated"] is True
    assert checked.evidence["index"] == INDEX
    assert "openhqm-tui-run-redis-linux-arm64" in engine.started[0]
    assert msgspec.json.encode(checked.evidence)


@pytest.mark.parametrize(
    ("answers", "gravest"),
    [
        ([Ended(139), Ended(0, LINE)], Answer.PASS),
        ([Ended(139), Ended(139)], Answer.UNKNOWN),
    ],
)
async def test_an_emulators_crash_is_asked_about_once_more(
    monkeypatch: pytest.MonkeyPatch, answers: list[Ended], gravest: Answer
) -> None:
    engine = Engine(monkeypatch, *answers)
    assert worst((await lane(INDEX)).verdicts) is gravest
    assert len(engine.started) == 2


async def test_an_images_own_failure_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Ended(1))
    assert worst((await lane(INDEX)).verdicts) is Answer.FAIL
    assert len(engine.started) == 1


async def test_a_container_that_took_too_long_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Ended(-9, timed_out=True))
    await lane(INDEX)
    name = "openhqm-tui-run-redis-linux-arm64"
    assert engine.started[1] == ["docker", "rm", "--force", name]


async def test_a_cancelled_check_removes_its_container(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    begun = asyncio.Event()

    async def run(command: list[str], *, patience: float) -> Ended:
        engine.started.append(command)
        if command[1] == "run":
            begun.set()
            await asyncio.Event().wait()
        return Ended(0)

    monkeypatch.setattr(checks, "run_bounded", run)
    task = asyncio.create_task(lane(INDEX))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.started[-1][:3] == ["docker", "rm", "--force"]


async def test_a_store_that_doesnt_tell_is_unknown_never_a_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(monkeypatch, Ended(0, LINE))

    def unknown(reference: str, platform: str) -> SeenConfig:
        raise ImageUnknown("no such image")

    monkeypatch.setattr(checks, "read_config", unknown)
    checked = await lane(ImageUnknown("the engine did not answer"))
    told = {v.check: (v.answer, v.evidence) for v in checked.verdicts}
    assert told["index"] == (Answer.UNKNOWN, "the engine did not answer")
    assert told["architecture"] == (Answer.UNKNOWN, "no such image")
    assert told["machine"][0] is Answer.PASS
    assert worst(checked.verdicts) is Answer.UNKNOWN
    assert engine.started


async def test_an_image_without_python_is_only_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    wanted = msgspec.structs.replace(WANTED, asks_python=False)
    checked = await check_lane("x@y", wanted, INDEX, emulated=False, run_id="run", lane="x")
    assert [v.check for v in checked.verdicts] == ["index", "architecture"]
    assert engine.started == []


def test_the_probe_that_is_sent_is_the_file() -> None:
    file = Path(checks.__file__).parent / "probe.py"
    assert command()[-3] == file.read_text(encoding="utf-8")
