"""Why a target, the engine or a push failed, in the few lines that a person needs."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from openhqm_tui.domain.buildkit.vertex import ExecutionMode
from openhqm_tui.domain.checks.catalog import hint_of
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.emulators import Emulator, crash_hint
from openhqm_tui.domain.failures.headline import headline_of
from openhqm_tui.domain.plan.bake import SourceKind
from openhqm_tui.domain.remedies import EngineFailureKind, remedy_for
from openhqm_tui.domain.run.log import LogLines
from openhqm_tui.domain.run.state import LaneState, TargetState
from openhqm_tui.domain.run.step import StepState
from openhqm_tui.domain.text import one_line, plain


class EngineFailure(msgspec.Struct, frozen=True):
    """What happened to the engine, and the fix."""

    kind: EngineFailureKind
    words: str
    remedy: str


# Signals with the same numbers on all systems.
_SIGNALS = {2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
_NO_MORE_MEMORY = "build fewer targets in parallel (`--jobs 1`), or give the engine more memory"


def engine_failure(output: str, exit_code: int = 1, builder: str = "") -> EngineFailure | None:
    """Return the engine failure that a failed Buildx reports; None: none known.

    A negative `exit_code` is the signal that ended Buildx; `builder` is the requested builder.
    """
    # Searched only in errors, never in a build's output: a step's own connection may be refused.
    remedy = remedy_for(output, "engine")
    kind = remedy.engine if remedy is not None else None
    if kind is None and exit_code < 0:
        kind = EngineFailureKind.BUILDX_KILLED
    if kind is None:
        return None
    return EngineFailure(kind, *_described(kind, exit_code, one_line(builder, 60)))


def _described(kind: EngineFailureKind, exit_code: int, builder: str) -> tuple[str, str]:
    match kind:
        case EngineFailureKind.NOT_THERE:
            return (
                "the engine can't be reached: it isn't running, or you don't have access to it",
                "`openhqm-tui doctor` shows the cause and the fix",
            )
        case EngineFailureKind.WENT_AWAY if builder:
            return (
                f"the builder {builder} stopped responding during the build: "
                "it was probably stopped, restarted or killed",
                f"`docker buildx inspect --bootstrap {builder}` starts it, or shows why it can't",
            )
        case EngineFailureKind.WENT_AWAY:
            return (
                "the engine stopped responding during the build: "
                "it was probably stopped, restarted or killed",
                "`openhqm-tui doctor` shows whether the engine is running again",
            )
        case EngineFailureKind.STORE_WENT_AWAY:
            return (
                "the engine's containerd stopped responding during the build",
                "restart the engine; `openhqm-tui doctor` shows how",
            )
        case EngineFailureKind.NO_BUILDER:
            named = f"the builder {builder}" if builder else "the builder"
            return (
                f"{named}, or its container, no longer exists",
                "`docker buildx ls` lists the existing builders",
            )
        case EngineFailureKind.DISK_FULL:
            return (
                "the disk is full",
                "`docker buildx prune` and `docker image prune` free space",
            )
        case EngineFailureKind.NO_MEMORY:
            return "the step was killed, probably out of memory", _NO_MORE_MEMORY
        case EngineFailureKind.BUILDX_KILLED:
            if exit_code == -9:
                return "Buildx was killed (SIGKILL), by a user or the OOM killer", _NO_MORE_MEMORY
            return (
                f"Buildx was ended by a signal ({_signal_name(-exit_code)})",
                "look for the cause in the system log",
            )


def _signal_name(number: int) -> str:
    return _SIGNALS.get(number, f"signal {number}")


# Progress output of `docker push` and Buildx; everything else is about the failure.
_PROGRESS = re.compile(
    r"^(?:The push refers to|[0-9a-f]{6,}: [A-Z]|\S+: digest: sha256:"
    r"|#\d+ (?!.*ERROR: )|-{3,}$| > |(?:#\d+ )?\d+\.\d+ (?:copying|pushing) )"
)
_DIGEST = re.compile(r"(?<=@sha256:)[0-9a-f]{64}:")
_ADDRESS = re.compile(r"https?://[^\s\"]+")


def push_failure(output: str, tag: str = "") -> str:
    """Return why a push failed, from the output of Docker or Buildx, which is quoted last.

    Names are ignored: an image may be called `denied/quota`, so `tag` and addresses are removed
    before the search.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    last = one_line(lines[-1], 240) if lines else "the push printed nothing"
    reason = push_reason(output, tag)
    return f"{reason} ({last})" if reason else last


