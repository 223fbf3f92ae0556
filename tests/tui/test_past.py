"""Summaries of earlier runs: the last result and the last image of each lane."""

from __future__ import annotations

import json

import pytest

from openhqm_tui.domain.plan.bake import Source, SourceKind
from openhqm_tui.domain.run.status import Status
from openhqm_tui.tui.core.labels import past_mark
from openhqm_tui.tui.history.past_runs import last_lanes, read_past
from tests.tui import folders
from tests.tui.conftest import World

HERE = Source(kind=SourceKind.BUNDLED, variants=(), context="/a", dockerfile="/Dockerfile")


def test_a_failure_does_not_hide_the_last_image(world: World):
    folders.passed(world.state, ("kafka",), id="20261122-1", created=folders.T0 - 86400)
    folders.failed(world.state, ("redis", "kafka"))
    runs = read_past(world.state).runs
    last, built = last_lanes(runs), last_lanes(runs, built=True)
    key = ("kafka", "linux/amd64")
    assert last[key].status in {Status.FAILED, Status.CANCELLED}
    assert last[key].at == folders.T0
    assert (built[key].status, built[key].at) == (Status.PASSED, folders.T0 - 86400)
    assert built[key].size == 60_200_000
    assert built[key].clients == "Redis 7.1.0 on x86_64"


def test_targets_that_an_interrupted_run_never_started_are_ignored(world: World):
    folders.passed(world.state, ("kafka", "sqs"), id="20261122-1", created=folders.T0 - 86400)
    folders.Made(world.state, ("kafka", "sqs")).start().begin("kafka").build("kafka", 3)
    last = last_lanes(read_past(world.state).runs)
    kafka, sqs = last["kafka", "linux/amd64"], last["sqs", "linux/amd64"]
    assert (kafka.cut_off, past_mark(kafka).word) == (True, "interrupted")
    assert (sqs.at, past_mark(sqs).word) == (folders.T0 - 86400, "verified")


@pytest.mark.parametrize(
    ("kind", "context", "dockerfile", "counts"),
    [
        ("", "", "", True),
        ("bundled", "/a", "/Dockerfile", True),
        ("bundled", "/b", "/Dockerfile", False),
        ("bundled", "/a", "/other", False),
        ("bake", "/a", "/Dockerfile", False),
    ],
)
def test_only_runs_of_the_same_source_count(world: World, kind, context, dockerfile, counts):
    made = folders.passed(world.state, ("redis",))
    file = made.run.path / "run.json"
    info = {"source": kind, "context": context, "dockerfile": dockerfile}
    file.write_text(json.dumps(json.loads(file.read_text()) | info))
    assert bool(last_lanes(read_past(world.state).runs, HERE)) is counts
