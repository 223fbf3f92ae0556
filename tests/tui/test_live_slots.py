"""Which images have a live pane: each in a place that it keeps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhqm_tui.tui.run.live_slots import Activity, Watched, allocate

LETTERS = {
    "w": Watched(Activity.WORKING),
    "i": Watched(Activity.IDLE),
    "q": Watched(Activity.QUEUED),
    "d": Watched(Activity.FINISHED),
    "x": Watched(Activity.FAILED, "one"),
    "y": Watched(Activity.FAILED, "two"),
    "z": Watched(Activity.FAILED, "three"),
}


def key(name: str) -> tuple[str, str]:
    return name, "linux/amd64"


def run(slots: str, state: str, places: int, *, pinned: str = "", wanted: str = "") -> str:
    """Allocate to the images a, b, c… whose activities are the letters of `state`."""
    names = "abcdefghijkl"[: len(state)]
    watched = {key(name): LETTERS[one] for name, one in zip(names, state, strict=True)}
    found = allocate(
        [key(name) for name in slots],
        watched,
        places,
        pinned=[key(name) for name in pinned],
        wanted=[key(name) for name in wanted],
    )
    return "".join(name for name, _ in found)


@pytest.mark.parametrize(
    ("slots", "state", "places", "expected"),
    [
        # Working images come in, in the order of the plan, until the places are taken.
        ("", "wwww", 2, "ab"),
        ("", "qwqw", 4, "bd"),
        ("", "qqqq", 4, ""),
        # A finished one is replaced in place; the others don't move.
        ("ab", "dwww", 2, "cb"),
        ("abc", "wdww", 3, "adc"),
        ("ab", "qwww", 2, "cb"),
        # Without a replacement it stays.
        ("ab", "ddqq", 2, "ab"),
        # One that works never leaves for another.
        ("cd", "wwww", 2, "cd"),
        # Work under another name comes last, and only to where nothing is going on.
        ("", "iiww", 3, "cda"),
        ("ab", "wiw", 2, "ab"),
        ("ab", "dwi", 2, "cb"),
        # A failure stays in its place.
        ("abcd", "wxwww", 4, "abcd"),
        # A failure elsewhere takes a free place, but none of one that works.
        ("ab", "wwx", 3, "abc"),
        ("ab", "wwx", 2, "ab"),
        ("ab", "wdx", 2, "ac"),
        # At most half of the places are for failures, if others need them.
        ("abcd", "xyzwww", 4, "abed"),
        ("abc", "xyz", 3, "abc"),
        ("", "xyzww", 4, "deab"),
        # Failures of one cause have one pane.
        ("abcd", "xxwww", 4, "aecd"),
        ("", "xxx", 4, "a"),
        # Fewer places: the quietest leave, of equal ones the last.
        ("abcd", "wdww", 3, "acd"),
        ("abcd", "wwww", 2, "ab"),
        ("abcd", "wxdw", 2, "ad"),
    ],
)
def test_places_are_kept_and_refilled(slots, state, places, expected):
    assert run(slots, state, places) == expected


@pytest.mark.parametrize(
    ("slots", "state", "places", "pinned", "wanted", "expected"),
    [
        # What is being read stays, finished or not.
        ("ab", "dwww", 2, "a", "", "ab"),
        ("ab", "ddww", 2, "b", "", "cb"),
        ("abcd", "dwww", 2, "a", "", "ab"),
        # What was asked for comes in, even for one that works.
        ("ab", "wwwd", 2, "", "d", "ad"),
        ("ab", "wwwd", 2, "b", "d", "db"),
        ("ab", "dwwd", 2, "", "d", "db"),
        ("ab", "wwqq", 2, "", "cd", "dc"),
        # If all are being read, the last makes room.
        ("ab", "wwwd", 2, "ab", "d", "ad"),
        ("a", "ww", 1, "a", "b", "b"),
        # It then stays as long as it is asked for.
        ("db", "wwwd", 2, "", "d", "db"),
    ],
)
def test_what_is_read_stays_and_what_is_asked_for_comes(
    slots, state, places, pinned, wanted, expected
):
    assert run(slots, state, places, pinned=pinned, wanted=wanted) == expected


@given(
    st.lists(st.sampled_from("wiqdxyz"), min_size=1, max_size=12),
    st.lists(st.integers(0, 11), max_size=6, unique=True),
    st.integers(1, 6),
)
def test_no_pane_moves_and_none_is_shown_twice(state, taken, places):
    names = "abcdefghijkl"[: len(state)]
    slots = "".join(names[place] for place in taken if place < len(names))[:places]
    found = run(slots, "".join(state), places)
    assert len(found) <= places
    assert len(set(found)) == len(found)
    for place, name in enumerate(slots):
        assert found[place] == name or name not in found
    # What is settled stays: nothing changes without a change.
    assert run(found, "".join(state), places) == found
