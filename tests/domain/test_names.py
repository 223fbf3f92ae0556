"""Long names of targets stay distinct and readable, however little room there is."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.names import cut_middle, matches, shortened
from openhqm_tui.domain.text import cut_end

NUMBERED = ("registry-service-with-a-long-name-001", "registry-service-with-a-long-name-002")
WORDED = ("acme-platform-billing-worker-nightly", "acme-platform-gateway", "acme-platform-web")
INSIDE = ("first-part-one-and-the-same-long-end", "first-part-two-and-the-same-long-end")


@pytest.mark.parametrize(
    ("names", "room", "expected"),
    [
        ((), 9, []),
        (NUMBERED, 40, list(NUMBERED)),
        (("all", "redis"), 5, ["all", "redis"]),
        # The common start loses as much as necessary, by the same amount for all.
        (NUMBERED, 30, ["registry-service-with-a-lo…001", "registry-service-with-a-lo…002"]),
        (NUMBERED, 12, ["registry…001", "registry…002"]),
        (NUMBERED, 6, ["…001", "…002"]),
        (WORDED, 30, ["acme-pl…billing-worker-nightly", "acme-pl…gateway", "acme-pl…web"]),
        # Its last characters alone would say nothing.
        (WORDED, 24, ["…billing-worker-nightly", "…gateway", "…web"]),
        # What tells names apart is longer than the room.
        (WORDED, 14, ["…billi…nightly", "…gateway", "…web"]),
        ((*WORDED, "cli"), 14, ["acme-p…nightly", "acme-p…gateway", "acme-p…orm-web", "cli"]),
        (INSIDE, 16, ["…one-an…long-end", "…two-an…long-end"]),
        ((*INSIDE, "cli"), 12, ["…one-and-th…", "…two-and-th…", "cli"]),
        (("a-name-without-another",), 9, ["a-na…ther"]),
        (NUMBERED, 1, ["…", "…"]),
        (NUMBERED, 0, ["…", "…"]),
    ],
)
def test_names_are_shortened(names: tuple[str, ...], room: int, expected: list[str]) -> None:
    short = shortened(names, room)
    assert list(short) == list(names)
    assert list(short.values()) == expected


@pytest.mark.parametrize("room", range(8, 64))
def test_a_hundred_names_of_sixty_characters_stay_distinct(room: int) -> None:
    names = [f"{'service-of-the-platform-with-a-very-long-name-':-<57}{n:03}" for n in range(100)]
    assert {len(name) for name in names} == {60}
    short = shortened(names, room)
    assert len(set(short.values())) == 100
    assert max(map(len, short.values())) <= room


@pytest.mark.parametrize(
    ("cut", "room", "expected"),
    [
        (cut_middle, 10, "abcdefghij"),
        (cut_middle, 9, "abcd…ghij"),
        (cut_middle, 8, "abc…ghij"),
        (cut_middle, 7, "abcdef…"),
        (cut_end, 10, "abcdefghij"),
        (cut_end, 9, "abcdefgh…"),
        (cut_end, 1, "…"),
    ],
)
def test_text_is_cut(cut: object, room: int, expected: str) -> None:
    assert callable(cut)
    assert cut("abcdefghij", room) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("", True), ("WEB", True), ("web arm", True), ("arm web", True), ("web amd", False)],
)
def test_a_filter_needs_every_word_in_any_case(words: str, expected: bool) -> None:
    assert matches("the-web linux/arm64", words) is expected
