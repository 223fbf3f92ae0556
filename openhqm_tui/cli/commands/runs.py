"""`openhqm-tui runs`: list, prune, export and import."""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from openhqm_tui.cli.commands.settings import settings_here
from openhqm_tui.cli.output.summary import aligned, clock, megabytes
from openhqm_tui.cli.run_lookup import word_of
from openhqm_tui.cli.signals import stop_on_signals
from openhqm_tui.domain.errors import Problem, UsageProblem
from openhqm_tui.domain.run.status import RUN_TEXTS
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.report.redacted_files import RedactedFiles
from openhqm_tui.run.follow.load_state import state_now
from openhqm_tui.run.prune import prune_runs
from openhqm_tui.store.archive import export_run, import_run, packed_name
from openhqm_tui.store.paths import ready_state_folder, state_folder
from openhqm_tui.store.retention import MB, Limits, limits_of, size_of
from openhqm_tui.store.run_folder import RunFolder, all_runs, find_run

_GAP = 2
# What is left out where there is no room, the first first.
_EXPENDABLE = ("size", "took", "when")
# Narrower than this a list of targets says nothing.
_LEAST_WHAT = 12


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run; `created` in seconds since the epoch, `seconds` of execution, `size` in bytes.

    `problem` is why it can't be read, where it can't.
    """

    run: str
    folder: str
    state: str
    live: bool = False
    created: float = 0.0
    seconds: float = 0.0
    size: int = 0
    targets: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    problem: str = ""


def run_runs(parsed: argparse.Namespace) -> int:
    """List the runs, a line each; 0 also where there is none."""
    rows = (_row(folder) for folder in itertools.islice(all_runs(state_folder()), parsed.limit))
    if parsed.format == "json":
        for row in rows:
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        return 0
    found = list(rows)
    if not found:
        sys.stderr.write("openhqm-tui: there is no run yet; start one with `openhqm-tui build`\n")
        return 0
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    sys.stdout.writelines(f"{line}\n" for line in table(found, time.time(), width))
    return 0


def table(rows: Sequence[RunRow], now: float, width: int | None) -> list[str]:
    """Return the list as lines of no more than `width` characters, None: of any length."""
    columns = {
        "run": [row.run for row in rows],
        "when": [ago(now - row.created) if row.created else "–" for row in rows],
        "state": [str(RUN_TEXTS[row.state]) for row in rows],
        "took": [clock(row.seconds) for row in rows],
        "size": [on_disk(row.size) for row in rows],
    }
    room = None
    if width is not None:
        widths = {name: max(map(len, [name, *told])) + _GAP for name, told in columns.items()}
        for name in _EXPENDABLE:
            if width - sum(widths[left] for left in columns) >= _LEAST_WHAT:
                break
            del columns[name]
        room = max(1, width - sum(widths[left] for left in columns))
    columns["what"] = [
        one_line(row.problem, room or 500) if row.problem else what_of(row, room) for row in rows
    ]
    lines = aligned([tuple(columns), *zip(*columns.values(), strict=True)])
    return [line if width is None else _cut(line, width) for line in lines]


def on_disk(size: int) -> str:
    """Return a size in MB (10^6 bytes), a small one in kB."""
    return megabytes(size) if size >= 100_000 else f"{size / 1000:.0f} kB"


def ago(seconds: float) -> str:
    """Return how long something is past, in a unit that fits."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def what_of(row: RunRow, room: int | None) -> str:
    """Return targets × platforms in `room` characters; what doesn't fit is counted."""
    names = [one_line(name) for name in row.targets]
    short = [one_line(name).removeprefix("linux/") for name in row.platforms]
    for platforms in (" ".join(short), str(len(short))):
        for shown in range(len(names), 0, -1):
            more = f" +{len(names) - shown}" if shown < len(names) else ""
            what = f"{' '.join(names[:shown])}{more} × {platforms}"
            # Names tell more than platforms, so no name is left out for a platform's.
            if room is None or len(what) <= room:
                return what
            if platforms != str(len(short)):
                break
    return f"{len(names)} × {len(short)}"


def _row(folder: RunFolder) -> RunRow:
    name, path = folder.path.name, str(folder.path)
    size = size_of(folder.path)
    try:
        state = state_now(folder)
    except Problem as problem:
        return RunRow(run=name, folder=path, state="unreadable", size=size, problem=problem.what)
    targets = state.info.targets
    return RunRow(
        run=name,
        folder=path,
        state=word_of(state),
        live=state.goes_on,
        created=state.info.created,
        seconds=state.elapsed(time.time()),
        size=size,
        targets=tuple(target.name for target in targets),
        platforms=tuple(dict.fromkeys(p for target in targets for p in target.platforms)),
    )


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


def run_prune(parsed: argparse.Namespace) -> int:
    """Return 0, or 1 where something that should go couldn't."""
    pruned = prune_runs(ready_state_folder(), _limits(parsed), only_say=parsed.dry_run)
    for kept in pruned.gone:
        _say(f"{kept.name}  {on_disk(kept.size)}")
    for name, reason in pruned.unread:
        sys.stderr.write(f"openhqm-tui: {name} is left alone: {plain(reason)}\n")
    for name, reason in pruned.stayed:
        sys.stderr.write(f"openhqm-tui: {name} can't be removed: {reason}\n")
    runs = f"{len(pruned.gone)} run{'' if len(pruned.gone) == 1 else 's'}"
    if not pruned.gone:
        _say("nothing to remove")
    elif parsed.dry_run:
        _say(f"{runs} would be removed, and {on_disk(pruned.freed)} freed")
    else:
        _say(f"{runs} removed, {on_disk(pruned.freed)} freed")
    return 1 if pruned.stayed else 0


def _limits(parsed: argparse.Namespace) -> Limits:
    if parsed.all and (parsed.keep or parsed.max_size):
        raise UsageProblem("--all and --keep or --max-size contradict each other", fix="give one")
    if parsed.all:
        return Limits(runs=0)
    limits = limits_of(settings_here())
    if parsed.keep:
        limits = msgspec.structs.replace(limits, runs=parsed.keep)
    if parsed.max_size:
        limits = msgspec.structs.replace(limits, size=parsed.max_size * MB)
    return limits


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def run_packing(parsed: argparse.Namespace) -> int:
    """Pack or unpack, and print where to; return 0."""
    with stop_on_signals():
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
