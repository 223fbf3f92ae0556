"""`make pictures`, the gallery in `assets/screens/`, of the real console on recorded runs.

Every screen at 80×24, 120×40 and 200×60, dark and light, and the page that shows them all.
`python -m tests.pictures run plan` takes those two screens only.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from textual.pilot import Pilot

from openhqm_tui.domain.run.events import event_decoder
from openhqm_tui.store.archive import unpack_run
from openhqm_tui.store.paths import bundled
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.recordings import copied, recording
from tests.tui.conftest import World, settle

PLACE = Path(__file__).parent.parent / "assets" / "screens"
THEMES = {"dark": "openhqm-dark", "light": "openhqm-light"}
SIZES = ((80, 24), (120, 40), (200, 60))


class Shot(NamedTuple):
    """A screen: the recorded run that is there, the keys that lead to it, what it shows.

    `seconds` cuts the run off there, as if it still went on; `earlier` are other runs in History.
    """

    recording: str
    keys: tuple[str, ...]
    words: str
    seconds: float | None = None
    earlier: tuple[str, ...] = ()


SHIPPED = "shipped"
_BEFORE = ("cold", "verified", "warm", "failed", "cancelled")
_OPEN = ("4", "enter")
SHOTS = {
    "plan": Shot("cold", ("a", "down", "down"), "Plan: what to build, and how it went last time"),
    "run": Shot(SHIPPED, ("2",), "Run: sixteen lanes, nine seconds after the start", 9.0),
    "zoom": Shot(SHIPPED, (*_OPEN, "z"), "Run: one lane has all the room"),
    "search": Shot(SHIPPED, (*_OPEN, "f", *"installed"), "Run: a search through all lanes"),
    "steps": Shot(SHIPPED, (*_OPEN, "s"), "Run: a target's steps, and what its time went into"),
    "failure": Shot("bake_fails", _OPEN, "Run: the first failure, with its digest"),
    "checks": Shot("verified", (*_OPEN, "3", "down", "down"), "Checks: the results of each image"),
    "evidence": Shot(
        "verified", (*_OPEN, "3", "down", "right", "right", "enter"), "Checks: the evidence of one"
    ),
    "history": Shot(SHIPPED, ("4",), "History: earlier runs", earlier=_BEFORE),
    "guides": Shot(
        SHIPPED, ("f1", "right_square_bracket", "pagedown"), "Guides: read in the console"
    ),
    "doctor": Shot(SHIPPED, ("5",), "Doctor: what this machine lacks, and what mends it"),
    "help": Shot(SHIPPED, ("2", "question_mark"), "Help: the keys of the place one is in", 9.0),
}
_MOMENT = re.compile(rb'"(?:timestamp|started|completed)":"(\d{4}-[^"]+)"')


def main(words: list[str]) -> int:
    """Take the named screens, or all and their page."""
    PLACE.mkdir(parents=True, exist_ok=True)
    named = [word for word in words if word in SHOTS]
    for name in named or SHOTS:
        for size in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                asyncio.run(take(name, size, Path(folder)))
        sys.stderr.write(f"{name}\n")
    if not named:
        (PLACE / "README.md").write_text(page(), encoding="utf-8")
    return 0


def file_name(name: str, size: tuple[int, int], theme: str) -> str:
    """Return the picture's file: `run-120x40-dark.svg`."""
    return f"{name}-{size[0]}x{size[1]}-{theme}.svg"


def page() -> str:
    """Return the page of all pictures, as Markdown."""
    lines = ["# Every screen", "", "Made by `make pictures` of the real console on recorded runs."]
    for name, shot in SHOTS.items():
        lines += ["", f"## {shot.words}", ""]
        for size in SIZES:
            pair = (f"![{theme}]({file_name(name, size, theme)})" for theme in THEMES)
            lines += [f"{size[0]}×{size[1]}", "", *pair, ""]
    return "\n".join(lines).rstrip() + "\n"


async def take(name: str, size: tuple[int, int], folder: Path) -> None:
    """Open the console over a copy of a recorded run and take a picture in each theme."""
    shot = SHOTS[name]
    os.environ["HOME"] = str(folder)
    runs_folder(folder).mkdir(parents=True)
    run, *_ = [put(one, runs_folder(folder)) for one in (shot.recording, *shot.earlier)]
    lock = None
    now = moment_of(run) + 60
    if shot.seconds is not None:
        now = moment_of(run, first=True) + shot.seconds
        cut_at(run, now)
        lock = run.lock()
    try:
        app = World(state=folder, now=now).app()
        async with app.run_test(size=size) as pilot:
            await press(pilot, shot.keys)
            for word, theme in THEMES.items():
                app.theme = theme
                await settle(pilot)
                app.save_screenshot(file_name(name, size, word), str(PLACE))
    finally:
        if lock is not None:
            os.close(lock)
        shutil.rmtree(run.path)


def put(name: str, place: Path) -> RunFolder:
    """Put a recorded run into a folder of runs."""
    if name == SHIPPED:
        return unpack_run(bundled("recording.zip"), place)
    return copied(name, place / recording(name).info.id)


async def press(pilot: Pilot[int], keys: tuple[str, ...]) -> None:
    await settle(pilot)
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def moment_of(run: RunFolder, *, first: bool = False) -> float:
    """Return when a run ended, or began, in seconds since the epoch."""
    lines = run.events_file.read_bytes().splitlines()
    return event_decoder.decode(lines[0 if first else -1]).at


def cut_at(run: RunFolder, moment: float) -> None:
    """Make a run folder what it was at `moment`, seconds since the epoch."""
    from datetime import datetime

    events = run.events_file.read_bytes().splitlines(keepends=True)
    run.events_file.write_bytes(
        b"".join(line for line in events if event_decoder.decode(line).at <= moment)
    )
    for stream in run.path.glob("*.rawjson"):
        kept: list[bytes] = []
        for line in stream.read_bytes().splitlines(keepends=True):
            told = _MOMENT.findall(line)
            last = max((datetime.fromisoformat(t.decode()).timestamp() for t in told), default=0.0)
            if last > moment:
                break
            kept.append(line)
        stream.write_bytes(b"".join(kept))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
