"""The container that asks a lane's image: started without rights, bounded, gone afterwards."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path

import msgspec

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.domain.proof_running import ProbeAnswer, ProbeTrouble
from openhqm_tui.domain.variants import Client
from openhqm_tui.run.probe import MARK
from openhqm_tui.run.processes import Ended, run_bounded

# Seconds for one container: an emulated Python starts 20 times slower than a native one.
NATIVE_PATIENCE = 60.0
EMULATED_PATIENCE = 300.0
RUN_LABEL = "openhqm-tui.run"
_PROBE_FILE = Path(__file__).parent / "probe.py"
_PROBE = _PROBE_FILE.read_text(encoding="utf-8")
_EMULATOR_SIGNS = (b"uncaught target signal", b"qemu: ", b"rosetta error")


def container_command(
    reference: str, expected: Expectation, *, name: str, run_id: str
) -> list[str]:
    """Return the `docker run` that asks the image, with no more rights than Python needs."""
    return [
        "docker", "run", "--rm", "--pull", "never", "--name", name,
        "--label", f"{RUN_LABEL}={run_id}",
        "--platform", str(expected.platform),
        "--network", "none", "--read-only", "--tmpfs", "/tmp:rw,noexec,nosuid,size=16m",  # noqa: S108
        "--cap-drop", "ALL", "--security-opt", "no-new-privileges",
        "--memory", "512m", "--pids-limit", "128", "--no-healthcheck", "--log-driver", "none",
        "--entrypoint", "python", reference, "-c", _PROBE,
        _spelled(expected.clients or ()), _spelled(expected.absent),
    ]  # fmt: skip


def shown_command(command: list[str]) -> str:
    """Return a container's command for a shell, the probe read from its file: it is long."""
    probe = f'"$(cat {shlex.quote(str(_PROBE_FILE))})"'
    return " ".join(probe if word is _PROBE else shlex.quote(word) for word in command)


def _spelled(clients: tuple[Client, ...]) -> str:
    return ",".join(f"{client.distribution}={client.module}" for client in clients)


async def ask(
    command: list[str], name: str, *, emulated: bool
) -> tuple[ProbeAnswer | ProbeTrouble, Ended]:
    patience = EMULATED_PATIENCE if emulated else NATIVE_PATIENCE
    said, ended = await _ask_once(command, name, patience, emulated)
    if isinstance(said, ProbeTrouble) and said.emulator:
        # An emulator's crash comes and goes: one more try tells whether it is steady.
        said, ended = await _ask_once(command, name, patience, emulated)
    return said, ended


async def _ask_once(
    command: list[str], name: str, patience: float, emulated: bool
) -> tuple[ProbeAnswer | ProbeTrouble, Ended]:
    try:
        ended = await run_bounded(command, patience=patience)
    except asyncio.CancelledError:
        await _remove(name)
        raise
    if ended.timed_out:
        await _remove(name)
    return read_answer(ended, patience=patience, emulated=emulated), ended


def read_answer(ended: Ended, *, patience: float, emulated: bool) -> ProbeAnswer | ProbeTrouble:
    """Find the probe's answer in what a container printed, or say why there is none."""
    for line in ended.out.split(b"\n"):
        if line.startswith(MARK.encode()):
            try:
                return msgspec.json.decode(line[len(MARK) :], type=ProbeAnswer)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return ProbeTrouble(reason="the answer from the container can't be read")
    if ended.timed_out:
        return ProbeTrouble(reason=f"no answer in {patience:.0f} s", could_not_ask=emulated)
    words = one_line(ended.err[-2000:], 240)
    if emulated and (
        ended.code in {132, 134, 135, 136, 139}
        or any(sign in ended.err for sign in _EMULATOR_SIGNS)
    ):
        return ProbeTrouble(
            reason=f"the emulator crashed (exit code {ended.code}): {words or 'no output'}; "
            "a newer QEMU or a native node can tell",
            emulator=True,
        )
    if b"exec format error" in ended.err:
        return ProbeTrouble(reason="no emulator for this platform here", could_not_ask=True)
    if ended.code == 125:
        # docker run's own failure: the image was never started.
        return ProbeTrouble(reason=f"the container can't be started: {words}", could_not_ask=True)
    if ended.code in {126, 127}:
        return ProbeTrouble(reason=f"no `python` in the image: {words}")
    return ProbeTrouble(reason=f"Python ended with exit code {ended.code}: {words}")


async def _remove(container: str) -> None:
    await run_bounded(["docker", "rm", "--force", container], patience=30)
