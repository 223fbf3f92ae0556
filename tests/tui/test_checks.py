"""The Checks screen: results, evidence, and checking again."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from openhqm_tui.domain.checks.catalog import check_named
from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.store.run_folder import Request
from openhqm_tui.tui.checks.screen import ChecksScreen
from openhqm_tui.tui.widgets.table import CellTable
from tests.our_variants import OUR_CHECKS
from tests.tui import folders
from tests.tui.conftest import World, settle, until

ARM = ("redis", "linux/arm64")
ALL = f"{len(OUR_CHECKS)}/{len(OUR_CHECKS)}"


def text(app, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


def rows(app) -> list[str]:
    drawn: str = app.screen_stack[0].query_one(CellTable).render().plain
    return drawn.split("\n")


def checked(world: World) -> folders.Made:
    """A finished run of one target: natively all passed, emulated one failed and one unknown."""
    made = folders.Made(world.state, ("redis",)).start().begin("redis").build("redis")
    made.finish("redis", Outcome.PASSED, 7.4)
    made.check("redis", "linux/amd64", 7.6)
    made.check("redis", "linux/arm64", 7.6, clients=Answer.FAIL, machine=Answer.UNKNOWN)
    return made.end(Outcome.FAILED, 9)


async def test_verdicts_are_shown_in_a_table_with_their_evidence(world: World):
    app = world.app(checked(world).run)
    async with app.run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert text(app, "#checks-summary") == (
            "2 images · ✓ 1 verified · ✗ 1 failed · 40 of 42 checks passed, ✗ 1 fail, ? 1 unknown"
        )
        groups, heading, native, emulated = rows(app)[:4]
        assert groups.split() == ["static", "─" * 36, "running", "─" * 30]
        assert heading.split() == [
            "image",
            "run",
            "result",
            *(check_named(check).short for check in OUR_CHECKS),
        ]
        lane = ["redis", "linux/amd64", "nat", "✓", ALL]
        assert native.strip("▌").split() == [*lane, *"✓" * 21]
        lane = ["redis", "linux/arm64", "emu", "✗", "19/21"]
        assert emulated.split() == [*lane, *"✓" * 11, "?", *"✓✓✓✓", "✗", *"✓✓✓✓"]
        await pilot.press("f")
        await pilot.pause()
        answer = text(app, "#evidence")
        assert answer.startswith("machine · ? unknown · redis linux/arm64 · emul")
        assert "newer QEMU" in answer, "the hint is shown"
        assert "✓ pass    redis linux/amd64      x86_64" in answer, (
            "the verdicts of other images are shown"
        )
        assert "Does Python report the platform's architecture?" in text(app, "#evidence")
        await pilot.press("f")
        await pilot.pause()
        assert "Redis 7.1.0 on aarch64" in text(app, "#evidence")
        await pilot.press("F")
        await pilot.pause()
        assert text(app, "#evidence").startswith("machine")
        await pilot.press("home", *["h"] * 24)
        await pilot.pause()
        assert "60.2 MB compressed · 182 MB unpacked" in text(app, "#evidence")
        assert "Verified: no check failed" in text(app, "#evidence")


async def test_a_table_wider_than_the_terminal_keeps_its_cursor_visible(world: World):
    app = world.app(checked(world).run)
    async with app.run_test(size=(44, 24)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        await pilot.press(*["right"] * 21)
        await pilot.pause()
        assert "user ▾" in rows(app)[0], "the marked column is named, with an arrow"
        assert rows(app)[0].index("▾") == rows(app)[1].rindex("✓") - 2
        assert text(app, "#evidence").startswith("user")
        assert " run " not in rows(app)[0]
        await pilot.resize_terminal(140, 24)
        await until(pilot, lambda: " run " in rows(app)[1])
        assert "uid" in rows(app)[1], "complete if it fits"
        await pilot.resize_terminal(44, 24)
        await pilot.press(*["left"] * 21)
        await pilot.pause()
        assert " run " in rows(app)[0]
        assert "static" in rows(app)[0], "no arrow is needed"


async def test_verdicts_appear_as_they_arrive(world: World):
    made = folders.running(world.state, ("redis",))
    app = world.app(made.run)
    async with app.run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert "2 building" in text(app, "#checks-summary")
        assert "arc" in rows(app)[1], "pending checks are already listed"
        assert "Checks start as soon as the target's build has finished." in text(app, "#evidence")
        made.finish("redis", Outcome.PASSED, 8).check("redis", "linux/amd64", 9)
        await until(pilot, lambda: "1 verified" in text(app, "#checks-summary"))
    made.release()


async def test_without_a_run_there_are_no_checks(world: World):
    app = world.app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert app.screen.query_one("#no-checks").display
        await pilot.press("f", "e", "r", "R", "A", "y", "enter")
        await settle(pilot)
        assert isinstance(app.screen, ChecksScreen)
        assert world.requests == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda made: made.fail("redis"),
            "No image: the build failed. See Run (2) for the reason.",
        ),
        (
            lambda made: made.finish("redis", Outcome.CANCELLED, 3),
            "No image: the build was stopped. Retry the target in Run (2).",
        ),
        (lambda made: made.finish("redis", Outcome.PASSED, 3), "Queued: one check runs per CPU"),
        (
            lambda made: (
                made.finish("redis", Outcome.PASSED, 3),
                made.run.append(
                    events.CheckStarted(at=made.at(4), target="redis", platform="linux/amd64")
                ),
            ),
            "Running all checks.",
        ),
        (
            lambda made: (
                made.finish("redis", Outcome.PASSED, 3),
                made.run.append(
                    events.CheckCancelled(at=made.at(4), target="redis", platform="linux/amd64")
                ),
            ),
            "The checks were interrupted. Press R to repeat them.",
        ),
    ],
)
async def test_missing_verdicts_are_explained(world: World, make, message: str):
    made = folders.Made(world.state, ("redis",)).hold().start().begin("redis")
    make(made)
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert message in text(app, "#evidence")
    made.release()


async def test_a_run_without_checks_can_be_checked_later(world: World):
    made = folders.Made(world.state, ("redis",), check=False).start().begin("redis")
    made.finish("redis", Outcome.PASSED, 3).end(Outcome.PASSED, 4)
    app = world.app(made.run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert "checks are disabled for this run" in text(app, "#checks-summary")
        assert "Press R to check this image now" in text(app, "#evidence")
        await pilot.press("R")
        await until(pilot, lambda: world.requests == [Request("check", "redis", "linux/amd64")])


async def test_a_running_check_is_shown_and_earlier_verdicts_stay(world: World):
    made = checked(world)
    made.hold()
    made.run.append(events.RunStarted(at=made.at(60), pid=1))
    made.run.append(
        events.CheckStarted(
            at=made.at(61), target="redis", platform="linux/arm64", emulated=True, check="machine"
        )
    )
    app = world.app(made.run)
    async with app.run_test(size=(140, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert "◆ checking" in rows(app)[3]
        assert rows(app)[3].count("◆") == 2
        assert rows(app)[3].count("✗") == 1
        verdicts = folders.verdicts("linux/arm64")
        made.run.append(
            events.LaneChecked(
                at=made.at(62),
                target="redis",
                platform="linux/arm64",
                verdicts=verdicts,
                emulated=True,
            )
        )
        await until(pilot, lambda: rows(app)[3].count("✓") == 22)
    made.release()


async def test_a_missing_image_cannot_be_checked(world: World):
    app = world.app(folders.failed(world.state, ("kafka",)).run)
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        await pilot.press("r", "R", "A")
        await settle(pilot)
        assert world.requests == []


async def test_a_long_name_leaves_room_for_the_verdicts(world: World):
    name = "a-target-with-a-name-that-is-longer-than-anyone-wants-to-read"
    made = folders.Made(world.state, {name: ("linux/amd64",)}).start().begin(name)
    made.finish(name, Outcome.PASSED, 7.4).check(name, "linux/amd64", 7.6).end(Outcome.PASSED, 9)
    app = world.app(made.run)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert f"✓ {ALL}" in rows(app)[1]
        assert "a-target-…ts-to-read linux/amd64" in rows(app)[1]
        assert name in text(app, "#evidence")


async def test_wide_cells_show_the_evidence(world: World):
    app = world.app(checked(world).run)
    async with app.run_test(size=(80, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3")
        await settle(pilot)
        assert rows(app)[2].endswith("✓✓✓✓✓✓✓✓✓✓✓ ?✓✓✓✓✗✓✓✓✓  ✗ clients ? machine   ")
        await pilot.resize_terminal(200, 40)
        await until(pilot, lambda: "byte-code clients" in rows(app)[1])
        assert rows(app)[3].count("✓") == 19
        await pilot.resize_terminal(320, 40)
        await until(pilot, lambda: "✓ pass" in rows(app)[2])
        assert "? unknown" in rows(app)[3]
        assert "→" not in rows(app)[1]
        await pilot.resize_terminal(120, 40)
        await pilot.press("x")
        await until(pilot, lambda: "✗ fail Redis" in "".join(rows(app)))


async def test_passed_checks_can_be_hidden(world: World):
    made = folders.Made(world.state, ("redis", "kafka", "gcp")).start()
    for target in ("redis", "kafka"):
        made.begin(target).build(target).finish(target, Outcome.PASSED, 7.4)
        made.check(target, "linux/amd64", 7.6)
    made.check("redis", "linux/arm64", 7.6, clients=Answer.FAIL, size=Answer.WARN)
    made.check("kafka", "linux/arm64", 7.6)
    made.begin("gcp").fail("gcp").end(Outcome.FAILED, 9)
    app = world.app(made.run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3", "f", "x")
        await settle(pilot)
        assert "x shows all" in text(app, "#checks-summary")
        groups, heading, *lanes = rows(app)
        assert groups.split()[::2] == ["static", "running"]
        assert heading.split()[3:] == ["size", "clients"]
        shown = [" ".join(lane.replace("▌", " ").split()[:2]) for lane in lanes if lane.strip()]
        assert shown == ["redis linux/arm64", "gcp linux/amd64", "gcp linux/arm64"]
        assert text(app, "#evidence").startswith("size · ! warn"), "the cursor stays on its verdict"
        made.check("redis", "linux/arm64", 20, size=Answer.WARN)
        await until(pilot, lambda: "clients" not in rows(app)[1])
        await pilot.press("x")
        await settle(pilot)
        assert "x shows all" not in text(app, "#checks-summary")
        assert "srv" in rows(app)[1]


async def test_if_all_checks_passed_nothing_is_hidden(world: World):
    app = world.app(folders.passed(world.state, ("redis",)).run)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await pilot.press("3", "x")
        await settle(pilot)
        assert "x shows all" not in text(app, "#checks-summary")
        assert "redis" in rows(app)[2]
