"""`openhqm-tui replay [RUN|FILE]`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from openhqm_tui.cli.parser import RUN, Parser, add_format

if TYPE_CHECKING:
    from openhqm_tui.run.follow.replay import Player, Recording

HELP = "replay a recorded run (Docker is not needed)"


def add_arguments(parser: Parser) -> None:
    """Add the recording, the speed and the output formats."""
    parser.description = (
        "Replay a finished run at its recorded pace: in the console if there is a terminal, "
        "otherwise with the same output as `build`. Nothing is built. Pauses of more than ten "
        "seconds are shortened."
    )
    parser.epilog = (
        "exit codes: 0 the replay reached the end, whether or not the run passed; 130 "
        "Ctrl-C was pressed"
    )
    parser.add_argument(
        "what",
        nargs="?",
        metavar="RUN|FILE",
        help=f"{RUN}; a file from `runs export`; or `demo`, the run that ships with the package "
        "(default: the latest finished run, or demo if there is none)",
    )
    parser.add_argument(
        "--speed",
        default="1",
        metavar="N",
        help="N times the recorded speed, or `max` (default: 1)",
    )
    add_format(parser)


def run(parsed: argparse.Namespace) -> int:
    """Replay to the end and return 0, whether or not the run passed; 130 if stopped."""
    import contextlib

    from openhqm_tui.cli.console import has_terminal, open_on_replay
    from openhqm_tui.cli.output.follow import automatic_format
    from openhqm_tui.cli.signals import stop_on_signals
    from openhqm_tui.run.follow.replay import Player, parse_speed

    speed = parse_speed(parsed.speed)
    with stop_on_signals(), contextlib.closing(_recording(parsed.what)) as recording:
        player = Player(recording, speed=speed)
        if parsed.format == "auto" and automatic_format() == "tty" and has_terminal():
            return open_on_replay(player)
        return _show(player, parsed.format, verbose=parsed.verbose)


def _show(player: Player, form: str, *, verbose: bool) -> int:
    from openhqm_tui.cli.output.follow import choose_output, format_of, show

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
    import math

    import msgspec

    name, speed = player.recording.name, player.pace.speed
    unpaced = math.isinf(speed)
    if form == "json":
        event = {"event": "replay", "run": name, "speed": "max" if unpaced else speed}
        return msgspec.json.encode(event).decode()
    pace = "without pauses" if unpaced else f"at {speed:g}× the recorded speed"
    return f"replaying {name} {pace}; nothing is built"


def _recording(what: str | None) -> Recording:
    """Return the recording: a packed file, `demo`, a run, or the latest finished run."""
    from pathlib import Path

    from openhqm_tui.cli.run_lookup import latest_of
    from openhqm_tui.run.follow.replay import SHIPPED, Recording, recording_of
    from openhqm_tui.store.paths import state_folder
    from openhqm_tui.store.run_folder import all_runs, find_run

    if what == SHIPPED:
        return Recording.shipped()
    if what is None:
        finished = (folder for folder in all_runs(state_folder()) if not folder.is_live())
        latest = latest_of(finished).used()
        return Recording.shipped() if latest is None else recording_of(latest)
    if what.endswith(".zip") or os.path.isfile(what):  # noqa: PTH113 - '' and odd names too
        return Recording.packed(Path(what))
    return recording_of(find_run(state_folder(), what))
