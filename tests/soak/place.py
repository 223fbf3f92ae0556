"""The folders and environment of one round, and the commands run in them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from openhqm_tui.domain.run import events
from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import RunFolder, all_runs
from tests.soak.material import KINDS, Material

OURS = (sys.executable, "-m", "openhqm_tui")
PATIENCE = 240.0


class RoundFailed(Exception):
    """A round failed."""


class TooLate(Exception):
    """The run ended before the fault, so the round is void."""


class Place:
    """The folders of one round; `random` makes all random choices."""

    def __init__(self, path: Path, seed: str) -> None:
        self.path = path
        self.random = random.Random(seed)
        self.mark = seed
        path.mkdir(parents=True)
        self.environment = dict(os.environ) | {
            "OPENHQM_TUI_STATE_DIR": str(path / "state"),
            "XDG_CONFIG_HOME": str(path / "config"),
            "SOURCE_DATE_EPOCH": "1700000000",
            "TERM": "xterm-256color",
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def material(self, kind: str) -> Material:
        """Create the material to build."""
        return KINDS[kind](self.path / kind, self.mark)

    def run(self, *words: str, cwd: Path | None = None, code: int | None = 0) -> bytes:
        """Run `openhqm-tui` and return its output; with `code` None, any exit code is accepted."""
        ran = subprocess.run(
            [*OURS, *words],
            cwd=cwd or self.path,
            env=self.environment,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        if code is not None and ran.returncode != code:
            output = ran.stderr.decode("utf-8", "replace")[-500:]
            raise RoundFailed(f"`{' '.join(words)}` ended with {ran.returncode}: {output}")
        return ran.stdout

    def start(self, *words: str, cwd: Path | None = None, out: Path) -> subprocess.Popen[bytes]:
        """Start `openhqm-tui` with its stdout in a file."""
        with out.open("wb") as file:
            process = subprocess.Popen(
                [*OURS, *words],
                cwd=cwd or self.path,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)
        return process

    def build(self, material: Material) -> RunFolder:
        """Start a detached run."""
        output = self.run("build", *material.words, "--detach", cwd=material.folder)
        return RunFolder(self.path / "state" / "runs" / output.decode().strip())

    def runs(self) -> list[RunFolder]:
        """Return the runs of this round."""
        return list(all_runs(self.path / "state"))

    def close(self) -> None:
        """End all remaining processes of this round, including those of its runs."""
        for process in self._processes:
            process.kill()
            process.wait()
        for run in self.runs():
            for event in run.events():
                if isinstance(event, events.RunStarted | events.TargetStarted):
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        if str(run.path) in command_of(event.pid):
                            os.killpg(event.pid, signal.SIGKILL)


def command_of(pid: int) -> str:
    """Return the command line of a process, '' if there is none."""
    seen = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return seen.stdout


def until(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Wait until `condition` holds; the round fails if it never does."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise RoundFailed(f"not within {patience:.0f} s: {what}")
        time.sleep(0.005)


def has(run: RunFolder, kind: type[events.Event]) -> bool:
    """Return whether the journal has an event of a kind."""
    return any(isinstance(event, kind) for event in run.events())


def runner_of(run: RunFolder) -> int:
    """Return the process that executes a run, once it is in the journal."""
    until(lambda: has(run, events.RunStarted), "the runner starts")
    return [event.pid for event in run.events() if isinstance(event, events.RunStarted)][-1]


@contextlib.contextmanager
def following(run: RunFolder) -> Iterator[Follower]:
    """Follow a run."""
    follower = Follower(run)
    try:
        yield follower
    finally:
        follower.close()


# When the fault happens: right at the start, during the build, or during the checks.
MOMENTS = ("birth", "start", "build", "build", "build", "checks")


def wait_for_moment(run: RunFolder, moment: str, place: Place) -> str:
    """Wait for a random moment of a kind and return its description; raises TooLate."""
    started = time.monotonic()
    if moment == "birth":
        # Buildx has its file, but it may not be in the journal yet.
        until(lambda: any(run.path.glob("*.rawjson")), "a stream starts")
        time.sleep(place.random.uniform(0, 0.01))
    elif moment == "start":
        time.sleep(place.random.uniform(0, 1.0))
    elif moment == "build":
        time.sleep(place.random.uniform(0.5, 9.0))
    else:
        until(lambda: has(run, events.CheckStarted) or has(run, events.RunEnded), "checks start")
        time.sleep(place.random.uniform(0, 3.0))
    if has(run, events.RunEnded):
        raise TooLate(moment)
    return f"{moment} +{time.monotonic() - started:.2f} s"
