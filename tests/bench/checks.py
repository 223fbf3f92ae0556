"""`make bench PARTS=checks`: the checks of all lanes compared with a bare run, and by hand.

All in one run, alternating. *bare* is `docker run IMAGE python -c pass`. *by hand* is the minimum
of the checks: the image's own command until it is healthy, and the import of its clients in the
same container. Both use the emulator as it is set up and, if emulated, also the CPU that the
checks choose for it. *ours* are the checks that run the image; *ours, all* adds the static ones.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from openhqm_tui.domain.checks.catalog import judge_running
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.running.clients import CLIENTS
from openhqm_tui.domain.checks.verdict import is_verified
from openhqm_tui.domain.emulators import EMULATED_CPU
from openhqm_tui.domain.platforms import Platform, parse_platforms
from openhqm_tui.engine.docker.facts import read_facts
from openhqm_tui.run.checks.container import ask
from openhqm_tui.run.checks.lane import check_lane, index_of
from openhqm_tui.run.checks.layer_reader import LayerReader
from openhqm_tui.run.checks.static import config_of
from openhqm_tui.run.start.expectations import expectation_of
from tests.bench.rows import Row, Wanted
from tests.our_variants import VARIANTS

BOTH = parse_platforms("linux/amd64,linux/arm64")
PATIENCE = 300.0
KINDS = ("native", "emulated")
PART = "Checks"
_PEERS: tuple[tuple[str, Wanted | None], ...] = (("by hand", ("≤", 1.0)), ("bare", None))


class Lane(msgspec.Struct, frozen=True):
    """One image on one platform, and its expectations."""

    image: str
    variant: str
    platform: Platform
    emulated: bool
    expected: Expectation

    @property
    def cpu(self) -> list[str]:
        """Arguments for `docker run` that emulate the CPU of the checks."""
        model = EMULATED_CPU.get(self.platform.arch) if self.emulated else None
        return ["--env", f"QEMU_CPU={model}"] if model else []


def measure(options: argparse.Namespace) -> list[Row]:
    """Run all rounds, print and save the tables, and return the rows."""
    wanted = [lane for lane in _lanes(options.images) if lane.variant in options.checks_variants]
    lanes = [lane for lane in wanted if _exists(lane.image)]
    if missing := sorted({lane.image for lane in wanted} - {lane.image for lane in lanes}):
        sys.stderr.write(f"checks: left out, as the engine has no {', '.join(missing)}\n")
    if not lanes:
        return []
    rounds: dict[str, list[float]] = {}
    # Ten times as slow as the rest together: once, for one lane, is enough.
    slow = next((lane for lane in lanes if lane.emulated), None)
    for number in range(options.checks_rounds):
        for lane in lanes:
            _one_lane(lane, rounds, default_cpu=number == 0 and lane is slow)
        for name, work in (("bare", _bare), ("by hand", _by_hand), ("ours", _ours)):
            for kind in KINDS:
                some = [lane for lane in lanes if lane.emulated == (kind == "emulated")]
                rounds.setdefault(f"{kind} lanes, {name}", []).append(_side_by_side(work, some))
        # After each round, so that an interrupted bench has results.
        _table(lanes, rounds, options.out)
    sys.stdout.write(_table(lanes, rounds, options.out))
    return _rows(rounds)


def _exists(image: str) -> bool:
    command = ("docker", "image", "inspect", image)
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _rows(rounds: dict[str, list[float]]) -> list[Row]:
    """Return a row for each kind of lane: compared with the work by hand and with a bare run."""
    return [
        Row(PART, f"{kind} lanes side by side", "s", ours, f"{kind} lanes, {peer}", theirs, limit)
        for kind in KINDS
        for peer, limit in _PEERS
        if (ours := rounds.get(f"{kind} lanes, ours"))
        and (theirs := rounds.get(f"{kind} lanes, {peer}"))
    ]


def _lanes(name: str) -> Iterator[Lane]:
    host = read_facts().host
    for variant in VARIANTS:
        for platform in BOTH:
            emulated = host is not None and not platform.runs_natively_on(host)
            expected = expectation_of(variant, platform, BOTH)
            yield Lane(f"{name}-{variant.name}", variant.name, platform, emulated, expected)


def _one_lane(lane: Lane, rounds: dict[str, list[float]], *, default_cpu: bool) -> None:
    def note(what: str, work: Callable[[], None]) -> None:
        started = time.monotonic()
        work()
        seconds = time.monotonic() - started
        rounds.setdefault(f"{lane.variant} {lane.platform}, {what}", []).append(seconds)
        sys.stderr.write(f"{lane.variant} {lane.platform}, {what}: {seconds:.2f} s\n")

    note("bare", lambda: _bare(lane))
    if lane.emulated:
        note("bare, cheap CPU", lambda: _bare(lane, *lane.cpu))
        if default_cpu:
            note("by hand, default CPU", lambda: _by_hand(lane, default_cpu=True))
    note("by hand", lambda: _by_hand(lane))
    note("ours", lambda: _ours(lane))
    note("ours, no service", lambda: _ours(lane, service=False))
    note("ours, all", lambda: _ours_all(lane))


def _bare(lane: Lane, *words: str) -> None:
    _run(
        *("docker", "run", "--rm", "--network", "none", "--platform", str(lane.platform)),
        *(*words, "--entrypoint", "python", lane.image, "-c", "pass"),
    )


def _by_hand(lane: Lane, *, default_cpu: bool = False) -> None:
    """Start the image's own command, wait until it is healthy, and import its clients."""
    with _container(lane, default_cpu=default_cpu) as (name, port):
        _until_healthy(port)
        modules = (CLIENTS.of(lane.expected) or {}).values()
        imports = ";".join(f"import {module}" for module in modules) or "pass"
        _run("docker", "exec", name, "python", "-c", imports)


