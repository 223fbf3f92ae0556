"""Any stream of records can be folded without an error."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from openhqm_tui.domain.buildkit.rawjson import StreamDecoder
from tests.domain.folding import as_plain_data
from tests.domain.test_state_by_hand import RUN, started_run

_TIME = st.sampled_from(["0001-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])


_DIGEST = st.sampled_from(["a", "b", ""])


_NUMBER = st.integers(-3, 3) | st.sampled_from([10**30, 300])


_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "vertexes": st.lists(
            st.fixed_dictionaries(
                {"digest": _DIGEST, "name": st.sampled_from([RUN, "[internal] x", "", "\x1b]52;"])},
                optional={
                    "started": _TIME,
                    "completed": _TIME,
                    "cached": st.booleans(),
                    "error": st.sampled_from(["", "exit code: 1", "context canceled"]),
                },
            ),
            max_size=3,
        ),
        "statuses": st.lists(
            st.fixed_dictionaries(
                {"id": _DIGEST, "vertex": _DIGEST, "current": _NUMBER, "total": _NUMBER}
            ),
            max_size=2,
        ),
        "logs": st.lists(
            st.fixed_dictionaries(
                {"vertex": _DIGEST, "data": st.sampled_from(["YQ==", "Cg==", "DQ==", "/w=="])},
                optional={"stream": _NUMBER, "timestamp": _TIME},
            ),
            max_size=3,
        ),
        "warnings": st.lists(st.fixed_dictionaries({"vertex": _DIGEST, "level": _NUMBER})),
    },
)


@given(st.lists(_RECORDS, max_size=8))
@settings(deadline=None, max_examples=80)
def test_any_stream_can_be_folded(records: list[dict[str, Any]]) -> None:
    state, redis = started_run()
    decoder = StreamDecoder()
    for record in records:
        state.apply_records("redis", decoder.feed(msgspec.json.encode(record) + b"\n"))
        assert redis.step_counts()[0] <= redis.step_counts()[1]
    state.end_stream("redis")
    assert as_plain_data(state)