def push_reason(output: str, tag: str = "") -> str:
    """Return our message on why a push failed and what to do; '' if unknown."""
    lines = [line for line in output.splitlines() if line.strip() and not _PROGRESS.match(line)]
    remedy = remedy_for(_DIGEST.sub("", _without_names("\n".join(lines), tag)), "push")
    return remedy.push if remedy is not None else ""


def is_about_trust(output: str) -> bool:
    """Return whether a registry couldn't be queried because of TLS or its certificate."""
    lowered = output.lower()
    signs = ("server gave http response to https client", "x509:", "tls: failed to verify")
    return any(sign in lowered for sign in signs)


def _without_names(error: str, tag: str) -> str:
    error = _ADDRESS.sub("", error)
    repository = tag.rpartition(":")[0]
    path = repository.partition("/")[2]
    names = [tag, f"library/{repository}" if repository else "", path]
    # A one-word name may also be a word of the error: `denied: requested access …`.
    names += [name for name in (repository,) if "/" in name]
    for name in sorted(filter(None, names), key=len, reverse=True):
        error = error.replace(name, "")
    return error


_WHERE = re.compile(r"^(?P<file>\S.*):(?P<line>\d+)$")
_RULE = re.compile(r"^WARNING: (?P<rule>[A-Z]\w+) - https://docs\.docker\.com/go/dockerfile/rule/")
_EXIT = re.compile(r"did not complete successfully: exit code: (?P<code>\d+)")
_CODE = re.compile(r"exit code [0-9]+(?=\)?$)")
# Docker prints its own failure; the actual reason follows these words.
_SOLVE = re.compile(
    r"^ERROR: (?:target [^:]+: )?(?:failed to (?:build|solve): )*(?:failed to solve: )?"
)


