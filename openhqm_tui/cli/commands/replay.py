"""`openhqm-tui replay [RUN|FILE]`: a recorded run played once more; nothing is built."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from openhqm_tui.cli.commands.console import has_terminal, open_on_replay
from openhqm_tui.cli.output.choose import automatic_format, choose_output, format_of
from openhqm_tui.cli.output.follow import show
from openhqm_tui.cli.run_lookup import latest_of
from openhqm_tui.cli.signals import stop_on_signals
from openhqm_tui.run.follow.replay import SHIPPED, Player, Recording, parse_speed, recording_of
from openhqm_tui.store.paths import state_folder
from openhqm_tui.store.run_folder import RunFolder, all_runs, find_run


def run(parsed: argparse.Namespace) -> int:
    """Play to the end and return 0, however the run had ended; 130 where it was broken off."""
    speed = parse_speed(parsed.speed)
    with stop_on_signals(), contextlib.closing(_recording(parsed.what)) as recording:
        player = Player(recording, speed=speed)
        if parsed.format == "auto" and automatic_format() == "tty" and has_terminal():
            return open_on_replay(player)
        return _show(player, parsed.format, verbose=parsed.verbose)


def _show(player: Player, form: str, *, verbose: bool) -> int:
    sys.stdout.write(_first_line(player, format_of(form)) + "\n")
    sys.stdout.flush()
    output = choose_output(form, player, ctrl_c="stops the replay", verbose=verbose)
    try:
        show(player, output)
    except KeyboardInterrupt:
        output.leave()
        return 130
    return 0


def _first_line(player: Player, form: str) -> str:
    name, speed = player.recording.name, player.pace.speed
    at_once = math.isinf(speed)
    if form == "json":
        told = {"event": "replay", "run": name, "speed": "max" if at_once else speed}
        return msgspec.json.encode(told).decode()
    pace = "all at once" if at_once else f"{speed:g}× as fast as it was"
    return f"replay of {name}, {pace}: nothing is built"


def _recording(what: str | None) -> Recording:
    """Return what is to be played: a packed file, `demo`, a run, the latest that is over."""
    if what == SHIPPED:
        return Recording.shipped()
    if what is None:
        over = latest_of(_over()).used()
        return Recording.shipped() if over is None else recording_of(over)
    if what.endswith(".zip") or os.path.isfile(what):  # noqa: PTH113 - '' and odd names too
        return Recording.packed(Path(what))
    return recording_of(find_run(state_folder(), what))


def _over() -> Iterator[RunFolder]:
    return (folder for folder in all_runs(state_folder()) if not folder.is_live())
