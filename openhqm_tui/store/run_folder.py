"""A run folder: all data of one run, in append-only files."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from openhqm_tui.domain.checks.expectation import Expectation, expectation_from
from openhqm_tui.domain.errors import Problem, UsageProblem, nearest
from openhqm_tui.domain.formatting import size_text
from openhqm_tui.domain.plan.bake import Plan
from openhqm_tui.domain.plan.image_names import is_target_name
from openhqm_tui.domain.run.events import MOST_LANES, SCHEMA, AnyEvent, RunInfo, event_decoder
from openhqm_tui.files.confined import open_inside, open_to_write, read_inside
from openhqm_tui.store.paths import make_private, upgrade_command

# A run of 16 targets whose every step is clipped by BuildKit stays below it.
MOST_BYTES = 2 * 1024**3
# For files that are read as a whole whenever runs are listed: 100 times the largest known.
MOST_READ_WHOLE = 16 * 1024**2


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request to the runner: `cancel`, `retry`, `check`.

    No target means the whole run, no platform every lane, no check all checks. `allow` are
    permissions for the rest of the run, spelled as for `--allow`. `companions` False: its services
    are checked without them from now on.
    """

    ask: str
    target: str = ""
    platform: str = ""
    check: str = ""
    allow: tuple[str, ...] = ()
    companions: bool = True


class LaneExpectation(msgspec.Struct, frozen=True, kw_only=True):
    """The expectation for one lane's image, as stored in `expectations.json`."""

    target: str
    expectation: Expectation


class _KeptExpectation(msgspec.Struct, frozen=True):
    target: str
    expectation: dict[str, Any]


