"""The check container: its restrictions, and how its output is interpreted."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.checks import peers
from openhqm_tui.domain.checks.catalog import judge_running
from openhqm_tui.domain.checks.evidence import ProbeAnswer, ProbeTrouble, SeenService
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Answer, worst
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.secrets.redact import Mask
from openhqm_tui.run.checks import container
from openhqm_tui.run.checks.container import ask, container_command, read_answer, shown_command
from openhqm_tui.run.checks.probe import MARK
from openhqm_tui.run.process import Ended
from tests.expecting import expect, with_keys

ARM = parse_platform("arm64")
WANTED = expect(
    ARM,
    clients={"azure-eventhub": "azure.eventhub"},
    absent={"redis": "redis", "boto3": "boto3"},
)
ANSWER = ProbeAnswer(
    machine="aarch64",
    implementation="CPython",
    python="3.13.5",
    python_platform="linux-aarch64",
    uid=1000,
)
NONCE = "0f0f"
BEGIN = (MARK + NONCE).encode()
LINE = BEGIN + msgspec.json.encode(ANSWER) + b"\n"


NOT_STARTED = (
    b"docker: Error response from daemon: failed to create task for container: failed to create "
    b"shim task: OCI runtime create failed: runc create failed: unable to start container process: "
    b"error during container init: "
)


def answer(ended: Ended, *, emulated: bool = False) -> ProbeAnswer | ProbeTrouble:
    return read_answer(ended, NONCE, patience=60, emulated=emulated)


# -- the container ----------------------------------------------------------------------------


def command() -> list[str]:
    return command_for(WANTED)


def command_for(wanted: Expectation, **more: Any) -> list[str]:
    return container_command(
        "openhqm@sha256:1", wanted, name="it", run_id="run", nonce=NONCE, **more
    )


def words_of(command: list[str]) -> list[str]:
    """Return the arguments of the program after its text and nonce."""
    assert command[command.index("-c") + 2] == NONCE
    return command[command.index("-c") + 3 :]


@pytest.mark.parametrize(
    "words",
    [
        "--rm",
        "--network none",
        "--read-only",
        "--cap-drop ALL",
        "--security-opt no-new-privileges",
        "--memory 512m --memory-swap 512m",
        "--pids-limit 128",
        "--cpus 2",
        "--ulimit core=0",
        "--ulimit nofile=4096:4096",
        "--tmpfs /tmp:rw,noexec,nosuid,nodev,size=16m",
        "--log-driver none",
        "--pull never",
        "--platform linux/arm64",
        "--name it",
        "--label openhqm-tui.run=run",
        "--no-healthcheck",
        "--entrypoint python openhqm@sha256:1 -c",
    ],
)
def test_the_container_is_restricted(words: str) -> None:
    assert f" {words} " in " ".join(command()[: command().index("-c") + 1]) + " "


@pytest.mark.parametrize(
    "word",
    ["--privileged", "--cap-add", "-v", "--volume", "--mount", "--device", "--env-file", "-e"],
)
def test_nothing_of_this_machine_is_passed_to_the_container(word: str) -> None:
    given = command()[: command().index("openhqm@sha256:1")]
    assert not any(part == word or part.startswith(f"{word}=") for part in given)


@pytest.mark.parametrize(
    ("volumes", "places"),
    [
        ((), []),
        (("/data",), ['"dst=/data"']),
        (("/data", "/data/", "//data"), ['"dst=/data"']),
        (("/tmp", "/a,b"), ['"dst=/a,b"']),
        (('/a"b,readonly',), ['"dst=/a""b,readonly"']),
        (("/a\0b",), []),
    ],
)
def test_declared_volumes_are_mounted_in_memory(
    volumes: tuple[str, ...], places: list[str]
) -> None:
    given = command_for(WANTED, volumes=volumes)
    assert [given[at + 1] for at, word in enumerate(given) if word == "--mount"] == [
        f"type=volume,{place},volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"
        '"volume-opt=o=size=16m,noexec,nosuid,nodev"'
        for place in places
    ]


async def test_an_image_with_thousands_of_volumes_is_not_started() -> None:
    many = tuple(f"/{number}" for number in range(5000))
    checked = await ask(
        "no/such", WANTED, own_command=(), volumes=many, emulated=False, run_id="r", lane="l"
    )
    assert isinstance(checked.probe, ProbeTrouble)
    assert checked.probe.reason.startswith("the image declares 5000 volumes")
    assert checked.command == []


def test_only_empty_proxy_variables_are_set() -> None:
    given = command()[: command().index("openhqm@sha256:1")]
    settings = [given[at + 1] for at, word in enumerate(given) if word == "--env"]
    assert {"HTTPS_PROXY=", "https_proxy=", "NO_PROXY="} <= set(settings)
    assert all(setting.endswith("_PROXY=") for setting in map(str.upper, settings))


@pytest.mark.parametrize(
    ("platform", "how", "cpu"),
    [
        ("arm64", {"emulated": True}, "QEMU_CPU=max,pauth=off"),
        ("arm64", {"emulated": False}, ""),
        ("arm64", {"emulated": True, "plain_emulator": True}, ""),
        ("s390x", {"emulated": True}, ""),
    ],
)
def test_an_emulator_simulates_a_cheap_cpu(platform: str, how: Any, cpu: str) -> None:
    wanted = msgspec.structs.replace(WANTED, platform=parse_platform(platform))
    variables = [word for word in command_for(wanted, **how) if word.startswith("QEMU_CPU")]
    assert variables == ([cpu] if cpu else [])


def test_the_probes_arguments_come_last() -> None:
    assert words_of(command()) == [
        "patience=60",
        "absent=redis=redis,boto3=boto3",
        "clients=azure-eventhub=azure.eventhub",
    ]


@pytest.mark.parametrize(
    ("own", "passed"),
    [
        (("python", "-m", "x y"), ["python", "-m", "x y"]),
        (("a\0b", "\ud800", "--privileged"), ["ab", "?", "--privileged"]),
        ((), []),
        (("x" * 70_000,), []),
        (("x",) * 70_000, []),
    ],
)
@pytest.mark.parametrize(("emulated", "seconds"), [(False, "60,0"), (True, "240,10")])
def test_the_images_own_command_comes_last(
    own: tuple[str, ...], passed: list[str], emulated: bool, seconds: str
) -> None:
    wanted = with_keys(
        WANTED, library=["ssl"], extensions=["yaml"], byte_code=True, service={"path": "/a,b"}
    )
    words = words_of(command_for(wanted, own_command=own, emulated=emulated))
    assert words[-len(passed) - 7 :] == [
        "library=ssl",
        "modules=yaml",
        "byte_code=yes",
        "clients=azure-eventhub=azure.eventhub",
        f"service=8000,200,{seconds},any,/a,b",
        "health=0,0",
        "--",
        *passed,
    ]


def test_secrets_in_the_images_command_are_not_shown() -> None:
    wanted = with_keys(WANTED, service={})
    own = ("serve", "--password=hunter2", "--port", "80")
    given = command_for(wanted, own_command=own)
    assert given[-4:] == [*own]
    assert shown_command(given, Mask()).endswith(" -- serve --password=*** --port 80")


def test_the_shown_command_can_be_pasted_into_a_shell() -> None:
    shown = shown_command(command(), Mask())
    assert shown.startswith("docker run --rm --pull never --name it ")
    assert "\n" not in shown
    seen = subprocess.run(
        ["sh", "-c", shown.replace("docker ", "printf '%s\\0' docker ", 1)],
        capture_output=True,
        text=True,
        check=True,
    )
    # Command substitution in a shell drops the last newline.
    assert seen.stdout.split("\0")[:-1] == [word.removesuffix("\n") for word in command()]


# -- the answer -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "out",
    [
        LINE,
        LINE.rstrip(),
        b"noise\n" + LINE + b"more\n",
        b"\xff\xfe\n" + LINE,
        LINE + BEGIN + b"a second\n",
    ],
)
@pytest.mark.parametrize("code", [0, 1, 139])
def test_an_answer_counts_whatever_the_exit_code(out: bytes, code: int) -> None:
    result = answer(Ended(code, out), emulated=True)
    assert isinstance(result, ProbeAnswer)
    assert msgspec.structs.replace(result, trouble=None) == ANSWER
    assert (result.trouble is None) == (code == 0)


@pytest.mark.parametrize(
    "out",
    [
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
def test_an_unreadable_answer_is_a_failure_of_the_image(out: bytes) -> None:
    result = answer(Ended(0, BEGIN + out + b"\n"), emulated=True)
    assert result == ProbeTrouble(reason="the container's output can't be parsed")
    assert worst(judge_running(WANTED, result)) is Answer.FAIL


def test_an_answer_may_come_in_pieces_and_the_first_value_counts() -> None:
    facts = msgspec.json.encode(
        {name: getattr(ANSWER, name) for name in ("machine", "implementation", "python", "uid")}
        | {"python_platform": "linux-aarch64"}
    )
    out = b"\n".join(
        BEGIN + piece
        for piece in (
            facts,
            b'{"absent":[]}',
            b'{"uid":0,"absent":null,"clients":[]}',
            b'{"service":{"status":200,"unheard":"of"}}',
            b'{"trouble":{"reason":"forged"}}',
            b"cut off",
        )
    )
    forged = MARK.encode() + b'{"uid":0}\n' + MARK.encode() + b'ffff{"uid":0}\n'
    result = answer(Ended(0, forged + out))
    assert isinstance(result, ProbeAnswer)
    assert (result.uid, result.absent, result.clients, result.trouble) == (1000, [], [], None)
    assert result.service == SeenService(status=200)


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"uid":-1}',
        b'{"uid":1e400}',
        b'{"uid":' + b"9" * 30 + b"}",
        b'{"uid":' + b"9" * 30_000 + b"}",
        b'{"service":{"milliseconds":-1}}',
        b'{"service":[]}',
        b'{"clients":{}}',
        b'{"clients":[{}]}',
        b'{"byte_code":{"asked":"many","missing":0}}',
    ],
)
def test_an_answer_with_wrong_types_is_refused(wrong: bytes) -> None:
    result = answer(Ended(0, BEGIN + wrong + b"\n" + LINE.replace(b'"clients":null,', b"")))
    assert result == ProbeTrouble(reason="the container's output can't be parsed")


@pytest.mark.parametrize(
    ("end", "emulated", "expected", "reason"),
    [
        (b'{"signal":11}', False, Answer.FAIL, "Python crashed (signal 11)"),
        (b'{"signal":11}', True, Answer.UNKNOWN, "the emulator crashed (signal 11)"),
        (b'{"signal":4}', True, Answer.UNKNOWN, "the emulator crashed (signal 4)"),
        (
            b'{"signal":9}',
            False,
            Answer.FAIL,
            "Python was killed, probably out of memory (limit 512 MB)",
        ),
        (
            b'{"signal":9}',
            True,
            Answer.FAIL,
            "Python was killed, probably out of memory (limit 1024 MB)",
        ),
        (b'{"exit_code":1}', True, Answer.FAIL, "Python exited with code 1"),
        (b'{"stuck":true}', False, Answer.FAIL, "did not finish the checks within 60 s"),
        (b'{"stuck":true}', True, Answer.UNKNOWN, "did not finish the checks within 60 s"),
    ],
)
def test_a_crash_or_hang_of_the_probe_is_explained(
    end: bytes, emulated: bool, expected: Answer, reason: str
) -> None:
    line = BEGIN + b'{"questions":' + end + b"}\n"
    result = answer(Ended(0, line), emulated=emulated)
    assert isinstance(result, ProbeTrouble)
    assert reason in result.reason
    assert result.answer is expected
    some = answer(Ended(0, LINE + line), emulated=emulated)
    assert isinstance(some, ProbeAnswer)
    assert some.trouble == result


@pytest.mark.parametrize(
    ("ended", "emulated", "expected", "reason"),
    [
        (
            Ended(-9, timed_out=True),
            False,
            Answer.FAIL,
            "the container did not respond within 60 s",
        ),
        (
            Ended(-9, timed_out=True),
            True,
            Answer.UNKNOWN,
            "the container did not respond within 60 s",
        ),
        (Ended(139), True, Answer.UNKNOWN, "the emulator crashed (exit code 139): no output"),
        (Ended(139), False, Answer.FAIL, "Python exited with code 139"),
        (Ended(132), True, Answer.UNKNOWN, "the emulator crashed (exit code 132)"),
        (Ended(134), True, Answer.UNKNOWN, "the emulator crashed"),
        (
            Ended(1, err=b"qemu: uncaught target signal 11"),
            True,
            Answer.UNKNOWN,
            "the emulator crashed (exit code 1): qemu: uncaught",
        ),
        (Ended(1, err=b"rosetta error: x"), True, Answer.UNKNOWN, "the emulator crashed"),
        (Ended(1, err=b"qemu: uncaught target signal 11"), False, Answer.FAIL, "code 1"),
        (Ended(137), True, Answer.FAIL, "code 137"),
        (Ended(255, err=b"exec /x: exec format error"), True, Answer.UNKNOWN, "no emulator"),
        (
            Ended(255, err=b"exec /x: exec format error"),
            False,
            Answer.UNKNOWN,
            "another architecture",
        ),
        (Ended(125, err=b"docker: no such image"), False, Answer.UNKNOWN, "can't be started"),
        (
            Ended(125, err=b"docker: x\n\nRun 'docker run --help'"),
            False,
            Answer.UNKNOWN,
            "docker: x",
        ),
        (
            Ended(127, err=NOT_STARTED + b'exec: "python": executable file not found in $PATH'),
            *(True, Answer.FAIL, "no Python in the image"),
        ),
        (
            Ended(
                127,
                err=NOT_STARTED + b'exec: "/x/python": stat /x/python: no such file or directory',
            ),
            *(False, Answer.FAIL, "no Python in the image"),
        ),
        (
            Ended(126, err=NOT_STARTED + b'exec: "/x/python": permission denied'),
            *(False, Answer.FAIL, "Python can't be executed"),
        ),
        (
            Ended(127, err=b"docker: failed to extract layer sha256:1: open /x: no such file"),
            *(False, Answer.UNKNOWN, "the container can't be started: docker: failed to extract"),
        ),
        (
            Ended(125, err=b"docker: failed to extract layer: write /x: no space left on device"),
            *(False, Answer.UNKNOWN, "no space left on device"),
        ),
        (
            Ended(126, err=b"docker: permission denied while trying to connect to the daemon"),
            *(False, Answer.UNKNOWN, "the container can't be started"),
        ),
        (
            Ended(125, err=b"docker: unable to find user app: no matching entries in passwd file"),
            *(False, Answer.FAIL, "the container can't be started as the image's user"),
        ),
        (
            Ended(1, err=b"exec /usr/bin/python: no such file or directory"),
            *(False, Answer.FAIL, "/usr/bin/python needs a dynamic loader that isn't in the image"),
        ),
        (Ended(126, err=b"permission denied"), False, Answer.FAIL, "code 126: permission"),
        (Ended(127, err=b"sh: not found"), False, Answer.FAIL, "exited with code 127: sh: not"),
        (Ended(1, err=b"ImportError: x"), False, Answer.FAIL, "code 1: ImportError: x"),
        (Ended(0), False, Answer.FAIL, "reported nothing"),
        (Ended(-9, flooded=True), True, Answer.FAIL, "the container printed more than 16 MB"),
        (
            Ended(1, err=b"aarch64-binfmt-P: can't apply global max-arm-cpu.pauth=off: x"),
            True,
            Answer.UNKNOWN,
            "the emulator crashed (exit code 1): aarch64-binfmt-P: can't apply",
        ),
    ],
)
def test_a_missing_answer_is_explained(
    ended: Ended, emulated: bool, expected: Answer, reason: str
) -> None:
    result = answer(ended, emulated=emulated)
    assert isinstance(result, ProbeTrouble)
    assert reason in result.reason
    verdicts = {verdict.check: verdict.answer for verdict in judge_running(WANTED, result)}
    assert verdicts["python"] is expected
    # Without Python, nothing else can be checked.
    rest = Answer.UNKNOWN if result.no_python else expected
    assert set(verdicts.values()) == {expected, rest}


@given(st.integers(-15, 255), st.binary(), st.binary(), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=100)
def test_any_output_of_a_container_gives_a_clean_reason(
    code, out, err, timed_out, emulated
) -> None:
    for printed in (out, BEGIN + out):
        result = answer(Ended(code, printed, err, timed_out), emulated=emulated)
        assert isinstance(result, ProbeTrouble)
        assert len(result.reason) < 500
        assert "\x1b" not in result.reason
        assert "\n" not in result.reason


def test_the_probe_is_made_of_its_source_files() -> None:
    folder = Path(container.__file__).parent
    names = ("probe_system.py", "probe_service.py", "probe_python.py", "probe.py")
    files = [Path(peers.__file__), *(folder / name for name in names)]
    texts = [file.read_text("utf-8") for file in files]
    assert command()[command().index("-c") + 1] == "".join(texts)
