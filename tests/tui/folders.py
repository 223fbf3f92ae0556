"""Run folders made by hand, with real journal files, so that the console reads them as usual."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openhqm_tui.domain.checks.catalog import check_named
from openhqm_tui.domain.checks.check import Group
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.plan.bake import Plan
from openhqm_tui.domain.plan.builders import NodeInfo
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.eight_variants import EIGHT_NAMES
from tests.our_variants import OUR_CHECKS

# 23 November 2026, 15:14:00 UTC
T0 = 1795446840.0
ID = "20261123-151400-3fa9"
BOTH = ("linux/amd64", "linux/arm64")
EIGHT = EIGHT_NAMES

STEPS: tuple[tuple[str, str, list[str]], ...] = (
    ("tools 1/2", "RUN --mount=type=cache,target=/root/.cache uv --version", ["uv 0.9.11"]),
    (
        "core 1/2",
        "RUN uv pip install --target /layer -r requirements.txt",
        [
            "Resolved 14 packages in 212ms",
            "\x1b[2mPrepared \x1b[0m\x1b[1m14 packages\x1b[0m \x1b[2min 1.41s\x1b[0m",
            " \x1b[32m+\x1b[39m \x1b[1mfastapi\x1b[0m\x1b[2m==0.121.3\x1b[0m",
            " \x1b[32m+\x1b[39m \x1b[1mpydantic\x1b[0m\x1b[2m==2.12.4\x1b[0m",
            " \x1b[32m+\x1b[39m \x1b[1muvicorn\x1b[0m\x1b[2m==0.38.0\x1b[0m",
        ],
    ),
    (
        "core 2/2",
        "RUN python3 -m compileall -q -j 0 /layer",
        ["Listing '/layer'...", "1204 files compiled"],
    ),
    (
        "backend 1/1",
        "RUN uv pip install --target /layer -r requirements-queue-$QUEUE_BACKEND.txt",
        [
            "Resolved 3 packages in 88ms",
            " \x1b[32m+\x1b[39m \x1b[1mredis\x1b[0m\x1b[2m==7.1.0\x1b[0m",
        ],
    ),
    ("final 1/1", "COPY --link --from=backend /layer /opt/openhqm", []),
)


def verdicts(platform: str, **answers: Answer) -> tuple[Verdict, ...]:
    """Return one verdict per check: a pass, unless `answers` (health_check=…) says otherwise."""
    machine = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}.get(platform, "x86_64")
    how = "native" if platform == "linux/amd64" else "emulated"
    seen = {
        "index": "linux/amd64, linux/arm64",
        "architecture": platform,
        "labels": "queue.backend=redis, org.opencontainers.image.version=latest",
        "env": "OPENHQM_QUEUE_BACKEND=redis, PYTHONPATH=/app/src",
        "health-check": "python -ISc 'import socket'",
        "command": "python -m openhqm.api.listener",
        "binaries": f"142 files, all {machine}",
        "setuid": "none",
        "compilers": "none",
        "caches": "none",
        "secrets": "none in 7 layers",
        "size": "60.2 MB of 70 MB",
        "machine": f"{machine}, linux-{machine}",
        "python": "CPython 3.13.5",
        "library": "ssl, sqlite3, ctypes, zoneinfo",
        "extensions": "pydantic_core, yaml._yaml",
        "byte-code": "of all 512 modules",
        "clients": f"Redis 7.1.0 on {machine}",
        "absent": "none of aiokafka, boto3, azure-eventhub",
        "user": "uid 1000",
        "service": "200 in 1.2 s",
    }
    return tuple(
        Verdict(
            check=check,
            answer=answers.get(check.replace("-", "_"), Answer.PASS),
            evidence=seen[check],
            expected=seen[check] if check in {"architecture", "user"} else "",
            how=how if check_named(check).group is Group.RUNNING else "",
        )
        for check in OUR_CHECKS
    )


class Made:
    """A growing run folder; every method writes what the runner or Buildx would."""

    def __init__(
        self,
        state: Path,
        targets: tuple[str, ...] | dict[str, tuple[str, ...]] = ("redis", "kafka"),
        *,
        id: str = ID,
        created: float = T0,
        check: bool = True,
        host: str = "linux/amd64",
        driver: str = "docker",
        nodes: tuple[NodeInfo, ...] = (),
    ) -> None:
        rows = targets if isinstance(targets, dict) else dict.fromkeys(targets, BOTH)
        self.created = created
        info = RunInfo(
            id=id,
            created=created,
            targets=tuple(
                TargetInfo(name=t, variant=t, platforms=p, tags=(f"openhqm:latest-{t}",))
                for t, p in rows.items()
            ),
            host=host,
            driver=driver,
            nodes=nodes,
            engine="29.1.0",
            check=check,
            base="python:3.13-slim",
            source="bundled",
        )
        self.rows = rows
        self.run = RunFolder.create(runs_folder(state) / id, info, Plan(targets=()))
        self._lock: int | None = None

    def hold(self) -> Made:
        """Lock the run as a runner would: it is live from now on."""
        self._lock = self.run.lock()
        return self

    def release(self) -> None:
        """Release the lock as a runner does when it exits or dies."""
        import os

        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def at(self, seconds: float) -> float:
        """Return the time so many seconds after the start."""
        return self.created + seconds

    def start(self) -> Made:
        """Start the runner."""
        self.run.append(events.RunStarted(at=self.created, pid=1))
        return self

    def end(self, outcome: Outcome, seconds: float) -> Made:
        """End the run."""
        self.run.append(events.RunEnded(at=self.at(seconds), outcome=outcome))
        self.release()
        return self

    def begin(self, target: str, seconds: float = 0.5, attempt: int = 1) -> Made:
        """Start building a target."""
        stream = self.run.stream_name(target, attempt)
        (self.run.path / stream).touch()
        self.run.append(
            events.TargetStarted(at=self.at(seconds), target=target, attempt=attempt, stream=stream)
        )
        return self

    def finish(
        self, target: str, outcome: Outcome, seconds: float, reason: str = "", attempt: int = 1
    ) -> Made:
        """End the build of a target."""
        self.run.append(
            events.TargetEnded(
                at=self.at(seconds),
                target=target,
                attempt=attempt,
                outcome=outcome,
                exit_code=0 if outcome is Outcome.PASSED else 1,
                digest="sha256:" + "82df75d2" * 8 if outcome is Outcome.PASSED else "",
                reason=reason,
            )
        )
        return self

    def check(self, target: str, platform: str, seconds: float, **answers: Answer) -> Made:
        """Find and check the image of a lane."""
        emulated = platform != "linux/amd64"
        self.run.append(
            events.ImageSeen(
                at=self.at(seconds),
                target=target,
                platform=platform,
                digest="sha256:" + "5cd611e9" * 8,
                content_size=61_400_000 if emulated else 60_200_000,
                unpacked_size=182_000_000,
            )
        )
        self.run.append(
            events.CheckStarted(
                at=self.at(seconds), target=target, platform=platform, emulated=emulated
            )
        )
        self.run.append(
            events.LaneChecked(
                at=self.at(seconds + 0.9),
                target=target,
                platform=platform,
                verdicts=verdicts(platform, **answers),
                emulated=emulated,
            )
        )
        return self

    def write(self, target: str, *records: dict[str, object] | str, attempt: int = 1) -> Made:
        """Write records of Buildx, or plain text of an error."""
        lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
        with (self.run.path / self.run.stream_name(target, attempt)).open("a") as stream:
            stream.write("".join(f"{line}\n" for line in lines))
        return self

    def step(
        self,
        target: str,
        name: str,
        started: float | None = None,
        ended: float | None = None,
        *,
        cached: bool = False,
        error: str = "",
        log: str | bytes = b"",
        stream: int = 1,
    ) -> Made:
        """Write a step: its start, its output, its end."""
        data = log.encode() if isinstance(log, str) else log
        vertex: dict[str, object] = {"digest": f"sha256:{target}-{name}", "name": name}
        if started is not None:
            vertex["started"] = _moment(self.at(started))
            self.write(target, {"vertexes": [vertex]})
        if data:
            entry = {
                "vertex": vertex["digest"],
                "stream": stream,
                "data": base64.b64encode(data).decode(),
                "timestamp": _moment(self.at(started or 0)),
            }
            self.write(target, {"logs": [entry]})
        if ended is not None or started is None:
            done = dict(vertex)
            if ended is not None:
                done["completed"] = _moment(self.at(ended))
            if cached:
                done["cached"] = True
            if error:
                done["error"] = error
            self.write(target, {"vertexes": [done]})
        return self

    def build(self, target: str, steps: int = len(STEPS), started: float = 1.0) -> Made:
        """Build the first `steps` steps of every lane; the next one is running."""
        for platform in self.rows[target]:
            self.lane(target, platform, steps, started)
        return self

    def lane(
        self, target: str, platform: str, steps: int, started: float, *, ends: bool = False
    ) -> Made:
        """Build one lane; the step after its first `steps` is running, or with `ends` cancelled."""
        slow = 1.0 if platform == "linux/amd64" else 1.6
        for index, (place, title, log) in enumerate(STEPS):
            name = f"[{platform} {place}] {title}"
            if index == 0:
                self.step(target, name, started, started, cached=True)
                continue
            start = started + slow * (index - 1)
            text = "".join(f"{line}\n" for line in log)
            if index < steps:
                self.step(target, name, start, start + slow * 0.97, log=text)
            elif index == steps and ends:
                self.step(target, name, start, started + 5.7, error="Canceled", log=text)
            elif index == steps:
                self.step(target, name, start, log=text)
            else:
                self.step(target, name)
        return self

    def fail(self, target: str, started: float = 1.0) -> Made:
        """Build a target whose last lane fails because of a wrong requirement."""
        *others, platform = self.rows[target]
        for other in others:
            self.lane(target, other, 3, started, ends=True)
        for index, (place, title, log) in enumerate(STEPS[:3]):
            text = "".join(f"{line}\n" for line in log)
            start = started + 1.6 * index
            self.step(target, f"[{platform} {place}] {title}", start, start + 1.5, log=text)
        name = f"[{platform} backend 1/1] {STEPS[3][1]}"
        error = (
            'process "/bin/sh -c uv pip install --target /layer -r requirements-queue-'
            'kafka.txt" did not complete successfully: exit code: 1'
        )
        self.step(
            target,
            name,
            started + 4.8,
            started + 5.6,
            error=error,
            log="  × No solution found when resolving dependencies:\n"
            "  ╰─▶ Because there is no version of aiokafka==9.9.9 and you require\n"
            "      aiokafka==9.9.9, we can conclude that your requirements are\n"
            "      unsatisfiable.\n",
        )
        self.write(
            target,
            "Dockerfile:74",
            "--------------------",
            "  72 |     COPY requirements-queue-${QUEUE_BACKEND}.txt .",
            "  73 |     ",
            "  74 | >>> RUN uv pip install -r requirements-queue-$QUEUE_BACKEND.txt",
            "  75 |     ",
            "--------------------",
            f"ERROR: target {target}: failed to solve: {error}",
        )
        return self.finish(target, Outcome.FAILED, started + 5.8, reason="exit code 1")


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def running(
    state: Path, targets: tuple[str, ...] = ("redis", "kafka"), steps: int = 3, **more: Any
) -> Made:
    """Return a live run during its build."""
    made = Made(state, targets, **more).hold().start()
    for index, target in enumerate(targets):
        if index < 6:
            made.begin(target, 0.5 + 0.1 * index).build(target, max(2, steps - index % 3))
    return made


def passed(
    state: Path,
    targets: tuple[str, ...] = ("redis", "kafka"),
    *,
    id: str = ID,
    created: float = T0,
    check: bool = True,
) -> Made:
    """Return a finished run with every image verified, or only built without `check`."""
    made = Made(state, targets, id=id, created=created, check=check).start()
    for target in targets:
        made.begin(target).build(target, 5).finish(target, Outcome.PASSED, 7.4)
        for platform in made.rows[target] if check else ():
            made.check(target, platform, 7.6)
    return made.end(Outcome.PASSED, 9.0)


def failed(
    state: Path, targets: tuple[str, ...] = ("redis", "kafka"), *, id: str = ID, created: float = T0
) -> Made:
    """Return a finished run whose last target failed to build."""
    made = Made(state, targets, id=id, created=created).start()
    for target in targets[:-1]:
        made.begin(target).build(target, 5).finish(target, Outcome.PASSED, 7.4)
        for platform in made.rows[target]:
            made.check(target, platform, 7.6)
    made.begin(targets[-1]).fail(targets[-1])
    return made.end(Outcome.FAILED, 9.0)
