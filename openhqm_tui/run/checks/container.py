"""The container that checks an image: unprivileged, limited, and always removed."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import shlex
import time
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.domain.checks import peers
from openhqm_tui.domain.checks.catalog import probe_arguments
from openhqm_tui.domain.checks.evidence import (
    CRASHES,
    EMULATOR_HINT,
    ProbeAnswer,
    ProbeTrouble,
    SeenService,
    memory_mb,
)
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.running.health_check import HEALTH_CHECK
from openhqm_tui.domain.checks.running.python import INTERPRETER
from openhqm_tui.domain.checks.running.service import SERVICE, companions_of
from openhqm_tui.domain.checks.startup import interpreters_of, scripts_in
from openhqm_tui.domain.emulators import EMULATED_CPU
from openhqm_tui.domain.secrets.redact import Mask
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.docker.cleanup import remove_overdue_containers
from openhqm_tui.run.checks.companions import READY_PATIENCE, Companions, Started
from openhqm_tui.run.checks.probe import MARK
from openhqm_tui.run.checks.sandbox import (
    LONGEST_COMMAND,
    NO_PROXIES,
    UNTIL_LABEL,
    label_options,
    labels,
    limits,
    memory_volumes,
    remove,
    too_many_volumes,
)
from openhqm_tui.run.process import Ended, run_bounded

# Seconds for the probe: an emulated Python starts 5 to 20 times slower than a native one.
NATIVE_PATIENCE = 60.0
EMULATED_PATIENCE = 300.0
# Further seconds until the container is removed: starting takes some on a busy machine.
MARGIN = 30.0
_LONG_AFTER = 600.0
# Bytes, more than the probe ever prints: a container that prints more is stopped.
_FLOOD = 16 * 1024 * 1024
_PROBE_NAMES = ("probe_system.py", "probe_service.py", "probe_python.py", "probe.py")
PROBE_FILES = (Path(peers.__file__), *(Path(__file__).parent / name for name in _PROBE_NAMES))
PROBE = "".join(file.read_text(encoding="utf-8") for file in PROBE_FILES)
_EMULATOR_SIGNS = (
    b"uncaught target signal",
    b"qemu: ",
    b"rosetta error",
    b"can't apply global",
    b"unable to find CPU model",
)
# How `docker run` reports its own errors, and what container runtimes print in them.
_CLIENT_ERROR = re.compile(rb"(?m)^docker: .*")
_NO_PROGRAM = re.compile(
    rb'exec: "[^"]*": (?:executable file not found|stat [^:]*: no such file|no such file)'
    rb"|executable file \S+ not found|error finding executable"
)
# The program exists, but what the kernel needs to start it doesn't.
_NO_LOADER = re.compile(rb"(?m)^exec (\S+): no such file or directory")
_NOT_EXECUTABLE = re.compile(rb'exec: "[^"]*": (?:permission denied|is a directory)')
_NO_USER = re.compile(rb"unable to find (?:user|group) |no matching entries in (?:passwd|group)")
# Neither a command nor seconds.
NO_HEALTH_CHECK: tuple[tuple[str, ...], float] = ((), 0.0)


class ContainerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The output of the probe, how its container ended, and the commands that ran it.

    `companions` are those that started its companions, `trouble` is what was wrong with one.
    """

    probe: ProbeAnswer | ProbeTrouble
    ended: Ended
    command: list[str]
    companions: list[list[str]] = []
    trouble: str = ""


