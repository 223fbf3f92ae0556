"""The words of the commands about runs that are there: live, over, cut off, packed into a file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openhqm_tui.cli.parser import Parser, add_format, add_list_format, at_least_one, later
from openhqm_tui.report.formats.catalog import SUFFIXES

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Parser]

_RUN = "a run: its id, how its id begins, or the path of its folder"


def add_run_commands(commands: Commands) -> None:
    """Add `runs`, `attach`, `cancel`, `retry`, `resume`, `replay`."""
    _add_runs(commands)
    attach = commands.add_parser(
        "attach",
        help="follow a run from its first line",
        description="Follow a run, live or over, from its first line, as `build` shows it. "
        "Ctrl-C stops watching; the run goes on.",
        epilog="exit codes: 0 the run passed, 1 it failed or was interrupted, 130 it was "
        "cancelled, or Ctrl-C was pressed",
    )
    attach.add_argument("run_name", nargs="?", metavar="RUN", help=f"{_RUN} (latest)")
    add_format(attach)
    attach.set_defaults(run=later("openhqm_tui.cli.commands.control:run_attach"))
    _add_asking(commands)

    replay = commands.add_parser(
        "replay",
        help="replay a recorded run; needs no Docker",
        description="Play a run that is over as it went: in a terminal in the console, else as "
        "`build` shows it. Nothing is built. Silences of more than ten seconds are shortened.",
        epilog="exit codes: 0 the run was shown to its end, however it had ended; 130 Ctrl-C",
    )
    replay.add_argument(
        "what",
        nargs="?",
        metavar="RUN|FILE",
        help=f"{_RUN}; a file of `runs export`; or `demo`, the run that ships with the package "
        "(the latest that is over, demo where there is none)",
    )
    replay.add_argument(
        "--speed",
        default="1",
        metavar="N",
        help="N times the recorded speed, or `max` (default: 1)",
    )
    add_format(replay)
    replay.set_defaults(run=later("openhqm_tui.cli.commands.replay"))


def _add_runs(commands: Commands) -> None:
    runs = commands.add_parser(
        "runs",
        help="list the runs; prune, export, import them",
        description="List the runs, latest first; those that go on are marked.",
    )
    runs.add_argument(
        "--limit",
        type=at_least_one("--limit", "run must be listed", "leave it out for all"),
        metavar="N",
        help="the latest N only",
    )
    add_list_format(runs)
    runs.set_defaults(run=later("openhqm_tui.cli.commands.runs:run_runs"))
    of_runs = runs.add_subparsers(dest="runs_command", metavar="COMMAND", title="commands")

    prune = of_runs.add_parser(
        "prune",
        help="remove old runs from the disk",
        description="Remove what is more than the settings keep-runs and keep-mb allow, the "
        "oldest first. A run that goes on is never removed. Images are left alone.",
    )
    prune.add_argument(
        "--keep",
        type=at_least_one("--keep", "run is kept", "give --all to remove them all"),
        metavar="N",
        help="keep the latest N runs",
    )
    prune.add_argument(
        "--max-size",
        type=at_least_one("--max-size", "MB is kept", "give --all to remove them all"),
        metavar="MB",
        help="keep so many MB of runs",
    )
    prune.add_argument("--all", action="store_true", help="remove every run that is over")
    prune.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    prune.set_defaults(run=later("openhqm_tui.cli.commands.runs:run_prune"))

    export = of_runs.add_parser(
        "export",
        help="pack a run into one file",
        description="Pack a run into one file, which `runs import` and `replay` read. Known "
        "secrets are masked in it; logs hold what else the build printed: look before you share "
        "it.",
    )
    export.add_argument(
        "--share",
        action="store_true",
        help="for a bug report: mask your home folder and this machine's name too, and say what "
        "remains",
    )
    export.add_argument("run_name", metavar="RUN", help=_RUN)
    export.add_argument(
        "file",
        nargs="?",
        default="",
        metavar="FILE",
        help="where to write it (openhqm-run-ID.zip, here)",
    )
    export.set_defaults(run=later("openhqm_tui.cli.commands.runs:run_packing"))

    imported = of_runs.add_parser(
        "import",
        help="unpack a run from a file of `runs export`",
        description="Put a run from a file of `runs export` beside the other runs. It can be "
        "looked at and replayed; as its plan comes from elsewhere, it is never executed.",
    )
    imported.add_argument("file", metavar="FILE", help="a file of `runs export`")
    imported.set_defaults(run=later("openhqm_tui.cli.commands.runs:run_packing"))


def _add_report(commands: Commands) -> None:
    report = commands.add_parser(
        "report",
        help="write what a run tells: Markdown, HTML, JUnit, JSON, step summary",
        description="Write what a run tells: environment, test cases, times, architectures, cache, "
        "sizes, known limits. Nothing is asked of Docker. Secrets are masked.",
        epilog="exit codes: 0 it is written, however the run had ended; 2 it can't be",
    )
    report.add_argument("run_name", nargs="?", metavar="RUN", help=f"{_RUN} (latest)")
    report.add_argument(
        "--format",
        choices=tuple(SUFFIXES),
        default="md",
        help="md: a document (the default); html: one file with pictures; junit: for CI; json: by "
        "its schema; github: in short, into $GITHUB_STEP_SUMMARY where that is set",
    )
    report.add_argument(
        "-o", "--output", default="", metavar="FILE", help="where to write it (standard output)"
    )
    report.set_defaults(run=later("openhqm_tui.cli.commands.report"))


def add_learnt_commands(commands: Commands) -> None:
    """Add `report`, `history`, `compare`."""
    _add_report(commands)
    compare = commands.add_parser(
        "compare",
        help="compare two runs",
        description="Show what got slower, larger or newly failing between two runs, and which "
        "step, layer or package did it. Runs whose folders are gone can be compared as well.",
        epilog="exit codes: 0 whatever differs",
    )
    compare.add_argument(
        "one", nargs="?", metavar="RUN", help="a run, or how its id begins (latest)"
    )
    compare.add_argument(
        "other",
        nargs="?",
        metavar="RUN",
        help="the later run; without it RUN is compared with the one before that built the same",
    )
    add_list_format(compare)
    compare.set_defaults(run=later("openhqm_tui.cli.commands.history:run_compare"))

    history = commands.add_parser(
        "history",
        help="times and sizes of the images from run to run",
        description="Show how times, sizes and cache hits of each image went from run to run.",
    )
    add_list_format(history)
    history.set_defaults(run=later("openhqm_tui.cli.commands.history:run_history"))
    of_history = history.add_subparsers(dest="history_command", metavar="COMMAND", title="commands")
    reindex = of_history.add_parser(
        "reindex",
        help="rebuild the history from all run folders",
        description="Rebuild the history from all run folders. Runs whose folders are gone stay "
        "in it. Missing runs are read by themselves: this is for a history that went wrong.",
        epilog="exit codes: 0 all were read, 1 a run can't be read",
    )
    reindex.set_defaults(run=later("openhqm_tui.cli.commands.history:run_history"))


def _add_asking(commands: Commands) -> None:
    cancel = commands.add_parser(
        "cancel",
        help="stop a run, or targets of it",
        description="Stop a run that goes on, or with TARGET only these; what is built is kept.",
    )
    _add_run_and_targets(cancel, "the latest that goes on", "all that isn't over")

    retry = commands.add_parser(
        "retry",
        help="rebuild failed targets",
        description="Rebuild targets in the same run, and follow it.",
    )
    _add_run_and_targets(retry, "latest", "all that failed, were cancelled or aren't verified")
    resume = commands.add_parser(
        "resume",
        help="continue a run that was interrupted or cancelled",
        description="Build the unfinished targets of a run, and follow it.",
    )
    resume.add_argument("run_name", nargs="?", metavar="RUN", help=f"{_RUN} (latest)")
    for parser in (retry, resume):
        parser.add_argument(
            "--allow",
            action="append",
            metavar="PERMISSION",
            help="allow more than the run was allowed at its start, as `build --allow`",
        )
        parser.add_argument(
            "--detach", action="store_true", help="return once the runner acknowledges"
        )
        add_format(parser)
    cancel.set_defaults(run=later("openhqm_tui.cli.commands.control:run_cancel"))
    retry.set_defaults(run=later("openhqm_tui.cli.commands.control:run_retry"))
    resume.set_defaults(run=later("openhqm_tui.cli.commands.control:run_retry"))


def _add_run_and_targets(parser: Parser, run: str, targets: str) -> None:
    parser.add_argument("run_name", nargs="?", metavar="RUN", help=f"{_RUN} ({run})")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"else: {targets}")
    parser.words_in = "targets"
