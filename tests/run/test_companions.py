"""Companions on an engine double: how they are started, and how their failures are reported."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.companion import Companion
from openhqm_tui.domain.checks.evidence import ProbeAnswer, SeenConfig, SeenImage
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.engine.docker.containers import ContainerState
from openhqm_tui.engine.docker.images import ImageUnknown
from openhqm_tui.run.checks import companions, container, pull
from openhqm_tui.run.checks.companions import Companions, Started, shown_companion
from openhqm_tui.run.checks.container import container_command
from openhqm_tui.run.process import Ended
from tests.expecting import expect
from tests.run.test_probe import NONCE, run
from tests.run.test_probe_service import _SERVER, port, python
from tests.waiting import soon, until

__all__ = ["port"]

HOST = parse_platform("linux/amd64")
REDIS = Companion(image="redis:7-alpine")
CONFIG = SeenConfig(ports=("6379/tcp",), volumes=("/data",))
ANSWER = ProbeAnswer(
    machine="x86_64",
    implementation="CPython",
    python="3.13.5",
    python_platform="linux-x86_64",
    uid=1000,
)


class Engine:
    """An engine double; `started` has the commands, `removed` the container names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.platforms: tuple[str, ...] = ("linux/arm64", "linux/amd64")
        self.config = CONFIG
        self.ended = Ended(0)
        self.pulled = Ended(0)
        self.state = ContainerState(running=True)
        self.line = "its last line"
        self.succeeds = True
        self.started: list[list[str]] = []
        self.removed: list[str] = []
        self.signals: list[tuple[str, str]] = []
        self.owner_lookups = 0
        self.notes: list[str] = []
        for name, stand_in in (
            ("run_bounded", self._run),
            ("remove", self._remove),
            ("platforms_here", lambda _: self.platforms),
            ("read_index", lambda _: ("sha256:1", [SeenImage(platform="linux/amd64")])),
            ("read_config", lambda *_: self.config),
            ("owner_of", self._owner),
            ("state_of", lambda _: self.state),
            ("last_line", lambda _: self.line),
            ("succeeds_inside", lambda *_: self.succeeds),
            ("signal_container", lambda *words: self.signals.append(words)),
        ):
            monkeypatch.setattr(companions, name, stand_in)
        monkeypatch.setattr(pull, "run_bounded", self._run)
        monkeypatch.setattr(companions, "READY_PATIENCE", 0.05)
        monkeypatch.setattr(companions, "_POLL_EVERY", 0.001)
        self.companions = Companions(HOST, self.notes.append)

    async def _run(self, command: list[str], *, patience: float) -> Ended:
        self.started.append(command)
        if command[1] == "pull":
            self.platforms = ("linux/amd64",) if not self.pulled.code else ()
            return self.pulled
        return self.ended

    async def _remove(self, name: str) -> None:
        self.removed.append(name)

    def _owner(self, *_: str, **__: Any) -> str:
        self.owner_lookups += 1
        return "999:1000"

    async def result(self, *wanted: Companion, answer: ProbeAnswer | None = None) -> Started:
        """Start companions as a check does, and stop them."""
        async with self.companions.started(wanted, "box", "run", 5.0) as started:
            self.network, self.wait = started.network, started.wait
            await started.find_trouble(answer)
        return started


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine(monkeypatch)


async def test_companions_share_a_network_namespace_that_has_loopback_only(
    engine: Engine,
) -> None:
    broker = Companion(image="kafka:4", ready=9092, command=("run", "it"))
    started = await engine.result(REDIS, broker)
    first, second = engine.started
    assert (started.trouble, engine.network) == ("", "container:box-with-1")
    networks = [command[command.index("--network") + 1] for command in (first, second)]
    assert networks == ["none", "container:box-with-1"]
    assert engine.wait == "0,6379,9092"
    assert (first[-1], second[-3:]) == ("sha256:1", ["sha256:1", "run", "it"])
    assert engine.removed == ["box-with-1", "box-with-2"]


