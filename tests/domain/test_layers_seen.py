"""The layers of a lane's image come from the journal and are cleared by a new attempt."""

from __future__ import annotations

import msgspec
import pytest

from openhqm_tui.domain.checks.layer_manifest import ImageLayer
from openhqm_tui.domain.run.events import LayersSeen, event_decoder
from tests.domain.test_state_by_hand import started, started_run

LAYERS = (
    ImageLayer(digest="sha256:a", size=28, created_by="ADD root.tar /"),
    ImageLayer(digest="sha256:b"),
)
SEEN = LayersSeen(at=6.0, target="redis", platform="linux/arm64", layers=LAYERS)


def test_layers_belong_to_their_lane_until_a_new_attempt() -> None:
    state, target = started_run()
    assert [lane.layers for lane in state.lanes] == [(), ()]
    state.apply_event(SEEN)
    assert [lane.layers for lane in state.lanes] == [(), LAYERS]
    state.apply_event(started(attempt=2, at=7.0))
    assert [lane.layers for lane in target.lanes.values()] == [(), ()]


def test_the_event_is_read_back() -> None:
    line = msgspec.json.encode(SEEN)
    assert event_decoder.decode(line) == SEEN


def test_layers_of_an_unknown_lane_are_ignored() -> None:
    state, _ = started_run()
    for target, platform in (("nope", "linux/arm64"), ("redis", "linux/vax")):
        state.apply_event(msgspec.structs.replace(SEEN, target=target, platform=platform))
    assert [lane.layers for lane in state.lanes] == [(), ()]


def test_a_negative_size_is_refused() -> None:
    line = msgspec.json.encode(
        msgspec.structs.replace(SEEN, layers=(ImageLayer(digest="", size=-1),))
    )
    with pytest.raises(msgspec.ValidationError):
        event_decoder.decode(line)