@contextmanager
def _container(lane: Lane, *, default_cpu: bool) -> Iterator[tuple[str, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    name = f"openhqm-tui-bench-{secrets.token_hex(4)}"
    _run(
        *("docker", "run", "--rm", "--detach", "--name", name, "--no-healthcheck"),
        *("--platform", str(lane.platform), "--publish", f"127.0.0.1:{port}:8000"),
        *([] if default_cpu else lane.cpu),
        lane.image,
    )
    try:
        yield name, port
    finally:
        _run("docker", "rm", "--force", name)


def _until_healthy(port: int) -> None:
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.settimeout(PATIENCE)
                connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
                if b" 200 " in connection.recv(64):
                    return
        except OSError:
            pass
        time.sleep(0.005)
    raise SystemExit("it never became healthy")


def _ours(lane: Lane, *, service: bool = True) -> None:
    """Run the checks in a container; a failed check aborts the measurement."""

    async def work() -> None:
        config = await config_of(lane.image, str(lane.platform))
        assert not isinstance(config, Exception), config
        expected = lane.expected
        if not service:
            expected = msgspec.structs.replace(expected, service=None)
        run_id = f"bench-{secrets.token_hex(4)}"
        result = await ask(
            lane.image,
            expected,
            own_command=config.command,
            emulated=lane.emulated,
            run_id=run_id,
            lane=lane.variant,
        )
        verdicts = judge_running(expected, result.probe)
        assert is_verified(verdicts), verdicts

    asyncio.run(work())


def _ours_all(lane: Lane) -> None:
    async def work() -> None:
        digest, index = await index_of(lane.image)
        run_id = f"bench-{secrets.token_hex(4)}"
        reference = f"{lane.image.rpartition(':')[0]}@{digest}"
        checked = await check_lane(
            reference,
            lane.expected,
            index,
            LayerReader(),
            emulated=lane.emulated,
            run_id=run_id,
            lane="it",
        )
        assert is_verified(checked.verdicts), checked.verdicts

    asyncio.run(work())


def _side_by_side(work: Callable[[Lane], None], lanes: Iterable[Lane]) -> float:
    """Process many lanes, as many in parallel as there are CPUs, emulated ones first."""

    async def every() -> None:
        slots = asyncio.Semaphore(os.cpu_count() or 1)

        async def one(lane: Lane) -> None:
            async with slots:
                await asyncio.to_thread(work, lane)

        tasks: list[Awaitable[None]] = [
            one(lane) for lane in sorted(lanes, key=lambda lane: not lane.emulated)
        ]
        await asyncio.gather(*tasks)

    started = time.monotonic()
    asyncio.run(every())
    return time.monotonic() - started


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{ran.stderr.decode('utf-8', 'replace')[-2000:]}")


def _table(lanes: list[Lane], rounds: dict[str, list[float]], out: Path) -> str:
    """Save the figures and return them as a table."""

    def median(what: str) -> float:
        return statistics.median(rounds[what]) if what in rounds else float("nan")

    def cell(what: str) -> str:
        times = rounds.get(what)
        return f"{median(what):.2f} ({min(times):.2f}–{max(times):.2f})" if times else ""

    kinds = (
        "bare", "bare, cheap CPU", "by hand", "by hand, default CPU", "ours", "ours, no service",
        "ours, all",
    )  # fmt: skip
    ratios: dict[str, float] = {}
    lines = ["| lane | " + " | ".join(kinds) + " | ours / bare | ours / by hand |"]
    lines.append("|---" * (len(kinds) + 3) + "|")
    for lane in lanes:
        name = f"{lane.variant} {lane.platform}"
        for other in ("bare", "by hand"):
            ratio = median(f"{name}, ours") / median(f"{name}, {other}")
            ratios[f"{name}, ours / {other}"] = ratio
        cells = [cell(f"{name}, {kind}") for kind in kinds]
        shown_ratios = [f"{ratios[f'{name}, ours / {other}']:.2f}" for other in ("bare", "by hand")]
        lines.append(f"| {name} | " + " | ".join([*cells, *shown_ratios]) + " |")
    lines += ["", "| lanes side by side | bare | by hand | ours | ours / bare | ours / by hand |"]
    lines.append("|---" * 6 + "|")
    for kind in KINDS:
        names = [f"{kind} lanes, {what}" for what in ("bare", "by hand", "ours")]
        for what, name in zip(("bare", "by hand"), names, strict=False):
            ratios[f"{kind} lanes, ours / {what}"] = median(names[2]) / median(name)
        shown_ratios = [f"{median(names[2]) / median(name):.2f}" for name in names[:2]]
        cells = [cell(name) for name in names]
        lines.append(f"| {kind} | " + " | ".join([*cells, *shown_ratios]) + " |")
    loads = " ".join(f"{load:.1f}" for load in os.getloadavg())
    text = f"Seconds: median (least–most). Load at the end: {loads}.\n\n" + "\n".join(lines) + "\n"
    out.mkdir(exist_ok=True)
    (out / "checks.md").write_text(text, encoding="utf-8")
    figures = {"rounds": rounds, "ratios": ratios}
    (out / "checks.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return text
