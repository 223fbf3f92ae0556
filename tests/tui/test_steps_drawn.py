"""Bars drawn to an eighth of a cell, axes, columns and step titles."""

from __future__ import annotations

import itertools

import pytest
from rich.cells import cell_len

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.tui.steps.chart import Axis, bar, short_name, ticks
from openhqm_tui.tui.steps.target_chart import TargetChart
from openhqm_tui.tui.steps.waterfall import columns
from tests.domain.graphs import T0, S, target_of


def drawn(spans, width: int = 10, start: float = 0, end: float = 10) -> str:
    """Return a bar as text; reversed cells are preceded by a minus."""
    cells = bar(spans, Axis(start, end, width))
    return "".join(f"-{cell.char}" if cell.reverse else cell.char for cell in cells)


@pytest.mark.parametrize(
    ("spans", "text"),
    [
        ([], " " * 10),
        ([(0, 10)], "█" * 10),
        ([(0, 5)], "█████     "),
        ([(0, 0.5)], "▌         "),
        ([(0, 2.125)], "██▏       "),
        ([(0, 0)], "▏         "),
        ([(10, 10)], "         ▕"),
        ([(2.5, 4)], "  -▌█      "),
        ([(2.875, 3)], "  ▕       "),
        ([(1.25, 1.5)], " ▎        "),
        ([(1.5, 1.75)], " -▊        "),
        ([(0, 1), (9, 10)], "█        █"),
        ([(0, 0.25), (0.75, 1)], "▌         "),
        ([(-5, 1)], "█         "),
        ([(9, 50)], "         █"),
        ([(-9, -5), (20, 30)], " " * 10),
        ([(1e18, 1e19)], " " * 10),
    ],
)
def test_a_bar_is_drawn_to_an_eighth(spans, text: str) -> None:
    assert drawn(spans) == text


@pytest.mark.parametrize(("width", "start", "end"), [(0, 0, 1), (10, 5, 5), (10, 5, 4)])
def test_an_axis_without_length_or_width_is_no_error(width, start, end) -> None:
    axis = Axis(start, end, width)
    assert len(bar([(start, end)], axis)) == width
    assert len(ticks(axis)) <= 1


@pytest.mark.parametrize(
    ("length", "width", "moments"),
    [
        (30, 40, [0, 10, 20, 30]),
        (30, 120, [0, 5, 10, 15, 20, 25, 30]),
        (0.3, 40, [0, 0.1, 0.2, 0.3]),
        (52, 24, [0, 30]),
        (3600, 40, [0, 900, 1800, 2700, 3600]),
        (86400 * 100, 40, [0, 86400 * 26, 86400 * 52, 86400 * 78]),
    ],
)
def test_ticks_are_round_and_apart(length: float, width: int, moments: list[float]) -> None:
    found = ticks(Axis(0, length, width))
    assert [moment for _, moment in found] == pytest.approx(moments)
    cells = [cell for cell, _ in found]
    assert all(b - a >= 9 for a, b in itertools.pairwise(cells))
    assert all(0 <= cell < width for cell in cells)


def test_columns_fill_the_width_and_bars_come_first() -> None:
    for width in range(20, 260):
        parts = columns(width, 64)
        used = 4 + parts.name + 1 + 7 + 1 + (parts.note + 1 if parts.note else 0) + parts.bar
        assert used == width or width < 26, width
        if width >= 52:
            assert parts.bar >= 24, width
            assert parts.name >= 12, width
        assert min(parts) >= 0, width


@pytest.mark.parametrize(
    ("name", "place", "title", "short"),
    [
        ("[linux/amd64 core 2/3] RUN uv pip install x", "core 2/3", "RUN uv pip install x", ""),
        (
            "[linux/amd64 core 1/1] RUN --mount=type=secret,id=a --mount=type=cache,id=c    x",
            "core 1/1",
            "RUN x",
            "",
        ),
        ("[a 1/1] COPY --link --from=core /layer/ /", "a 1/1", "COPY --from=core /layer/ /", ""),
        ("[a 1/1] LINK COPY --link --from=b / /", "a 1/1", "LINK COPY --from=b / /", ""),
        ("[a 1/1] COPY --chmod=755 <<EOF /slim", "a 1/1", "COPY <<EOF /slim", ""),
        ("[a 1/1] RUN pip install --quiet x", "a 1/1", "RUN pip install --quiet x", ""),
        ("[a 1/1] RUN --network=none", "a 1/1", "RUN", ""),
        ("exporting to image", "", "exporting to image", "export"),
        ("[internal] load .dockerignore", "", "load .dockerignore", "load .dockerignore"),
    ],
)
def test_steps_have_short_titles(name: str, place: str, title: str, short: str) -> None:
    (step,) = target_of(S(name, digest="x")).steps.values()
    assert step.name.place == place
    assert short_title(step.name.title) == title
    assert short_name(step) == (short or place)


def chart(*steps: S, end: float | None = None, **how: bool) -> TargetChart:
    return TargetChart(target_of(*steps, end=end), T0 + 9, **how)


