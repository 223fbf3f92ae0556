"""Record real runs again (`python -m tests.record [NAME…]`) on a real engine, from the top folder.

Each recording is a run folder under `tests/recordings/`, as the runner wrote it, with the paths
of this machine removed. **`cold` empties the engine's build cache.** `shipped` (`make recording`)
is the bundled one, packed into `assets/recording.zip`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.follow.follower import state_of
from openhqm_tui.run.requests import send_request
from openhqm_tui.store.archive import export_run
from openhqm_tui.store.paths import STATE_VARIABLE
from openhqm_tui.store.run_folder import Request, RunFolder, find_run
from tests.waiting import until

HERE = Path(__file__).parent
RECORDINGS = HERE / "recordings"
OURS = (sys.executable, "-m", "openhqm_tui")
BOTH = "linux/amd64,linux/arm64"
NAME = "openhqm-tui-recorded"
SHIPPED = HERE.parent / "assets" / "recording.zip"
STAMP = f"recorded-{time.time_ns()}-"
# The time in which a user notices the problem and fixes it.
FIX_SECONDS = 6.0
QUICK = HERE / "real" / "quick.Dockerfile"
WARNED = "from python:3.13-slim as Base\nARG QUEUE_BACKEND\nMAINTAINER somebody\nUSER 1000\n"


def main(names: list[str]) -> int:
    """Record the named runs, or all of them."""
    unknown = set(names) - set(RECIPES)
    if unknown:
        sys.stderr.write(f"unknown recording {unknown.pop()}; valid: {' '.join(RECIPES)}\n")
        return 2
    for name in names or [name for name in RECIPES if name != "shipped"]:
        with tempfile.TemporaryDirectory(prefix="openhqm-tui-record-") as temporary:
            folder = Path(temporary)
            # Requests from this process must find the run in this state folder.
            os.environ[STATE_VARIABLE] = str(folder / "state")
            RECIPES[name](folder)
            run = find_run(folder / "state")
            if name == "shipped":
                keep(run, folder / "kept", folder, shown_as_ours=True)
                SHIPPED.unlink(missing_ok=True)
                export_run(RunFolder(folder / "kept"), SHIPPED)
            else:
                keep(run, RECORDINGS / name, folder)
            sys.stderr.write(f"recorded {name}: {run.info.id}\n")
    return 0


def keep(run: RunFolder, place: Path, folder: Path, *, shown_as_ours: bool = False) -> None:
    """Copy a run folder without paths of this machine, optionally with our own names."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for file in sorted(run.path.rglob("*")):
        if file.is_dir() or file.name in {"lock", "runner.log", "control.jsonl"}:
            continue
        text = file.read_bytes()
        for real, shown in (
            (str(run.path), "/runs/recorded"),
            (str(folder), "/home/dev"),
            (str(HERE.parent), "/home/dev/openhqm-tui"),
            *([(NAME, "openhqm"), (STAMP, "openhqm-")] if shown_as_ours else []),
        ):
            text = text.replace(real.encode(), shown.encode())
        target = place / file.relative_to(run.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text)


def build(folder: Path, *words: str, cwd: Path | None = None) -> None:
    environment = dict(os.environ) | {"OPENHQM_TUI_STATE_DIR": str(folder / "state")}
    subprocess.run(
        [*OURS, "build", "--name", NAME, *words, "--format", "plain"],
        cwd=cwd or folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        check=False,
    )


def checkout(folder: Path, dockerfile: str) -> Path:
    place = folder / "checkout"
    place.mkdir()
    # A cached step has no output, so each recording has unique steps.
    (place / "Dockerfile").write_text(dockerfile.replace("building", f"building {time.time()}"))
    return place


def cold(folder: Path) -> None:
    subprocess.run(["docker", "buildx", "prune", "-af"], stdout=subprocess.DEVNULL, check=True)
    build(folder, "--build-all", "--platforms", BOTH)


