"""The registry of commands: every command has a key, texts, and an action."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from typing import Any

import pytest
from textual.widgets import Static

from openhqm_tui.tui import command_table
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.guides.screen import GuideScroll, GuidesScreen
from openhqm_tui.tui.log.pane import LogPane, SearchBar
from openhqm_tui.tui.plan.matrix import Matrix
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.run.failure_panel import FailurePanel
from openhqm_tui.tui.run.search import SearchScreen
from openhqm_tui.tui.steps.waterfall import Waterfall
from openhqm_tui.tui.widgets.dialogs import HelpDialog, QuestionDialog
from openhqm_tui.tui.widgets.table import CellTable
from tests.tui import folders
from tests.tui.conftest import World, settle, until


def screen_of(place: str) -> Any:
    return getattr(import_module(f"openhqm_tui.tui.{place}.screen"), f"{place.title()}Screen")


HANDLERS = {
    "app": ConsoleApp,
    **{place: screen_of(place) for place in command_table.PLACES},
    "matrix": Matrix,
    "targets": Board,
    "digest": FailurePanel,
    "steps": Waterfall,
    "log": LogPane,
    "typed": SearchBar,
    "search": SearchScreen,
    "table": CellTable,
    "dialog": QuestionDialog,
    "guides": GuidesScreen,
    "guide": GuideScroll,
}
EVERY = [command for where in HANDLERS for command in command_table.commands(where)]


def test_every_command_has_an_action_and_texts():
    for command in EVERY:
        action = re.split(r"[(.]", command.action)[0]
        assert hasattr(HANDLERS[command.where], f"action_{action}"), command
        assert command.help.endswith("."), command
        assert command.title, command


def test_ids_are_unique_and_keys_are_unambiguous_on_each_screen():
    assert max(Counter(command.id for command in EVERY).values()) == 1
    for place in command_table.PLACES:
        for widget in ("", "matrix", "targets", "log", "table"):
            keys: Counter[str] = Counter()
            for where in {place, "app"}:
                for command in command_table.commands(where):
                    keys.update(k for k in command.keys.split(",") if k)
            assert [key for key, number in keys.items() if number > 1] == [], (place, widget)


async def test_help_shows_every_key_of_the_screen(world: World):
    async with world.app().run_test(size=(120, 60)) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpDialog)
        text = "\n".join(str(static.content) for static in pilot.app.screen.query(Static))
        for command in (*command_table.commands("plan"), *command_table.commands("matrix")):
            assert command.help.split(";")[0][:40] in text
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, HelpDialog)


async def test_keys_can_be_remapped(world: World):
    app = world.app(keymap={"plan.all": "ctrl+a", "go.doctor": "ctrl+d"})
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("a")
        assert not app.place.rows()
        await pilot.press("ctrl+a")
        assert len(app.place.rows()) == 8
        await pilot.press("ctrl+d")
        await settle(pilot)
        assert app.place.PLACE == "doctor"


async def test_the_palette_runs_commands(world: World):
    app = world.app()
    async with app.run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        await pilot.press("ctrl+p", *"every target on")
        await until(pilot, lambda: app.screen.query("CommandList").first().option_count)
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1 and app.place.rows())
        assert len(app.place.rows()) == 8
        await pilot.press("ctrl+p", *"past run")
        await until(pilot, lambda: app.screen.query("CommandList").first().option_count)
        await pilot.press("enter")
        await until(pilot, lambda: app.place.PLACE == "history")


async def test_each_screen_is_one_click_away(world: World):
    app = world.app(folders.passed(world.state).run)
    async with app.run_test() as pilot:
        await settle(pilot)
        for place in command_table.PLACES:
            tab = next(t for t in app.screen.query("Tab") if t.place == place)
            await pilot.click(tab)
            await settle(pilot)
            assert place == app.place.PLACE
        await pilot.press("1")
        await pilot.click("StatusLine")
        await settle(pilot)
        assert app.place.PLACE == "doctor"


async def test_themes_are_cycled(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        seen = []
        for _ in range(4):
            await pilot.press("ctrl+t")
            seen.append(app.theme.removeprefix("openhqm-"))
        assert seen == ["light", "contrast", "terminal", "dark"]


@pytest.mark.parametrize("size", [(40, 10), (60, 12), (80, 16)])
async def test_help_uses_all_lines_of_a_low_terminal(world: World, size: tuple[int, int]):
    async with world.app().run_test(size=size) as pilot:
        await settle(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        text = pilot.app.screen.query_one(".dialog-text")
        # All but the frame and the title.
        assert text.size.height == size[1] - 3
        await pilot.press("end")
        await pilot.pause()
        assert text.scroll_y == text.max_scroll_y > 0
