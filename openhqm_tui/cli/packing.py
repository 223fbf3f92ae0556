"""`openhqm-tui runs export RUN [FILE]` and `runs import FILE`: a run in one file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from openhqm_tui.cli.ending import ended_in_order
from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.store.packing import export_run, import_run, packed_name
from openhqm_tui.store.places import ready_state_folder, state_folder
from openhqm_tui.store.run_folder import find_run


def run(parsed: argparse.Namespace) -> int:
    """Pack or unpack, and print where to; return 0."""
    with ended_in_order():
        if parsed.runs_command == "export":
            return _export(parsed.run_name, parsed.file)
        return _import(Path(parsed.file))


def _export(name: str, file: str) -> int:
    folder = find_run(state_folder(), name)
    place = Path(file)
    if not file or place.is_dir():
        place /= packed_name(folder.info.id)
    if folder.is_live():
        sys.stderr.write("openhqm-tui: the run goes on: packed is what it has said by now\n")
    export_run(folder, place)
    sys.stdout.write(f"{place}\n")
    sys.stderr.write(
        "openhqm-tui: its logs hold what the build printed, secrets too if it printed any: "
        "look before you share it\n"
    )
    return 0


def _import(file: Path) -> int:
    if not file.exists():
        raise UsageProblem(f"there is no file {file}")
    folder, new = import_run(file, ready_state_folder())
    sys.stdout.write(f"{folder.path.name}\n")
    if not new:
        sys.stderr.write("openhqm-tui: the same run was there already\n")
    return 0
