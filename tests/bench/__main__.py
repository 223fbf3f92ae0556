"""`make bench`: ours beside one bake of the same plan, and beside the classic way; the console.

Everything runs on the real engine, side by side in one run: on a noisy machine only the ratios
mean something. **It empties the engine's build cache** before each cold round. With `--console`
the console alone is measured (see tests/bench/console.py), which needs no engine; with `--checks`
the checks of images that are there (see tests/bench/checks.py).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
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
from tests.bench import checks, console, eta, history
from tests.our_variants import VARIANT_NAMES

NAME = "openhqm-tui-bench"
BOTH = "linux/amd64,linux/arm64"
HERE = Path(__file__).parent
OURS = (sys.executable, "-m", "openhqm_tui")
ENVIRONMENT = dict(os.environ) | {"BUILDX_BAKE_ENTITLEMENTS_FS": "0"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the classic way on both platforms")
    parser.add_argument("--cold", type=int, default=3, help="cold rounds (3)")
    parser.add_argument("--warm", type=int, default=7, help="warm rounds (7)")
    parser.add_argument("--no-classic", action="store_true", help="leave the classic way out")
    parser.add_argument("--console", action="store_true", help="the console alone, in a minute")
    parser.add_argument("--checks", action="store_true", help="the checks of images alone")
    parser.add_argument("--checks-rounds", type=int, default=3, help="rounds of checks (3)")
    parser.add_argument("--checks-variants", nargs="+", default=VARIANT_NAMES, metavar="V")
    parser.add_argument("--images", default="openhqm:latest", help="NAME:TAG that they are of")
    parser.add_argument("--history", action="store_true", help="list, trends, comparison alone")
    parser.add_argument(
        "--eta",
        type=Path,
        action="append",
        metavar="STATE",
        help="how good the forecasts are, over the runs of a state folder",
    )
    parser.add_argument("--out", type=Path, default=Path("bench-results"))
    asked = parser.parse_args()
    if asked.checks:
        return checks.measure(asked)
    if asked.eta:
        eta.measure(asked.eta, asked.out)
        return 0
    history.measure(asked.out)
    if asked.history:
        return 0
    console.measure(asked.out)
    if asked.console:
        return 0
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-bench-") as folder:
        os.environ["OPENHQM_TUI_STATE_DIR"] = ENVIRONMENT["OPENHQM_TUI_STATE_DIR"] = folder
        return bench(asked, Path(folder))


def bench(asked: argparse.Namespace, folder: Path) -> int:
    words = ("--build-all", "--platforms", BOTH, "--name", NAME)
    plan = folder / "plan.json"
    plan.write_bytes(run(*OURS, "plan", *words))
    ours = (*OURS, "build", *words, "--no-check", "--format", "plain")
    bake = ("docker", "buildx", "bake", "-f", str(plan), "--progress", "plain")

    rounds: dict[str, list[float]] = {}
    measure(rounds, asked.cold, forget, {"ours, cold": ours, "one bake, cold": bake})
    measure(rounds, asked.warm, nothing, {"ours, warm": ours, "one bake, warm": bake})
    sizes = own_sizes()
    if not asked.no_classic:
        amd64, both = parse_platforms("linux/amd64"), parse_platforms(BOTH)
        only = ("--build-all", "--platforms", "linux/amd64", "--name", NAME)
        ours_amd64 = (*OURS, "build", *only, "--no-check", "--format", "plain")
        measure(rounds, asked.cold, forget, {"ours, cold, amd64 only": ours_amd64})
        rounds["classic way, amd64 only"] = [classic(map(str, amd64))]
        if asked.full:
            rounds["classic way, both"] = [classic(map(str, both))]
    report(asked, rounds, sizes)
    return 0


def own_sizes() -> dict[str, dict[str, int]]:
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


def measure(
    rounds: dict[str, list[float]],
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


def report(
    asked: argparse.Namespace, rounds: dict[str, list[float]], sizes: dict[str, dict[str, int]]
) -> None:
    """Print a Markdown table and keep it with the figures as JSON."""

    def median(name: str) -> float:
        return statistics.median(rounds[name])

    pairs = [
        ("ours, cold", "one bake, cold", "≤ 1.05"),
        ("ours, warm", "one bake, warm", "≤ 2.5"),
        ("classic way, amd64 only", "ours, cold, amd64 only", ""),
        ("classic way, both", "ours, cold", ""),
    ]
    lines = ["| what | rounds | median s | spread s |", "|---|---|---|---|"]
    for name, times in rounds.items():
        spread = f"{min(times):.2f}–{max(times):.2f}"
        lines.append(f"| {name} | {len(times)} | {median(name):.2f} | {spread} |")
    lines += ["", "| ratio | | wanted |", "|---|---|---|"]
    ratios = {}
    for left, right, wanted in pairs:
        if left in rounds and right in rounds:
            ratios[f"{left} / {right}"] = median(left) / median(right)
            lines.append(f"| {left} / {right} | {median(left) / median(right):.2f} | {wanted} |")
    platforms = BOTH.split(",")
    lines += ["", "| variant | " + " | ".join(f"own MB, {p}" for p in platforms) + " |"]
    lines.append("|---" * (1 + len(platforms)) + "|")
    for variant, own in sizes.items():
        told = " | ".join(f"{own[p] / 1e6:.1f}" if p in own else "–" for p in platforms)
        lines.append(f"| {variant} | {told} |")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    asked.out.mkdir(exist_ok=True)
    (asked.out / "bench.md").write_text(text, encoding="utf-8")
    figures = {"rounds": rounds, "ratios": ratios, "own_bytes": sizes}
    (asked.out / "bench.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")


def run(*command: str) -> bytes:
    ran = subprocess.run(command, capture_output=True, check=False, env=ENVIRONMENT)
    if ran.returncode != 0:
        said = ran.stderr.decode("utf-8", "replace")[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {ran.returncode}:\n{said}")
    return ran.stdout


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
