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
from openhqm_tui.domain.plan.bake import Plan
from openhqm_tui.domain.plan.image_names import is_target_name
from openhqm_tui.domain.run.events import MOST_LANES, SCHEMA, AnyEvent, RunInfo, event_decoder
from openhqm_tui.files.confined import open_inside, open_to_write, read_inside
from openhqm_tui.store.installation import upgrade_command
from openhqm_tui.store.paths import make_private

# A run of 16 targets whose every step is clipped by BuildKit stays below it.
MOST_BYTES = 2 * 1024**3
# What is read whole, whenever runs are listed; the biggest known are a hundredth of it.
MOST_READ_WHOLE = 16 * 1024**2


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody asks of the runner: `cancel`, `retry`, `check`.

    No target means the whole run, no platform every lane, no check all questions. `allow` is
    what the person grants the run from then on, as `--allow` spells it.
    """

    ask: str
    target: str = ""
    platform: str = ""
    check: str = ""
    allow: tuple[str, ...] = ()


class LaneExpectation(msgspec.Struct, frozen=True, kw_only=True):
    """What one lane's image must be, as it is kept in `expectations.json`."""

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
        """Write a new run folder, complete before anyone can see `run.json`."""
        run, lock = cls.create_held(folder, info, plan, expectations)
        os.close(lock)
        return run

    @classmethod
    def create_held(
        cls, folder: Path, info: RunInfo, plan: Plan, expectations: Iterable[LaneExpectation] = ()
    ) -> tuple[RunFolder, int]:
        """Write a new run folder, and return it with its lock, which is held before it is seen.

        Nobody can find it without a runner then. Raises UsageProblem where it can't be written.
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

        A run may come from elsewhere: through links it could show any file of whoever looks at it.
        """
        opened = os.fdopen(open_inside(self.path, self._name_of(file), links=False), "rb")
        if os.fstat(opened.fileno()).st_size > MOST_BYTES:
            opened.close()
            raise OSError(errno.EFBIG, f"it is larger than {MOST_BYTES >> 30} GiB", str(file))
        return opened

    def read(self, file: Path, most: int = MOST_READ_WHOLE) -> bytes:
        """Return what one of the run's files holds; raises OSError, also above `most` bytes."""
        return read_inside(self.path, self._name_of(file), most, links=False)

    def has(self, file: Path) -> bool:
        """Tell whether one of the run's files is there and can be read."""
        try:
            self.open(file).close()
        except OSError:
            return False
        return True

    def open_to_write(self, file: Path, *, empty: bool = False) -> BinaryIO:
        """Open one of the run's files for appending, with `empty` as a new one; raises OSError."""
        return os.fdopen(open_to_write(self.path, self._name_of(file), empty=empty), "ab")

    def _name_of(self, file: Path) -> str:
        return os.path.relpath(file, self.path)

    @property
    def info(self) -> RunInfo:
        """What was known before the run started; raises Problem where it can't be read."""
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
                    f"{self.path} was written by a newer openhqm-tui ({info.version})",
                    fix=f"upgrade with `{upgrade_command()}`",
                )
            if sum(len(target.platforms) for target in info.targets) > MOST_LANES:
                raise UsageProblem(f"{self.info_file} can't be read (it has too many images)")
            if not all(is_target_name(target.name) for target in info.targets):
                raise UsageProblem(f"{self.info_file} can't be read (a target's name won't do)")
            self._info = info
        return self._info

    def expectations(self) -> dict[tuple[str, str], Expectation]:
        """Return what the image of each target on each platform must be."""
        kept = msgspec.json.decode(self.read(self.expectations_file), type=list[_KeptExpectation])
        found = [(one.target, expectation_from(one.expectation)) for one in kept]
        return {(target, str(expected.platform)): expected for target, expected in found}

    def stream_name(self, target: str, attempt: int) -> str:
        """Return the file that a target's progress goes to: `redis.rawjson`, `redis.2.rawjson`."""
        return f"{target}.rawjson" if attempt == 1 else f"{target}.{attempt}.rawjson"

    def metadata_file(self, target: str) -> Path:
        """Return the file that Buildx writes the image's digest to."""
        return self.path / f"{target}.metadata.json"

    def push_log(self, target: str) -> Path:
        """Return the file that holds what `docker push` said of a target's tags."""
        return self.path / f"{target}.push.log"

    def evidence_file(self, target: str, platform: str) -> Path:
        """Return the file that holds what a lane's image answered."""
        return self.path / "checks" / f"{target}.{platform.replace('/', '-')}.json"

    def append(self, event: AnyEvent) -> None:
        """Add an event; one write, so a reader sees whole lines or an unended last one."""
        self._append(self.events_file, msgspec.json.encode(event))

    def ask(self, request: Request) -> int:
        """Write down what is asked of the runner; return where the line ends in the file."""
        return self._append(self.control_file, msgspec.json.encode(request))

    def _append(self, file: Path, line: bytes) -> int:
        descriptor = open_to_write(self.path, self._name_of(file))
        try:
            size = os.fstat(descriptor).st_size
            # A line that a full disk cut off must not swallow this one.
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            left = (b"\n" if torn else b"") + line + b"\n"
            while left:
                left = left[os.write(descriptor, left) :]
            # After an appending write, the offset is the end of it, even with other writers.
            return os.lseek(descriptor, 0, os.SEEK_CUR)
        finally:
            os.close(descriptor)

    def events(self) -> Iterator[AnyEvent]:
        """Yield what the runner wrote so far; a line that can't be read is passed over."""
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
        """Take the run for this process and return the held descriptor.

        A child that inherits the descriptor holds the run as well. Raises Problem where
        another process holds it.
        """
        descriptor = open_to_write(self.path, self.lock_file.name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise Problem(f"run {self.path.name} is being executed already") from error
        return descriptor

    @property
    def is_imported(self) -> bool:
        """Tell whether it came in a file from elsewhere: to be looked at, never to be executed."""
        return os.path.lexists(self.imported_file)

    def is_live(self) -> bool:
        """Tell whether a runner holds the run."""
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
    """Return where the run folders are."""
    return state / "runs"


def new_run_id(now: float) -> str:
    """Return a name for a run that sorts by time and never repeats: `20261123-151400-3fa9`."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + secrets.token_hex(2)


def all_runs(state: Path) -> Iterator[RunFolder]:
    """Yield the readable run folders, latest first."""
    try:
        names = sorted((p.name for p in runs_folder(state).iterdir()), reverse=True)
    except OSError:
        return
    # What is about to be removed, or to be unpacked, begins with a dot.
    for name in (name for name in names if not name.startswith(".")):
        run = RunFolder(runs_folder(state) / name)
        # Not Path.exists(): it raises for a folder that somebody else's run has left.
        if os.path.exists(run.info_file):  # noqa: PTH110
            yield run


def find_run(state: Path, name: str | None = None) -> RunFolder:
    """Return the run of that name, of a name that begins so, or at that path; else the latest."""
    if name == "":
        raise UsageProblem("an empty word names no run", fix="leave it out for the latest")
    if name and "/" in name:
        run = RunFolder(Path(name).resolve())
        _ = run.info
        return run
    found = [run for run in all_runs(state) if run.path.name.startswith(name or "")]
    if not found:
        known = [run.path.name for run in all_runs(state)]
        guess = nearest(name, known) if name else None
        raise UsageProblem(
            f"there is no run '{name}'" if name else "there are no runs yet",
            fix=f"did you mean {guess}?" if guess else "start one with `openhqm-tui build`",
            valid=" ".join(known[:3]),
        )
    if exact := [run for run in found if run.path.name == name]:
        return exact[0]
    if name and len(found) > 1:
        names = " ".join(run.path.name for run in found[:4])
        raise UsageProblem(f"'{name}' is ambiguous: {len(found)} runs match", valid=names)
    return found[0]


def _make(file: Path, value: object) -> None:
    """Write a new file as JSON, for its owner alone: a plan holds what a build needs to know."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(file, flags, 0o600), "wb") as out:
        out.write(_pretty(value))


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2) + b"\n"