def container_command(
    reference: str,
    expected: Expectation,
    *,
    name: str,
    run_id: str,
    nonce: str = "",
    until: float = 0.0,
    interpreter: str = "python",
    own_command: tuple[str, ...] = (),
    health: tuple[tuple[str, ...], float] = NO_HEALTH_CHECK,
    volumes: tuple[str, ...] = (),
    network: str = "none",
    wait: str = "",
    emulated: bool = False,
    plain_emulator: bool = False,
) -> list[str]:
    """Return the `docker run` that runs the probe, with no more rights than it needs.

    `interpreter` is the image's Python, `own_command` its own command, `health` the command of its
    health check and the seconds for it; `volumes` are the folders that it declares as volumes: each
    is empty and small here. `network` and `wait` are those of its companions. `plain_emulator`
    keeps the emulator's default CPU; otherwise it emulates one that is cheaper.
    """
    patience = EMULATED_PATIENCE if emulated else NATIVE_PATIENCE
    cpu = "" if plain_emulator or not emulated else EMULATED_CPU.get(expected.platform.arch, "")
    settings = [*NO_PROXIES, *([f"QEMU_CPU={cpu}"] if cpu else [])]
    command = _speakable(own_command)
    arguments = {"patience": f"{patience:.0f}"}
    if not INTERPRETER.of(expected) and (scripts := scripts_in(command)):
        arguments["scripts"] = ",".join(scripts)
    arguments |= probe_arguments(expected, emulated=emulated)
    if wait:
        arguments["wait"] = wait
    words = [f"{name}={value}" for name, value in arguments.items()]
    if SERVICE.is_set(expected):
        checked = _speakable(health[0]) if HEALTH_CHECK.is_set(expected) else []
        words += [f"health={health[1]:g},{len(checked)}", "--", *checked, *command]
    return [
        "docker", "run", "--rm", "--pull", "never", "--name", name,
        *label_options(labels(run_id, until)),
        "--platform", str(expected.platform), "--network", network,
        *limits(memory_mb(emulated=emulated)), *memory_volumes(volumes),
        *(word for setting in settings for word in ("--env", setting)),
        "--log-driver", "none",
        "--entrypoint", interpreter, reference, "-c", PROBE, nonce, *words,
    ]  # fmt: skip


def shown_command(command: list[str], mask: Mask) -> str:
    """Return a container's command for a shell, with the probe read from its files: it is long.

    It includes the image's own command, without its secrets.
    """
    probe = f'"$(cat {shlex.join(map(str, PROBE_FILES))})"'
    at = command.index(PROBE)
    return f"{shlex.join(command[:at])} {probe} {mask.start(shlex.join(command[at + 1 :]))}"


def _speakable(command: tuple[str, ...]) -> list[str]:
    """Return an image's own command as words that a process can be started with."""
    words = [word.replace("\0", "").encode("utf-8", "replace").decode() for word in command]
    return words if sum(len(word.encode()) for word in words) < LONGEST_COMMAND else []


async def ask(
    reference: str,
    expected: Expectation,
    *,
    own_command: tuple[str, ...],
    health: tuple[tuple[str, ...], float] = NO_HEALTH_CHECK,
    volumes: tuple[str, ...] = (),
    companions: Companions | None = None,
    emulated: bool,
    run_id: str,
    lane: str,
) -> ContainerAnswer:
    """Run the probe in a container of a lane's image, and once more if that may give more results.

    Crashes of an emulator can be sporadic: a second run, with its default CPU, shows whether the
    crash is reproducible. And if the image's command used up all memory or processes, the probe
    runs again without it. Of several Pythons that the image may have, the first that exists runs.
    """
    name = f"openhqm-tui-{run_id}-{lane}"
    companions = companions or Companions()
    if reason := too_many_volumes(volumes):
        return ContainerAnswer(probe=ProbeTrouble(reason=reason), ended=Ended(0), command=[])

    chosen = INTERPRETER.of(expected)
    candidates = (chosen,) if chosen else interpreters_of(own_command)

    async def once(
        interpreter: str, wanted: Expectation, name: str, *, plain_emulator: bool = False
    ) -> ContainerAnswer:
        nonce = secrets.token_hex(16)
        patience = EMULATED_PATIENCE if emulated else NATIVE_PATIENCE
        if service := SERVICE.of(wanted):
            patience = max(patience, service.seconds(emulated=emulated) + health[1])
        wanted_peers = companions_of(wanted)
        limit = patience + MARGIN + (READY_PATIENCE if wanted_peers else 0)
        until = time.time() + limit + READY_PATIENCE * len(wanted_peers) + _LONG_AFTER
        async with companions.started(wanted_peers, name, run_id, until) as started:
            commands = started.commands
            command = container_command(
                reference,
                SERVICE.without(wanted) if started.trouble else wanted,
                name=name,
                run_id=run_id,
                nonce=nonce,
                until=until,
                interpreter=interpreter,
                own_command=own_command,
                health=health,
                volumes=volumes,
                network=started.network,
                wait=started.wait,
                emulated=emulated,
                plain_emulator=plain_emulator,
            )
            ended = await _run(command, name, limit, started)
            probe = read_answer(ended, nonce, patience=patience, emulated=emulated)
            trouble = await started.find_trouble(probe)
        if trouble and isinstance(probe, ProbeAnswer):
            service_seen = probe.service or SeenService()
            service_seen = msgspec.structs.replace(service_seen, companion_trouble=trouble)
            probe = msgspec.structs.replace(probe, service=service_seen)
        return ContainerAnswer(
            probe=probe, ended=ended, command=command, companions=commands, trouble=trouble
        )

    for interpreter in candidates:
        result = await once(interpreter, expected, name)
        if not (isinstance(result.probe, ProbeTrouble) and result.probe.no_python):
            break
    else:
        return msgspec.structs.replace(result, probe=_no_python(candidates, chosen))
    if emulated and _emulator_crashed(result.probe):
        result = await once(interpreter, expected, f"{name}-again", plain_emulator=True)
    if (service := _service_alone(result)) is not None:
        again = await once(interpreter, SERVICE.without(expected), f"{name}-alone")
        if isinstance(again.probe, ProbeAnswer):
            probe = msgspec.structs.replace(again.probe, service=service)
            return msgspec.structs.replace(result, probe=probe)
    return result


