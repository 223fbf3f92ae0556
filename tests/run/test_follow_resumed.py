"""Following a resumed run: each attempt is read to its end."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.run.follow import follower as follow
from openhqm_tui.run.follow.follower import Follower
from tests.domain.folding import as_plain_data
from tests.recordings import copied, state_of
from tests.run.test_follow import to_the_end


def test_a_run_resumed_after_its_end_is_followed(tmp_path: Path) -> None:
    folder = copied("failed", tmp_path / "run")
    follower = Follower(folder)
    to_the_end(follower)
    shutil.copy(folder.path / "redis.rawjson", folder.path / "kafka.2.rawjson")
    for event in (
        events.RunStarted(at=2e9, pid=1),
        events.TargetStarted(at=2e9, target="kafka", attempt=2, stream="kafka.2.rawjson"),
        events.TargetEnded(at=2e9 + 1, target="kafka", attempt=2, outcome=Outcome.PASSED),
        events.RunEnded(at=2e9 + 1, outcome=Outcome.PASSED),
    ):
        folder.append(event)
    changes = follower.poll(())
    assert not changes.over
    assert follower.state.targets["kafka"].attempt == 2
    assert to_the_end(follower).over
    assert as_plain_data(follower.state) == as_plain_data(state_of(folder))


def test_an_earlier_attempt_is_read_to_its_end_before_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "_MOST_BYTES", 4000)
    folder = copied("failed", tmp_path / "run")
    shutil.copy(folder.path / "kafka.rawjson", folder.path / "kafka.2.rawjson")
    lines = folder.events_file.read_bytes().splitlines(keepends=True)
    again = events.TargetStarted(at=2e9, target="kafka", attempt=2, stream="kafka.2.rawjson")
    lines.insert(-1, msgspec.json.encode(again) + b"\n")
    folder.events_file.write_bytes(b"".join(lines))
    follower = Follower(folder)
    attempts = []
    while not follower.finished:
        follower.poll()
        kafka = follower.state.targets["kafka"]
        attempts.append((kafka.attempt, len(kafka.steps)))
    assert [attempt for attempt, _ in attempts] == sorted(attempt for attempt, _ in attempts)
    assert max(steps for attempt, steps in attempts if attempt == 1) == attempts[-1][1]


def test_the_end_of_an_attempt_is_seen_before_the_next_begins(tmp_path: Path) -> None:
    folder = copied("failed", tmp_path / "run")
    follower = Follower(folder)
    to_the_end(follower)
    # A runner writes these together when it resumes a target whose runner was killed.
    for event in (
        events.RunStarted(at=2e9, pid=1),
        events.TargetQueued(at=2e9, target="kafka", attempt=2),
        events.TargetEnded(at=2e9, target="kafka", attempt=2, outcome=Outcome.CANCELLED),
        events.TargetQueued(at=2e9, target="kafka", attempt=3),
        events.TargetEnded(at=2e9 + 1, target="kafka", attempt=3, outcome=Outcome.PASSED),
        events.RunEnded(at=2e9 + 1, outcome=Outcome.PASSED),
    ):
        folder.append(event)
    seen = []
    for _ in range(2):
        changes = follower.poll()
        kafka = follower.state.targets["kafka"]
        ends = [e.outcome for e in changes.events if isinstance(e, events.TargetEnded)]
        seen.append((kafka.attempt, kafka.outcome, ends))
    assert seen == [
        (2, Outcome.CANCELLED, [Outcome.CANCELLED]),
        (3, Outcome.PASSED, [Outcome.PASSED]),
    ]
