"""An engine that is killed, stopped, suspended or full during a run, and the retry."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openhqm_tui.domain.failures.failure import Failure, failure_of
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.status import Status
from openhqm_tui.run.requests import send_request
from openhqm_tui.store.run_folder import Request, RunFolder, find_run
from tests.real import private_engine
from tests.real.conftest import Cli, Ran
from tests.real.private_engine import PrivateEngine
from tests.run.runs import Watch
from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.root]

StartRun = Callable[..., Watch]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateEngine]:
    """A private engine that `docker` uses during the test."""
    if reason := private_engine.why_unavailable():
        if os.environ.get("OPENHQM_TUI_REQUIRE_ENGINE"):
            pytest.fail(reason)
        pytest.skip(reason)
    engine = PrivateEngine(Path(tempfile.mkdtemp(prefix="engine-")), megabytes=120)
    try:
        engine.start()
        monkeypatch.setenv("DOCKER_HOST", engine.host)
        yield engine
    finally:
        engine.clear()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return private_engine.checkout(tmp_path / "private")


@pytest.fixture
def start_run(cli: Cli, checkout: Path, own_home: Path) -> Iterator[StartRun]:
    """Start a run with endless steps, and wait until they run; cancel it afterwards."""
    runs: list[RunFolder] = []

    def run(*words: str) -> Watch:
        private_engine.plan(checkout, seconds=3600)
        ran = cli("build", "--no-check", "--detach", *words, cwd=checkout)
        assert ran.code == 0, ran.err
        runs.append(find_run(own_home / "state", ran.out.strip()))
        watch = Watch(runs[0])
        until(lambda: started_steps(watch) == {"web begins", "worker begins"}, "both steps run")
        return watch

    yield run
    for folder in runs:
        if folder.is_live():
            send_request(folder, Request("cancel"))
            until(lambda folder=folder: not folder.is_live())  # type: ignore[misc]


def started_steps(watch: Watch) -> set[str]:
    """Return the first output of the running steps."""
    targets = watch.poll().follower.state.targets.values()
    logs = [log for t in targets for log in (t.log, *(lane.log for lane in t.lanes.values()))]
    return {line for log in logs for line in log.last(100) if line.endswith(" begins")}


def ended(watch: Watch) -> Watch:
    until(lambda: watch.poll().follower.finished, "the run ends")
    until(lambda: not watch.folder.is_live())
    return watch


def failure_kinds(watch: Watch) -> dict[str, str]:
    digests = {name: failure_of(target) for name, target in watch.follower.state.targets.items()}
    return {name: digest.trouble for name, digest in digests.items() if digest is not None}


def digest_of(watch: Watch, name: str) -> Failure:
    digest = failure_of(watch.follower.state.targets[name])
    assert digest is not None
    return digest


def quick(folder: RunFolder) -> None:
    """Make the steps of a finished run quick for its retry."""
    folder.bake_file.write_text(folder.bake_file.read_text().replace("3600", "0"))


def retried(watch: Watch, cli: Cli) -> Ran:
    """Retry all failed targets from the command line, and follow them to the end."""
    quick(watch.folder)
    return cli("retry", watch.folder.path.name, "--format", "plain")


def test_a_killed_engine_is_reported_and_a_retry_passes_after_its_restart(
    engine: PrivateEngine, start_run: StartRun, cli: Cli
) -> None:
    watch = start_run()
    engine.end(signal.SIGKILL)
    ended(watch)
    assert watch.status is Status.FAILED
    assert failure_kinds(watch) == {"web": "engine-went-away", "worker": "engine-went-away"}
    away = [note for note in watch.follower.state.notes if "the engine stopped responding" in note]
    assert len(away) == 1, "reported once for all failed builds"
    ran = retried(watch, cli)
    assert ran.code == 1
    assert "the engine can't be reached: it isn't running" in ran.out
    engine.start()
    ran = retried(watch, cli)
    assert ran.code == 0, ran.out + ran.err
    after = Watch(watch.folder).finish()
    assert after.status is Status.PASSED
    assert {target.attempt for target in after.follower.state.targets.values()} == {3}


def test_a_stopped_engine_and_a_full_engine_disk_are_reported(
    engine: PrivateEngine, start_run: StartRun, cli: Cli
) -> None:
    watch = start_run()
    engine.socket.unlink()  # existing connections stay open; only new ones fail
    engine.end(signal.SIGTERM)
    ended(watch)
    assert set(failure_kinds(watch).values()) == {"engine-went-away"}
    engine.start()
    taken = engine.fill()
    ran = retried(watch, cli)
    assert ran.code == 1
    assert "reason  the disk is full" in ran.out
    assert "docker buildx prune" in ran.out
    taken.unlink()
    # Restart the engine after the full disk, as an administrator would.
    engine.end(signal.SIGKILL)
    engine.start()
    ran = retried(watch, cli)
    assert ran.code == 0, ran.out + ran.err


def test_builds_on_a_suspended_engine_are_reported_and_can_be_cancelled(
    engine: PrivateEngine, start_run: StartRun
) -> None:
    watch = start_run("--quiet-after", "1")
    engine.send(signal.SIGSTOP)
    until(
        lambda: (
            watch.has(events.OutputStalled, target="web")
            and watch.has(events.OutputStalled, target="worker")
        ),
        "the silence is reported",
    )
    silences = [event for event in watch.events if isinstance(event, events.OutputStalled)]
    assert all(f"echo {event.target} begins" in event.step for event in silences)
    assert watch.targets("web", "worker") == [Status.RUNNING] * 2, (
        "it is reported, and nothing is stopped"
    )
    engine.send(signal.SIGCONT)
    send_request(watch.folder, Request("cancel"))
    ended(watch)
    assert watch.status is Status.CANCELLED
    assert len([e for e in watch.events if isinstance(e, events.OutputStalled)]) == 2, "once each"
