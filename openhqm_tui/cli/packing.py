"""`openhqm-tui runs export RUN [FILE]` and `runs import FILE`: a run in one file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from openhqm_tui.cli.ending import ended_in_order
from openhqm_tui.domain.problems import UsageProblem
from openhqm_tui.report.redacted_files import RedactedFiles
from openhqm_tui.store.packing import export_run, import_run, packed_name
from openhqm_tui.store.places import ready_state_folder, state_folder
from openhqm_tui.store.run_folder import find_run


def run(parsed: argparse.Namespace) -> int:
    """Pack or unpack, and print where to; return 0."""
    with ended_in_order():
        if parsed.runs_command == "export":
            return _export(parsed.run_name, parsed.file, share=parsed.share)
        return _import(Path(parsed.file))


def _export(name: str, file: str, *, share: bool) -> int:
    folder = find_run(state_folder(), name)
    place = Path(file)
    if not file or place.is_dir():
        place /= packed_name(folder.info.id)
    if folder.is_live():
        sys.stderr.write("openhqm-tui: the run goes on: packed is what it has said by now\n")
    redacted = RedactedFiles(folder, share=share)
    export_run(folder, place, redacted)
    sys.stdout.write(f"{place}\n")
    if share:
        sys.stderr.write(
            f"openhqm-tui: masked in {redacted.masked} places: secret build arguments, tokens, "
            "passwords in addresses, build secrets that are set here, your home folder, this "
            "machine's name\n"
            f"openhqm-tui: what remains: {redacted.lines} lines that the build printed, quotes of "
            "Dockerfiles, other build arguments, variables and labels of images, names of targets, "
            "images, registries and builders, other paths, times and versions: look through it "
            "before you publish it\n"
        )
    else:
        sys.stderr.write(
            "openhqm-tui: known secrets are masked; its logs hold what else the build printed: "
            "for a bug report use --share, and look before you share it\n"
        )
    return 0


def _import(file: Path) -> int:
    if not file.exists():
        raise UsageProblem(f"there is no file {file}")
    folder, new = import_run(file, ready_state_folder(), RedactedFiles)
    sys.stdout.write(f"{folder.path.name}\n")
    if not new:
        sys.stderr.write("openhqm-tui: the same run was there already\n")
    return 0