async def test_a_companion_has_the_limits_of_the_image_that_is_checked(engine: Engine) -> None:
    await engine.result(msgspec.structs.replace(REDIS, env={"A": "b"}))
    (command,) = engine.started
    checked = container_command("x", expect(HOST), name="it", run_id="run")
    own = {"--rm", "--name", "it", "--log-driver", "none", "--entrypoint", "python", "--tmpfs"}
    for word in checked[: checked.index("x")]:
        assert word in command or word in own or word.startswith(("openhqm-tui.until", "/tmp:"))
    line = " ".join(command)
    assert "--label openhqm-tui.run=run --label openhqm-tui.until=5 " in line
    assert "--platform linux/amd64 " in line, "natively, whatever the checked image's platform"
    assert "--tmpfs /tmp:rw,noexec,nosuid,nodev,size=128m " in line
    assert 'type=volume,"dst=/data",volume-driver=local,volume-opt=type=tmpfs' in line
    assert "--env A=b " in line
    assert "--log-opt max-size=1m --log-opt max-file=1 " in line
    assert not {"--privileged", "--cap-add", "-v", "--volume", "--publish"} & {*command}


@pytest.mark.parametrize(
    ("user", "volumes", "options"),
    [
        ("", ("/data",), ["--user", "999:1000"]),
        ("root", ("/data",), ["--user", "999:1000"]),
        ("0:0", ("/data",), ["--user", "999:1000"]),
        ("redis", ("/data",), []),
        ("", (), []),
    ],
)
async def test_an_image_that_would_switch_users_starts_as_the_owner_of_its_volume(
    engine: Engine, user: str, volumes: tuple[str, ...], options: list[str]
) -> None:
    engine.config = SeenConfig(user=user, volumes=volumes)
    for _ in range(2):
        await engine.result(REDIS)
    at = engine.started[1].index("--user") if "--user" in engine.started[1] else 0
    assert engine.started[1][at : at + 2] == options or (not at and not options)
    assert engine.owner_lookups == bool(options), "looked up once per image"


@pytest.mark.parametrize(
    ("ports", "ready", "wait"),
    [
        (("6379/tcp",), None, "0,6379"),
        (("9092", "15672/tcp", "5672/tcp", "53/udp", "x/tcp", "0/tcp"), None, "0,5672|9092|15672"),
        ((), None, "0"),
        (("6379/tcp",), 7000, "0,7000"),
        (("6379/tcp",), (), "0"),
        (("6379/tcp",), ("ping",), "0"),
    ],
)
async def test_the_probe_waits_for_the_right_ports(
    engine: Engine, ports: tuple[str, ...], ready: Any, wait: str
) -> None:
    engine.config = SeenConfig(ports=ports)
    await engine.result(msgspec.structs.replace(REDIS, ready=ready))
    assert engine.wait == wait


async def test_a_missing_image_is_pulled_once_announced_and_used_by_digest(
    engine: Engine,
) -> None:
    engine.platforms = ("linux/arm64",)
    async with AsyncExitStack() as stack:
        for name in ("one", "two"):
            context = engine.companions.started([REDIS], name, "run", 5.0)
            await stack.enter_async_context(context)
    pulls = [command for command in engine.started if command[1] == "pull"]
    assert pulls == [["docker", "pull", "--quiet", "--platform", "linux/amd64", "redis:7-alpine"]]
    assert engine.notes == [
        "pulling companion image redis:7-alpine",
        "using companion image redis:7-alpine (sha256:1)",
    ]
    runs = [command for command in engine.started if command[1] == "run"]
    assert all(command[-1] == "sha256:1" and "never" in command for command in runs)


