"""Checking a lane combines evidence from the image store and the container."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from openhqm_tui.domain.checks.evidence import ProbeAnswer, SeenConfig, SeenImage
from openhqm_tui.domain.checks.verdict import Answer, worst
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.engine.docker.images import ImageUnknown
from openhqm_tui.run.checks import container, sandbox, static
from openhqm_tui.run.checks import lane as checks
from openhqm_tui.run.checks.lane import check_lane
from openhqm_tui.run.checks.layer_reader import LayerReader
from openhqm_tui.run.checks.probe import MARK
from openhqm_tui.run.process import Ended
from tests.expecting import expect, with_keys

ALWAYS = ("index", "architecture", "binaries", "setuid", "compilers", "caches", "secrets")
ARM = parse_platform("arm64")
WANTED = expect(ARM)
ANSWER = ProbeAnswer(
    machine="aarch64",
    implementation="CPython",
    python="3.13.5",
    python_platform="linux-aarch64",
    uid=1000,
)
LINE = MARK.encode() + b"0f0f" + msgspec.json.encode(ANSWER) + b"\n"


class Engine:
    """An engine double: returns results in order and records the started commands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Ended) -> None:
        self.answers = list(answers)
        self.started: list[list[str]] = []
        self.seen = SeenConfig(
            os="linux",
            arch="arm64",
            user="1000",
            entrypoint=("serve",),
            cmd=("it",),
            layers=(),
            history=(),
        )
        self.removed: list[str] = []
        monkeypatch.setattr(container, "run_bounded", self.run)
        monkeypatch.setattr(sandbox, "remove_container", self.remove)
        monkeypatch.setattr("secrets.token_hex", lambda _: "0f0f")
        monkeypatch.setattr(static, "_read_config_and_history", self.config)

    async def run(self, command: list[str], *, patience: float, flood: int | None = None) -> Ended:
        self.started.append(command)
        return self.answers.pop(0)

    def remove(self, name: str) -> bool:
        """Succeed at the second attempt."""
        self.removed.append(name)
        return len(self.removed) > 1

    def config(self, reference: str, platform: str) -> SeenConfig:
        return self.seen


async def lane(
    index: list[SeenImage] | ImageUnknown, *, emulated: bool = True, **more: Any
) -> checks.Checked:
    wanted = with_keys(WANTED, **more)
    return await check_lane(
        "openhqm@sha256:1",
        wanted,
        index,
        LayerReader(),
        emulated=emulated,
        run_id="run",
        lane="redis-linux-arm64",
    )


INDEX = [SeenImage(platform="linux/arm64")]


async def test_every_check_has_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Ended(0, LINE, b"\xffwords"))
    checked = await lane(INDEX)
    assert [v.check for v in checked.verdicts] == [
        *ALWAYS,
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
    ("answers", "expected"),
    [
        ([Ended(139), Ended(0, LINE)], Answer.PASS),
        ([Ended(139), Ended(139)], Answer.UNKNOWN),
    ],
)
async def test_an_emulator_crash_is_retried_once(
    monkeypatch: pytest.MonkeyPatch, answers: list[Ended], expected: Answer
) -> None:
    engine = Engine(monkeypatch, *answers)
    assert worst((await lane(INDEX)).verdicts) is expected
    assert len(engine.started) == 2


def facts(**fields: object) -> bytes:
    whole = {name: getattr(ANSWER, name) for name in ANSWER.__struct_fields__} | fields
    kept = {name: value for name, value in whole.items() if value is not None}
    return MARK.encode() + b"0f0f" + msgspec.json.encode(kept) + b"\n"


SERVED = facts(service={"status": 200, "milliseconds": 1})
CRASHED = facts(service={"ended": True, "signal": 11})
BOMB = facts(service={"refused_forks": 7}, clients=[{"distribution": "x", "error": "no thread"}])


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([Ended(0, CRASHED), Ended(0, SERVED)], Answer.PASS),
        ([Ended(0, CRASHED), Ended(0, CRASHED)], Answer.UNKNOWN),
    ],
)
async def test_an_emulated_service_crash_is_retried_once(
    monkeypatch: pytest.MonkeyPatch, answers: list[Ended], expected: Answer
) -> None:
    engine = Engine(monkeypatch, *answers)
    assert worst((await lane(INDEX, service={})).verdicts) is expected
    first, again = engine.started
    assert "QEMU_CPU=max,pauth=off" in first
    assert not any(word.startswith("QEMU_CPU") for word in again), (
        "the retry runs without our CPU setting"
    )


