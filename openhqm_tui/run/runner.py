"""The process that executes a run: one Buildx per target, checks as soon as a target is done.

`python -m openhqm_tui.run.runner FOLDER FD` runs it; FD is the inherited, held lock of the run.
It writes the journal, obeys `control.jsonl`, and outlives whoever watches.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import msgspec

from openhqm_tui.domain import journal
from openhqm_tui.domain.journal import Outcome, TargetInfo
from openhqm_tui.domain.plan import SourceKind
from openhqm_tui.domain.platforms import parse_platform
from openhqm_tui.domain.proof import Expectation, SeenImage
from openhqm_tui.domain.verdicts import proved
from openhqm_tui.engine.cleaning import remove_containers, remove_images
from openhqm_tui.engine.images import ImageUnknown
from openhqm_tui.run.checks import RUN_LABEL, check_lane, index_of
from openhqm_tui.run.processes import GroupProcess
from openhqm_tui.run.text_log import write_text_log
from openhqm_tui.store.run_folder import Request, RunFolder

_CONTROL_EVERY = 0.1


class Runner:
    """Executes one run; `execute` returns its outcome when nothing of it is left running."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.info = folder.info
        self._expectations = folder.expectations()
        self._builds = asyncio.Semaphore(self.info.jobs or max(1, len(self.info.targets)))
        # A container that starts Python is CPU-bound: more at once than cores only wait longer.
        self._containers = asyncio.Semaphore(max(1, os.cpu_count() or 1))
        self._targets = {target.name: target for target in self.info.targets}
        self._attempts = dict.fromkeys(self._targets, 0)
        self._tasks: dict[str, asyncio.Task[bool]] = {}
        self._processes: dict[str, GroupProcess] = {}
        self._cancelled: set[str] = set()
        self._outcomes: dict[str, Outcome] = {}

    async def execute(self) -> Outcome:
        """Build and check every target, whatever becomes of the others."""
        loop = asyncio.get_running_loop()
        for means in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(means, self.cancel, "")
        # A lost terminal must not end the run.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._say(journal.RunStarted(at=time.time(), pid=os.getpid()))
        for name in self._targets:
            self._start(name)
        control = asyncio.create_task(self._obey())
        while pending := [task for task in self._tasks.values() if not task.done()]:
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        control.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await control
        self._own_up()
        await self._clean_up()
        outcome = self._outcome()
        self._say(journal.RunEnded(at=time.time(), outcome=outcome))
        return outcome

    def cancel(self, target: str) -> None:
        """Stop one target, or with no name all that isn't over."""
        names = [target] if target else list(self._targets)
        self._say(journal.CancelAsked(at=time.time(), target=target))
        for name in names:
            task = self._tasks.get(name)
            if task is not None and not task.done() and name not in self._cancelled:
                self._cancelled.add(name)
                task.cancel()

    def _start(self, name: str) -> None:
        self._cancelled.discard(name)
        self._outcomes.pop(name, None)
        self._attempts[name] += 1
        self._tasks[name] = asyncio.create_task(self._target(self._targets[name]), name=name)

    def _say(self, event: journal.AnyEvent) -> None:
        self.folder.append(event)

    async def _obey(self) -> None:
        """Do what is asked in `control.jsonl`, from its beginning."""
        decoder = msgspec.json.Decoder(Request)
        rest = b""
        with self.folder.control_file.open("rb", buffering=0) as control:
            while True:
                data = control.read()
                *lines, rest = (rest + (data or b"")).split(b"\n")
                for line in lines:
                    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
                        self._do(decoder.decode(line))
                await asyncio.sleep(_CONTROL_EVERY)

    def _do(self, request: Request) -> None:
        if request.target and request.target not in self._targets:
            return
        if request.ask == "cancel":
            self.cancel(request.target)
        elif request.ask == "retry" and request.target:
            task = self._tasks.get(request.target)
            if task is None or task.done():
                self._start(request.target)

    async def _target(self, target: TargetInfo) -> bool:
        try:
            async with self._builds:
                ended = await self._build(target)
        except asyncio.CancelledError:
            ended = self._ended(target, Outcome.CANCELLED)
        except OSError as error:
            ended = self._ended(target, Outcome.FAILED, reason=str(error))
        self._outcomes[target.name] = ended.outcome
        self._say(ended)
        if ended.outcome is Outcome.PASSED:
            try:
                right = await self._look(target, ended.digest)
            except asyncio.CancelledError:
                self._outcomes[target.name] = Outcome.CANCELLED
                self._say(self._ended(target, Outcome.CANCELLED, digest=ended.digest))
                return False
            if not right:
                self._outcomes[target.name] = Outcome.FAILED
        return self._outcomes[target.name] is Outcome.PASSED

    async def _build(self, target: TargetInfo) -> journal.TargetEnded:
        attempt = self._attempts[target.name]
        stream = self.folder.stream_name(target.name, attempt)
        metadata = self.folder.metadata_file(target.name)
        metadata.unlink(missing_ok=True)
        with (self.folder.path / stream).open("wb") as out:
            process = await GroupProcess.start(
                self._command(target.name, metadata),
                stderr=out,
                cwd=Path(self.info.cwd or "/"),
                env=self._environment(),
            )
        self._processes[target.name] = process
        self._say(
            journal.TargetStarted(
                at=time.time(),
                target=target.name,
                attempt=attempt,
                stream=stream,
                pid=process.pid,
            )
        )
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await process.stop()
            return self._ended(target, Outcome.CANCELLED, code=130)
        finally:
            del self._processes[target.name]
        await asyncio.to_thread(write_text_log, self.folder, target.name, stream)
        if code != 0:
            return self._ended(target, Outcome.FAILED, code=code)
        return self._ended(target, Outcome.PASSED, digest=_digest_in(metadata, target.name))

    def _ended(
        self,
        target: TargetInfo,
        outcome: Outcome,
        *,
        code: int = 0,
        digest: str = "",
        reason: str = "",
    ) -> journal.TargetEnded:
        return journal.TargetEnded(
            at=time.time(),
            target=target.name,
            attempt=self._attempts[target.name],
            outcome=outcome,
            exit_code=code,
            digest=digest,
            reason=reason,
        )

    def _command(self, target: str, metadata: Path) -> list[str]:
        # The plugin itself, where it is known: `docker` before it costs 40 ms of CPU a target.
        plugin = self.info.buildx_path
        buildx = [plugin] if plugin and os.access(plugin, os.X_OK) else ["docker", "buildx"]
        builder = ["--builder", self.info.builder] if self.info.builder else []
        return [
            *(*buildx, *builder, "bake", "-f", str(self.folder.bake_file)),
            *("--progress", "rawjson", "--metadata-file", str(metadata), target),
        ]

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ) | {
            # Reading the provenance back costs a round trip a target, and nothing of it is used.
            "BUILDX_METADATA_PROVENANCE": "disabled",
            "DOCKER_CLI_HINTS": "false",
            # Three git commands a target, for a provenance that isn't asked for.
            "BUILDX_GIT_INFO": "false",
        }
        environment.pop("BUILDKIT_PROGRESS", None)
        if self.info.source != SourceKind.BAKE:
            # The plan is our own and names its context outside the run folder on purpose; a
            # stranger's bake file stays inside its folder unless Buildx is told otherwise.
            environment["BUILDX_BAKE_ENTITLEMENTS_FS"] = "0"
        return environment

    async def _look(self, target: TargetInfo, digest: str) -> bool:
        """Look at a target's images and question every lane; True where all are proved."""
        name = target.tags[0].rpartition(":")[0]
        reference = f"{name}@{digest}" if digest else target.tags[0]
        _, index = await index_of(reference)
        if not isinstance(index, ImageUnknown):
            self._say_images(target, index)
        if not self.info.check:
            return True
        lanes = [self._check_lane(target, p, reference, index) for p in target.platforms]
        return all(await asyncio.gather(*lanes))

    def _say_images(self, target: TargetInfo, index: list[SeenImage]) -> None:
        for image in index:
            self._say(
                journal.ImageSeen(
                    at=time.time(),
                    target=target.name,
                    platform=image.platform,
                    digest=image.digest,
                    content_size=image.content_size,
                    unpacked_size=image.unpacked_size,
                )
            )

    async def _check_lane(
        self,
        target: TargetInfo,
        platform: str,
        reference: str,
        index: list[SeenImage] | ImageUnknown,
    ) -> bool:
        expected = self._expectations.get((target.name, platform))
        if expected is None:
            wanted = parse_platform(platform)
            expected = Expectation(platform=wanted, platforms=(wanted,), asks_python=False)
        host = parse_platform(self.info.host) if self.info.host else None
        emulated = host is not None and not expected.platform.runs_natively_on(host)
        lane = f"{target.name}-{platform.replace('/', '-')}"
        async with self._containers:
            self._say(
                journal.CheckStarted(
                    at=time.time(), target=target.name, platform=platform, emulated=emulated
                )
            )
            checked = await check_lane(
                reference, expected, index, emulated=emulated, run_id=self.info.id, lane=lane
            )
        evidence = msgspec.json.encode(checked.evidence)
        self.folder.evidence_file(target.name, platform).write_bytes(
            msgspec.json.format(evidence, indent=2)
        )
        self._say(
            journal.LaneChecked(
                at=time.time(),
                target=target.name,
                platform=platform,
                verdicts=checked.verdicts,
                emulated=emulated,
            )
        )
        return proved(checked.verdicts)

    def _own_up(self) -> None:
        """Say what went wrong in the runner itself: a defect must not look like a success."""
        for name, task in self._tasks.items():
            if not task.cancelled() and (error := task.exception()) is not None:
                self._outcomes[name] = Outcome.FAILED
                text = f"openhqm-tui itself failed: {type(error).__name__}: {error}"
                ended = self._ended(self._targets[name], Outcome.FAILED, reason=text)
                self._say(ended)
                self._say(journal.Noted(at=time.time(), text=text, target=name))
                traceback.print_exception(error)

    async def _clean_up(self) -> None:
        """Leave nothing behind: no container of a cut-off check, no throwaway tag."""
        notes: list[str] = []
        if self.info.check and self._cancelled:
            notes += await asyncio.to_thread(remove_containers, f"{RUN_LABEL}={self.info.id}")
        if self.info.test_only:
            tags = [tag for target in self.info.targets for tag in target.tags]
            notes += await asyncio.to_thread(remove_images, tags)
        for note in notes:
            self._say(journal.Noted(at=time.time(), text=note))

    def _outcome(self) -> Outcome:
        outcomes = set(self._outcomes.values())
        if Outcome.CANCELLED in outcomes or self._cancelled:
            return Outcome.CANCELLED
        return Outcome.FAILED if Outcome.FAILED in outcomes else Outcome.PASSED


def _digest_in(metadata: Path, target: str) -> str:
    """Return the digest that Buildx wrote for a target; '' where it wrote none."""
    try:
        told = msgspec.json.decode(metadata.read_bytes())
        return str(told[target]["containerimage.digest"])
    except (OSError, msgspec.MsgspecError, KeyError, TypeError):
        return ""


def main(arguments: list[str]) -> int:
    """Execute the run in the folder of the first argument; the second is the held lock."""
    folder = RunFolder(Path(arguments[0]))
    lock = int(arguments[1]) if len(arguments) > 1 else folder.lock()
    # Buildx must not inherit the lock: a runner that is killed has to look dead at once.
    os.set_inheritable(lock, False)
    outcome = asyncio.run(Runner(folder).execute())
    return {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.CANCELLED: 130}[outcome]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