async def test_a_failed_pull_is_reported_with_its_fix_and_tried_once_per_run(
    engine: Engine,
) -> None:
    engine.platforms = ()
    engine.pulled = Ended(1, err=b"Error: dial tcp: lookup registry: no such host\n")
    for _ in range(2):
        started = await engine.result(REDIS)
        assert started.trouble.startswith("companion redis:7-alpine isn't available: ")
        assert "no such host" in started.trouble
        assert "`docker pull redis:7-alpine`" in started.trouble
        assert "--no-companions" in started.trouble
        assert (engine.network, engine.wait) == ("none", "")
    assert len(engine.started) == 1, "each run tries the registry once"
    engine.pulled = Ended(0)
    engine.companions.forget_failures()
    assert (await engine.result(REDIS)).trouble == ""


async def test_an_unresponsive_engine_is_the_reason(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_: str) -> tuple[str, ...]:
        raise ImageUnknown("the engine did not respond")

    monkeypatch.setattr(companions, "platforms_here", silent)
    assert "the engine did not respond" in (await engine.result(REDIS)).trouble


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"ended": Ended(125, err=b"docker: Error: no such user\nRun docker --help\n")},
            "companion redis:7-alpine can't be started: docker: Error: no such user",
        ),
        (
            {"ended": Ended(-9, timed_out=True)},
            "companion redis:7-alpine can't be started: timed out after 120 s",
        ),
        (
            {"state": ContainerState(running=False, exit_code=3)},
            "companion redis:7-alpine exited with code 3: its last line",
        ),
        (
            {"state": ContainerState(running=False, exit_code=137, out_of_memory=True)},
            "companion redis:7-alpine was killed: out of memory (limit 512 MB): its last line",
        ),
        (
            {"succeeds": False, "line": ""},
            "companion redis:7-alpine isn't ready: `redis-cli ping` still fails after 0 s",
        ),
        (
            {"succeeds": False, "state": ContainerState(running=False, exit_code=1)},
            "companion redis:7-alpine exited with code 1: its last line",
        ),
        (
            {"config": SeenConfig(volumes=tuple(map(str, range(99))))},
            "companion redis:7-alpine can't be used: "
            "the image declares 99 volumes; at most 64 are supported",
        ),
        (
            {"config": SeenConfig(volumes=("/" + "x" * 70_000,))},
            "the paths of the image's volumes have 70001 characters; at most 65536 are supported",
        ),
    ],
)
async def test_problems_of_a_companion_include_its_last_output(
    engine: Engine, change: dict[str, Any], message: str
) -> None:
    for name, value in change.items():
        setattr(engine, name, value)
    started = await engine.result(msgspec.structs.replace(REDIS, ready=("redis-cli", "ping")))
    assert message in started.trouble
    assert (engine.network, engine.wait) == ("none", ""), "the image is checked anyway"
    assert {command[command.index("--name") + 1] for command in started.commands} == {
        *engine.removed
    }


async def test_a_port_without_a_listener_in_time_is_reported(engine: Engine) -> None:
    answer = msgspec.structs.replace(ANSWER, unready=[1, 7])
    not_awaited = msgspec.structs.replace(REDIS, ready=())
    late = Companion(image="kafka:4")
    started = await engine.result(REDIS, not_awaited, late, answer=answer)
    assert started.trouble == (
        "companion kafka:4 isn't ready: nothing listens on :6379 after 0 s: its last line"
    )


async def test_the_probe_stops_waiting_once_a_companion_has_ended(engine: Engine) -> None:
    async with engine.companions.started([REDIS], "box", "run", 5.0) as started:
        engine.state = ContainerState(running=False, exit_code=1)
        watching = asyncio.create_task(started.watch("box"))
        # The first signal may be lost: the probe may not handle it yet.
        await soon(lambda: len(engine.signals) > 1)
        watching.cancel()
        assert set(engine.signals) == {("box", "SIGUSR1")}
    assert engine.removed == ["box-with-1"]