class RunFolder:
    """The files of one run; `path` is the folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bake_file = path / "bake.json"
        self.info_file = path / "run.json"
        self.events_file = path / "events.jsonl"
        self.control_file = path / "control.jsonl"
        self.expectations_file = path / "expectations.json"
        self.lock_file = path / "lock"
        self.runner_log = path / "runner.log"
        self.reserve_file = path / "reserve"
        self.imported_file = path / "imported"
        self._info: RunInfo | None = None

    @classmethod
    def create(
        cls, folder: Path, info: RunInfo, plan: Plan, expectations: Iterable[LaneExpectation] = ()
    ) -> RunFolder:
        """Write a new run folder; `run.json` comes last, so a folder that has it is complete."""
        run, lock = cls.create_held(folder, info, plan, expectations)
        os.close(lock)
        return run

    @classmethod
    def create_held(
        cls, folder: Path, info: RunInfo, plan: Plan, expectations: Iterable[LaneExpectation] = ()
    ) -> tuple[RunFolder, int]:
        """Write a new run folder, and return it with its lock.

        The lock is taken first, so that the run never looks interrupted. Raises UsageProblem
        if the folder can't be written.
        """
        run = cls(folder)
        lock = -1
        try:
            make_private(folder.parent)
            folder.mkdir(mode=0o700)
            (folder / "checks").mkdir(mode=0o700)
            _make(run.bake_file, plan.as_bake())
            _make(run.expectations_file, list(expectations))
            run.events_file.touch(mode=0o600)
            run.control_file.touch(mode=0o600)
            lock = run.lock()
            unfinished = folder / "run.json.new"
            _make(unfinished, info)
            unfinished.rename(run.info_file)
        except OSError as error:
            if lock >= 0:
                os.close(lock)
            raise UsageProblem(f"can't write the run folder {folder} ({error.strerror})") from error
        return run, lock

    def open(self, file: Path) -> BinaryIO:
        """Open one of the run's files for reading; raises OSError.

        Links aren't followed: an imported run could show any file of the user's.
        """
        opened = os.fdopen(open_inside(self.path, self._name_of(file), links=False), "rb")
        if os.fstat(opened.fileno()).st_size > MOST_BYTES:
            opened.close()
            raise OSError(errno.EFBIG, f"larger than {size_text(MOST_BYTES)}", str(file))
        return opened

    def read(self, file: Path, most: int = MOST_READ_WHOLE) -> bytes:
        """Return the contents of one of the run's files; raises OSError, also if above `most`."""
        return read_inside(self.path, self._name_of(file), most, links=False)

    def has(self, file: Path) -> bool:
        """Return whether one of the run's files exists and can be read."""
        try:
            self.open(file).close()
        except OSError:
            return False
        return True

    def open_to_write(self, file: Path, *, empty: bool = False) -> BinaryIO:
        """Open one of the run's files for appending, `empty` as a new file; raises OSError."""
        return os.fdopen(open_to_write(self.path, self._name_of(file), empty=empty), "ab")

    def _name_of(self, file: Path) -> str:
        return os.path.relpath(file, self.path)

    @property
    def info(self) -> RunInfo:
        """What was known before the run started; raises Problem if it can't be read."""
        if self._info is None:
            try:
                info = msgspec.json.decode(self.read(self.info_file), type=RunInfo)
            except FileNotFoundError as error:
                raise UsageProblem(f"{self.path} is not a run folder") from error
            except OSError as error:
                why = error.strerror or error
                raise UsageProblem(f"{self.info_file} can't be read ({why})") from error
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise UsageProblem(f"{self.info_file} can't be read ({error})") from error
            if info.schema > SCHEMA:
                raise UsageProblem(
                    f"{self.path} was written by a newer version of openhqm-tui ({info.version})",
                    fix=f"upgrade with `{upgrade_command()}`",
                )
            if sum(len(target.platforms) for target in info.targets) > MOST_LANES:
                raise UsageProblem(f"{self.info_file} can't be read (too many images)")
            if not all(is_target_name(target.name) for target in info.targets):
                raise UsageProblem(f"{self.info_file} can't be read (invalid target name)")
            self._info = info
        return self._info

    def expectations(self) -> dict[tuple[str, str], Expectation]:
        """Return the expectation for each image, by target and platform."""
        kept = msgspec.json.decode(self.read(self.expectations_file), type=list[_KeptExpectation])
        found = [(one.target, expectation_from(one.expectation)) for one in kept]
        return {(target, str(expected.platform)): expected for target, expected in found}

    def stream_name(self, target: str, attempt: int) -> str:
        """Return the file with a target's progress: `redis.rawjson`, `redis.2.rawjson`."""
        return f"{target}.rawjson" if attempt == 1 else f"{target}.{attempt}.rawjson"

    def metadata_file(self, target: str) -> Path:
        """Return the file to which Buildx writes the image's digest."""
        return self.path / f"{target}.metadata.json"

    def push_log(self, target: str) -> Path:
        """Return the file with the output of pushing a target's tags."""
        return self.path / f"{target}.push.log"

    def evidence_file(self, target: str, platform: str) -> Path:
        """Return the file with the evidence of a lane's checks."""
        return self.path / "checks" / f"{target}.{platform.replace('/', '-')}.json"

    def append(self, event: AnyEvent) -> None:
        """Append an event, in one write: readers see complete lines, or an incomplete last one."""
        self._append(self.events_file, msgspec.json.encode(event))

    def append_request(self, request: Request) -> int:
        """Append a request to the runner; return the offset of the end of its line."""
        return self._append(self.control_file, msgspec.json.encode(request))

    def _append(self, file: Path, line: bytes) -> int:
        descriptor = open_to_write(self.path, self._name_of(file))
        try:
            size = os.fstat(descriptor).st_size
            # A line that was cut off by a full disk must not absorb this one.
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            left = (b"\n" if torn else b"") + line + b"\n"
            while left:
                left = left[os.write(descriptor, left) :]
            # After an appending write, the offset is the end of it, even with other writers.
            return os.lseek(descriptor, 0, os.SEEK_CUR)
        finally:
            os.close(descriptor)

    def events(self) -> Iterator[AnyEvent]:
        """Yield the events so far; lines that can't be read are skipped."""
        try:
            lines = self.read(self.events_file, MOST_BYTES).split(b"\n")
        except OSError:
            return
        for line in lines:
            try:
                yield event_decoder.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue

    def lock(self) -> int:
        """Lock the run for this process and return the descriptor.

        A child that inherits the descriptor holds the lock too. Raises Problem if another
        process holds it.
        """
        descriptor = open_to_write(self.path, self.lock_file.name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise Problem(f"run {self.path.name} is in use by another process") from error
        return descriptor

    @property
    def is_imported(self) -> bool:
        """Whether it was imported from a file: it can be viewed, but is never executed."""
        return os.path.lexists(self.imported_file)

    def is_live(self) -> bool:
        """Return whether a runner holds the lock."""
        try:
            descriptor = open_inside(self.path, self.lock_file.name, links=False)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False


def runs_folder(state: Path) -> Path:
    """Return the folder that contains the run folders."""
    return state / "runs"


def new_run_id(now: float) -> str:
    """Return a unique name for a run that sorts by time: `20261123-151400-3fa9`."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + secrets.token_hex(2)


def all_runs(state: Path) -> Iterator[RunFolder]:
    """Yield the readable run folders, latest first."""
    try:
        names = sorted((p.name for p in runs_folder(state).iterdir()), reverse=True)
    except OSError:
        return
    # Runs that are being removed or unpacked begin with a dot.
    for name in (name for name in names if not name.startswith(".")):
        run = RunFolder(runs_folder(state) / name)
        # Not Path.exists(): it raises for a folder of another user.
        if os.path.exists(run.info_file):  # noqa: PTH110
            yield run


def find_run(state: Path, name: str | None = None) -> RunFolder:
    """Return a run by its name, by the start of its name, or by its path; the latest if omitted."""
    if name == "":
        raise UsageProblem("RUN is empty", fix="omit RUN to use the latest run")
    if name and "/" in name:
        run = RunFolder(Path(name).resolve())
        _ = run.info
        return run
    found = [run for run in all_runs(state) if run.path.name.startswith(name or "")]
    if not found:
        known = [run.path.name for run in all_runs(state)]
        guess = nearest(name, known) if name else None
        way = "see `openhqm-tui runs`" if known else "start one with `openhqm-tui build`"
        raise UsageProblem(
            f"there is no run '{name}'" if name else "there are no runs yet",
            fix=f"did you mean {guess}?" if guess else way,
            valid=" ".join(known[:3]),
        )
    if exact := [run for run in found if run.path.name == name]:
        return exact[0]
    if name and len(found) > 1:
        names = " ".join(run.path.name for run in found[:4])
        raise UsageProblem(f"'{name}' is ambiguous: {len(found)} runs match", valid=names)
    return found[0]


def _make(file: Path, value: object) -> None:
    """Write a new JSON file that only its owner can read: a plan may contain secrets."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(file, flags, 0o600), "wb") as out:
        out.write(_pretty(value))


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2) + b"\n"
