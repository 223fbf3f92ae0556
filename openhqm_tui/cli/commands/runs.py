"""`openhqm-tui runs` and its subcommands: prune, export, import."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from openhqm_tui.cli.parser import RUN, Parser, add_list_format, positive_integer
from openhqm_tui.domain.errors import UsageProblem

if TYPE_CHECKING:
    from openhqm_tui.store.retention import Limits

HELP = "list, prune, export or import runs"


def add_arguments(parser: Parser) -> None:
    """Add what to list and the subcommands."""
    parser.description = "List the runs, latest first; those in progress are marked."
    parser.add_argument(
        "--limit",
        type=positive_integer("--limit", "use 1 or more, or omit --limit to list all runs"),
        metavar="N",
        help="list only the latest N runs",
    )
    add_list_format(parser)
    subcommands = parser.add_commands("runs_command")

    prune = subcommands.add_parser(
        "prune",
        help="delete old runs",
        description="Delete the oldest runs beyond the limits set by keep-runs and keep-mb. "
        "A run in progress is never deleted. Images are not affected.",
    )
    prune.add_argument(
        "--keep",
        type=positive_integer("--keep", "use 1 or more, or --all to delete all runs"),
        metavar="N",
        help="keep the latest N runs",
    )
    prune.add_argument(
        "--max-size",
        type=positive_integer("--max-size", "use 1 or more, or --all to delete all runs"),
        metavar="MB",
        help="keep at most this many megabytes of runs",
    )
    prune.add_argument(
        "--all", action="store_true", help="delete all runs except those in progress"
    )
    prune.add_argument("--dry-run", action="store_true", help="only print what would be deleted")
    prune.set_defaults(run=run_prune)

    export = subcommands.add_parser(
        "export",
        help="export a run to a file",
        description="Export a run to a file, which `runs import` and `replay` read. Known "
        "secrets are masked, but logs contain everything else the build printed: review the file "
        "before you share it.",
    )
    export.add_argument(
        "--share",
        action="store_true",
        help="for a bug report: also mask the path of your home folder and this machine's name, "
        "and list what isn't masked",
    )
    export.add_argument("run_name", metavar="RUN", help=RUN)
    export.add_argument(
        "file",
        nargs="?",
        default="",
        metavar="FILE",
        help="file to write (default: openhqm-run-ID.zip in the current folder)",
    )
    export.set_defaults(run=run_export)

    imported = subcommands.add_parser(
        "import",
        help="import a run from a file written by `runs export`",
        description="Import a run from a file written by `runs export`. The run can be viewed "
        "and replayed, but not retried or resumed: its plan may come from someone else.",
    )
    imported.add_argument("file", metavar="FILE", help="a file from `runs export`")
    imported.set_defaults(run=run_import)


def run(parsed: argparse.Namespace) -> int:
    """List the runs, one line each."""
    import itertools
    import shutil
    import time

    import msgspec

    from openhqm_tui.cli.output.run_table import row_of, table
    from openhqm_tui.store.paths import state_folder
    from openhqm_tui.store.run_folder import all_runs

    rows = (row_of(folder) for folder in itertools.islice(all_runs(state_folder()), parsed.limit))
    if parsed.format == "json":
        for row in rows:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        return 0
    found = list(rows)
    if not found:
        _notify("there are no runs yet; start one with `openhqm-tui build`")
        return 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    sys.stdout.writelines(f"{line}\n" for line in table(found, time.time(), width))
    return 0


def run_prune(parsed: argparse.Namespace) -> int:
    """Delete old runs and return 0, or 1 if one can't be deleted."""
    from openhqm_tui.domain.formatting import count_text, size_text
    from openhqm_tui.domain.text import plain
    from openhqm_tui.run.prune import prune_runs
    from openhqm_tui.store.paths import ready_state_folder

    pruned = prune_runs(ready_state_folder(), _limits(parsed), only_say=parsed.dry_run)
    for deleted in pruned.gone:
        _print(f"{deleted.name}  {size_text(deleted.size)}")
    for name, reason in pruned.unread:
        _notify(f"{name} is kept: {plain(reason)}")
    for name, reason in pruned.stayed:
        _notify(f"{name} can't be deleted: {reason}")
    runs = count_text(len(pruned.gone), "run")
    if not pruned.gone:
        _print("nothing was deleted" if pruned.stayed else "nothing to delete")
    elif parsed.dry_run:
        _print(f"{runs} would be deleted, freeing {size_text(pruned.freed)}")
    else:
        _print(f"{runs} deleted, {size_text(pruned.freed)} freed")
    return 1 if pruned.stayed else 0


def _limits(parsed: argparse.Namespace) -> Limits:
    import msgspec

    from openhqm_tui.cli.surroundings import settings_here
    from openhqm_tui.store.retention import MB, Limits, limits_of

    if parsed.all and (parsed.keep or parsed.max_size):
        raise UsageProblem(
            "--all can't be combined with --keep or --max-size", fix="use only one of them"
        )
    if parsed.all:
        return Limits(runs=0)
    limits = limits_of(settings_here())
    if parsed.keep:
        limits = msgspec.structs.replace(limits, runs=parsed.keep)
    if parsed.max_size:
        limits = msgspec.structs.replace(limits, size=parsed.max_size * MB)
    return limits


def run_export(parsed: argparse.Namespace) -> int:
    """Export a run, and print the file."""
    from pathlib import Path

    from openhqm_tui.cli.signals import stop_on_signals
    from openhqm_tui.domain.formatting import count_text
    from openhqm_tui.report.redacted_files import RedactedFiles
    from openhqm_tui.store.archive import export_run, packed_name
    from openhqm_tui.store.paths import state_folder
    from openhqm_tui.store.run_folder import find_run

    with stop_on_signals():
        folder = find_run(state_folder(), parsed.run_name)
        file = Path(parsed.file)
        if not parsed.file or file.is_dir():
            file /= packed_name(folder.info.id)
        if folder.is_live():
            _notify("the run is in progress: the file contains only what has been recorded so far")
        redacted = RedactedFiles(folder, share=parsed.share)
        export_run(folder, file, redacted)
    _print(str(file))
    if parsed.share:
        _notify(
            f"masked {count_text(redacted.masked, 'occurrence')} of secret build arguments, "
            "tokens, passwords in URLs, build secrets set on this machine, your home folder and "
            "this machine's name"
        )
        _notify(
            f"not masked: {count_text(redacted.lines, 'line')} of build output, excerpts of "
            "Dockerfiles, other build arguments, variables and labels of images, names of "
            "targets, images, registries and builders, other paths, times and versions; review "
            "the file before you publish it"
        )
    else:
        _notify(
            "known secrets are masked, but logs contain everything else the build printed: for a "
            "bug report, use --share, and review the file before you share it"
        )
    return 0


def run_import(parsed: argparse.Namespace) -> int:
    """Import a run, and print its ID."""
    from pathlib import Path

    from openhqm_tui.cli.signals import stop_on_signals
    from openhqm_tui.report.redacted_files import RedactedFiles
    from openhqm_tui.store.archive import import_run
    from openhqm_tui.store.paths import ready_state_folder

    file = Path(parsed.file)
    with stop_on_signals():
        if not file.exists():
            raise UsageProblem(f"no such file: {file}")
        folder, new = import_run(file, ready_state_folder(), RedactedFiles)
    _print(folder.path.name)
    if not new:
        _notify(f"run {folder.path.name} already exists, so nothing was imported")
    return 0


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _notify(line: str) -> None:
    sys.stderr.write(f"openhqm-tui: {line}\n")
