"""`make bench PARTS=checks`: the checks of all lanes beside a bare run, and by hand.

All in one run, in turns. *bare* is `docker run IMAGE python -c pass`. *by hand* is the floor of
what is asked: the image's own command until it is healthy, and its clients' import in the same
container. Both are done with the emulator as it is set up and, emulated, also with the CPU that
the checks choose for it. *ours* are the checks that run the image; *ours, all* the static ones too.
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
from openhqm_tui.domain.platforms import Platform, parse_platforms
from openhqm_tui.engine.docker.facts import read_facts
from openhqm_tui.run.checks.container import EMULATED_CPU, ask
from openhqm_tui.run.checks.lane import check_lane, index_of
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
    """One image on one platform, and what is asked of it."""

    image: str
    variant: str
    platform: Platform
    emulated: bool
    expected: Expectation

    @property
    def cpu(self) -> list[str]:
        """Words for `docker run` that make its emulator the one of the checks."""
        told = EMULATED_CPU.get(self.platform.arch) if self.emulated else None
        return ["--env", f"QEMU_CPU={told}"] if told else []


def measure(asked: argparse.Namespace) -> list[Row]:
    """Run all rounds, print the tables, keep the figures and return the rows."""
    wanted = [lane for lane in _lanes(asked.images) if lane.variant in asked.checks_variants]
    lanes = [lane for lane in wanted if _is_there(lane.image)]
    if missing := sorted({lane.image for lane in wanted} - {lane.image for lane in lanes}):
        sys.stderr.write(f"checks: left out, as the engine has no {', '.join(missing)}\n")
    if not lanes:
        return []
    rounds: dict[str, list[float]] = {}
    # Ten times as long as the rest together: once, of one lane, is enough to know its order.
    slow = next((lane for lane in lanes if lane.emulated), None)
    for number in range(asked.checks_rounds):
        for lane in lanes:
            _one_lane(lane, rounds, default_cpu=number == 0 and lane is slow)
        for name, work in (("bare", _bare), ("by hand", _by_hand), ("ours", _ours)):
            for kind in KINDS:
                some = [lane for lane in lanes if lane.emulated == (kind == "emulated")]
                rounds.setdefault(f"{kind} lanes, {name}", []).append(_side_by_side(work, some))
        # After each round: a bench that is cut off has measured something all the same.
        _table(lanes, rounds, asked.out)
    sys.stdout.write(_table(lanes, rounds, asked.out))
    return _rows(rounds)


def _is_there(image: str) -> bool:
    command = ("docker", "image", "inspect", image)
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _rows(rounds: dict[str, list[float]]) -> list[Row]:
    """Return a row for each kind of lane: beside the work by hand, and beside a bare run."""
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
        begun = time.monotonic()
        work()
        taken = time.monotonic() - begun
        rounds.setdefault(f"{lane.variant} {lane.platform}, {what}", []).append(taken)
        sys.stderr.write(f"{lane.variant} {lane.platform}, {what}: {taken:.2f} s\n")

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
    """Start the image's own command, wait until it is healthy, import its clients beside it."""
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
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as asked:
                asked.settimeout(PATIENCE)
                asked.sendall(b"GET /health HTTP/1.0\r\n\r\n")
                if b" 200 " in asked.recv(64):
                    return
        except OSError:
            pass
        time.sleep(0.005)
    raise SystemExit("it never became healthy")


def _ours(lane: Lane, *, service: bool = True) -> None:
    """Put the running questions; a wrong answer is no measurement."""

    async def work() -> None:
        config = await config_of(lane.image, str(lane.platform))
        assert not isinstance(config, Exception), config
        expected = lane.expected
        if not service:
            expected = msgspec.structs.replace(expected, service=None)
        run_id = f"bench-{secrets.token_hex(4)}"
        asked = await ask(
            lane.image,
            expected,
            own_command=config.command,
            emulated=lane.emulated,
            run_id=run_id,
            lane=lane.variant,
        )
        verdicts = judge_running(expected, asked.said)
        assert is_verified(verdicts), verdicts

    asyncio.run(work())


def _ours_all(lane: Lane) -> None:
    async def work() -> None:
        digest, index = await index_of(lane.image)
        run_id = f"bench-{secrets.token_hex(4)}"
        reference = f"{lane.image.rpartition(':')[0]}@{digest}"
        checked = await check_lane(
            reference, lane.expected, index, emulated=lane.emulated, run_id=run_id, lane="it"
        )
        assert is_verified(checked.verdicts), checked.verdicts

    asyncio.run(work())


def _side_by_side(work: Callable[[Lane], None], lanes: Iterable[Lane]) -> float:
    """Do the work of many lanes, as many at once as there are processors, emulated ones first."""

    async def every() -> None:
        at_once = asyncio.Semaphore(os.cpu_count() or 1)

        async def one(lane: Lane) -> None:
            async with at_once:
                await asyncio.to_thread(work, lane)

        tasks: list[Awaitable[None]] = [
            one(lane) for lane in sorted(lanes, key=lambda lane: not lane.emulated)
        ]
        await asyncio.gather(*tasks)

    begun = time.monotonic()
    asyncio.run(every())
    return time.monotonic() - begun


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{ran.stderr.decode('utf-8', 'replace')[-2000:]}")


def _table(lanes: list[Lane], rounds: dict[str, list[float]], out: Path) -> str:
    """Keep the figures, and return them as a table."""

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
            told = median(f"{name}, ours") / median(f"{name}, {other}")
            ratios[f"{name}, ours / {other}"] = told
        cells = [cell(f"{name}, {kind}") for kind in kinds]
        told_ratios = [f"{ratios[f'{name}, ours / {other}']:.2f}" for other in ("bare", "by hand")]
        lines.append(f"| {name} | " + " | ".join([*cells, *told_ratios]) + " |")
    lines += ["", "| lanes side by side | bare | by hand | ours | ours / bare | ours / by hand |"]
    lines.append("|---" * 6 + "|")
    for kind in KINDS:
        names = [f"{kind} lanes, {what}" for what in ("bare", "by hand", "ours")]
        for what, name in zip(("bare", "by hand"), names, strict=False):
            ratios[f"{kind} lanes, ours / {what}"] = median(names[2]) / median(name)
        told_ratios = [f"{median(names[2]) / median(name):.2f}" for name in names[:2]]
        cells = [cell(name) for name in names]
        lines.append(f"| {kind} | " + " | ".join([*cells, *told_ratios]) + " |")
    loads = " ".join(f"{load:.1f}" for load in os.getloadavg())
    text = f"Seconds: median (least–most). Load at the end: {loads}.\n\n" + "\n".join(lines) + "\n"
    out.mkdir(exist_ok=True)
    (out / "checks.md").write_text(text, encoding="utf-8")
    figures = {"rounds": rounds, "ratios": ratios}
    (out / "checks.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return text