def test_steps_are_ordered_by_lane_start_of_the_stage_and_number() -> None:
    found = chart(
        S("[internal] load it", "", ((0, 1),), digest="own"),
        S("[linux/arm64 core 1/1] RUN x", "", ((3, 4),), digest="arm"),
        S("[linux/amd64 b-late 1/1] RUN x", "", ((5, 6),), digest="late"),
        S("[linux/amd64 core 2/2] RUN x", "", ((2, 3),), digest="core2"),
        S("[linux/amd64 a-never 1/1] RUN x", digest="never"),
        S("[linux/amd64 core 1/2] RUN x", "", ((1, 2),), digest="core1"),
        S("exporting to image", "", ((6, 7),), digest="export"),
    )
    assert found.keys == [
        "linux/amd64",
        *("core1", "core2", "late", "never"),
        "linux/arm64",
        "arm",
        "",
        *("own", "export"),
    ]
    again = [found.row(index).again for index in range(len(found.keys))]
    assert [key for key, same in zip(found.keys, again, strict=True) if same] == ["core2"]


def test_a_row_shows_state_time_and_notes() -> None:
    found = chart(
        S("[linux/arm64 a 1/3] RUN x", "", ((0, 2),), digest="done"),
        S("[linux/arm64 a 2/3] RUN x", "done", ((3, None),), digest="runs"),
        S("[linux/arm64 a 3/3] RUN x", "runs", digest="waits"),
        S("[linux/arm64 b 1/3] RUN x", "", ((1, 1),), cached=True, digest="cached"),
        S("[linux/arm64 b 2/3] RUN x", "", ((1, 2),), error="it died: exit code: 7", digest="bad"),
        S("[linux/arm64 b 3/3] RUN x", "", ((1, 2),), error="context canceled", digest="stop"),
    )
    rows = {key: found.row(index) for index, key in enumerate(found.keys)}
    seen = {key: (row.mark.symbol, row.seconds) for key, row in rows.items() if not row.heading}
    assert seen == {
        "done": ("●", 2),
        "runs": ("▸", 6),
        "waits": ("·", None),
        "cached": ("○", None),
        "bad": ("✗", 1),
        "stop": ("−", 1),
    }
    assert rows["bad"].notes == ("it died: exit code: 7", "emulated", "critical")
    assert rows["cached"].notes == ("cached",)
    assert rows["stop"].notes == ("stopped", "emulated")
    assert rows["runs"].could == T0 + 2
    assert rows["runs"].open
    assert found.first() == found.keys.index("bad")


def test_cached_steps_can_be_hidden() -> None:
    steps = (S("[linux/amd64 a 1/1] RUN x", "", ((1, 1),), cached=True, digest="old"),)
    assert chart(*steps).keys == ["linux/amd64", "old", "linux/arm64"]
    assert chart(*steps, cached=False).keys == ["linux/amd64", "linux/arm64"]


def test_the_head_shows_the_critical_path_without_its_shortest_steps() -> None:
    steps = [
        S("[linux/amd64 a 1/3] RUN x", "", ((0, 1),), digest="a1"),
        S("[linux/amd64 a 2/3] RUN x", "a1", ((1, 5),), digest="a2"),
        S("[linux/amd64 a 3/3] RUN x", "a2", ((5, 7),), digest="a3"),
        S("exporting to image", "", ((7, 8),), digest="export"),
    ]
    found = chart(*steps, end=9)
    whole = "» critical path 8.0 s of 9.0 s: a 1/3 → a 2/3 → a 3/3 → export"
    assert whole in found.head(100).plain
    assert "9.0 s: a 2/3 → a 3/3 → export" in found.head(66).plain
    assert "9.0 s: a 2/3 → export" in found.head(60).plain
    assert cell_len(found.head(20).plain) <= 20
    assert (
        found.facts()[0] == "0 of 3 steps cached (0 %) · 8.0 s of work in 9.0 s · 0.9 in parallel"
    )


def test_the_detail_of_a_step_is_complete() -> None:
    found = chart(
        S("[linux/amd64 a 1/2] RUN x", "", ((0, 1),), digest="a1"),
        S("[linux/arm64 a 2/2] RUN --network=none y", "a1 gone", ((3, 5),), digest="a2"),
        end=9,
    )
    text = found.detail(found.keys.index("a2")).plain
    assert text.splitlines() == [
        "● done · a 2/2 · linux/arm64 · emulated · » critical",
        "started at 3.0 s · took 2.0 s · waited for a 1/2, then 2.0 s more",
        "RUN --network=none y",
        "needs a 1/2, 1 not reported",
    ]


def test_hostile_names_and_errors_are_inert() -> None:
    found = chart(
        S(
            "[linux/amd64 [red]a[/] 1/1] RUN \x1b[31m$(evil)\n[b]x",
            "",
            ((0, 1),),
            error="\x1b]0;title\x07[bold]exit code: 9\nmore",
            digest="bad",
        ),
    )
    index = found.keys.index("bad")
    text = found.detail(index).plain + "".join(found.row(index).notes) + found.row(index).title
    assert "\x1b" not in text
    assert "[bold]exit code: 9 more" in text
