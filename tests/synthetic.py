"""Synthetic runs, as varied as real ones and reproducible by seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

from openhqm_tui.domain.checks.layer_manifest import ImageLayer
from openhqm_tui.domain.history.record import (
    LaneRecord,
    RunRecord,
    StepRecord,
    TargetRecord,
    VerdictRecord,
)
from tests.eight_variants import EIGHT_NAMES

BOTH = ("linux/amd64", "linux/arm64")
DAY = 86400.0
CHECKS = (
    *("index", "architecture", "labels", "env", "health-check", "command", "binaries", "setuid"),
    *("compilers", "caches", "secrets", "size", "machine", "python", "library", "extensions"),
    *("byte-code", "clients", "absent", "user", "service"),
)
_STEPS = (
    *("lock 1/2 COPY requirements.txt /", "lock 2/2 RUN resolve", "core 1/1 RUN uv pip install"),
    *("backend 1/1 RUN uv pip install", "image 1/2 COPY --link --from=core", "image 2/2 COPY app"),
)


def synthetic_runs(count: int, *, seed: int = 7, now: float = 1_795_446_840.0) -> list[RunRecord]:
    """Return `count` runs, oldest first: warm, cold, failed, with few or all variants.

    Sizes and times grow slowly, so that trends are visible.
    """
    dice = random.Random(seed)
    found = []
    created = now - count * 0.2 * DAY
    for number in range(count):
        created += dice.uniform(0.05, 0.35) * DAY
        found.append(_run(dice, number, created))
    return found


def _run(dice: random.Random, number: int, created: float) -> RunRecord:
    names = list(EIGHT_NAMES) if dice.random() < 0.5 else dice.sample(EIGHT_NAMES, 2)
    cold = dice.random() < 0.35
    fails = dice.random() < 0.1
    growth = 1.0 + number / 2000
    targets = tuple(
        _target(dice, name, cold=cold, fails=fails and name == names[-1], growth=growth)
        for name in names
    )
    return RunRecord(
        id=f"synthetic-{number:05}",
        created=created,
        status="failed" if fails else "passed",
        seconds=max(target.seconds for target in targets),
        last=created + 60.0,
        engine="29.1.0" if number < 500 else "29.2.0",
        buildx="0.29.1",
        host="linux/amd64",
        base="openhqm-base:3.13-debian",
        source="bundled",
        context="/openhqm",
        dockerfile="/openhqm/Dockerfile",
        revision=f"{number // 5:040x}",
        ended_targets=tuple(names),
        targets=targets,
    )


def _target(
    dice: random.Random, name: str, *, cold: bool, fails: bool, growth: float
) -> TargetRecord:
    steps = tuple(_steps(dice, cold=cold, growth=growth))
    build = max(step.end for step in steps) + 0.5
    lanes = tuple(
        _lane(dice, name, platform, build, cold=cold, fails=fails, growth=growth)
        for platform in BOTH
    )
    return TargetRecord(
        name=name,
        variant=name,
        status="failed" if fails else "passed",
        outcome="failed" if fails else "passed",
        attempt=1,
        tags=(f"openhqm:latest-{name}",),
        build_seconds=build,
        seconds=max(lane.seconds for lane in lanes),
        lanes=lanes,
        steps=steps,
    )


def _steps(dice: random.Random, *, cold: bool, growth: float) -> Iterator[StepRecord]:
    for platform in BOTH:
        at = 0.4
        for label in _STEPS:
            takes = dice.lognormvariate(0.6, 0.7) * growth if cold else 0.0
            how = "native" if platform == BOTH[0] else "cross"
            yield StepRecord(
                label=label,
                platform=platform,
                how=how,
                cached=not cold,
                start=at,
                end=at + takes,
                on_path=platform == BOTH[1],
            )
            at += takes


def _lane(
    dice: random.Random,
    name: str,
    platform: str,
    build: float,
    *,
    cold: bool,
    fails: bool,
    growth: float,
) -> LaneRecord:
    check_seconds = dice.uniform(0.8, 1.5) * (1 if platform == BOTH[0] else 6)
    own = 4_000_000 * (1 + EIGHT_NAMES.index(name))
    size = int((30_000_000 + own) * growth)
    failing = dice.choice(CHECKS) if fails else ""
    return LaneRecord(
        platform=platform,
        status="failed" if fails else "passed",
        how="native" if platform == BOTH[0] else "cross",
        seconds=build + check_seconds,
        check_seconds=check_seconds,
        emulated=platform != BOTH[0],
        size=size,
        unpacked=3 * size,
        steps=len(_STEPS),
        cached=0 if cold else len(_STEPS),
        layers=tuple(
            ImageLayer(digest=f"sha256:{name}{platform}{part}{int(growth * 50)}", size=size // 5)
            for part in range(5)
        ),
        packages={"redis": f"7.{int(growth * 20)}.0", "fastapi": "0.121.3"},
        verdicts=tuple(
            VerdictRecord(
                check=check, answer="fail" if check == failing else "pass", evidence="as it must be"
            )
            for check in CHECKS
        ),
    )
