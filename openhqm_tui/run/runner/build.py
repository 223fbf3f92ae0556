"""The build of one target: one Buildx process that writes its progress to the run folder."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from openhqm_tui.domain.errors import reason_of
from openhqm_tui.domain.failures.failure import EngineFailure, push_failure, trouble_of
from openhqm_tui.domain.plan.attributes import has_provenance
from openhqm_tui.domain.plan.bake import SourceKind, part_name, read_literal, repository_of
from openhqm_tui.domain.plan.permissions import allow_flags, described, linked, missing
from openhqm_tui.domain.remedies import EngineFailureKind
from openhqm_tui.domain.run import events
from openhqm_tui.domain.run.events import Outcome, TargetInfo
from openhqm_tui.domain.run.published import digest_of
from openhqm_tui.engine.docker.images import merge_command, merged_command
from openhqm_tui.engine.source.git import buildx_git
from openhqm_tui.run.process import Ended, GroupProcess, run_bounded
from openhqm_tui.run.requests import RequestReader
from openhqm_tui.run.runner.journal import JournalWriter
from openhqm_tui.run.runner.text_log import write_text_log
from openhqm_tui.run.start.permissions import exactly, granted_to, needs_of
from openhqm_tui.store.run_folder import RunFolder

# Seconds for some small requests to a registry, which may be far away.
_PATIENCE = 120.0


async def merge(repository: str, digests: Sequence[str], builder: str) -> tuple[str, str]:
    """Push an index of what `repository` has under `digests`; return its digest, or '' and why.

    Its contents are computed first: an index with a known digest can be pushed without a tag.
    """
    parts = [f"{repository}@{digest}" for digest in digests]
    shown = await run_bounded(merged_command(parts, builder), patience=_PATIENCE)
    if shown.code != 0 or shown.timed_out:
        return "", _why(shown, repository)
    digest = digest_of(shown.out.removesuffix(b"\n"))
    command = merge_command(f"{repository}@{digest}", parts, builder)
    pushed = await run_bounded(command, patience=_PATIENCE)
    if pushed.code != 0 or pushed.timed_out:
        return "", _why(pushed, repository)
    return digest, ""


def _why(ended: Ended, repository: str) -> str:
    if ended.timed_out:
        return f"{repository}: no response from the registry within {_PATIENCE:.0f} s"
    output = (ended.err + ended.out).decode("utf-8", "replace")
    return f"{repository}: {push_failure(output, repository)}"


# Bytes; a target's metadata alone needs several thousand.
_LEAST_FREE = 16 * 1024
_FULL_DISK = "Buildx can't write its log and result"


class Builds:
    """Builds the targets of one run, and records it in the journal."""

    def __init__(self, folder: RunFolder, journal: JournalWriter) -> None:
        self._folder = folder
        self._info = folder.info
        self._journal = journal
        self._reported: set[EngineFailureKind] = set()
        self._slots = asyncio.Semaphore(self._info.jobs or max(1, len(self._info.targets)))
        self._looking: asyncio.Task[dict[str, str]] | None = None

    async def build(self, target: TargetInfo, attempt: int) -> events.TargetEnded:
        """Build a target as soon as a slot is free, and record the result."""
        try:
            async with self._slots:
                ended = await self._build(target, attempt)
        except asyncio.CancelledError:
            ended = ended_now(target.name, attempt, Outcome.CANCELLED)
        except OSError as error:
            ended = ended_now(target.name, attempt, Outcome.FAILED, reason=reason_of(error))
        self._journal.append(ended)
        return ended

    async def _build(self, target: TargetInfo, attempt: int) -> events.TargetEnded:
        stream = self._folder.stream_name(target.name, attempt)
        needs, reason = self._permissions(target.name)
        if reason:
            return ended_now(target.name, attempt, Outcome.FAILED, reason=reason)
        metadata = self._folder.metadata_file(target.name)
        metadata.unlink(missing_ok=True)
        with self._folder.open_to_write(self._folder.path / stream, empty=True) as out:
            process = await GroupProcess.start(
                self._command(target.name, metadata, needs),
                stderr=out,
                cwd=Path(self._info.cwd or "/"),
                env=await self._environment_now(),
            )
        try:
            unwritten = self._journal.append(
                events.TargetStarted(
                    at=time.time(),
                    target=target.name,
                    attempt=attempt,
                    stream=stream,
                    pid=process.pid,
                )
            )
            if unwritten:
                # Its output couldn't be written either.
                await process.stop()
                reason = f"can't write to the run folder ({unwritten})"
                return ended_now(target.name, attempt, Outcome.FAILED, reason=reason)
            code = await process.wait()
        except asyncio.CancelledError:
            await process.stop()
            return ended_now(target.name, attempt, Outcome.CANCELLED, code=130)
        built = await asyncio.to_thread(write_text_log, self._folder, target.name, stream)
        if code != 0:
            trouble = trouble_of(built, code) if built is not None else None
            reason = trouble.words if trouble is not None else self._full_disk()
            if trouble is not None:
                self._report(trouble, target.name)
            return ended_now(target.name, attempt, Outcome.FAILED, code=code, reason=reason)
        # The engine works again: a new failure is reported again.
        self._reported.clear()
        with contextlib.suppress(OSError):
            # Buildx recreates it world-readable, and it may contain build arguments.
            metadata.chmod(0o600)
        digest, reason = await self._digest(target, metadata)
        outcome = Outcome.FAILED if reason else Outcome.PASSED
        return ended_now(target.name, attempt, outcome, digest=digest, reason=reason)

    async def _digest(self, target: TargetInfo, metadata: Path) -> tuple[str, str]:
        """Return the digest of what was built, or '' and why its parts can't be merged."""
        if not self._info.by_digest or len(target.platforms) == 1 or target.artifacts:
            return _digest_in(self._folder, metadata, target.name), ""
        parts = [
            _digest_in(self._folder, metadata, part_name(target.name, p)) for p in target.platforms
        ]
        if not all(parts):
            return "", "Buildx didn't report the digests of the pushed images"
        return await merge(repository_of(target.tags[0]), parts, self._info.builder)

    def _full_disk(self) -> str:
        """Return a message if the disk is too full for Buildx's output; '' if it isn't."""
        try:
            disk = os.statvfs(self._folder.path)
        except OSError:
            return ""
        full = disk.f_bavail * disk.f_frsize < _LEAST_FREE
        return f"the disk that holds {self._folder.path} is full: {_FULL_DISK}" if full else ""

    def _report(self, trouble: EngineFailure, target: str) -> None:
        """Record a failure of the engine once, however many targets it affects."""
        if trouble.kind not in self._reported:
            self._reported.add(trouble.kind)
            self._journal.note(f"{trouble.words}; {trouble.remedy}", target)

    def _permissions(self, target: str) -> tuple[tuple[str, ...], str]:
        """Return the permissions that a target needs, or () and why it may not be built.

        They are resolved again, because links may lead elsewhere by now: a plan stays valid for
        days.
        """
        if self._info.allow is None and self._info.source != SourceKind.BAKE:
            return (), ""
        folder = self._info.cwd or "/"
        plan = msgspec.json.decode(self._folder.read(self._folder.bake_file))
        parts = plan.get("group", {}).get(target, {}).get("targets", [target])
        bodies = plan["target"]
        needs = needs_of([bodies[name] for name in linked(bodies, parts)], folder)
        requests = RequestReader(self._folder, 0).read()
        if ungranted := missing(needs, granted_to(self._info, requests)):
            flags = " ".join(allow_flags(ungranted, folder))
            what = ", ".join(described(ungranted, folder))
            again = f"openhqm-tui retry {self._info.id} {flags}"
            return (), f"this run has no permission to {what}; grant it with `{again}`"
        return exactly(needs), ""

    def _command(self, target: str, metadata: Path, allow: tuple[str, ...]) -> list[str]:
        # The plugin itself, if its path is known: `docker` would add 40 ms of CPU per target.
        plugin = self._info.buildx_path
        buildx = [plugin] if plugin and os.access(plugin, os.X_OK) else ["docker", "buildx"]
        builder = ["--builder", self._info.builder] if self._info.builder else []
        return [
            *(*buildx, *builder, "bake", *(f"--allow={permission}" for permission in allow)),
            *("-f", str(self._folder.bake_file)),
            *("--progress", "rawjson", "--metadata-file", str(metadata), target),
        ]

    async def _environment_now(self) -> dict[str, str]:
        """Return the environment for Buildx, found out once for the targets that start together.

        Git is queried about every context of the plan, and targets start in the plan's order.
        """
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(asyncio.to_thread(self._environment))
        return await asyncio.shield(self._looking)

    def _environment(self) -> dict[str, str]:
        environment = dict(os.environ) | {
            # Reading the provenance back costs a round trip per target, and it isn't used.
            "BUILDX_METADATA_PROVENANCE": "disabled",
            "DOCKER_CLI_HINTS": "false",
        }
        environment.pop("BUILDKIT_PROGRESS", None)
        plan = msgspec.json.decode(self._folder.read(self._folder.bake_file))
        bodies = [read_literal(body) for body in plan.get("target", {}).values()]
        if self._info.source != SourceKind.BAKE and not any(map(has_provenance, bodies)):
            # Saves three git commands per target.
            environment["BUILDX_GIT_INFO"] = "false"
        # Buildx would call git in the contexts of the plan.
        home = Path(self._info.cwd or "/")
        contexts = {home / str(body.get("context") or ".") for body in bodies}
        return buildx_git(contexts, environment)


def ended_now(
    target: str,
    attempt: int,
    outcome: Outcome,
    *,
    code: int = 0,
    digest: str = "",
    reason: str = "",
) -> events.TargetEnded:
    """Return the event that a target ended now."""
    return events.TargetEnded(
        at=time.time(),
        target=target,
        attempt=attempt,
        outcome=outcome,
        exit_code=code,
        digest=digest,
        reason=reason,
    )


def _digest_in(folder: RunFolder, metadata: Path, target: str) -> str:
    """Return the digest that Buildx wrote for a target; '' if there is none."""
    try:
        written = msgspec.json.decode(folder.read(metadata))
        return str(written[target]["containerimage.digest"])
    except (OSError, msgspec.MsgspecError, KeyError, TypeError):
        return ""