async def test_container_output_is_kept_without_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = "hunter2-of-the-config"
    service = {"ended": True, "exit_code": 1, "words": f"no login as it with {secret}\n"}
    own = f"TOKEN=t0psecret1 {secret}".encode()
    engine = Engine(monkeypatch, Ended(0, facts(service=service), own))
    engine.seen = msgspec.structs.replace(
        engine.seen, cmd=("--with", secret), env=(f"DB_PASSWORD={secret}",)
    )
    checked = await lane(INDEX, service={}, emulated=False)
    seen = {v.check: v.evidence for v in checked.verdicts}
    assert seen["service"] == "exited with code 1: no login as it with ***"
    assert checked.evidence["stderr"] == "TOKEN=*** ***"
    assert str(checked.evidence["command"]).endswith("-- serve --with ***")
    assert secret not in msgspec.json.encode((checked.verdicts, checked.evidence)).decode()


async def test_a_native_service_crash_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Ended(0, CRASHED))
    checked = await lane(INDEX, service={}, emulated=False)
    assert worst(checked.verdicts) is Answer.FAIL
    assert len(engine.started) == 1
    assert {v.how for v in checked.verdicts if v.how} == {"native"}


async def test_a_command_that_uses_up_all_memory_leaves_the_other_verdicts_intact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(monkeypatch, Ended(0, BOMB), Ended(0, facts(clients=[], absent=[])))
    checked = await lane(INDEX, service={}, clients={})
    others = {v.check: v.answer for v in checked.verdicts if v.answer is not Answer.PASS}
    assert others == {"service": Answer.FAIL}
    assert not any(word.startswith("service=") for word in engine.started[1])


async def test_the_service_is_the_images_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Ended(0, SERVED))
    await lane(INDEX, service={})
    assert engine.started[0][-3:] == ["--", "serve", "it"]


async def test_a_failure_of_the_image_is_not_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Ended(1))
    assert worst((await lane(INDEX)).verdicts) is Answer.FAIL
    assert len(engine.started) == 1


async def test_a_container_that_took_too_long_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch, Ended(-9, timed_out=True))
    await lane(INDEX)
    assert engine.removed == ["openhqm-tui-run-redis-linux-arm64"] * 2


