"""The emulators that the kernel would use: their versions and speed."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.checks.file_kinds import header
from openhqm_tui.domain.emulators import Emulator, parse_version
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.engine.docker.command import Runner, capture
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.doctor.machine import emulator_flags

# Typical work of build steps: Python starts, compiles, parses and unpacks. It measures CPU time,
# so that other work on the machine hardly affects the result.
PROBE = """\
import inspect, json, textwrap, time, zlib
text = inspect.getsource(json) + inspect.getsource(textwrap)
compile(text, "probe", "exec")
rows = [{"name": str(n * 7919 % 10007), "value": n * 1.5} for n in range(4000)]
json.loads(json.dumps(rows))
rows.sort(key=lambda row: row["name"])
zlib.decompress(zlib.compress(text.encode() * 60))
print("seconds", time.process_time())
"""
# QEMU also reads its options from the environment, so any program that it starts prints the
# version of the binary that binfmt_misc has open, wherever its file is or was.
ASK_VERSION = "QEMU_VERSION=1"
# The folder for newer emulators, and for the versions that were measured to be no faster.
OWN_FOLDER = "/usr/local/lib/openhqm-tui"
# Builders of other drivers run on another machine, which can't be examined.
_ON_THE_ENGINE = {"docker", "docker-container"}
_ASK_SECONDS = 10.0
_PROBE_SECONDS = 60.0


class Measured(msgspec.Struct, frozen=True):
    """A factor and the emulator that it was measured with; it isn't valid for another."""

    key: str
    factor: float


def with_emulators(
    facts: EngineFacts,
    platforms: Sequence[Platform],
    *,
    image: str = "",
    memory: Path | None = None,
    measure: bool = False,
    run: Runner = capture,
) -> EngineFacts:
    """Add the emulators of `platforms`; blocks, never raises.

    `image` is a local image of Python for the native and the emulated platforms: with it, an
    engine on another machine is examined too. `measure` measures the speeds that the file
    `memory` doesn't have yet, in a second or two per platform.
    """
    emulated = [platform for platform in platforms if facts.emulated(platform)]
    if not emulated or facts.driver not in _ON_THE_ENGINE:
        return facts
    said = _said_here(emulated, run=run) if facts.local and facts.driver == "docker" else {}
    known = _read(memory)
    found = dict(facts.emulators)
    for platform in emulated:
        emulator = _ask(platform, facts, said.get(platform, ""), image, run=run)
        if emulator is None:
            continue
        key = f"{facts.engine_name} {platform} {emulator.name} {emulator.version}"
        factor = next((one.factor for one in known if one.key == key), 0.0)
        if not factor and measure and image:
            factor = _measure(platform, facts, image, run=run)
            if factor:
                known = (*(one for one in known if one.key != key), Measured(key, factor))
                _write(memory, known)
        best = was_tried(platform, emulator)
        found[str(platform)] = msgspec.structs.replace(emulator, factor=factor, best=best)
    return msgspec.structs.replace(facts, emulators=found)


def probe_command(platform: Platform, image: str, *environment: str) -> list[str]:
    """Return the `docker run` of the probe."""
    return [
        "docker", "run", "--rm", "--pull", "never", "--network", "none",
        "--platform", str(platform),
        *(word for setting in environment for word in ("--env", setting)),
        "--entrypoint", "python", image, "-c", PROBE,
    ]  # fmt: skip


def _ask(
    platform: Platform, facts: EngineFacts, said: str, image: str, *, run: Runner
) -> Emulator | None:
    if not said and image:
        (outcome,) = run(probe_command(platform, image, ASK_VERSION), timeout=_PROBE_SECONDS)
        said = outcome.out if outcome.ok else ""
    flags = emulator_flags(platform) if facts.local else ""
    if version := parse_version(said):
        return Emulator(version=version, flags=flags)
    if said.startswith("seconds "):
        # It ran the program instead of printing a version, so it isn't QEMU.
        return Emulator(name="Rosetta" if platform.arch == "amd64" else "an emulator")
    return None


def _said_here(platforms: Sequence[Platform], *, run: Runner) -> dict[Platform, str]:
    """Return what the emulators print for programs of the platforms, which are only headers."""
    heads = {platform: head for platform in platforms if (head := header(platform.arch))}
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory(prefix="openhqm-tui-") as folder:
        programs = [Path(folder, str(number)) for number in range(len(heads))]
        for program, head in zip(programs, heads.values(), strict=True):
            program.write_bytes(head)
            program.chmod(0o700)
        commands = (["env", ASK_VERSION, str(program)] for program in programs)
        outcomes = run(*commands, timeout=_ASK_SECONDS)
        return {
            platform: outcome.out
            for platform, outcome in zip(heads, outcomes, strict=True)
            if outcome.ok
        }
    return {}


def _measure(platform: Platform, facts: EngineFacts, image: str, *, run: Runner) -> float:
    node = facts.node_of(platform)
    native = node.native if node is not None and node.native is not None else facts.host
    if native is None:
        return 0.0
    seconds = []
    for one in (native, platform):
        (outcome,) = run(probe_command(one, image), timeout=_PROBE_SECONDS)
        seconds.append(_seconds(outcome.out) if outcome.ok else 0.0)
    return round(seconds[1] / seconds[0], 1) if all(seconds) else 0.0


def _seconds(text: str) -> float:
    word, _, number = text.strip().partition(" ")
    try:
        return float(number) if word == "seconds" else 0.0
    except ValueError:
        return 0.0


def was_tried(platform: Platform, emulator: Emulator, folder: Path = Path(OWN_FOLDER)) -> bool:
    """Return whether a newer version was measured against this one, and was no faster."""
    try:
        kept = (folder / f"qemu-{platform.qemu}.kept").read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False
    return bool(emulator.version) and emulator.version in kept.splitlines()


def _read(memory: Path | None) -> tuple[Measured, ...]:
    if memory is None:
        return ()
    try:
        return msgspec.json.decode(memory.read_bytes(), type=tuple[Measured, ...])
    except (OSError, msgspec.DecodeError):
        return ()


def _write(memory: Path | None, known: tuple[Measured, ...]) -> None:
    if memory is None:
        return
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = memory.with_name(f"{memory.name}.{os.getpid()}")
        new.write_bytes(msgspec.json.encode(known))
        new.replace(memory)
