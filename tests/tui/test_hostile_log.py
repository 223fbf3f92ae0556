"""Hostile output of a build is shown without any effect, and its width is computed exactly."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
from pathlib import Path
from subprocess import Popen

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from openhqm_tui.domain.run.events import Outcome
from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.tui.log.pane import LogPane
from openhqm_tui.tui.log.text import segments
from tests.cutting import cut
from tests.tui.folders import Made

MARK = "hostile"
# Each would have an effect on a terminal; MARK is in all that carry a text.
SEQUENCES = [
    f"\x1b]52;c;{MARK}\x07",
    f"\x1b]0;{MARK}\x07",
    f"\x1b]2;{MARK}\x1b\\",
    f"\x1b]8;;https://{MARK}.example\x1b\\",
    f"\x9d52;c;{MARK}\x9c",
    f"\x1bP+q{MARK}\x1b\\",
    f"\x1b_{MARK}\x1b\\",
    f"\x1b^{MARK}\x1b\\",
    f"\x1bX{MARK}\x1b\\",
    f"\x90{MARK}\x9c",
    "\x1b[117;171H",
    "\x1b[3J",
    "\x1b[99B",
    "\x1b[?9h",
    "\x1b[?1001h",
    "\x1b[?2004$p",
    "\x1b[?47h",
    "\x1b[20t",
    "\x1b[5n",
    "\x1b[0c",
    "\x1bc",
    "\x1b#8",
    "\x1b(0",
    "\x9b2J",
    "\x1b[8m",
    "\x1b[5m",
]
WORDS = [
    "[bold red]markup[/]",
    "[@click=app.quit]x[/]",
    "\r",
    "\x08\x08",
    "\x07",
    "\t",
    "\n",
    "\x0b\x0c\x0e\x0f\x1a\x7f\x00",
    "\x85\u2028\u2029",
    "漢字テスト",
    "ｱｲｳ",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\u26a0\ufe0f",
    "\U0001f44d\U0001f3fd",
    "\U0001f1e9\U0001f1ea",
    "z" + "\u0301" * 300,
    "\u0301",
    "\u202eright to left\u2066",
    "\u200b\ufeff\u00ad",
    "\u1100\u1161\u11a8",
    "\u0e01\u0e33\u0915\u094d\u0937",
    "\x1b[31m",
    "\x1b[1;38;2;1;2;3;48;5;208m",
    "\x1b[",
    "\x1b]",
    "\x1b",
    "x" * 300,
]
BYTES = [b"\xff\xfe", b"\xc3", b"\xa9", b"\xe6\xbc", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\x9b31m"]
hostile_bytes = st.lists(
    st.sampled_from([word.encode() for word in [*SEQUENCES, *WORDS]] + BYTES), max_size=30
).map(b"".join)


def filled(data: bytes, places: list[int]) -> LogLines:
    """Return the log of a step that printed `data`, split at `places`."""
    log = LogLines()
    for piece in cut(data, places):
        log.feed(piece, step=0, stream=1, at=0.0)
    log.finish(0, 0.0)
    return log


def active(text: str) -> list[str]:
    """Return the characters of a text that a terminal would not simply draw."""
    return [c for c in text if c < " " or "\x7f" <= c < "\xa0" or c in "\u202e\u2066\u2028\ufeff"]


def test_the_sequences_are_hostile():
    assert all(active(word) for word in SEQUENCES)


@given(hostile_bytes, st.lists(st.integers(0, 2000), max_size=8))
@settings(deadline=None, max_examples=150)
def test_no_segment_contains_active_characters(data: bytes, places: list[int]) -> None:
    log = filled(data, places)
    for index in range(len(log)):
        for segment in segments(log.text(index), Style.null()):
            assert not active(segment.text)
            assert not segment.control
            assert segment.style is not None
            assert segment.style.link is None
            assert not segment.style.meta
            assert not segment.style.conceal
            assert not segment.style.blink


class Panes(App[None]):
    """An app with a single log."""

    def compose(self) -> ComposeResult:
        yield LogPane()


def drawn(pane: LogPane) -> list[Strip]:
    """Return the rows of a pane as the compositor gets them."""
    width, height = pane.size
    return pane.render_lines(Region(0, 0, width, height))


async def check_rows(pilot: Pilot[None], pane: LogPane, log: LogLines) -> None:
    """Check every part of a log, wrapped and not, scrolled to the right and with times."""
    pane.show(log)
    await pilot.pause()
    for keys in ([], ["home"], ["right", "right"], ["w"], ["t"], ["w"]):
        await pilot.press(*keys)
        for strip in drawn(pane):
            assert not active(strip.text)
            widths = [cell_len(segment.text) for segment in strip]
            assert sum(widths) == strip.cell_length == pane.size.width
            # Each character by itself, as in a terminal that doesn't combine them.
            assert sum(cell_len(c) for c in strip.text) == pane.size.width


@pytest.mark.parametrize("width", [7, 40])
async def test_every_row_is_as_wide_as_its_pane(width: int):
    @given(hostile_bytes, st.lists(st.integers(0, 2000), max_size=8))
    @settings(deadline=None, max_examples=8)
    def examples(data: bytes, places: list[int]) -> None:
        logs.append(filled(data, places))

    every = [*SEQUENCES, *WORDS]
    texts = ["\n".join(every[at : at + 6]) for at in range(0, len(every), 6)]
    logs = [filled(text.encode(), []) for text in texts]
    examples()
    app = Panes()
    async with app.run_test(size=(width, 12)) as pilot:
        pane = app.query_one(LogPane)
        pane.focus()
        for log in logs:
            await check_rows(pilot, pane, log)


@pytest.mark.parametrize("pieces", [1, 40])
async def test_a_line_of_ten_megabytes_is_truncated(pieces: int):
    piece = ("漢\x1b[31m" + "\u0301" * 40 + "x" * 100).encode() * (70_000 // pieces)
    log = LogLines()
    for _ in range(pieces):
        log.feed(piece, step=0, stream=1, at=0.0)
    log.feed(b"\nnext\n", step=0, stream=1, at=0.0)
    assert len(log) == 2
    assert sum(len(log.text(index)) for index in range(2)) < 20_000
    app = Panes()
    async with app.run_test(size=(60, 8)) as pilot:
        pane = app.query_one(LogPane)
        pane.focus()
        await check_rows(pilot, pane, log)


def rows_of(pane: LogPane) -> list[str]:
    return [strip.text.rstrip("▐ ").strip() for strip in drawn(pane)]


async def test_text_other_than_sequences_is_shown():
    app = Panes()
    text = "[bold red]markup[/] [@click=app.quit]x[/] 漢字 e\u0301 caf\u00e9"
    async with app.run_test(size=(80, 8)) as pilot:
        pane = app.query_one(LogPane)
        pane.show(filled(f"{''.join(SEQUENCES)}{text}\n".encode(), []))
        await pilot.pause()
        assert text in rows_of(pane)


def written_by_the_console(state: Path, words: list[str]) -> str:
    """Run the real console on a terminal over a failed run full of `words`; return its bytes."""
    made = Made(state, {"redis": ("linux/amd64",)}, check=False).start().begin("redis")
    loud = "".join(words)
    log = "".join(f"{word}word\n" for word in words) + loud + "\nthe-last-line\n"
    name = f"[linux/amd64 core 1/1] RUN {loud}"
    made.step("redis", name, 1.0, 2.0, log=log, error=f"exit code: 1 {loud}")
    made.write("redis", *(f"ERROR: {word}word" for word in words))
    made.finish("redis", Outcome.FAILED, 2.0, reason=f"failed {loud}").end(Outcome.FAILED, 2.0)
    terminal, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
    written = b""
    with Popen(
        (sys.executable, "-c", _CONSOLE, str(made.run.path)),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    ) as console:
        os.close(theirs)
        quitting = False
        try:
            while select.select([terminal], [], [], 20)[0]:
                written += os.read(terminal, 1 << 16)
                if not quitting and b"the-last-line" in written:
                    quitting = True
                    os.write(terminal, b"q")
        except OSError:
            pass  # the console is gone
        finally:
            os.close(terminal)
            console.kill()
    assert b"the-last-line" in written, written[-2000:]
    return written.decode("utf-8", "replace")


_CONSOLE = """
import sys
from pathlib import Path
from openhqm_tui.store.run_folder import RunFolder
from tests.tui.conftest import World
run = RunFolder(Path(sys.argv[1]))
World(run.path.parent.parent).app(run).run()
"""
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][0-9]*|[ -/]*[0-Z\\^-~])|[\x80-\x9f]")


def kinds(written: str) -> set[str]:
    """Return the escape sequences in the output, except colors and cursor positions."""
    return {found for found in _ESCAPES.findall(written) if not re.fullmatch(_DRAWS, found)}


_DRAWS = r"\x1b\[[0-9;]*[mH]"


def test_no_control_sequence_of_a_log_reaches_the_terminal(tmp_path: Path):
    tame = written_by_the_console(tmp_path / "tame", ["one", "[bold]two[/]"])
    wild = written_by_the_console(tmp_path / "wild", [*SEQUENCES, *WORDS])
    assert kinds(tame) >= {"\x1b[?1049h", "\x1b[?1003h"}, "the terminal's own driver has written"
    assert kinds(wild) <= kinds(tame)
    assert MARK not in wild
    for sequence in SEQUENCES:
        assert sequence not in wild
