"""`make bench`, builds: ours beside one bake of the same plan, and beside the classic way.

Everything runs on the real engine, in turns. **It empties the engine's build cache** before each
cold round.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.base_image import choose_base
from openhqm_tui.engine.images import read_index
from openhqm_tui.store.places import bundled
from tests.bench.rows import Row, Wanted
from tests.our_variants import VARIANT_NAMES

PART = "Builds of all 8 × 2"
NAME = "openhqm-tui-bench"
BOTH = "linux/amd64,linux/arm64"
HERE = Path(__file__).parent
OURS = (sys.executable, "-m", "openhqm_tui")
ENVIRONMENT = dict(os.environ) | {"BUILDX_BAKE_ENTITLEMENTS_FS": "0"}

Rounds = dict[str, list[float]]
Sizes = dict[str, dict[str, int]]


def measure(asked: argparse.Namespace) -> list[Row]:
    """Run all rounds in a state folder of their own, and return the rows."""
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        os.environ["OPENHQM_TUI_STATE_DIR"] = ENVIRONMENT["OPENHQM_TUI_STATE_DIR"] = folder
        return rows_of(*build(asked, Path(folder)))


def build(asked: argparse.Namespace, folder: Path) -> tuple[Rounds, Sizes]:
    words = ("--build-all", "--platforms", BOTH, "--name", NAME)
    plan = folder / "plan.json"
    plan.write_bytes(run(*OURS, "plan", *words))
    ours = (*OURS, "build", *words, "--no-check", "--format", "plain")
    bake = ("docker", "buildx", "bake", "-f", str(plan), "--progress", "plain")

    rounds: Rounds = {}
    in_turns(rounds, asked.cold, forget, {"ours, cold": ours, "one bake, cold": bake})
    in_turns(rounds, asked.warm, nothing, {"ours, warm": ours, "one bake, warm": bake})
    sizes = own_sizes()
    if not asked.no_classic:
        amd64, both = parse_platforms("linux/amd64"), parse_platforms(BOTH)
        only = ("--build-all", "--platforms", "linux/amd64", "--name", NAME)
        ours_amd64 = (*OURS, "build", *only, "--no-check", "--format", "plain")
        in_turns(rounds, asked.cold, forget, {"ours, cold, amd64 only": ours_amd64})
        rounds["classic way, amd64 only"] = [classic(map(str, amd64))]
        if asked.full:
            rounds["classic way, both"] = [classic(map(str, both))]
    return rounds, sizes


def own_sizes() -> Sizes:
    """Return the compressed bytes that each variant adds to its base, by platform."""
    base = choose_base(parse_platforms(BOTH), explicit=None).ref
    under = {image.platform: image.content_size for image in read_index(base)[1]}
    return {
        variant: {
            image.platform: image.content_size - under.get(image.platform, 0)
            for image in read_index(f"{NAME}:latest-{variant}")[1]
        }
        for variant in VARIANT_NAMES
    }


def in_turns(
    rounds: Rounds,
    count: int,
    before: Callable[[], None],
    commands: dict[str, Sequence[str]],
) -> None:
    """Time the commands in turns, so that a slow minute of the machine hits all of them."""
    for number in range(count):
        turn = list(commands.items())
        for name, command in turn if number % 2 == 0 else turn[::-1]:
            before()
            started = time.monotonic()
            run(*command)
            rounds.setdefault(name, []).append(time.monotonic() - started)
            say(f"{name}: {rounds[name][-1]:.2f} s")


def classic(platforms: Sequence[str] | map[str]) -> float:
    """Build every variant on each platform, one `buildx build` after the other, cold."""
    forget()
    base = choose_base(parse_platforms(BOTH), explicit=None)
    context = str(bundled("context"))
    extra: list[str] = []
    if base.mapped:
        extra += ["--build-context", f"python:3.13-slim=docker-image://{base.ref}"]
    if bundle := os.environ.get("SSL_CERT_FILE"):
        extra += ["--secret", f"id=ca-bundle,src={bundle}"]
    started = time.monotonic()
    for platform in platforms:
        for variant in VARIANT_NAMES:
            before = time.monotonic()
            run(
                *("docker", "buildx", "build", "--load", "--provenance=false", "--platform"),
                *(platform, "--build-arg", f"QUEUE_BACKEND={variant}", *extra),
                *("-t", f"{NAME}-classic:{variant}", "-f", str(HERE / "classic.Dockerfile")),
                context,
            )
            say(f"classic {variant} {platform}: {time.monotonic() - before:.1f} s")
    return time.monotonic() - started


def forget() -> None:
    """Make the engine forget what it built: cold means cold, cache mounts included."""
    images = run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").decode().split()
    ours = [image for image in images if image.startswith(NAME)]
    if ours:
        run("docker", "image", "rm", "--force", *ours)
    run("docker", "buildx", "prune", "--all", "--force")


def nothing() -> None:
    """A warm round needs no preparation."""


def rows_of(rounds: Rounds, sizes: Sizes) -> list[Row]:
    """Return what was measured as rows."""
    pairs: list[tuple[str, str, Wanted | None]] = [
        ("ours, cold", "one bake, cold", ("≤", 0.95)),
        ("ours, warm", "one bake, warm", ("≤", 1.8)),
        ("ours, cold, amd64 only", "classic way, amd64 only", None),
        ("ours, cold", "classic way, both", ("≤", 1 / 80)),
    ]
    rows = [
        Row(PART, left, "s", rounds[left], right, rounds[right], wanted)
        for left, right, wanted in pairs
        if left in rounds and right in rounds
    ]
    for variant, own in sizes.items():
        rows += [
            Row(PART, f"{variant}, own bytes on {platform}", "MB", [size])
            for platform, size in own.items()
        ]
    return rows


def run(*command: str) -> bytes:
    ran = subprocess.run(command, capture_output=True, check=False, env=ENVIRONMENT)
    if ran.returncode != 0:
        said = ran.stderr.decode("utf-8", "replace")[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}:\n{said}")
    return ran.stdout


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