def warm(folder: Path) -> None:
    words = ("--backend", "redis,minimal", "--platforms", BOTH)
    build(folder, *words, "--no-check")
    shutil.rmtree(folder / "state")
    build(folder, *words, "--no-check")


def failed(folder: Path) -> None:
    place = checkout(folder, QUICK.read_text())
    build(folder, "--backend", "redis,kafka", "--platforms", BOTH, "--no-check", cwd=place)


def cancelled(folder: Path) -> None:
    cancel_when_sleeping(folder, "--backend", "gcp,redis")


def cancel_when_sleeping(folder: Path, *words: str) -> None:
    """Cancel the run while a step of `gcp` sleeps."""
    place = checkout(folder, QUICK.read_text())
    environment = dict(os.environ) | {"OPENHQM_TUI_STATE_DIR": str(folder / "state")}
    command = [*OURS, "build", "--name", NAME, "--platforms", BOTH, "--no-check", *words]
    with subprocess.Popen(
        [*command, "--format", "json"],
        cwd=place,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            record = json.loads(line)
            if record["event"] == "log" and record["text"] == "sleeping":
                find_run(folder / "state").append_request(Request("cancel"))


def emulated(folder: Path) -> None:
    place = checkout(folder, QUICK.read_text())
    build(folder, "--backend", "minimal", "--platforms", "linux/arm64", "--no-check", cwd=place)


def warning(folder: Path) -> None:
    place = checkout(folder, WARNED)
    build(folder, "--backend", "mqtt", "--platforms", "linux/amd64", "--no-check", cwd=place)


def checked(folder: Path) -> None:
    build(folder, "--backend", "minimal,redis", "--platforms", BOTH)


def verified(folder: Path) -> None:
    """All variants on both platforms, everything cached, with every check."""
    build(folder, "--build-all", "--platforms", BOTH)


def bake_fails(folder: Path) -> None:
    place = folder / "checkout"
    shutil.copytree(HERE / "real" / "anyone", place)
    build(folder, cwd=place)


def never_started(folder: Path) -> None:
    """Two targets in sequence, cancelled while the first is being built."""
    cancel_when_sleeping(folder, "--backend", "gcp,redis", "--jobs", "1")


def shipped(folder: Path) -> None:
    """All variants on both platforms, uncached, with a bit of everything.

    The Kafka client is required with Kerberos, which has no wheels for Linux, so `kafka` and `all`
    fail. This is fixed, and the two are retried while the others continue.
    """
    place = folder / "openhqm"
    shutil.copytree(HERE.parent / "assets" / "context", place)
    # A unique first script and unique caches make all later steps unique too.
    dockerfile = (HERE.parent / "Dockerfile").read_text().replace("id=openhqm-", f"id={STAMP}")
    (place / "Dockerfile").write_text(dockerfile.replace("set -eu\n", f"set -eu\n: {STAMP}\n", 1))
    needed = place / "requirements-queue-kafka.txt"
    right = needed.read_text()
    needed.write_text(right.replace("aiokafka", "aiokafka[gssapi]"))
    build(folder, "--build-all", "--platforms", BOTH, "--detach", cwd=place)
    run = find_run(folder / "state")

    def have_failed() -> bool:
        targets = state_of(run).targets
        return all(targets[name].status is Status.FAILED for name in ("kafka", "all"))

    until(have_failed, patience=300)
    time.sleep(FIX_SECONDS)
    needed.write_text(right)
    for name in ("kafka", "all"):
        send_request(run, Request("retry", name))
    until(lambda: not run.is_live(), patience=900)


RECIPES: dict[str, Callable[[Path], None]] = {
    "cold": cold,
    "warm": warm,
    "failed": failed,
    "cancelled": cancelled,
    "emulated": emulated,
    "warning": warning,
    "checked": checked,
    "verified": verified,
    "bake_fails": bake_fails,
    "never_started": never_started,
    "shipped": shipped,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
