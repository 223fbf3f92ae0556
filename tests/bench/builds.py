"""`make bench`, builds: compared with one bake of the same plan and with a sequential build.

Everything runs on the real engine, alternating. **The engine's build cache is emptied** before each
cold round.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.source.base_image import choose_base
from openhqm_tui.store.paths import bundled
from openhqm_tui.store.run_folder import runs_folder
from tests.bench import images
from tests.bench.rows import Row
from tests.bench.sharing import sharing_of, streams_of
from tests.our_variants import VARIANT_NAMES
from tests.waiting import until

PART = "Builds of all 8 × 2"
NAME = "openhqm-tui-bench"
CLASSIC = f"{NAME}-classic"
AMD64, ARM64 = "linux/amd64", "linux/arm64"
BOTH = f"{AMD64},{ARM64}"
HERE = Path(__file__).parent
OURS = (sys.executable, "-m", "openhqm_tui")
ENVIRONMENT = dict(os.environ) | {"BUILDX_BAKE_ENTITLEMENTS_FS": "0"}

Rounds = dict[str, list[float]]


def measure(options: argparse.Namespace) -> list[Row]:
    """Run all rounds in their own state folder and return the rows."""
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        os.environ["OPENHQM_TUI_STATE_DIR"] = ENVIRONMENT["OPENHQM_TUI_STATE_DIR"] = folder
        return build(options, Path(folder))


def build(options: argparse.Namespace, folder: Path) -> list[Row]:
    plan = folder / "plan.json"
    plan.write_bytes(run(*OURS, "plan", *words_for(BOTH)))
    ours = command_for(BOTH)
    bake = ("docker", "buildx", "bake", "-f", str(plan), "--progress", "plain")

    rounds: Rounds = {}
    cpu = count_own_cpu(folder)
    in_turns(rounds, options.cold, forget, {"ours, cold": ours, "one bake, cold": bake})
    cold_cpu = read_own_cpu(cpu, 2 * options.cold)
    rows = [
        Row(PART, *pair("ours, cold", "one bake, cold", rounds), ("≤", 0.95)),
        own_cpu_row(cold_cpu, rounds["ours, cold"]),
        shared_row(folder),
    ]
    in_turns(rounds, options.warm, nothing, {"ours, warm": ours, "one bake, warm": bake})
    rows.insert(1, Row(PART, *pair("ours, warm", "one bake, warm", rounds), ("≤", 1.8)))
    weights = images.weigh({variant: f"{NAME}:latest-{variant}" for variant in VARIANT_NAMES})
    pushed = images.push_row(NAME, VARIANT_NAMES)
    theirs: images.Weights = {}
    if not options.no_classic:
        platforms = (AMD64, ARM64) if options.full else (AMD64,)
        rows.append(classic_row(platforms, options.classic_variants, theirs))
        # Build ours again, because the part `checks` needs the images.
        run(*ours)
    rows += images.rows_of(weights, images.base_layers(BOTH), theirs)
    return rows + ([pushed] if pushed else [])


def words_for(platforms: str, variants: Sequence[str] = VARIANT_NAMES) -> tuple[str, ...]:
    backends = [word for variant in variants for word in ("--backend", variant)]
    return (*backends, "--platforms", platforms, "--name", NAME)


def command_for(platforms: str, variants: Sequence[str] = VARIANT_NAMES) -> tuple[str, ...]:
    return (*OURS, "build", *words_for(platforms, variants), "--no-check", "--format", "plain")


def pair(ours: str, theirs: str, rounds: Rounds) -> tuple[str, str, list[float], str, list[float]]:
    """Return the middle fields of a row: name, unit, and the rounds of both."""
    return ours, "s", rounds[ours], theirs, rounds[theirs]


def classic_row(platforms: Sequence[str], variants: Sequence[str], weights: images.Weights) -> Row:
    """Measure the sequential build, one platform at a time, with ours before, between and after.

    The machine's load drifts over the hour that this may take. The sizes of the images of the
    sequential build are added to `weights` before the images are removed.
    """
    ours = command_for(",".join(platforms), variants)
    rounds: Rounds = {}
    seconds = 0.0
    in_turns(rounds, 1, forget, {"ours, cold": ours})
    for platform in platforms:
        forget()
        seconds += sum(classic(variant, platform) for variant in variants)
        weights |= images.weigh({variant: f"{CLASSIC}:{variant}" for variant in variants})
        in_turns(rounds, 1, forget, {"ours, cold": ours})
    whole = len(platforms) == 2 and set(variants) == set(VARIANT_NAMES)
    where = "both platforms" if len(platforms) == 2 else f"{platforms[0]} only"
    which = "" if set(variants) == set(VARIANT_NAMES) else f", of {' '.join(variants)}"
    return Row(
        PART,
        f"sequential build, {where}{which}",
        "s",
        [seconds],
        "ours, cold (before, between, after)",
        rounds["ours, cold"],
        ("≥", 80) if whole else None,
    )


def count_own_cpu(folder: Path) -> Path:
    """Have every Python of ours record its CPU time; return the folder of the records."""
    cpu = folder / "cpu"
    cpu.mkdir()
    found = (str(HERE / "own_cpu"), os.environ.get("PYTHONPATH", ""))
    ENVIRONMENT["PYTHONPATH"] = os.pathsep.join(filter(None, found))
    ENVIRONMENT["BENCH_OWN_CPU"] = str(cpu)
    return cpu


def read_own_cpu(cpu: Path, processes: int) -> list[float]:
    """Return the recorded CPU seconds of each of our processes and stop counting."""
    del ENVIRONMENT["PYTHONPATH"], ENVIRONMENT["BENCH_OWN_CPU"]
    # The following command may end before its runner.
    until(
        lambda: len(list(cpu.glob("*.json"))) >= processes,
        "command and runner recorded their CPU time",
    )
    return [float(json.loads(file.read_bytes())["seconds"]) for file in cpu.glob("*.json")]


def own_cpu_row(seconds: Sequence[float], walls: Sequence[float]) -> Row:
    """Return the CPU time of a build's own processes: the following command and the runner."""
    mean = sum(seconds) / len(walls)
    return Row(
        PART, "CPU of command and runner, cold", "s", [mean], "wall time", walls, ("≤", 0.05)
    )


