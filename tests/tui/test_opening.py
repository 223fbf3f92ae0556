"""What the console opens with: the live run, one of several, or an interrupted one."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList, Static

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.history.past_runs import read_past
from openhqm_tui.tui.opening import cut_off
from openhqm_tui.tui.widgets.dialogs import ChooseRun, HelpDialog, QuestionDialog
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.test_run_actions import notices

SIZE = (100, 30)
OLD, NEWER, NEWEST = (f"20261123-15{minute}00-aa01" for minute in (10, 11, 12))


def interrupted(world: World, id: str = folders.ID) -> folders.Made:
    """A run whose runner died when one of its three targets had finished."""
    made = folders.Made(world.state, ("redis", "kafka", "sqs"), id=id).start()
    made.begin("redis").build("redis").finish("redis", Outcome.PASSED, 7)
    for platform in made.rows["redis"]:
        made.check("redis", platform, 7.6)
    return made.begin("kafka").build("kafka", 3)


def title(app) -> str:
    return str(app.screen.query_one(".dialog-title", Static).content)


async def test_without_a_live_run_the_plan_opens(world: World):
    folders.failed(world.state)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert (app.place.PLACE, len(app.screen_stack), notices(app)) == ("plan", 1, "")
        assert app.session.run_folder is None


@pytest.mark.parametrize("others", [False, True])
async def test_a_single_live_run_is_opened_with_a_notice(world: World, others):
    if others:
        folders.passed(world.state, id=OLD, created=folders.T0 - 240)
    made = folders.running(world.state)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.place is not None and app.place.PLACE == "run")
        assert app.session.run_folder.path == made.run.path
        notice = "opened the run in progress (started 15:14)"
        notice += "; other runs are in History (4)" if others else ""
        await until(pilot, lambda: notices(app) == notice)
    made.release()


def several(world: World) -> list[folders.Made]:
    found = [folders.Made(world.state, id=id).hold().start() for id in (OLD, NEWER, NEWEST)]
    found[1].begin("redis").finish("redis", Outcome.FAILED, 3)
    return found


@pytest.mark.parametrize(
    ("keys", "opened"),
    [
        (["enter"], NEWEST),
        (["down", "enter"], NEWER),
        (["j", "j", "k", "enter"], NEWER),
        (["down", "tab", "enter"], NEWER),
        (["tab", "tab", "enter"], None),
        (["escape"], None),
    ],
)
async def test_one_of_several_live_runs_is_chosen_by_keys(world: World, keys, opened):
    made = several(world)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChooseRun))
        assert "3 runs are in progress" in title(app)
        await until(pilot, lambda: isinstance(app.focused, OptionList))
        options = app.screen.query_one(OptionList)
        words = str(options.get_option_at_index(1).prompt)
        assert words == f"▸ since 15:14 · 1/2 done · {NEWER}\n  redis, kafka"
        await pilot.press(*keys)
        await until(pilot, lambda: not isinstance(app.screen, ChooseRun))
        if opened is None:
            assert (app.session.run_folder, app.place.PLACE) == (None, "plan")
        else:
            await until(pilot, lambda: app.place is not None and app.place.PLACE == "run")
            assert app.session.run_folder.path.name == opened
    for one in made:
        one.release()


@pytest.mark.parametrize(
    ("where", "at", "opened"),
    [("#live-runs", (5, 2), NEWER), ("#open", (2, 0), NEWEST), ("#none", (2, 0), None)],
)
async def test_one_of_several_live_runs_is_chosen_by_mouse(world: World, where, at, opened):
    made = several(world)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChooseRun))
        await until(pilot, lambda: isinstance(app.focused, OptionList))
        await pilot.click(where, offset=at)
        await until(pilot, lambda: not isinstance(app.screen, ChooseRun))
        if opened is not None:
            await until(pilot, lambda: app.session.run_folder is not None)
        assert (app.session.run_folder.path.name if app.session.run_folder else None) == opened
    for one in made:
        one.release()


@pytest.mark.parametrize(
    ("keys", "place", "requests"),
    [
        (["enter"], "run", [Request("resume")]),
        (["right", "enter"], "run", []),
        (["right", "right", "enter"], "plan", []),
        (["escape"], "plan", []),
    ],
)
async def test_resuming_the_latest_interrupted_run_is_offered(world: World, keys, place, requests):
    made = interrupted(world)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: isinstance(app.screen, QuestionDialog))
        assert (
            title(app) == f"Run {folders.ID} was interrupted with 1 of 3 targets done. Resume it?"
        )
        await pilot.press(*keys)
        await until(pilot, lambda: not isinstance(app.screen, QuestionDialog))
        await until(pilot, lambda: app.place is not None and place == app.place.PLACE)
        await until(pilot, lambda: world.requests == requests)
        assert (app.session.run_folder is not None) is (place == "run")
        if place == "run":
            assert app.session.run_folder.path == made.run.path


def test_old_or_superseded_interrupted_runs_are_not_offered(world: World):
    interrupted(world, NEWER)
    runs = read_past(world.state).runs
    assert cut_off(runs, world.now) == runs[0]
    assert cut_off(runs, world.now + 90_000) is None
    folders.passed(world.state, id=NEWEST)
    assert cut_off(read_past(world.state).runs, world.now) is None
    assert cut_off([], world.now) is None


async def test_over_a_dialog_a_live_run_is_only_notified(world: World):
    made = folders.running(world.state)
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        app.session.watch.close()
        app.clear_notifications()
        await app.switch_mode("plan")
        app.session.past_runs = None
        app.push_screen(HelpDialog("plan", {}))
        app.session.read_past()
        await until(pilot, lambda: "1 run in progress: see History (4)" in notices(app))
        assert isinstance(app.screen, HelpDialog)
        assert app.session.run_folder is None
    made.release()


async def test_a_given_run_is_opened(world: World):
    made = folders.running(world.state)
    given = folders.passed(world.state, id=OLD)
    app = world.app(given.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        assert app.session.run_folder.path == given.run.path
        assert notices(app) == ""
    made.release()