async def test_a_cancelled_check_removes_its_container(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    started = asyncio.Event()

    async def run(command: list[str], *, patience: float, flood: int | None = None) -> Ended:
        started.set()
        await asyncio.Event().wait()
        return Ended(0)

    monkeypatch.setattr(container, "run_bounded", run)
    task = asyncio.create_task(lane(INDEX))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.removed == ["openhqm-tui-run-redis-linux-arm64"] * 2


async def test_missing_image_data_is_unknown_never_a_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(monkeypatch, Ended(0, LINE))

    def unknown(reference: str, platform: str) -> SeenConfig:
        raise ImageUnknown("no such image")

    monkeypatch.setattr(static, "_read_config_and_history", unknown)
    checked = await lane(ImageUnknown("the engine did not respond"))
    found = {v.check: (v.answer, v.evidence) for v in checked.verdicts}
    assert found["index"] == (Answer.UNKNOWN, "the engine did not respond")
    assert found["architecture"] == (Answer.UNKNOWN, "no such image")
    assert found["machine"][0] is Answer.PASS
    assert worst(checked.verdicts) is Answer.UNKNOWN
    assert engine.started


async def test_a_service_whose_command_cant_be_read_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(monkeypatch, Ended(0, LINE), Ended(0, LINE))

    def unknown(reference: str, platform: str) -> SeenConfig:
        raise ImageUnknown("the engine is older than 28.1")

    monkeypatch.setattr(static, "_read_config_and_history", unknown)
    checked = await lane(INDEX, service={})
    (verdict,) = [v for v in checked.verdicts if v.check == "service"]
    assert verdict.answer is Answer.UNKNOWN
    assert verdict.evidence == "the image's command is unknown: the engine is older than 28.1"
    # A command that the project specifies is started anyway.
    await lane(INDEX, service={}, command=["serve", "it"])
    assert engine.started[-1][-2:] == ["serve", "it"]


def missing(name: str) -> Ended:
    text = f'docker: Error response from daemon: exec: "{name}": executable file not found in $PATH'
    return Ended(127, err=text.encode())


@pytest.mark.parametrize(
    ("cmd", "keys", "answers", "run"),
    [
        (("serve",), {}, [Ended(0, LINE)], ["python"]),
        (("serve",), {}, [missing("python"), Ended(0, LINE)], ["python", "python3"]),
        (("python3", "-m", "x"), {}, [Ended(0, LINE)], ["python3"]),
        (("/app/.venv/bin/python", "x"), {}, [Ended(0, LINE)], ["/app/.venv/bin/python"]),
        (
            ("/opt/v/bin/serve",),
            *({}, [missing("/opt/v/bin/python"), Ended(0, LINE)], ["/opt/v/bin/python", "python"]),
        ),
        (("python",), {"interpreter": "/opt/python"}, [Ended(0, LINE)], ["/opt/python"]),
    ],
)
async def test_the_images_own_python_runs_the_probe(
    cmd: tuple[str, ...],
    keys: dict[str, Any],
    answers: list[Ended],
    run: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(monkeypatch, *answers)
    engine.seen = msgspec.structs.replace(engine.seen, entrypoint=(), cmd=cmd, user="1000")
    checked = await lane(INDEX, emulated=False, **keys)
    assert worst(checked.verdicts) is Answer.PASS
    assert [one[one.index("--entrypoint") + 1] for one in engine.started] == run
    assert engine.answers == []


@pytest.mark.parametrize(
    ("cmd", "optional", "expected"),
    [
        (
            ("serve",),
            False,
            {
                "machine": (Answer.UNKNOWN, "not checked: no Python in the image: neither python"),
                "python": (Answer.FAIL, "no Python in the image: neither python nor python3"),
                "user": (Answer.PASS, "uid 1000"),
                "service": (Answer.UNKNOWN, "not checked: no Python in the image"),
            },
        ),
        (
            ("python3.9", "x"),
            False,
            {
                "machine": (Answer.UNKNOWN, "not checked: no python3.9 in the image"),
                "python": (
                    Answer.FAIL,
                    "no python3.9 in the image, although the image's command runs it",
                ),
                "user": (Answer.PASS, "uid 1000"),
                "service": (Answer.UNKNOWN, "not checked: no python3.9 in the image"),
            },
        ),
        (
            ("serve",),
            True,
            {
                "user": (Answer.PASS, "uid 1000"),
                "service": (Answer.UNKNOWN, "not checked: no Python in the image"),
            },
        ),
    ],
)
async def test_a_missing_python_is_reported_when_the_probe_cant_start(
    cmd: tuple[str, ...],
    optional: bool,
    expected: dict[str, tuple[Answer, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = Engine(monkeypatch, missing("python"), missing("python3"))
    engine.seen = msgspec.structs.replace(engine.seen, entrypoint=(), cmd=cmd, user="1000")
    wanted = msgspec.structs.replace(with_keys(WANTED, service={}), may_lack_python=optional)
    checked = await check_lane(
        "x@y", wanted, INDEX, LayerReader(), emulated=False, run_id="run", lane="x"
    )
    seen = {v.check: v for v in checked.verdicts if v.check not in ALWAYS}
    assert {name: verdict.answer for name, verdict in seen.items()} == {
        name: answer for name, (answer, _) in expected.items()
    }
    for name, (_, text) in expected.items():
        assert seen[name].evidence.startswith(text)


async def test_an_image_without_python_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(monkeypatch)
    wanted = msgspec.structs.replace(WANTED, has_python=False)
    checked = await check_lane(
        "x@y", wanted, INDEX, LayerReader(), emulated=False, run_id="run", lane="x"
    )
    assert [v.check for v in checked.verdicts] == [*ALWAYS, "user"]
    assert engine.started == []
