"""The guides in the console: their links, and their rendering in pieces."""

from __future__ import annotations

import pytest
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownBlock

from openhqm_tui.store.guides import guides
from openhqm_tui.store.paths import bundled
from openhqm_tui.tui.app import ConsoleApp
from openhqm_tui.tui.guides.markdown import DrawnTable, GuideText, PlainFence, pieces
from openhqm_tui.tui.guides.screen import GuideScroll, GuidesScreen
from tests.tui.conftest import GUIDES, World, settle, until


def shown(app: ConsoleApp) -> GuidesScreen:
    assert isinstance(app.screen, GuidesScreen)
    return app.screen


async def opened(pilot, app) -> GuidesScreen:
    await settle(pilot)
    await pilot.press("f1")
    await until(pilot, lambda: isinstance(app.screen, GuidesScreen) and drawn(app))
    return shown(app)


def drawn(app: ConsoleApp) -> bool:
    return not any(w.group == "guide" and w.is_running for w in app.workers)


async def test_a_link_to_a_section_of_another_guide_is_followed_and_back(world: World):
    app = world.app()
    async with app.run_test(size=(80, 12)) as pilot:
        screen = await opened(pilot, app)
        screen.follow("other.md#second")
        await until(pilot, lambda: screen.guide.name == "other" and drawn(app))
        scroll = screen.query_one(GuideScroll)
        await until(pilot, lambda: scroll.scroll_y > 0)
        await pilot.press("backspace")
        await until(pilot, lambda: screen.guide.name == "README" and drawn(app))
        assert scroll.scroll_y == 0


async def test_a_link_to_a_section_of_this_guide_is_followed_and_back(world: World):
    app = world.app()
    async with app.run_test(size=(80, 12)) as pilot:
        screen = await opened(pilot, app)
        scroll = screen.query_one(GuideScroll)
        screen.follow("#far-below")
        await until(pilot, lambda: scroll.scroll_y > 20)
        await pilot.press("backspace")
        await until(pilot, lambda: scroll.scroll_y == 0)


@pytest.mark.parametrize("href", ["https://example.org/a", "../../Makefile"])
async def test_links_out_of_the_guides_are_copied(world: World, href):
    app = world.app()
    async with app.run_test() as pilot:
        (await opened(pilot, app)).follow(href)
        await until(pilot, lambda: world.copied == [href])


@pytest.mark.parametrize("href", ["javascript:alert", "file:///etc/passwd", "gone.md", "http://a"])
async def test_invalid_links_are_reported(world: World, href, monkeypatch):
    app = world.app()
    notices: list[str] = []
    async with app.run_test() as pilot:
        screen = await opened(pilot, app)
        monkeypatch.setattr(screen, "notify", lambda words, **_: notices.append(words))
        screen.follow(href)
        await pilot.pause()
        assert notices
        assert not world.copied
        assert screen.guide.name == "README"


async def test_a_click_on_a_link_follows_it(world: World):
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, app)
        text = screen.query_one(GuideText)
        text.post_message(Markdown.LinkClicked(text, "other.md"))
        await until(pilot, lambda: screen.guide.name == "other")


async def test_sections_and_links_can_be_chosen_by_keys(world: World):
    app = world.app()
    async with app.run_test(size=(80, 12)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("t", "down", "down", "enter")
        await until(pilot, lambda: screen.query_one(GuideScroll).scroll_y > 20)
        await pilot.press("l", "enter")
        await until(pilot, lambda: screen.guide.name == "other")


async def test_a_guide_can_be_chosen_in_the_list(world: World):
    app = world.app()
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("tab", "down", "enter")
        await until(pilot, lambda: screen.guide.name == "other" and drawn(app))
        assert app.focused is screen.query_one(GuideScroll)


async def test_the_guides_are_closed_by_mouse_and_do_not_open_over_a_dialog(world: World):
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, app)
        await pilot.click("#guides-close")
        await until(pilot, lambda: not isinstance(app.screen, GuidesScreen))
        await pilot.press("question_mark")
        app.action_guides()
        await pilot.pause()
        assert not isinstance(app.screen, GuidesScreen)


async def test_markup_in_a_guide_is_text(world: World):
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, app)
        words = [str(block.render()) for block in screen.query(MarkdownBlock)]
        assert any("[bold]not bold[/bold], [@click=app.quit]no button[/]" in one for one in words)


async def test_no_block_of_a_guide_is_lost_between_its_pieces(world: World, monkeypatch):
    monkeypatch.setattr("openhqm_tui.store.guides.bundled", bundled)
    app = world.app()
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, app)
        text = screen.query_one(GuideText)
        for guide in guides():
            source = guide.read()
            await text.show(source)
            whole = Markdown(parser_factory=text._parser_factory)
            await screen.mount(whole)
            await whole.update(source)
            assert kinds(text) == kinds(whole), guide.name
            assert len(text.query(DrawnTable)) == tables(source), guide.name
            await whole.remove()


def kinds(text: Markdown) -> list[str]:
    """Return the blocks of a text without tables, which only we draw as one block."""
    return [
        f"{block.name} {block.render()}"
        for block in text.query(MarkdownBlock)
        if not isinstance(block, DrawnTable)
    ]


def tables(source: str) -> int:
    outside = "".join(source.split("```")[::2])
    return sum(line.startswith(("| ---", "|---", "| --:")) for line in outside.splitlines())


async def test_the_language_of_code_is_not_guessed(world: World, monkeypatch):
    def guess(*_: object) -> str:
        raise AssertionError("guessing takes half a second")

    monkeypatch.setattr("textual.highlight.guess_language", guess)
    app = world.app()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, app)
        await screen.query_one(GuideText).show("```\na = 1\n```\n\n    indented\n")
        assert [fence.code for fence in screen.query(PlainFence)] == ["a = 1", "indented"]


def test_a_text_is_split_only_at_blank_lines_outside_code():
    text = (GUIDES / "README.md").read_text() + "```\n\n\n\n\n```\n"
    cut = list(pieces(text, 3))
    assert "".join(cut) == text
    assert len(cut) > 5
    assert all(piece.count("```") % 2 == 0 for piece in cut)