async def test_a_cancelled_check_removes_all_companions(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()

    async def second_hangs(command: list[str], *, patience: float) -> Ended:
        if "box-with-2" in command:
            reached.set()
            await asyncio.Event().wait()
        return Ended(0)

    monkeypatch.setattr(companions, "run_bounded", second_hangs)
    task = asyncio.create_task(engine.result(REDIS, REDIS))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(engine.removed) == ["box-with-1", "box-with-2"]


@pytest.mark.parametrize("host", [None, parse_platform("linux/riscv64")])
async def test_an_image_of_other_platforms_only_is_not_run(
    engine: Engine, host: Platform | None
) -> None:
    engine.platforms = ("linux/arm64", "what/is/that/now") if host else ()
    engine.pulled = Ended(1, err=b"no matching manifest for linux/riscv64\n")
    engine.companions = Companions(host)
    assert "isn't available" in (await engine.result(REDIS)).trouble
    assert all(command[1] == "pull" for command in engine.started)


async def test_the_values_of_its_variables_are_not_shown(engine: Engine) -> None:
    secrets = {"PASSWORD": "hunter2", "MODE": "--env X=hunter2"}
    started = await engine.result(msgspec.structs.replace(REDIS, env=secrets, command=("a b",)))
    (command,) = started.commands
    assert "PASSWORD=hunter2" in command
    shown = shown_companion(command)
    assert "hunter2" not in shown
    assert "--env 'PASSWORD=***' --env 'MODE=***' " in shown
    assert shown.endswith("sha256:1 'a b'")


# -- the probe --------------------------------------------------------------------------------


def test_a_service_waits_for_its_companions_and_the_checks_dont(tmp_path: Path, port: int) -> None:
    """The companion starts to listen once the checks have their results."""
    with socket.socket() as companion:
        companion.bind(("127.0.0.1", 0))
        number = companion.getsockname()[1]
        words = [f"service={port},200,30,0,any,/", f"wait=60,1|{number}", "--"]
        command = [sys.executable, "-S", "-c", container.PROBE, NONCE, *words]
        with subprocess.Popen(
            [*command, *python(_SERVER), str(port), "200"], stdout=subprocess.PIPE, cwd=tmp_path
        ) as process:
            assert process.stdout is not None
            lines = b""
            while b'"clients"' not in lines:
                lines += process.stdout.readline()
            assert b'"service"' not in lines
            companion.listen()
            lines += process.stdout.read()
    answer = container.read_answer(Ended(0, lines), NONCE, patience=1, emulated=False)
    assert isinstance(answer, ProbeAnswer)
    assert answer.service is not None
    assert (answer.service.status, answer.unready) == (200, [])


def handles(pid: int, number: int) -> bool:
    """Return whether a process handles a signal."""
    _, _, caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")
    return bool(int(caught.split()[0], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("by_signal", [False, True])
def test_a_service_is_not_started_without_its_companions(
    tmp_path: Path, port: int, by_signal: bool
) -> None:
    seconds = 600 if by_signal else 0
    words = [f"service={port},200,30,0,any,/", f"wait={seconds},1,{port}", "--", "touch", "started"]
    command = [sys.executable, "-S", "-c", container.PROBE, NONCE, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        lines = b""
        while by_signal and b'"clients"' not in lines:
            lines += process.stdout.readline()
        if by_signal:
            until(lambda: handles(process.pid, signal.SIGUSR1), "it handles the signal")
            process.send_signal(signal.SIGUSR1)
        lines += process.stdout.read()
    answer = container.read_answer(Ended(0, lines), NONCE, patience=1, emulated=False)
    assert isinstance(answer, ProbeAnswer)
    assert (answer.service, answer.unready, answer.clients) == (None, [0, 1], [])
    assert not (tmp_path / "started").exists()


def test_a_companion_on_the_services_own_port_is_refused(tmp_path: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)):
        words = [f"service={port},200,30,0,any,/", f"wait=5,{port}", "--", "touch", "started"]
        answer = container.read_answer(run(tmp_path, *words), NONCE, patience=1, emulated=False)
    assert isinstance(answer, ProbeAnswer)
    assert answer.service is not None
    trouble = f"a companion is already listening on :{port}, the service's port"
    assert answer.service.companion_trouble == trouble
    assert not (tmp_path / "started").exists()