def shared_row(state: Path) -> Row:
    """Return how often the steps shared by targets ran in the last run."""
    last = max(path for path in runs_folder(state).iterdir() if path.is_dir())
    shared = sharing_of(streams_of(last))
    return Row(
        PART,
        "executions of shared steps, cold",
        "",
        [shared.executions],
        "such steps",
        [shared.steps],
        ("≤", 1.0),
    )


def in_turns(
    rounds: Rounds,
    count: int,
    before: Callable[[], None],
    commands: dict[str, Sequence[str]],
) -> None:
    """Time the commands alternately, so that a slow minute of the machine affects all of them."""
    for number in range(count):
        turn = list(commands.items())
        for name, command in turn if number % 2 == 0 else turn[::-1]:
            before()
            started = time.monotonic()
            run(*command)
            rounds.setdefault(name, []).append(time.monotonic() - started)
            report(f"{name}: {rounds[name][-1]:.2f} s")


def classic(variant: str, platform: str) -> float:
    """Build a variant for a platform with a plain `buildx build`, cold; return the seconds."""
    base = choose_base(parse_platforms(BOTH), explicit=None)
    extra: list[str] = []
    if base.mapped:
        extra += ["--build-context", f"python:3.13-slim=docker-image://{base.ref}"]
    if bundle := os.environ.get("SSL_CERT_FILE"):
        extra += ["--secret", f"id=ca-bundle,src={bundle}"]
    before = time.monotonic()
    run(
        *("docker", "buildx", "build", "--load", "--provenance=false", "--platform", platform),
        *("--build-arg", f"QUEUE_BACKEND={variant}", *extra),
        *("-t", f"{CLASSIC}:{variant}", "-f", str(HERE / "classic.Dockerfile")),
        str(bundled("context")),
    )
    seconds = time.monotonic() - before
    report(f"classic {variant} {platform}: {seconds:.1f} s")
    return seconds


def forget() -> None:
    """Remove our images and the build cache, including cache mounts."""
    images = run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").decode().split()
    ours = [image for image in images if image.startswith(NAME)]
    if ours:
        run("docker", "image", "rm", "--force", *ours)
    run("docker", "buildx", "prune", "--all", "--force")


def nothing() -> None:
    """A warm round needs no preparation."""


def run(*command: str) -> bytes:
    ran = subprocess.run(command, capture_output=True, check=False, env=ENVIRONMENT)
    if ran.returncode != 0:
        output = ran.stderr.decode("utf-8", "replace")[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}:\n{output}")
    return ran.stdout


def report(text: str) -> None:
    sys.stderr.write(f"{text}\n")