def _service_alone(result: ContainerAnswer) -> SeenService | None:
    """Return what is known of the service if the other checks must run again without it."""
    if isinstance(result.probe, ProbeTrouble):
        # It was meant to run in the network of a companion that is gone.
        return SeenService(companion_trouble=result.trouble) if result.trouble else None
    service = result.probe.service
    return service if service is not None and service.hit_a_limit else None


def _no_python(candidates: tuple[str, ...], chosen: str) -> ProbeTrouble:
    if len(candidates) == 1:
        why = "`interpreter` is set to it" if chosen else "the image's command runs it"
        reason = f"no {one_line(candidates[0], 120)} in the image, although {why}"
    else:
        reason = f"no Python in the image: neither {' nor '.join(map(one_line, candidates))} exists"
    return ProbeTrouble(reason=reason, no_python=True)


async def sweep() -> None:
    """Remove overdue containers, whose runners were killed."""
    await asyncio.to_thread(remove_overdue_containers, UNTIL_LABEL, time.time())


def _emulator_crashed(probe: ProbeAnswer | ProbeTrouble) -> bool:
    if isinstance(probe, ProbeTrouble):
        return probe.emulator
    crashed = probe.service is not None and probe.service.crashed
    return crashed or (probe.trouble is not None and probe.trouble.emulator)


async def _run(command: list[str], name: str, limit: float, started: Started) -> Ended:
    watching = asyncio.create_task(started.watch(name))
    try:
        ended = await run_bounded(command, patience=limit, flood=_FLOOD)
    except asyncio.CancelledError:
        await remove(name)
        raise
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
    if ended.timed_out or ended.flooded:
        await remove(name)
    return ended


def _not_started(error: bytes) -> ProbeTrouble:
    """Return why Python was never started, from the error of `docker run`.

    The exit code doesn't help: it is 127 for any error about a file that doesn't exist, and 126 for
    any missing permission, including those of the engine's own files.
    """
    words = one_line(error, 240)
    if _NO_PROGRAM.search(error):
        return ProbeTrouble(reason=f"no Python in the image: {words}", no_python=True)
    if _NOT_EXECUTABLE.search(error):
        return ProbeTrouble(reason=f"Python can't be executed: {words}")
    if _NO_USER.search(error):
        return ProbeTrouble(reason=f"the container can't be started as the image's user: {words}")
    return ProbeTrouble(reason=f"the container can't be started: {words}", could_not_ask=True)


class _QuestionsEnd(msgspec.Struct, frozen=True):
    """How the probe's second process ended, as reported by process 1."""

    stuck: bool = False
    signal: int = 0
    exit_code: int = 0


