"""A hostile run, engine and project in the console: no text in them has an effect."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from openhqm_tui.domain.findings import Finding, Fix, Health
from openhqm_tui.domain.plan.bake import Client, Source, SourceKind, Variant
from openhqm_tui.domain.plan.builders import Node
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.docker.builders import Builder
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.source.base_image import Pullable
from openhqm_tui.tui.core.notifications import title_of
from tests.hostile.run_folder import ID, all_fields, everything, write
from tests.hostile.words import hostile, unclean
from tests.tui.conftest import AMD, ARM, GOOD, World, settle, world

__all__ = ["world"]
# Every screen, what opens in it, and what can be copied there.
WALK = (
    *(
        "2",
        "down",
        "down",
        "enter",
        "y",
        "s",
        "down",
        "down",
        "enter",
        "y",
        "escape",
        "s",
        "w",
        "t",
        "p",
    ),
    *("escape", "escape", "z", "e", "y", "escape", "escape"),
    *("3", "up", "up", "enter", "y", "escape", "y", "right", "down", "enter", "y", "escape"),
    *("4", "down", "enter", "y", "escape"),
    *("5", "down", "down", "enter", "y", "escape", "down", "y"),
    *("1", "down", "space", "y", "Y", "b", "down", "escape", "escape"),
    *("question_mark", "escape", "ctrl+p", "k", "a", "f", "escape"),
)
_NUMBER = 9000


def made_hostile(record: Any) -> Any:
    """Return a record with a hostile word in each of its texts."""
    texts = {
        name: f"{value}{hostile(_NUMBER + index)}"
        for index, name in enumerate(record.__struct_fields__)
        if type(value := getattr(record, name)) is str and name not in {"script", "driver", "key"}
    }
    return msgspec.structs.replace(record, **texts)


def hostile_world(world: World) -> None:
    node = made_hostile(Node("one", "tcp://x:1", "running", "broken", AMD, (AMD, ARM), (ARM,)))
    facts: EngineFacts = msgspec.structs.replace(
        GOOD, engine_name="here", context="default", nodes=(node,)
    )
    world.facts = msgspec.structs.replace(made_hostile(facts), trouble=GOOD.trouble, error="")
    fix = Fix(title=f"fix it {hostile(1)}", script="echo it\n", as_root=True)
    world.findings = [
        msgspec.structs.replace(
            made_hostile(
                Finding(
                    key=f"k{health}", title="Disk", health=health, detail="d", why="w", advice="a"
                )
            ),
            fixes=(fix,) if health is Health.FAIL else (),
        )
        for health in Health
    ]
    world.builders = [made_hostile(Builder(name="duo", driver="remote", nodes=(node,), error="e"))]
    world.images = {"python:3.13-slim": made_hostile(Pullable(Reach.OTHER, "d"))}
    variants = tuple(
        Variant(name, f"title{hostile(2)}", (Client("redis", "redis"),))
        for name in ("redis", "kafka")
    )
    bodies = {v.name: {"args": {"A": hostile(3)}, "labels": {"l": hostile(4)}} for v in variants}
    world.source = Source(
        kind=SourceKind.BAKE, variants=variants, context="/src", bake_file="/src/b",
        bake_targets=bodies,
    )  # fmt: skip


def drawn(pilot: Pilot[int]) -> str:
    app = pilot.app
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


@pytest.mark.parametrize("size", [pytest.param((80, 24), marks=pytest.mark.full), (200, 60)])
async def test_screens_and_copied_text_have_no_control_characters(
    world: World, size: tuple[int, int]
) -> None:
    hostile_world(world)
    run = write(everything(), world.state / "runs" / ID)
    for target in ("redis", "kafka"):
        (run.path / f"{target}.log").write_text("paged\n")
    app = world.app(run)
    shown = set[int]()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for number, key in enumerate(("", *WALK)):
            if key:
                await pilot.press(key)
                await pilot.pause()
            text = drawn(pilot)
            assert not unclean(text), (number, key, type(app.screen).__name__)
            shown |= {int(n) for n in re.findall(r"qz(\d+)z", text)}
            for toast in app._notifications:
                assert not unclean(toast.message), (number, key)
        assert app.session.run_state is not None
        assert not unclean(title_of(app.session.run_state))
        assert not unclean(str(app.clipboard))
        for copied in world.copied:
            assert not unclean(copied), copied
        for paged in world.paged:
            assert not unclean(paged)
    assert world.copied, "nothing was copied"
    print(f"{len(all_fields())} fields x {len(WALK) + 1} screens; {len(shown)} are shown")
    assert len(shown) > 10
