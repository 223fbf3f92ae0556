"""Hostile images on the real engine: limited, reported clearly, and gone afterwards."""

from __future__ import annotations

import asyncio
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.catalog import judge_running
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.engine.source.base_image import choose_base
from openhqm_tui.run.checks import container
from openhqm_tui.run.checks.container import ask, sweep
from openhqm_tui.run.checks.sandbox import RUN_LABEL, UNTIL_LABEL
from tests.expecting import expect
from tests.real.conftest import COMMAND, docker
from tests.waiting import soon, until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("images")]
IMAGE = "openhqm-tui-tests/hostile"
# Run by the interpreter before anything else.
FIRST = """ENV PYTHONPATH=/evil
COPY <<'EOF' /evil/sitecustomize.py
import os, signal
{}
EOF
"""


@pytest.fixture(scope="module")
def image(host: Platform) -> Iterator[str]:
    """A plain image: Python, an unprivileged user, a folder of that user."""
    base = choose_base((host,), explicit=None).ref
    yield build(base, "plain", "RUN mkdir /app && chown 1000 /app\nUSER 1000\nWORKDIR /app\n")
    tags = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", IMAGE).split()
    docker("image", "rm", "--force", *tags)


def build(base: str, tag: str, lines: str) -> str:
    subprocess.run(
        ["docker", "buildx", "build", "--load", "--provenance=false", "-t", f"{IMAGE}:{tag}", "-"],
        input=f"FROM {base}\n{lines}".encode(),
        capture_output=True,
        check=True,
        timeout=300,
    )
    return f"{IMAGE}:{tag}"


@pytest.fixture
def run_id() -> Iterator[str]:
    """The id of a run; verify afterwards that it left no container behind."""
    own = f"hostile-{secrets.token_hex(4)}"
    yield own
    assert containers(own) == []


def containers(run_id: str) -> list[str]:
    return docker("ps", "--all", "--quiet", "--filter", f"label={RUN_LABEL}={run_id}").split()


def wanted(platform: Platform, **more: Any) -> Expectation:
    service = {"within": 2.0, "within-emulated": 20.0}
    return expect(platform, **{"library": ["ssl"], "clients": {}, "service": service} | more)


async def verdicts_on(
    image: str, expected: Expectation, command: tuple[str, ...], run_id: str
) -> dict[str, Verdict]:
    checked = await ask(
        image, expected, own_command=command, emulated=False, run_id=run_id, lane="it"
    )
    assert len(msgspec.json.encode(checked.probe)) < 20_000
    assert len(checked.ended.out) + len(checked.ended.err) <= 2 * 256 * 1024
    return {verdict.check: verdict for verdict in judge_running(expected, checked.probe)}


def shell(script: str) -> tuple[str, ...]:
    return ("sh", "-c", script)


def python(code: str) -> tuple[str, ...]:
    return ("python", "-c", code)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (python("import os\nwhile True:\n try: os.fork()\n except OSError: pass"), "process limit"),
        (
            python("x = []\nwhile True: x.append(b'x' * 2**24)"),
            "killed: out of memory (limit 512 MB)",
        ),
        (python("open('/app/x', 'w')"), "could not write /app/x: Read-only file system"),
        (python("open('/tmp/x', 'w').write('y' * 2**25)"), "No space left on device"),
        (shell("cp /bin/true /tmp/x; exec /tmp/x"), "/tmp/x: Permission denied"),
        (shell("trap '' TERM INT HUP; sleep 1000"), "no response within 2."),
        (shell("yes '\x1b]52;c;x\x07\x1b[2J\u202e'"), "no response within 2."),
        (shell("kill -9 -1; kill -9 1; sleep 1000"), ""),
        (shell("setsid sleep 1000 & exit 7"), "exited with code 7"),
        (("/nowhere",), "exited with code 127: /nowhere: No such file or directory"),
    ],
    ids=["forks", "memory", "root", "tmp", "exec", "hang", "endless", "kills", "daemon", "nothing"],
)
async def test_a_hostile_command_is_reported_and_the_other_checks_pass(
    image: str, host: Platform, run_id: str, command: tuple[str, ...], message: str
) -> None:
    verdicts = await verdicts_on(image, wanted(host), command, run_id)
    service = verdicts.pop("service")
    assert message in service.evidence
    assert service.answer is Answer.FAIL or not message
    assert service.evidence.isprintable()
    assert {v.answer for v in verdicts.values()} == {Answer.PASS} or not message, verdicts