def read_answer(
    ended: Ended,
    nonce: str = "",
    *,
    patience: float,
    emulated: bool,
) -> ProbeAnswer | ProbeTrouble:
    """Parse the probe's output in a container, and find out why it is incomplete.

    The first value of a key counts; lines without the nonce are the image's own output.
    """
    mark = (MARK + nonce).encode()
    output: dict[str, msgspec.Raw] = {}
    unreadable = False
    for line in ended.out.split(b"\n"):
        if line.startswith(mark):
            try:
                output = (
                    msgspec.json.decode(line[len(mark) :], type=dict[str, msgspec.Raw]) | output
                )
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                unreadable = True
    try:
        end = msgspec.json.decode(output.pop("questions", b"{}"), type=_QuestionsEnd)
        if output:
            return _with_trouble(output, end, ended, patience, emulated)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
        unreadable = True
    if unreadable:
        return ProbeTrouble(reason="the container's output can't be parsed")
    return _end_of_questions(end, patience, emulated) or _end_of_container(
        ended, patience, emulated
    )


def _with_trouble(
    output: dict[str, Any], end: _QuestionsEnd, ended: Ended, patience: float, emulated: bool
) -> ProbeAnswer:
    output.pop("trouble", None)
    answer = msgspec.json.decode(msgspec.json.encode(output), type=ProbeAnswer)
    trouble = _end_of_questions(end, patience, emulated)
    if trouble is None and (ended.code or ended.timed_out or ended.flooded):
        trouble = _end_of_container(ended, patience, emulated)
    return msgspec.structs.replace(answer, trouble=trouble)


def _end_of_questions(end: _QuestionsEnd, patience: float, emulated: bool) -> ProbeTrouble | None:
    if end.stuck:
        reason = f"Python did not finish the checks within {patience:.0f} s"
        return ProbeTrouble(reason=reason, could_not_ask=emulated)
    if emulated and end.signal in CRASHES:
        reason = f"the emulator crashed (signal {end.signal}); {EMULATOR_HINT}"
        return ProbeTrouble(reason=reason, emulator=True)
    if end.signal == 9:
        limit = memory_mb(emulated=emulated)
        return ProbeTrouble(reason=f"Python was killed, probably out of memory (limit {limit} MB)")
    if end.signal:
        return ProbeTrouble(reason=f"Python crashed (signal {end.signal})")
    if end.exit_code:
        return ProbeTrouble(reason=f"Python exited with code {end.exit_code}")
    return None


def _end_of_container(ended: Ended, patience: float, emulated: bool) -> ProbeTrouble:
    if ended.flooded:
        return ProbeTrouble(reason=f"the container printed more than {_FLOOD // 1024**2} MB")
    if ended.timed_out:
        reason = f"the container did not respond within {patience:.0f} s"
        return ProbeTrouble(reason=reason, could_not_ask=emulated)
    words = one_line(ended.err[-2000:], 240)
    if emulated and (
        ended.code - 128 in CRASHES or any(sign in ended.err for sign in _EMULATOR_SIGNS)
    ):
        reason = f"the emulator crashed (exit code {ended.code}): {words or 'no output'}"
        return ProbeTrouble(reason=f"{reason}; {EMULATOR_HINT}", emulator=True)
    if b"exec format error" in ended.err:
        reason = (
            "no emulator for this platform on this machine"
            if emulated
            else "Python can't be executed on this machine: it is built for another architecture"
        )
        return ProbeTrouble(reason=reason, could_not_ask=True)
    if ended.code in {125, 126, 127} and (found := _CLIENT_ERROR.search(ended.err)):
        return _not_started(found[0])
    if ended.code == 125:
        return ProbeTrouble(reason=f"the container can't be started: {words}", could_not_ask=True)
    if ended.code and (found := _NO_LOADER.search(ended.err)):
        program = one_line(found[1], 120)
        return ProbeTrouble(reason=f"{program} needs a dynamic loader that isn't in the image")
    output = f": {words}" if words else ""
    if not ended.code:
        return ProbeTrouble(reason=f"Python exited with code 0 but reported nothing{output}")
    return ProbeTrouble(reason=f"Python exited with code {ended.code}{output}")
