"""Child processes are stopped and waited for, and their output is limited."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from openhqm_tui.run.process import GroupProcess, run_bounded
from tests.processes import is_gone
from tests.waiting import soon

SHORT = ((signal.SIGINT, 0.2), (signal.SIGTERM, 0.2), (signal.SIGKILL, 20.0))
LONG = ((signal.SIGINT, 20.0), (signal.SIGTERM, 20.0), (signal.SIGKILL, 20.0))

# `ready` is created once the handlers are set: an earlier signal would test nothing.
STUBBORN = """
import os, signal, sys
for means in (signal.SIGINT, signal.SIGTERM):
    signal.signal(means, signal.SIG_IGN)
if sys.argv[2:] == ["child"]:
    child = os.fork()
    if child == 0:
        while True: signal.pause()
    print(child, flush=True)
open(sys.argv[1], "w").close()
while True: signal.pause()
"""
POLITE = """
import signal, sys
def end(*_): print("ended", flush=True); sys.exit(130)
signal.signal(signal.SIGINT, end)
open(sys.argv[1], "w").close()
while True: signal.pause()
"""


def python(program: str, *words: str) -> list[str]:
    return [sys.executable, "-IS", "-c", program, *words]


async def start(tmp_path: Path, program: str, *words: str) -> GroupProcess:
    ready = tmp_path / "ready"
    with (tmp_path / "out").open("wb") as out:
        process = await GroupProcess.start(
            python(program, str(ready), *words), stderr=out, cwd=tmp_path, env=os.environ
        )
    await soon(ready.exists)
    return process


async def test_output_goes_straight_to_the_file(tmp_path: Path) -> None:
    program = "import os, sys; os.write(1, b'out\\n'); os.write(2, os.getcwd().encode())"
    with (tmp_path / "out").open("wb") as out:
        process = await GroupProcess.start(
            python(program), stderr=out, cwd=tmp_path, env={"PATH": "/bin"}
        )
    assert await process.wait() == 0
    assert (tmp_path / "out").read_text() == f"out\n{tmp_path}"


@pytest.mark.parametrize(("program", "code"), [("import sys; sys.exit(7)", 7), ("1/0", 1)])
async def test_the_exit_code_is_the_childs(tmp_path: Path, program: str, code: int) -> None:
    with (tmp_path / "out").open("wb") as out:
        process = await GroupProcess.start(python(program), stderr=out, cwd=tmp_path, env={})
    assert await process.wait() == code


async def test_a_missing_command_is_an_oserror(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out, pytest.raises(OSError, match="docker"):
        await GroupProcess.start(["./docker"], stderr=out, cwd=tmp_path, env={})


async def test_a_child_that_handles_sigint_exits_by_itself(tmp_path: Path) -> None:
    process = await start(tmp_path, POLITE)
    await process.stop(LONG)
    assert await process.wait() == 130
    assert (tmp_path / "out").read_text() == "ended\n"


async def test_a_child_that_ignores_signals_is_killed(tmp_path: Path) -> None:
    process = await start(tmp_path, STUBBORN)
    await process.stop(SHORT)
    assert await process.wait() == -signal.SIGKILL


async def test_grandchildren_are_killed_too(tmp_path: Path) -> None:
    process = await start(tmp_path, STUBBORN, "child")
    grandchild = int((tmp_path / "out").read_text())
    assert not is_gone(grandchild)
    await process.stop(SHORT)
    await soon(lambda: is_gone(grandchild))


async def test_grandchildren_do_not_outlive_a_child_that_exits_by_itself(tmp_path: Path) -> None:
    program = POLITE.replace(
        "import signal, sys",
        "import os, signal, sys\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "    while True: signal.pause()\n"
        "print(child, flush=True)",
    )
    process = await start(tmp_path, program)
    await process.stop(LONG)
    grandchild = int((tmp_path / "out").read_text().split()[0])
    await soon(lambda: is_gone(grandchild))


async def test_stopping_an_ended_process_does_nothing(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        process = await GroupProcess.start(python(""), stderr=out, cwd=tmp_path, env={})
    await process.wait()
    await process.stop(LONG)
    assert await process.wait() == 0


async def test_a_child_runs_in_its_own_process_group(tmp_path: Path) -> None:
    process = await start(tmp_path, POLITE)
    assert os.getpgid(process.pid) != os.getpgid(0)
    await process.stop(LONG)


async def test_both_output_streams_are_kept_apart() -> None:
    program = "import os, sys; os.write(1, b'out'); os.write(2, b'err'); sys.exit(3)"
    ended = await run_bounded(python(program), patience=60)
    assert (ended.code, ended.out, ended.err, ended.timed_out) == (3, b"out", b"err", False)


async def test_output_beyond_the_limit_is_read_and_dropped() -> None:
    program = "import os\nfor _ in range(100): os.write(1, b'x' * 65536); os.write(2, b'y' * 65536)"
    ended = await run_bounded(python(program), patience=60, limit=1000)
    assert (ended.code, ended.out, ended.err) == (0, b"x" * 1000, b"y" * 1000)


async def test_a_child_is_killed_after_the_timeout(tmp_path: Path) -> None:
    program = "import os, signal\nos.write(1, b'%d' % os.getpid())\nwhile True: signal.pause()"
    ended = await run_bounded(python(program), patience=0.5)
    assert ended.timed_out
    assert ended.code == -signal.SIGKILL
    assert not ended.out or is_gone(int(ended.out))


async def test_a_grandchild_does_not_keep_the_pipes_open(tmp_path: Path) -> None:
    program = "import os, signal\nif os.fork() == 0:\n    while True: signal.pause()"
    ended = await run_bounded(python(program), patience=0.5)
    assert ended.timed_out


async def test_cancelling_kills_the_child(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    program = (
        "import os, signal, sys\nopen(sys.argv[1] + '.new', 'w').write(str(os.getpid()))\n"
        "os.rename(sys.argv[1] + '.new', sys.argv[1])\nwhile True: signal.pause()"
    )
    task = asyncio.create_task(run_bounded(python(program, str(ready)), patience=60))
    await soon(ready.exists)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_gone(int(ready.read_text()))


@pytest.mark.parametrize("stream", [1, 2])
async def test_a_child_that_prints_too_much_is_killed(stream: int) -> None:
    program = f"import os\nwhile True: os.write({stream}, b'x' * 4096)"
    ended = await run_bounded(python(program), patience=60, limit=1000, flood=100_000)
    assert (ended.flooded, ended.timed_out, ended.code) == (True, False, -signal.SIGKILL)
    assert {len(ended.out), len(ended.err)} == {1000, 0}


async def test_a_child_that_prints_up_to_the_limit_is_not_killed() -> None:
    program = "print('x' * 99_999, flush=True)"
    ended = await run_bounded(python(program), patience=60, flood=100_000)
    assert (ended.flooded, ended.code, len(ended.out)) == (False, 0, 100_000)
