"""`make pictures`: those in `assets/screens/`, taken of the real console on recorded runs.

`python -m tests.pictures --all` takes each at every size, dark and light.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from openhqm_tui.domain.journal import event_decoder
from openhqm_tui.store.run_folder import RunFolder, runs_folder
from tests.recordings import copied, recording
from tests.tui.conftest import World, settle

PLACE = Path(__file__).parent.parent / "assets" / "screens"
THEMES = {"dark": "openhqm-dark", "light": "openhqm-light"}
SIZES = ((80, 24), (120, 40), (200, 60))
# What is pressed to get there, and how much of the recorded run has happened by then.
SHOTS: dict[str, tuple[str, float | None, list[str]]] = {
    "plan": ("cold", None, ["a", "down", "down"]),
    "run": ("cold", 17.0, ["2"]),
    "failure": ("bake_fails", None, ["4", "enter"]),
    "checks": ("cold", None, ["4", "enter", "3", "down", "down"]),
    "history": ("cold", None, ["4"]),
    "doctor": ("cold", None, ["5"]),
}
_MOMENT = re.compile(rb'"(?:timestamp|started|completed)":"(\d{4}-[^"]+)"')


def main(words: list[str]) -> int:
    """Take the named pictures, or one of each."""
    PLACE.mkdir(parents=True, exist_ok=True)
    every = "--all" in words
    for name in [word for word in words if word in SHOTS] or SHOTS:
        for width, height in SIZES if every else SIZES[1:2]:
            for word, theme in THEMES.items() if every else list(THEMES.items())[:1]:
                file = f"{name}-{width}x{height}-{word}.svg"
                with tempfile.TemporaryDirectory() as folder:
                    asyncio.run(take(SHOTS[name], (width, height), theme, file, Path(folder)))
                sys.stderr.write(f"{file}\n")
    return 0


async def take(
    shot: tuple[str, float | None, list[str]],
    size: tuple[int, int],
    theme: str,
    file: str,
    folder: Path,
) -> None:
    """Open the console over a copy of a recorded run and take one picture."""
    name, seconds, keys = shot
    os.environ["HOME"] = str(folder)
    info = recording(name).info
    runs_folder(folder).mkdir(parents=True)
    run = copied(name, runs_folder(folder) / info.id)
    lock = None
    now = _end_of(run) + 60
    if seconds is not None:
        now = _end_of(run, first=True) + seconds
        cut_at(run, now)
        lock = run.lock()
    world = World(state=folder, now=now)
    try:
        app = world.app(theme=theme)
        async with app.run_test(size=size) as pilot:
            await press(pilot, keys)
            app.save_screenshot(file, str(PLACE))
    finally:
        if lock is not None:
            os.close(lock)
        shutil.rmtree(run.path)


async def press(pilot: Pilot[int], keys: list[str]) -> None:
    await settle(pilot)
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def _end_of(run: RunFolder, *, first: bool = False) -> float:
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
