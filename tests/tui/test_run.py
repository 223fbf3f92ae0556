"""The Run screen: concurrent builds, read only from the run folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from textual.widgets import Static

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.failure_panel import FailurePanel
from openhqm_tui.tui.run.lane_grid import LanePanes
from openhqm_tui.tui.run.lane_pane import LanePane
from openhqm_tui.tui.run.screen import RunScreen
from tests.tui import folders
from tests.tui.conftest import World, settle, until

STREAMS = Path(__file__).parent / "streams"


def panes(app) -> LanePanes:
    assert isinstance(app.place, RunScreen)
    return app.place.query_one(LanePanes)


def heading(pane: LanePane) -> str:
    return str(pane.head.content).rstrip(" ⤢⤡")


def shown(pane: LogPane) -> list[str]:
    return [pane.render_line(y).text[1:].rstrip("▐ ") for y in range(pane.view.height)]


def requests(made: folders.Made) -> list[dict[str, str]]:
    return [json.loads(line) for line in made.run.control_file.read_text().splitlines()]


async def test_without_a_run_a_hint_is_shown(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("2")
        await settle(pilot)
        assert app.screen.query_one("#no-run").display
        await pilot.press("z", "c", "C", "d", "right_square_bracket", "escape", "J")


async def test_every_lane_has_a_pane_with_its_status(world: World):
    world.run_view = "panes"
    app = world.app(folders.running(world.state).run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert [heading(pane) for pane in panes(app).visible_panes] == [
            "▸ redis linux/amd64 · native · 0:11 · building",
            "▸ redis linux/arm64 · emulated · 0:11 · building",
            "▸ kafka linux/amd64 · native · 0:11 · building",
            "▸ kafka linux/arm64 · emulated · 0:11 · building",
        ]


async def test_the_heading_of_the_focused_lane_is_highlighted(world: World):
    app = world.app(folders.running(world.state).run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        first, second, *_ = (pane.head for pane in panes(app).visible_panes)
        plain = first.styles.background
        await pilot.press("tab")
        await until(pilot, lambda: first.styles.background != plain)
        assert second.styles.background == plain
        await pilot.press("tab")
        await until(pilot, lambda: second.styles.background != plain)
        assert first.styles.background == plain


async def test_a_growing_log_is_followed_to_its_end(world: World):
    made = folders.running(world.state, ("redis",))
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        log = panes(app).visible_panes[0].log_pane
        many = "".join(f"line {number}\n" for number in range(300))
        made.step("redis", "[linux/amd64 extra 1/1] RUN seq 300", 9, log=many)
        await until(pilot, lambda: "line 299" in shown(log))
        assert log.following


async def test_a_log_that_arrives_at_once_shows_its_end(world: World):
    made = folders.Made(world.state, ("redis",)).hold().start()
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        made.begin("redis")
        many = "".join(f"line {number}\n" for number in range(300))
        made.step("redis", "[linux/amd64 extra 1/1] RUN seq 300", 1, 2, log=many)
        await until(pilot, lambda: "line 299" in shown(panes(app).visible_panes[0].log_pane))


async def test_a_log_that_was_scrolled_up_stays_in_place(world: World):
    made = folders.running(world.state, ("redis",))
    many = "".join(f"line {number}\n" for number in range(300))
    made.step("redis", "[linux/amd64 extra 1/1] RUN seq 300", 9, log=many)
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        log = panes(app).visible_panes[0].log_pane
        log.focus()
        await pilot.press("g")
        await until(pilot, lambda: log.view.top == (0, 0))
        before = shown(log)
        made.step("redis", "[linux/amd64 extra 2/2] RUN seq", 10, log="more\n" * 50)
        await until(pilot, lambda: len(log.view) > 350)
        assert shown(log) == before
        assert log.following is False
        await pilot.press("G")
        await until(pilot, lambda: "more" in shown(log) and log.following)
        made.step("redis", "[linux/amd64 extra 3/3] RUN last", 11, log="the last\n")
        await until(pilot, lambda: "the last" in shown(log))


async def test_the_end_of_a_log_stays_visible_when_resized(world: World):
    world.run_view = "panes"
    app = world.app(folders.passed(world.state, ("redis",)).run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.resize_terminal(80, 16)
        await pilot.pause()
        log = panes(app).visible_panes[0].log_pane
        await until(pilot, lambda: "done in" in shown(log)[-1])


HOSTILE = (
    b"\x1b]52;c;aGFja2Vk\x07clipboard\n"
    b"\x1b[2J\x1b[1;1H\x1b[?1049lcursor\n"
    b"[bold red]markup[/bold red] [link=https://evil.example]x[/link] [/]\n"
    b"\x1b]0;title\x07\x1b]8;;https://evil.example\x07link\x1b]8;;\x07\n"
    b"\xff\xfe invalid \xc3\n"
    + "宽字符 wide 🎉 ｗｉｄｅ\n".encode()
    + b"50%\rdone 100%\n"
    + b"x" * 40_000
    + b"\n"
)


async def test_hostile_bytes_are_shown_without_any_effect(world: World):
    made = folders.Made(world.state, ("redis",)).hold().start().begin("redis")
    made.step("redis", "[linux/amd64 evil 1/1] RUN [bold]evil[/bold]", 1, 2, log=HOSTILE)
    app = world.app(made.run)
    async with app.run_test(size=(104, 40)) as pilot:
        await settle(pilot)
        pane = panes(app).visible_panes[0].log_pane
        lines = shown(pane)
        assert lines[0].startswith("▸ evil 1/1 RUN [bold]evil[/bold]")
        assert [line.strip() for line in lines[1:8]] == [
            "clipboard",
            "cursor",
            "[bold red]markup[/bold red] [link=https://evil.example]x[/link] [/]",
            "link",
            "\ufffd\ufffd invalid \ufffd",
            "宽字符 wide 🎉 ｗｉｄｅ",
            "done 100%",
        ]
        for y in range(pane.size.height):
            strip = pane.render_line(y)
            assert strip.cell_length == pane.size.width
            assert not any(ord(c) < 32 for c in strip.text)
            assert not any(segment.style and segment.style.link for segment in strip)
        for _ in range(6):
            await pilot.press("tab", "right", "l", "left")
        await pilot.press("z")
        await pilot.pause()


async def test_zoom_maximizes_one_lane(world: World):
    app = world.app(folders.running(world.state).run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("z")
        await pilot.pause()
        assert [pane.lane.key for pane in panes(app).visible_panes] == [("redis", "linux/amd64")]
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert [pane.lane.key for pane in panes(app).visible_panes] == [("redis", "linux/arm64")]
        await pilot.press("escape")
        await pilot.pause()
        assert len(panes(app).visible_panes) == 4
        await pilot.press("tab", "tab", "tab", "enter")
        await pilot.pause()
        assert len(panes(app).visible_panes) == 1
        await pilot.press("enter")
        await pilot.pause()
        assert len(panes(app).visible_panes) == 4


async def test_lanes_that_do_not_fit_are_on_further_pages(world: World):
    world.run_view = "panes"
    app = world.app(folders.running(world.state, folders.EIGHT).run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        grid = panes(app)
        assert grid.pages > 1
        seen = [pane.lane.key for pane in grid.visible_panes]
        for _ in range(grid.pages - 1):
            await pilot.press("right_square_bracket")
            await pilot.pause()
            seen += [pane.lane.key for pane in grid.visible_panes]
        assert seen == grid.order
        await pilot.press("left_square_bracket")
        await pilot.pause()
        assert grid.page == grid.pages - 2


async def test_choosing_a_target_shows_its_lanes(world: World):
    app = world.app(folders.running(world.state, folders.EIGHT).run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("down", "down", "j")
        await pilot.pause()
        assert app.screen.query_one(Board).chosen == "sqs"
        assert "sqs" in {pane.lane.target.name for pane in panes(app).visible_panes}
        await pilot.click(Board, offset=(4, 6))
        await pilot.pause()
        assert app.screen.query_one(Board).chosen == "gcp"
        panes(app).panes[("gcp", "linux/amd64")].log_pane.focus()
        await pilot.press("J")
        await pilot.pause()
        assert app.screen.query_one(Board).chosen == "mqtt"


async def test_hidden_panes_are_not_rendered(world: World):
    made = folders.running(world.state, folders.EIGHT)
    app = world.app(made.run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("end")
        await until(pilot, lambda: ("minimal", "linux/amd64") in panes(app).panes)
        hidden = panes(app).panes[("minimal", "linux/amd64")]
        await pilot.press("home")
        await until(pilot, lambda: not hidden.display)
        assert ("gcp", "linux/amd64") not in panes(app).panes
        made.step("gcp", "[linux/amd64 extra 1/1] RUN yes", 9, log="y\n" * 100)
        lane = app.session.run_state.lane("gcp", "linux/amd64")
        await until(pilot, lambda: len(lane.log) > 100)
        await pilot.press("down", "down", "down", "down", "down")
        await until(pilot, lambda: ("gcp", "linux/amd64") in panes(app).panes)
        late = panes(app).panes[("gcp", "linux/amd64")]
        await until(pilot, lambda: late.display and "y" in shown(late.log_pane))


async def test_the_first_failure_is_selected_and_summarized(world: World):
    made = folders.running(world.state, ("redis", "kafka"))
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert not app.screen.query_one(FailurePanel).display
        made.fail("kafka")
        panel = app.screen.query_one(FailurePanel)
        await until(pilot, lambda: panel.display)
        assert app.screen.query_one(Board).chosen == "kafka"
        await until(pilot, lambda: "exit code 1" in str(panel.query_one(Static).content))
        text = str(panel.query_one(Static).content)
        for words in ("kafka failed · linux/arm64", "Dockerfile:74", ">>> RUN", "aiokafka==9.9.9"):
            assert words in text
        assert f"~/{made.run.path.relative_to(world.state.parent)}/kafka.log" in text
        await pilot.press("d")
        await pilot.pause()
        assert not panel.display
        await pilot.press("d", "up")
        await pilot.pause()
        assert app.screen.query_one(Board).chosen == "redis"
        assert not panel.display


async def test_a_retried_target_starts_with_an_empty_log(world: World):
    made = folders.Made(world.state, ("redis",)).hold().start()
    made.begin("redis").fail("redis")
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        made.begin("redis", 8, attempt=2)
        pane = panes(app).visible_panes[0]
        await until(pilot, lambda: "building" in heading(pane))
        assert len(pane.log_pane.log_lines) == 0
        assert shown(pane.log_pane)[0] == "no output yet"
        await until(pilot, lambda: not app.screen.query_one(FailurePanel).display)


@pytest.mark.parametrize(
    ("key", "request_"),
    [("c", {"ask": "cancel", "target": "kafka"}), ("C", {"ask": "cancel"})],
)
async def test_cancelling_needs_confirmation(world: World, key, request_):
    made = folders.running(world.state)
    app = world.app(made.run)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("down", key)
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert requests(made) == []
        await pilot.press(key)
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert requests(made) == [request_]


async def test_a_finished_run_cannot_be_cancelled(world: World):
    made = folders.passed(world.state)
    app = world.app(made.run)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("c", "C")
        await pilot.pause()
        assert len(app.screen_stack) == 1
        assert requests(made) == []


async def test_seconds_are_counted_only_during_the_run(world: World):
    made = folders.running(world.state, ("redis",))
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        world.now += 5
        pane = panes(app).visible_panes[0]
        await until(pilot, lambda: "0:16" in heading(pane))
        made.finish("redis", Outcome.PASSED, 18)
        made.end(Outcome.PASSED, 19)
        await until(pilot, lambda: app.session.watch.idle)
        world.now += 500
        await pilot.pause(0.3)
        word = str(app.screen.query_one("#run-word", Static).content)
        assert "0:19" in word
        assert app.session.watch.idle


@pytest.mark.parametrize(
    ("stream", "outcome"),
    [("two_platforms", Outcome.PASSED), ("failing_step", Outcome.FAILED)],
)
async def test_recorded_streams_of_a_real_engine_are_shown(world: World, stream, outcome):
    world.run_view = "panes"
    # Recorded from a real Buildx, starting at 15:17:07 UTC.
    made = folders.Made(world.state, ("redis",), created=1795447027.0, check=False).start()
    made.begin("redis", 0.1)
    shutil.copy(STREAMS / f"{stream}.rawjson", made.run.path / "redis.rawjson")
    made.finish("redis", outcome, 8).end(outcome, 8)
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        amd, arm = panes(app).panes.values()
        assert "final here" in "\n".join(shown(amd.log_pane))
        if outcome is Outcome.PASSED:
            assert "built" in heading(amd)
            assert "aarch64" in "\n".join(shown(arm.log_pane))
        else:
            assert "failed" in heading(amd)
            assert "stopped" in heading(arm)
            panel = str(app.screen.query_one(FailurePanel).query_one(Static).content)
            assert "Dockerfile:11" in panel
            assert "exit code 3" in panel
            assert "oops" in panel