# BuildKit's own errors: what it was doing comes first, and a name twice.
_WHILE = re.compile(
    r"^(?:failed to compute cache key: )?failed to calculate checksum of ref \S+: "
    r"|^\S+: (?=failed to resolve source metadata for )"
)
_LAST_LINES = 20
# Lines of the failed step that are searched for its first error.
_MOST_READ = 2_000
_NO_SPACE = re.compile(r"no space left on device", re.IGNORECASE)


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The digest of one failure; fields are empty if unknown.

    `reason` is the first error in the step's output with its exit code, else Buildx's message.
    `where` is the Dockerfile's line as `Dockerfile:12`, `source` the lines around it with the
    failing one marked, `log` the last output of the step, `checks` the checks that prevent
    verification; all sanitized. `trouble` is the kind of an engine failure.
    """

    target: str
    platform: str = ""
    stage: str = ""
    step: str = ""
    where: str = ""
    source: tuple[str, ...] = ()
    reason: str = ""
    log: tuple[str, ...] = ()
    log_file: str = ""
    hint: str = ""
    checks: tuple[str, ...] = ()
    trouble: str = ""


def trouble_of(target: TargetState, exit_code: int) -> EngineFailure | None:
    """Return the failure of the engine that ended a target's build; None if there was none.

    Output of steps isn't evidence of one, except for a full disk, where the step itself fails.
    """
    output = [text for text in target.texts if text.startswith("ERROR:")]
    step = target.failed_step
    if step is not None:
        lane = target.lanes.get(step.lane) if step.lane is not None else None
        last = (lane.log if lane else target.log).last(_LAST_LINES, step=step.number)
        output += [step.error, *(line for line in last if _NO_SPACE.search(line))]
    return engine_failure("\n".join(output), exit_code, target.run.info.builder)


def failure_of(target: TargetState, *, lines: int = 12) -> Failure | None:
    """Return why a target's build failed; None if it didn't."""
    if target.outcome is None or target.outcome.value != "failed":
        return None
    texts = target.texts
    where, source = _place(texts)
    error = next((text for text in reversed(texts) if text.startswith("ERROR:")), "")
    reason = one_line(_WHILE.sub("", _SOLVE.sub("", error)), 400) or one_line(target.reason, 400)
    trouble = trouble_of(target, target.exit_code)
    step = target.failed_step
    if step is None:
        # If the cause is known, Buildx's own message is with the rest of its output.
        told = None if trouble is not None else error
        output = tuple(plain(text) for text in texts if text is not told)[-lines:]
        failure = Failure(
            target=target.name,
            where=where,
            source=source,
            reason=_lint(texts) or reason or f"Buildx exited with code {target.exit_code}",
            log=output,
            log_file=text_log_of(target.stream),
            hint=hint_for(error or target.reason, own_base=_own_base(target)),
        )
        return _named(failure, trouble, target)
    lane = target.lanes.get(step.lane) if step.lane is not None else None
    log = lane.log if lane else target.log
    printed = [plain(line) for line in log.last(_MOST_READ, step=step.number)]
    code = _EXIT.search(step.error)
    platform = str(step.lane or step.name.ran_on or "")
    failure = Failure(
        target=target.name,
        platform=platform,
        stage=step.name.stage,
        step=step.name.full_label,
        where=where,
        source=source,
        reason=_reason(printed, log, step, code["code"])
        if code
        else reason or one_line(_WHILE.sub("", step.error), 400),
        log=tuple(printed[-lines:]),
        log_file=text_log_of(target.stream),
        hint=_hint_of_step(step, platform, printed, target),
    )
    return _named(failure, trouble, target)


def _reason(output: Sequence[str], log: LogLines, step: StepState, code: str) -> str:
    """Return the step's first error, else its last line on standard error, and its exit code."""
    words = headline_of(output) or one_line(" ".join(log.last(1, step=step.number, stream=2)), 300)
    return f"{words} (exit code {code})" if words else f"exit code {code}"


def _named(failure: Failure, trouble: EngineFailure | None, target: TargetState) -> Failure:
    if trouble is None:
        return failure
    code = _CODE.search(failure.reason)
    again = f"openhqm-tui retry {target.run.info.id} {target.name}"
    return msgspec.structs.replace(
        failure,
        reason=f"{trouble.words} ({code[0]})" if code else trouble.words,
        hint=f"{trouble.remedy}; then `{again}`",
        trouble=trouble.kind.value,
    )


def verification_failure(target: TargetState) -> Failure | None:
    """Return the checks that prevent a target's images from being verified; None if none."""
    lanes = [lane for lane in target.lanes.values() if failed_checks(lane)]
    if not lanes:
        return None
    lines = [
        (f"{lane.platform} " if len(lanes) > 1 else "") + _answered(verdict)
        for lane in lanes
        for verdict in failed_checks(lane)
    ]
    wrong = [(verdict, lane) for lane in lanes for verdict in failed_checks(lane)]
    # Failed checks can be fixed; inconclusive ones come last.
    wrong.sort(key=lambda pair: pair[0].answer is not Answer.FAIL)
    hints = (hint_of(verdict, lane.emulator) for verdict, lane in wrong)
    return Failure(
        target=target.name,
        platform=str(lanes[0].platform) if len(lanes) == 1 else "",
        checks=tuple(lines),
        hint=next((hint for hint in hints if hint), ""),
        log_file=text_log_of(target.stream),
    )