async def test_an_interpreter_that_prints_without_end_is_stopped(
    image: str, host: Platform, run_id: str
) -> None:
    endless = "while True: os.write(1, b'\\x1b[2Jx' * 9999)"
    noisy = build(image, "noisy", FIRST.format(endless))
    verdicts = await verdicts_on(noisy, wanted(host), ("true",), run_id)
    assert {(v.answer, v.evidence) for v in verdicts.values()} == {
        (Answer.FAIL, "the container printed more than 16 MB")
    }


async def test_a_forged_answer_is_ignored_and_a_hanging_interpreter_removed(
    image: str, host: Platform, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "NATIVE_PATIENCE", 1.0)
    monkeypatch.setattr(container, "MARGIN", 2.0)
    forged = """os.write(1, b'openhqm-tui-probe:{"uid":1000}\\n')\nwhile True: signal.pause()"""
    silent = build(image, "silent", FIRST.replace("{}", forged))
    verdicts = await verdicts_on(silent, wanted(host), ("true",), run_id)
    assert {(v.answer, v.evidence) for v in verdicts.values()} == {
        (Answer.FAIL, "the container did not respond within 2 s")
    }


async def test_a_cancelled_check_leaves_no_container(
    image: str, host: Platform, run_id: str
) -> None:
    expected = wanted(host, service={"within": 500.0})
    task = asyncio.create_task(verdicts_on(image, expected, ("sleep", "1000"), run_id))
    await soon(lambda: bool(containers(run_id)))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("means", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_command_line_leaves_no_container(
    image: str, tmp_path: Path, means: signal.Signals
) -> None:
    hangs = build(image, "hangs", 'CMD ["sleep", "1000"]\n')

    def mine() -> list[str]:
        return docker(
            "ps", "--all", "--filter", f"ancestor={hangs}", "--format", "{{.Names}} {{.Status}}"
        ).splitlines()

    with subprocess.Popen(
        [*COMMAND, "check", hangs, "--variant", "minimal"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        until(mine)
        process.send_signal(means)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, (out, err)
    assert mine() == []


async def test_an_abandoned_container_is_removed_once_overdue(image: str, run_id: str) -> None:
    def left_behind(until: float) -> str:
        labels = ("--label", f"{RUN_LABEL}={run_id}", "--label", f"{UNTIL_LABEL}={until:.0f}")
        return docker("run", "--detach", *labels, image, "sleep", "1000").strip()

    overdue, in_time = left_behind(time.time() - 1), left_behind(time.time() + 1000)
    await sweep()
    (left,) = containers(run_id)
    assert in_time.startswith(left)
    assert not overdue.startswith(left)
    docker("rm", "--force", in_time)


async def test_nothing_is_written_outside(
    image: str, host: Platform, run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.chdir(own)
    mine = f"openhqm-tui-{run_id}"
    places = [f"{folder}/{mine}" for folder in ("", "/tmp", "/app", "/dev/shm", own)]
    verdicts = await verdicts_on(
        image, wanted(host), shell(f"tee {' '.join(places)}; exit 1"), run_id
    )
    assert verdicts["service"].answer is Answer.FAIL
    # The files existed only in the container and are gone with it.
    left = [*map(Path, places), *own.iterdir()]
    assert not any(place.exists() for place in left)


async def test_hostile_commands_under_emulation_are_judged_the_same(
    run_id: str, host: Platform
) -> None:
    """A crash of the command may be the emulator's fault; an exit with an error is not."""
    other = parse_platform("arm64" if host.arch == "amd64" else "amd64")
    base = choose_base((other,), explicit=None).ref
    for command, answer, message in (
        (python("import os; os.kill(os.getpid(), 11)"), Answer.UNKNOWN, "the emulator crashed"),
        (python("raise SystemExit('no broker')"), Answer.FAIL, "exited with code 1: no broker"),
    ):
        checked = await ask(
            base, wanted(other), own_command=command, emulated=True, run_id=run_id, lane="it"
        )
        running = judge_running(wanted(other), checked.probe, how="emulated")
        verdicts = {verdict.check: verdict for verdict in running}
        assert (verdicts["service"].answer, verdicts["service"].how) == (answer, "emulated")
        assert message in verdicts["service"].evidence
        assert verdicts["library"].answer is Answer.PASS
