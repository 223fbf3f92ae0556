"""`make pictures`: the animation at the top of the README, `assets/screens/film.svg`.

Screenshots of the real console on the bundled run, shown in sequence by a single SVG. Rows shared
by several screenshots are stored once.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from openhqm_tui.store.run_folder import runs_folder
from tests.pictures import PLACE, SHIPPED, cut_at, moment_of, press, put
from tests.tui.conftest import World, settle

FILE = PLACE / "film.svg"
SIZE = (120, 40)
_CELL, _ROW = 12.2, 24.4


class Still(NamedTuple):
    """The second of the run (None: after its end), the keys, the caption, and the duration."""

    seconds: float | None
    keys: tuple[str, ...]
    caption: str
    duration: float


_WATCH = "Watch: all images on a board, and what is being worked on"
_VERIFY = "Verify: every image is checked, on both platforms"
STILLS = (
    Still(0.0, ("a",), "Select: variants × platforms", 2.5),
    Still(1.5, (), _WATCH, 0.8),
    Still(3.0, (), _WATCH, 0.8),
    Still(4.5, (), _WATCH, 0.8),
    Still(6.0, (), _WATCH, 0.8),
    Still(7.5, (), _WATCH, 0.8),
    Still(9.0, (), _WATCH, 0.8),
    Still(12.0, (), "A failure gets the focus: step, Dockerfile line, last output", 3.0),
    Still(18.0, (), "Fixed, and retried while the others continue", 1.5),
    Still(21.0, (), "Fixed, and retried while the others continue", 1.5),
    Still(26.0, ("3",), _VERIFY, 1.0),
    Still(38.0, ("3",), _VERIFY, 1.0),
    Still(52.0, ("3",), _VERIFY, 1.0),
    Still(None, ("4", "enter", "3"), _VERIFY, 2.5),
    Still(None, ("4", "enter", "3", "down", "down", "right", "enter"), "… with the evidence", 2.5),
    Still(None, ("4", "enter", "s"), "See where the time went, with the critical path", 3.0),
)


async def screen_at(still: Still) -> str:
    """Return the console's screenshot at a moment of the run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HOME"] = name
        runs_folder(folder).mkdir(parents=True)
        if still.seconds == 0.0:
            return await shot(World(state=folder), still.keys)
        run = put(SHIPPED, runs_folder(folder))
        if still.seconds is None:
            return await shot(World(state=folder, now=moment_of(run) + 60), still.keys)
        now = moment_of(run, first=True) + still.seconds
        cut_at(run, now)
        lock = run.lock()
        try:
            return await shot(World(state=folder, now=now), ("2", *still.keys))
        finally:
            os.close(lock)


async def shot(world: World, keys: tuple[str, ...]) -> str:
    app = world.app()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, keys)
        await settle(pilot)
        return str(app.export_screenshot())


class Film:
    """The combined stills, with their shared rows and colors."""

    _RULE = re.compile(r"\.terminal-\d+-(r\d+) \{ (.*?) \}")
    _RECTANGLE = re.compile(r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"')
    _TEXT = re.compile(
        r'<text class="terminal-\d+-(r\d+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"'
        r"[^>]*>([^<]*)</text>"
    )

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}
        self._styles: dict[str, str] = {}
        self._frames: list[str] = []

    def add(self, picture: str, caption: str) -> None:
        """Add a screenshot exported by Rich."""
        rules = dict(self._RULE.findall(picture))
        rows: dict[int, list[str]] = {}
        for row, x, width, fill in self._backgrounds(picture):
            rows.setdefault(row, []).append(
                f'<rect fill="{fill}" x="{x:g}" width="{width:g}" height="24.65"/>'
            )
        for rule, x, y, width, text in self._TEXT.findall(picture):
            if not html.unescape(text).strip():
                continue
            style = self._styles.setdefault(rules[rule], f"s{len(self._styles)}")
            rows.setdefault(round((float(y) - 20) / _ROW), []).append(
                f'<text class="{style}" x="{x}" y="18.5" textLength="{width}">{text}</text>'
            )
        used = "".join(
            f'<use href="#{self._rows.setdefault("".join(parts), f"r{len(self._rows)}")}"'
            f' y="{row * _ROW:.1f}"/>'
            for row, parts in sorted(rows.items())
        )
        self._frames.append(
            f'{used}<text class="words" x="6" y="-14">{html.escape(caption)}</text>'
        )

    def _backgrounds(self, picture: str) -> Iterator[tuple[int, float, float, str]]:
        """Yield row, x, width and color, merging neighbors of the same color."""
        before: tuple[int, float, float, str] | None = None
        for fill, x, y, width in self._RECTANGLE.findall(picture):
            row = round((float(y) - 1.5) / _ROW)
            if before and before[0] == row and before[3] == fill:
                before = (row, before[1], float(x) + float(width) - before[1], fill)
                continue
            if before:
                yield before
            before = (row, float(x), float(width), fill)
        if before:
            yield before

    def svg(self, durations: list[float]) -> str:
        """Return the animation, a loop that shows each still for its duration."""
        total, at, motion, frames = sum(durations), 0.0, [], []
        for number, (frame, seconds) in enumerate(zip(self._frames, durations, strict=True)):
            begin, end = 100 * at / total, 100 * (at + seconds) / total
            at += seconds
            hidden = "" if number == 0 else "0%{visibility:hidden}"
            motion.append(
                f"@keyframes k{number}{{{hidden}{begin:.3f}%{{visibility:visible}}"
                f"{end:.3f}%{{visibility:hidden}}}}"
                f"#f{number}{{animation:k{number} {total:g}s step-end infinite}}"
            )
            frames.append(f'<g id="f{number}" class="still">{frame}</g>')
        width, height = SIZE[0] * _CELL + 18, SIZE[1] * _ROW + 56
        rules = "".join(f".{name}{{{rule}}}" for rule, name in self._styles.items())
        rows = "\n".join(f'<g id="{name}">{row}</g>' for row, name in self._rows.items())
        return (
            f'<svg viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg">'
            "<title>openhqm-tui: a run of eight variants on two platforms</title>\n<style>"
            "text{font-family:'Fira Code','DejaVu Sans Mono',Menlo,Consolas,monospace;"
            "font-size:20px;white-space:pre}"
            ".words{fill:#d5dae0;font-weight:bold;font-family:sans-serif}"
            f"rect{{shape-rendering:crispEdges}}{rules}.still{{visibility:hidden}}"
            # With reduced motion, one still with sixteen panes is shown.
            f"{''.join(motion)}@media (prefers-reduced-motion:reduce)"
            "{.still{animation:none!important}#f6{visibility:visible}}"
            f"</style>\n<defs>\n{rows}\n</defs>\n"
            f'<rect fill="#292929" width="{width:g}" height="{height:g}" rx="8"/>\n'
            f'<g transform="translate(9,46)">\n{"".join(f"{frame}{chr(10)}" for frame in frames)}'
            "</g>\n</svg>\n"
        )


def main() -> int:
    """Create every still and write the file."""
    film = Film()
    for still in STILLS:
        film.add(asyncio.run(screen_at(still)), still.caption)
        sys.stderr.write(f"{still.seconds} s: {still.caption}\n")
    FILE.write_text(film.svg([still.duration for still in STILLS]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
