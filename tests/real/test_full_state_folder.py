"""A full disk under the state folder, at the start and during a run, and recovery from it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from openhqm_tui.domain.failures.failure import failure_of
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.requests import send_request
from openhqm_tui.store.run_folder import Request, find_run
from tests.real import private_engine
from tests.real.conftest import run_cli
from tests.real.private_engine import PrivateEngine
from tests.real.test_engine_trouble import checkout, engine, started_steps
from tests.run.runs import Watch
from tests.waiting import until

__all__ = ["checkout", "engine"]

pytestmark = [pytest.mark.engine, pytest.mark.root]


BLOCK = 4096


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder on a disk of two megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    ran = subprocess.run(mount, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        reason = f"no tmpfs can be mounted: {ran.stderr.strip()}"
        if os.environ.get("OPENHQM_TUI_REQUIRE_ENGINE"):
            pytest.fail(reason)
        pytest.skip(reason)
    monkeypatch.setenv("OPENHQM_TUI_STATE_DIR", str(place / "state"))
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=False)


def fill(place: Path) -> Path:
    taken = place / "taken"
    with contextlib.suppress(OSError), taken.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(BLOCK))
    return taken


@pytest.mark.usefixtures("engine")
def test_a_run_on_a_full_disk_ends_cleanly_and_is_resumed_when_there_is_space(
    checkout: Path, small_disk: Path
) -> None:
    state = small_disk / "state"
    private_engine.plan(checkout, seconds=3600)
    started = run_cli("build", "--no-check", "--detach", cwd=checkout, state=state)
    assert started.code == 0, started.err
    folder = find_run(state, started.out.strip())
    watch = Watch(folder)
    until(lambda: len(started_steps(watch)) == 2, "both steps run")
    # Fill the last block of the journal with empty lines, which are ignored.
    with folder.events_file.open("ab") as journal_file:
        journal_file.write(b"\n" * (-folder.events_file.stat().st_size % BLOCK))
    taken = fill(small_disk)
    # No request can be written to the folder now, but the runner can get a signal.
    refused = run_cli("cancel", folder.path.name, cwd=checkout, state=state)
    assert refused.code != 0
    assert "No space left on device" in refused.err
    assert "Traceback" not in refused.err
    fresh = run_cli("build", "--no-check", "--detach", cwd=checkout, state=state)
    assert fresh.code == 2
    assert "No space left on device" in fresh.err
    assert "Traceback" not in fresh.err
    subprocess.run(["kill", str(_runner_of(watch))], check=True)
    until(lambda: not folder.is_live(), "the runner has exited")
    watch.finish()
    assert watch.status is Status.CANCELLED
    assert watch.follower.state.outcome is not None, "its end is recorded despite the full disk"
    note, remembered = watch.follower.state.notes
    assert "can't write to the run folder (No space left on device)" in note
    assert "history.db can't be written (the disk is full)" in remembered
    taken.unlink()
    folder.bake_file.write_text(folder.bake_file.read_text().replace("3600", "0"))
    send_request(folder, Request("resume"))
    until(lambda: not folder.is_live())
    assert Watch(folder).finish().status is Status.PASSED


def test_a_build_without_space_for_its_result_fails_with_the_reason(
    engine: PrivateEngine, checkout: Path, small_disk: Path
) -> None:
    state = small_disk / "state"
    private_engine.plan(checkout, seconds=3600)
    started = run_cli("build", "--no-check", "--detach", cwd=checkout, state=state)
    folder = find_run(state, started.out.strip())
    watch = Watch(folder)
    until(lambda: len(started_steps(watch)) == 2, "both steps run")
    taken = fill(small_disk)
    engine.finish_steps()
    until(lambda: not folder.is_live(), "the run ends", 180.0)
    watch.finish()
    assert watch.targets("web", "worker") == [Status.FAILED] * 2
    for target in watch.follower.state.targets.values():
        digest = failure_of(target)
        assert digest is not None
        assert "is full: Buildx can't write its log and result" in digest.reason
    taken.unlink()
    folder.bake_file.write_text(folder.bake_file.read_text().replace("3600", "0"))
    ran = run_cli("retry", folder.path.name, cwd=checkout, state=state)
    assert ran.code == 0, ran.out + ran.err


def _runner_of(watch: Watch) -> int:
    (started,) = [e for e in watch.poll().events if isinstance(e, events.RunStarted)]
    return started.pid
