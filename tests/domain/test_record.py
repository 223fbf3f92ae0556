"""The history record of a run: the figures of its state, without secrets."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from openhqm_tui.domain.buildkit.rawjson import SolveStatus, Vertex
from openhqm_tui.domain.checks.layer_manifest import ImageLayer
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.history.record import hit_rate, record_of
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome, RunInfo, TargetInfo
from openhqm_tui.domain.run.state import RunState
from openhqm_tui.domain.run.timeline import hits_of
from openhqm_tui.domain.secrets.redact import Mask
from tests.domain.graphs import T0, S, target_of
from tests.domain.optional import not_none
from tests.recordings import NAMES, recording, state_of


@pytest.mark.parametrize("name", NAMES)
def test_the_record_has_the_figures_of_the_state(name: str) -> None:
    state = state_of(recording(name))
    record = record_of(state)
    assert (record.id, record.status) == (state.info.id, not_none(state.outcome).value)
    assert record.seconds == pytest.approx(state.elapsed(state.last_at))
    for entry, target in zip(record.targets, state.targets.values(), strict=True):
        assert (entry.name, entry.status) == (target.name, target.status.value)
        assert entry.seconds == pytest.approx(target.elapsed(state.last_at))
        for lane_entry, lane in zip(entry.lanes, target.lanes.values(), strict=True):
            assert (lane_entry.platform, lane_entry.status) == (
                str(lane.platform),
                lane.status.value,
            )
            hits = hits_of(lane)
            assert (lane_entry.cached, lane_entry.steps) == (hits.cached, hits.steps)
            assert lane_entry.size == lane.content_size
            assert len(lane_entry.verdicts) == len(lane.verdicts)
        for step in entry.steps:
            assert 0 <= step.start <= step.end <= entry.build_seconds + 0.1
        keys = [(step.platform, step.label) for step in entry.steps]
        assert len(keys) == len(set(keys))
        if entry.outcome == "passed":
            assert any(step.on_path for step in entry.steps)
    # The record is stored as JSON, so it must be read back unchanged.
    assert msgspec.json.decode(msgspec.json.encode(record), type=type(record)) == record


def test_an_emulated_lane_is_recorded_as_emulated() -> None:
    (target,) = record_of(state_of(recording("emulated"))).targets
    assert [lane.how for lane in target.lanes] == ["emulated"]


def test_a_shared_step_is_recorded_once_as_run() -> None:
    target = target_of(
        S("a 1/1", times=((1, 4),), digest="first"),
        S("a 1/1", times=((4, 4),), cached=True, digest="again"),
        end=5,
    )
    (step,) = record_of(target.run).targets[0].steps
    assert (step.cached, step.start, step.end) == (False, 1, 4)


TOKEN = "ghp_" + "a1B2c3D4" * 5
PASSWORD = "correct-horse-battery"


def _planted() -> RunState:
    """A run with a secret in every place where a build may put one."""
    info = RunInfo(
        id="r",
        created=T0,
        targets=(TargetInfo(name="redis", variant="redis", platforms=("linux/amd64",)),),
        context=f"https://me:{TOKEN}@example.org/repo.git",
        base=f"registry/{TOKEN}",
        dockerfile="Dockerfile",
    )
    state = RunState(info)
    state.apply_event(events.RunStarted(at=T0 + 1.0, pid=1))
    state.apply_event(
        events.TargetStarted(at=T0 + 1.0, target="redis", attempt=1, stream="redis.rawjson")
    )
    # The secret starts where labels are cut.
    long = f"[build 1/2] RUN {'x' * 175} {TOKEN}"
    names = (f"[build 2/2] RUN login --password {PASSWORD}", long, f"[build 2/2] RUN {PASSWORD}")
    for number, name in enumerate(names):
        at = datetime.fromtimestamp(T0 + 2.0, UTC)
        vertex = Vertex(digest=f"sha256:{number}", name=name, started=at, completed=at)
        state.apply_records("redis", [SolveStatus(vertexes=[vertex])])
    state.apply_event(
        events.TargetEnded(
            at=T0 + 5.0,
            target="redis",
            attempt=1,
            outcome=Outcome.FAILED,
            reason=f"curl -H 'Authorization: Bearer {TOKEN}' failed",
        )
    )
    lane = ("redis", "linux/amd64")
    state.apply_event(
        events.LayersSeen(
            at=T0 + 5.0,
            target=lane[0],
            platform=lane[1],
            layers=(ImageLayer(digest="sha256:1", created_by=f"RUN echo {PASSWORD}"),),
        )
    )
    state.apply_event(
        events.LaneChecked(
            at=T0 + 6.0,
            target=lane[0],
            platform=lane[1],
            verdicts=(Verdict(check="env", answer=Answer.FAIL, evidence=f"API_TOKEN={PASSWORD}"),),
        )
    )
    return state


def test_the_record_has_no_secret() -> None:
    record = record_of(_planted(), mask=Mask([PASSWORD]), packages=lambda *_: {"a": TOKEN})
    text = msgspec.json.encode(record).decode()
    assert TOKEN not in text
    assert TOKEN[:12] not in text
    assert PASSWORD not in text
    assert "login --password ***" in text


def test_without_a_mask_the_planted_secret_is_in_the_record() -> None:
    record = record_of(_planted(), mask=Mask(), packages=lambda *_: {})
    assert PASSWORD in msgspec.json.encode(record).decode()


def test_a_hit_rate_without_steps_is_unknown() -> None:
    assert [hit_rate(3, 4), hit_rate(0, 4), hit_rate(0, 0)] == [0.75, 0.0, None]
