"""Attaching to a real run after its end, and to a detached one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from openhqm_tui.run.follow.follower import Follower
from openhqm_tui.store.run_folder import find_run
from tests.by_lane import by_lane
from tests.real.conftest import Cli
from tests.waiting import until

pytestmark = pytest.mark.engine

NAME = "openhqm-tui-tests/attach"


@pytest.mark.parametrize("form", ["json", pytest.param("plain", marks=pytest.mark.full)])
def test_attaching_later_prints_the_output_of_the_build(
    cli: Cli, checkout: Path, remove_images: Callable[[str], None], form: str
) -> None:
    remove_images(NAME)
    built = cli(
        *("build", "--backend", "minimal,kafka", "--name", NAME, "--format", form), cwd=checkout
    )
    assert built.code == 1, built.err
    attached = cli("attach", "--format", form)
    assert (attached.code, attached.err) == (1, "")
    lines_by_lane = by_lane(form, built.out)
    assert any("this is why" in line for lines in lines_by_lane.values() for line in lines)
    assert by_lane(form, attached.out) == lines_by_lane


def test_a_live_run_is_listed_attached_to_and_cancelled(
    cli: Cli, checkout: Path, own_home: Path, remove_images: Callable[[str], None]
) -> None:
    remove_images(NAME)
    words = ("build", "--backend", "gcp", "--platforms", "amd64", "--name", NAME, "--detach")
    run = find_run(own_home / "state", cli(*words, cwd=checkout).out.strip())
    follower = Follower(run)
    until(lambda: _sleeps(follower))
    (listed,) = cli("runs", "--format", "json").records
    assert (listed["run"], listed["state"]) == (run.path.name, "running")
    assert cli("runs", "prune", "--all").out == "nothing to delete\n"
    cancelled = cli("cancel", "gcp")
    assert cancelled.code == 0, cancelled.err
    assert cli("attach", "--format", "json").code == 130
    assert cli("runs", "prune", "--all").out.splitlines()[-1].startswith("1 run deleted, ")
    assert not run.path.exists()


def _sleeps(follower: Follower) -> bool:
    follower.poll()
    logs = [lane.log for lane in follower.state.lanes]
    return any(log.text(index) == "sleeping" for log in logs for index in range(len(log)))