def _answered(verdict: Verdict) -> str:
    words = {Answer.FAIL: "fails", Answer.UNKNOWN: "is unknown"}[verdict.answer]
    seen = one_line(verdict.evidence) or "nothing"
    wanted = one_line(verdict.expected)
    return f"{verdict.check} {words}: {seen}" + (f"; expected {wanted}" if wanted else "")


def text_log_of(stream: str) -> str:
    """Return the name of a stream's text log: `redis.log`."""
    return stream.removesuffix(".rawjson") + ".log" if stream else ""


def failed_checks(lane: LaneState) -> list[Verdict]:
    """Return the verdicts that prevent a lane's image from being verified."""
    return [v for v in lane.verdicts if v.answer in {Answer.FAIL, Answer.UNKNOWN}]


_WRONG_MACHINE = "exec format error"
# BuildKit's words, where not even the shell could be executed.
_FIRST_PROGRAM = re.compile(r"^exec \S+: exec format error", re.MULTILINE)
# What a step's log says about its environment, in lower case.
_SIGNS_IN_LOG = (
    *(_WRONG_MACHINE, "uncaught target signal", "illegal instruction"),
    *("cannot allocate memory", "out of memory", "killed", "heap space", "memoryerror"),
    *("no space left on device", "disk quota exceeded", "enospc"),
    *("certificate", "unknownissuer", "pkix path", "self_signed_cert", "unable_to_verify_leaf"),
    *("apt-get: not found", "apt-get: command not found"),
)


def hint_for(
    error: str,
    emulator: Emulator | None = None,
    *,
    own_base: bool = False,
    emulated: bool = True,
) -> str:
    """Return the usual fix for an error, or ''; `emulator` is what ran the step.

    `own_base`: the definition names the base images, so that no option replaces them.
    `emulated`: an emulator may have taken part.
    """
    if "failed to push" in error and (reason := push_reason(error)):
        return f"{reason[0].upper()}{reason[1:]}."
    remedy = remedy_for(error, "build")
    if remedy is None:
        return ""
    if remedy.crashed:
        return crash_hint(emulator) if emulated else ""
    return (own_base and remedy.definition) or remedy.build


def _own_base(target: TargetState) -> bool:
    return target.run.info.source == SourceKind.BAKE


def _hint_of_step(
    step: StepState, platform: str, output: Sequence[str], target: TargetState
) -> str:
    """Return the hint for a step; some signs are only in its output."""
    emulator = target.run.info.emulators.get(platform)
    told = [line for line in output if any(sign in line.lower() for sign in _SIGNS_IN_LOG)]
    text = "\n".join([step.error, *told]).lower()
    native = step.how is ExecutionMode.NATIVE
    if _WRONG_MACHINE in text and (native or not _FIRST_PROGRAM.search(text)):
        return (
            "A program in this step was built for a different platform than "
            f"{platform or 'this step'}: build or download it for $TARGETARCH."
        )
    for error in (step.error, "\n".join(told)):
        hint = hint_for(error, emulator, own_base=_own_base(target), emulated=not native)
        if hint:
            return hint
    return ""


def _lint(texts: list[str]) -> str:
    """Return which rules a Dockerfile breaks, as `call = "check"` prints them; '' if none."""
    rules = dict.fromkeys(found["rule"] for text in texts if (found := _RULE.match(text)))
    return f"lint warnings: {', '.join(rules)}" if rules else ""


def _place(texts: list[str]) -> tuple[str, tuple[str, ...]]:
    """Find Buildx's excerpt of the Dockerfile: `Dockerfile:11`, a rule, lines, a rule."""
    for index, text in enumerate(texts[:-1]):
        match = _WHERE.match(text)
        if match and texts[index + 1].startswith("-----"):
            source: list[str] = []
            for line in texts[index + 2 : index + 40]:
                if line.startswith("-----"):
                    break
                source.append(plain(line).rstrip())
            return f"{one_line(match['file'])}:{match['line']}", tuple(source)
    return "", ()
