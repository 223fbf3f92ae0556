"""Two consoles on one run: both see the requests of either."""

from __future__ import annotations

from textual.widgets import Static

from openhqm_tui.domain.run.events import CancelRequested, Outcome
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.run.board import Board
from openhqm_tui.tui.widgets.dialogs import QuestionDialog
from tests.tui import folders
from tests.tui.conftest import World, settle, until
from tests.tui.test_run_actions import notices

SIZE = (120, 40)


def listed(app) -> str:
    return str(app.screen.query_one(Board).render().plain)


async def test_requests_of_one_console_are_seen_in_both(world: World):
    made = folders.running(world.state)
    one, other = world.app(made.run), world.app(made.run)
    async with one.run_test(size=SIZE) as first, other.run_test(size=SIZE) as second:
        await settle(first)
        await settle(second)
        await first.press("down", "c")
        await until(first, lambda: isinstance(one.screen, QuestionDialog))
        await first.press("enter")
        await until(first, lambda: world.requests == [Request("cancel", "kafka")])
        # The runner's response.
        made.run.append(CancelRequested(at=made.at(9), target="kafka"))
        await until(
            second, lambda: "kafka is being cancelled from another console" in notices(other)
        )
        await until(second, lambda: "stopping" in listed(other))
        await until(first, lambda: "stopping" in listed(one))
        assert "elsewhere" not in notices(one)
        made.finish("kafka", Outcome.CANCELLED, 10)
        await until(second, lambda: "⊘ kafka" in listed(other))
        # The other console retries.
        await second.press("down", "r")
        await until(second, lambda: world.requests[-1] == Request("retry", "kafka"))
        made.begin("kafka", 12, attempt=2)
        await until(first, lambda: "↻2" in listed(one))
        await until(second, lambda: "↻2" in listed(other))
    made.release()


async def test_a_finished_run_resumed_by_another_console_is_followed(world: World):
    made = folders.failed(world.state)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.watch.idle)
        # Not requested by this console.
        made.hold().start().begin("kafka", 20, attempt=2)
        await until(pilot, lambda: app.session.run_is_live and "↻2" in listed(app))
        made.write("kafka", {"vertexes": [{"digest": "sha256:1", "name": "again"}]}, attempt=2)
        await until(pilot, lambda: app.session.run_state.targets["kafka"].steps)
        made.finish("kafka", Outcome.PASSED, 25)
        for platform in made.rows["kafka"]:
            made.check("kafka", platform, 26)
        made.end(Outcome.PASSED, 27)
        await until(pilot, lambda: app.session.watch.idle and not app.session.run_is_live)
        await until(
            pilot, lambda: "✓ verified" in str(app.screen.query_one("#run-word", Static).content)
        )


async def test_a_run_resumed_and_finished_between_two_polls_is_noticed(world: World):
    made = folders.failed(world.state)
    app = world.app(made.run)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await until(pilot, lambda: app.session.watch.idle)
        made.start().begin("kafka", 20, attempt=2).finish("kafka", Outcome.CANCELLED, 21)
        made.end(Outcome.CANCELLED, 22)
        await until(pilot, lambda: app.session.run_state.targets["kafka"].attempt == 2)
        await until(pilot, lambda: app.session.watch.idle and not app.session.run_is_live)
        await until(pilot, lambda: "⊘ kafka" in listed(app))
