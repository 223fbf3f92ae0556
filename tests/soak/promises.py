"""Invariants of a run, verified from its folder as independently of the fold as possible."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from openhqm_tui.domain.failures.failure import text_log_of
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.status import Status
from openhqm_tui.domain.text import plain
from openhqm_tui.run.checks.sandbox import RUN_LABEL
from openhqm_tui.run.runner.text_log import write_text_log
from openhqm_tui.store.run_folder import RunFolder
from tests.soak.place import RoundFailed, following
from tests.waiting import until

Result = dict[str, tuple[Any, ...]]


def state_of(run: RunFolder) -> RunState:
    """Follow a run to its end as the console and the command line do; return its state."""
    with following(run) as follower:

        def finished() -> bool:
            follower.poll()
            return follower.finished

        until(finished, "the run is finished and read")
        return follower.state


def passed(run: RunFolder) -> RunState:
    """Assert that a run has passed entirely, and return its state."""
    state = state_of(run)
    if state.status is not Status.PASSED:
        targets = {name: target.status.value for name, target in state.targets.items()}
        raise RoundFailed(f"the run is {state.status.value}: {targets} {state.notes}")
    return state


def result_of(state: RunState) -> Result:
    """Return the result of each lane: image, sizes, verdicts."""
    return {
        f"{lane.target.name} {lane.platform}": (
            lane.status.value,
            lane.digest,
            lane.content_size,
            lane.unpacked_size,
            tuple((verdict.check, verdict.answer.value) for verdict in lane.verdicts),
        )
        for lane in state.lanes
    } | {name: (target.digest,) for name, target in state.targets.items()}


def same_result(state: RunState, expected: Result) -> None:
    """Assert that a run has the result of an undisturbed one."""
    found = result_of(state)
    for name, value in expected.items():
        if found.get(name) != value:
            raise RoundFailed(f"{name} is {found.get(name)}, undisturbed {value}")


def streams_are_complete(run: RunFolder, state: RunState) -> int:
    """Assert that the streams of Buildx are complete; return their size in bytes."""
    size = 0
    for target in state.targets.values():
        data = (run.path / target.stream).read_bytes()
        if not data.endswith(b"\n"):
            raise RoundFailed(f"{target.stream} ends within a line")
        running: dict[str, bool] = {}
        for line in data.splitlines():
            for vertex in json.loads(line).get("vertexes") or ():
                if vertex.get("started"):
                    running[vertex["digest"]] = not vertex.get("completed")
        if not running or any(running.values()):
            raise RoundFailed(f"{target.stream} has steps that never ended")
        _text_log_is_that_of(run, target.name, target.stream)
        size += len(data)
    return size


def _text_log_is_that_of(run: RunFolder, target: str, stream: str) -> None:
    with tempfile.TemporaryDirectory(prefix="openhqm-tui-soak-") as folder:
        copy = RunFolder(Path(folder))
        for name in ("run.json", stream):
            shutil.copy(run.path / name, folder)
        write_text_log(copy, target, stream)
        log = text_log_of(stream)
        if (copy.path / log).read_bytes() != (run.path / log).read_bytes():
            raise RoundFailed(f"{log} differs from its stream")


def shown_whole(output: bytes, run: RunFolder, state: RunState) -> int:
    """Assert that `attach --format json` printed the whole run; return the number of log lines.

    Its events are the lines of the journal, in order for each target; its log lines make up the
    text logs byte for byte, and the output among them is that of the streams.
    """
    records = [json.loads(line) for line in output.splitlines()]
    journal = [json.loads(line) for line in run.events_file.read_bytes().splitlines()]
    own = {"run", "log", "summary"}
    shown = [record for record in records if record["event"] not in own]
    if _by_target(shown) != _by_target(journal):
        raise RoundFailed("attach prints other events than the journal has")
    if records[-1]["event"] != "summary" or records[-1]["outcome"] != state.status.value:
        raise RoundFailed(f"attach ends with {records[-1]['event']}, not with the outcome")
    logs = [record for record in records if record["event"] == "log"]
    for target in state.targets.values():
        mine = [record for record in logs if record["target"] == target.name]
        parts = {"": f"== {target.name} =="}
        parts |= {str(p): f"== {target.name} {p} ==" for p in target.lanes}
        lines = [
            line
            for platform, title in parts.items()
            for line in (title, *(r["text"] for r in mine if r["platform"] == platform))
        ]
        text = "".join(f"{line}\n" for line in [*lines, "== buildx =="])
        if (run.path / text_log_of(target.stream)).read_bytes() != text.encode():
            raise RoundFailed(f"attach prints other lines of {target.name} than its log has")
        printed = Counter(record["text"] for record in mine if record["stream"])
        if printed != _output_in((run.path / target.stream).read_bytes()):
            raise RoundFailed(f"attach prints other output of {target.name} than its stream has")
    return len(logs)


def _by_target(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    targets = {event.get("target", "") for event in events}
    return {name: [e for e in events if e.get("target", "") == name] for name in targets}


def _output_in(stream: bytes) -> Counter[str]:
    """Return the output lines of all steps, read without the fold."""
    pieces: defaultdict[tuple[str, int], bytes] = defaultdict(bytes)
    for line in stream.splitlines():
        for log in json.loads(line).get("logs") or ():
            pieces[log["vertex"], log["stream"]] += base64.b64decode(log["data"])
    lines = Counter[str]()
    for data in pieces.values():
        *whole, rest = data.split(b"\n")
        for line in [*whole, *([rest] if rest else [])]:
            lines[plain(line.removesuffix(b"\r").rpartition(b"\r")[2])] += 1
    return lines


def nothing_left(run: RunFolder) -> None:
    """Assert that no process and no container of a run is left.

    A runner records its run after it releases the lock, so it may end a moment later.
    """
    left: list[str] = []

    def gone() -> bool:
        left[:] = _left_of(run)
        return not left

    try:
        until(gone, "nothing is left")
    except AssertionError:
        raise RoundFailed("left behind: " + "; ".join(line[:200] for line in left)) from None


def _left_of(run: RunFolder) -> list[str]:
    seen = subprocess.run(["ps", "-eww", "-o", "pid=,command="], capture_output=True, check=True)
    name = run.path.name
    left = [line for line in seen.stdout.decode("utf-8", "replace").splitlines() if name in line]
    label = f"label={RUN_LABEL}={run.info.id}"
    left += [
        f"container {name}" for name in _docker("ps", "--all", "--quiet", "--filter", label).split()
    ]
    return left


def never_mixed(runs: list[RunFolder]) -> None:
    """Assert that no run folder mentions another run, and that no two runs share a process."""
    pids: Counter[int] = Counter()
    for run in runs:
        others = [other.path.name.encode() for other in runs if other.path != run.path]
        for file in run.path.rglob("*"):
            with contextlib.suppress(IsADirectoryError):
                data = file.read_bytes()
                if any(other in data for other in others):
                    raise RoundFailed(f"{file} mentions another run")
        pids.update(getattr(event, "pid", 0) for event in run.events() if hasattr(event, "pid"))
    if twice := [pid for pid, count in pids.items() if count > 1]:
        raise RoundFailed(f"two runs claim the processes {twice}")


def _docker(*words: str) -> str:
    return subprocess.run(
        ["docker", *words], capture_output=True, text=True, timeout=60, check=True
    ).stdout
