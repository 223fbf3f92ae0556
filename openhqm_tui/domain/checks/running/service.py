"""The check `service`: the image's own command responds to HTTP requests, and lasts."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from openhqm_tui.domain.checks.cause import cause_in, without_minor_lines
from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.companion import MOST_COMPANIONS, Companion
from openhqm_tui.domain.checks.evidence import (
    EMULATOR_HINT,
    PROCESSES,
    Evidence,
    SeenService,
    memory_mb,
)
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.peers import complaints
from openhqm_tui.domain.checks.verdict import Answer, Result
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.formatting import duration_text
from openhqm_tui.domain.plan.image_names import check_reference
from openhqm_tui.domain.text import one_line, plain

# With less than this share of CPU time, a command that doesn't respond is waiting for something.
_BUSY = 0.1
# Seconds without a restart before a service is observed again. Longer than a supervisor waits for a
# worker that starts (uvicorn: 5), which under emulation may be too short while all of them start.
_CALM_EMULATED = 10.0
_TOO_SLOW = "still using the CPU: emulation may be too slow"
_WITH = "with"
_READ_ONLY = re.compile(
    r"Read-only file system: '(?P<python>[^']+)'"
    r"|(?:[Cc]annot|[Cc]an't|[Uu]nable to|[Ff]ailed to) \w+ (?P<shell>[^:]+): Read-only file system"
    r"|(?P<go>/[^\s:'\"]+)['\"]?: [Rr]ead-only file system"
    r"|Read-only file system"
)
# Faults of the image itself: after one of them, a missing peer isn't the reason why it ended.
_OWN_FAULT = re.compile(
    r"\b(?:ModuleNotFound|Import|Syntax|NoClassDefFound)Error\b|\bClassNotFoundException\b"
    r"|[Cc]annot find module|cannot open shared object|[Rr]ead-only file system"
    r"|[Pp]ermission denied|[Aa]ddress already in use|No space left on device"
)
# Between a complaint and its consequences, in a traceback.
_CONSEQUENCE = ("During handling of the above exception", "was the direct cause")
_ANY, _LOOPBACK = "any", "loopback"


class Service(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """What must respond on loopback once the image's own command runs: an HTTP GET.

    `within` and `within_emulated` are seconds from the container's start to the response with
    `status`. `listen` is what it must be bound to: more than loopback, loopback alone, or a socket
    in the file system. `companions` run alongside it.
    """

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8000
    path: Annotated[str, msgspec.Meta(pattern=r"^/[!-~]*$", max_length=1024)] = "/health"
    status: Annotated[int, msgspec.Meta(ge=100, le=599)] = 200
    listen: Annotated[
        str, msgspec.Meta(pattern=r"^(any|loopback|unix:/[!-+.-~-]+)$", max_length=107)
    ] = _ANY
    within: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0
    within_emulated: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 240.0
    companions: Annotated[tuple[Companion, ...], msgspec.Meta(max_length=MOST_COMPANIONS)] = (
        msgspec.field(name=_WITH, default=())
    )

    def seconds(self, *, emulated: bool) -> float:
        """Return how long the response may take."""
        return self.within_emulated if emulated else self.within

    @property
    def place(self) -> str:
        """The address at which it must respond, for display."""
        address = f":{self.port}" if not self.listen.startswith("unix:") else f"{self.listen} "
        return f"{address}{self.path}"


def _wrong_image(value: dict[str, Any]) -> str:
    """Return what is wrong with the name of a companion's image, or ''."""
    try:
        for companion in value.get(_WITH) or ():
            check_reference(companion["image"])
    except UsageProblem as problem:
        return str(problem)
    return ""


SERVICE: Key[Service | None] = Key(
    "service", Service, None, merges=True, error=_wrong_image, asks_by_python=True
)


def companions_of(expected: Expectation) -> tuple[Companion, ...]:
    """Return the companions of an image's service."""
    service = SERVICE.of(expected)
    return service.companions if service else ()


def without_companions(expected: Expectation) -> Expectation:
    """Return an expectation whose service runs without companions."""
    if not companions_of(expected):
        return expected
    alone = {name: value for name, value in expected.keys[SERVICE.name].items() if name != _WITH}
    return msgspec.structs.replace(expected, keys=expected.keys | {SERVICE.name: alone})


def judge(expected: Expectation, seen: Evidence) -> Result | None:
    """Judge what the probe saw of the service."""
    wanted = SERVICE.of(expected)
    if wanted is None or seen.probe is None or seen.probe.service is None:
        return None
    service = seen.probe.service
    result = what_became_of(wanted, service, emulated=seen.emulated)
    if service.companion_trouble and result.answer is not Answer.PASS:
        # Not the image's fault: it was started without what it needs, or not at all.
        return Result(Answer.UNKNOWN, service.companion_trouble, result.expected)
    return result


def what_became_of(wanted: Service, seen: SeenService, *, emulated: bool) -> Result:
    """Judge how the image's own command responded, or what it did instead.

    Under emulation a crash is `unknown`, and so is a command that didn't respond but was busy all
    the time. One that was waiting for something had several times the native timeout, and fails.
    """
    place = wanted.place
    wish = f"{wanted.status} on {place}"
    words = _cause(seen.words)
    if seen.out_of_memory:
        limit = memory_mb(emulated=emulated)
        return Result(Answer.FAIL, f"killed: out of memory (limit {limit} MB)", wish)
    if seen.refused_forks:
        return Result(Answer.FAIL, f"process limit of {PROCESSES} reached", wish)
    if seen.status == wanted.status and not (emulated and seen.ended and seen.crashed):
        fault = _not_lasting(wanted, seen) or _wrong_address(wanted, seen)
        if fault and emulated and _may_be_too_slow(seen):
            return Result(Answer.UNKNOWN, f"{fault}; {_TOO_SLOW}", wish)
        after = duration_text(seen.milliseconds / 1000)
        return Result.of(not fault, fault or f"{wish} after {after}", wish)
    if emulated and seen.crashed:
        how = f"signal {seen.signal}" if seen.signal else f"exit code {seen.exit_code}"
        text = f"the emulator crashed ({how}){words}; {EMULATOR_HINT}"
        return Result(Answer.UNKNOWN, text, wish)
    if missing := missing_peers(wanted, seen):
        return Result(Answer.UNKNOWN, missing, wish)
    if fault := _fault(wanted, seen):
        if emulated and _may_be_too_slow(seen):
            return Result(Answer.UNKNOWN, f"{fault}; {_TOO_SLOW}", wish)
        return Result(Answer.FAIL, fault, wish)
    waited = f"within {duration_text(seen.milliseconds / 1000)}"
    listens = f"listens on {place.removesuffix(wanted.path)}, but doesn't respond {waited}"
    text = listens if seen.listens else f"no response {waited}"
    if seen.own_ports and not seen.listens:
        text = (
            f"{text}; the service listens on {', '.join(f':{port}' for port in seen.own_ports[:3])}"
        )
    text = f"{text}{words}"
    if emulated and _is_busy(seen):
        return Result(Answer.UNKNOWN, f"{text}; {_TOO_SLOW}", wish)
    return Result(Answer.FAIL, text, wish)


def is_overload_possible(expected: Expectation, seen: SeenService | None) -> bool:
    """Whether a service may have failed only because the machine was busy with something else.

    Supervisors kill workers that don't respond within some seconds (uvicorn: 5), and start others.
    """
    wanted = SERVICE.of(expected)
    if wanted is None or seen is None or seen.companion_trouble or seen.hit_a_limit:
        return False
    if missing_peers(wanted, seen) or _OWN_FAULT.search(without_minor_lines(seen.words)):
        return False
    silent = seen.later is not None and seen.later != wanted.status
    unstable = seen.looping or (seen.status == wanted.status and (seen.restarts > 0 or silent))
    slow = seen.status in {0, 503} and not seen.reply and _is_busy(seen)
    return (unstable or slow) and not seen.ended


def _is_busy(seen: SeenService) -> bool:
    return seen.cpu_milliseconds > _BUSY * seen.milliseconds


def _may_be_too_slow(seen: SeenService) -> bool:
    """Whether its processes may have been restarted only because they didn't respond in time.

    They were busy, and no output reports an error.
    """
    restarted = seen.looping or seen.restarts > 0
    return restarted and not seen.ended and _is_busy(seen) and not cause_in(seen.words).is_error


def _fault(wanted: Service, seen: SeenService) -> str:
    """Return what it did instead of responding as expected, '' for nothing."""
    if refused := _not_written(seen.words):
        return refused
    if seen.looping:
        return _looping(seen, seen.milliseconds)
    if seen.ended:
        return _ending(seen)
    if seen.status:
        return f"responded with {seen.status} on {wanted.place}{_cause(seen.words)}"
    if seen.reply:
        return f"responded on {wanted.place}, but not with HTTP: {seen.reply}"
    return ""


def missing_peers(wanted: Service, seen: SeenService) -> str:
    """Describe the peers that it needs and that aren't there; '' if there are none.

    A peer is there if anything listens on its port, as a companion does. An error that names no
    peer doesn't count if there is any listener that the service could mean.
    """
    lines = [line for line in plain("\n".join(seen.complaints)).splitlines() if line.strip()]
    words = plain(seen.words)
    found = complaints("\n".join([*lines, words]))
    if not found or _own_fault(words, [line for *_, line in found]):
        return ""
    listening = {*seen.before, *seen.own_ports, wanted.port}
    missing: dict[str, str] = {}
    unnamed = ""
    for problem, host, port, line in found:
        named = f"{host}:{port}" if port else host
        if not host or (not port and problem != "unresolved"):
            unnamed = line
        elif problem == "unresolved" or port not in listening:
            missing[named] = problem
    # A name may appear with and without its port.
    names = [name for name in missing if not any(other.startswith(f"{name}:") for other in missing)]
    if not names:
        nothing_listens = not seen.before and not seen.own_ports
        return (
            f"needs another service ({one_line(unnamed, 160)}): {_FIX}"
            if unnamed and nothing_listens
            else ""
        )
    if len(names) > 1:
        *first, last = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
        return f"needs {', '.join(first)} and {last}, which can't be reached here: {_FIXES}"
    return f"needs {names[0]}, {_MISSING[missing[names[0]]]}: {_FIX}"


_FIX = "add a companion (`service.with`)"
_FIXES = "add companions (`service.with`)"
_MISSING = {
    "refused": "where nothing listens",
    "unresolved": "which can't be resolved here",
    "unreachable": "which can't be reached without a network",
}


def _own_fault(words: str, complained: list[str]) -> bool:
    """Whether the output reports a fault of the image itself after its last complaint."""
    last = max((words.rfind(line) + len(line) for line in complained if line in words), default=0)
    fault = _OWN_FAULT.search(words, last)
    return fault is not None and not any(
        sign in words[last : fault.start()] for sign in _CONSEQUENCE
    )


def _not_lasting(wanted: Service, seen: SeenService) -> str:
    """Return what went wrong after the first good response, '' for nothing."""
    if seen.ended:
        ending = _ending(seen)
        then = f"was {ending}" if seen.signal else ending
        return f"responded with {wanted.status} once, then {then}"
    if seen.later is not None and seen.later != wanted.status:
        later = f"with {seen.later}" if seen.later else "stopped responding"
        return f"responded with {wanted.status} once, then {later}{_cause(seen.words)}"
    if seen.restarts:
        return _looping(seen, seen.watched_milliseconds - seen.milliseconds)
    return ""


def _wrong_address(wanted: Service, seen: SeenService) -> str:
    """Describe the addresses that it is bound to, if it must be bound to others."""
    if wanted.listen not in {_ANY, _LOOPBACK} or not seen.addresses:
        return ""
    outside = [one for one in seen.addresses if one != "::1" and not one.startswith("127.")]
    if wanted.listen == _ANY and not outside:
        where = ", ".join(_with_port(one, wanted.port) for one in seen.addresses[:3])
        return (
            f"listens on {where} only, unreachable from outside the container: "
            'bind to 0.0.0.0, or set listen = "loopback"'
        )
    if wanted.listen == _LOOPBACK and outside:
        return f"listens on {_with_port(outside[0], wanted.port)}, not on loopback only"
    return ""


def _with_port(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address and address[0] != "[" else f"{address}:{port}"


def _ending(seen: SeenService) -> str:
    """Return how its main process ended."""
    if seen.signal:
        return f"killed by signal {seen.signal}{_cause(seen.words)}"
    if seen.left and not seen.exit_code:
        return (
            "the main process exited while others were still running, which stops the container: "
            f"run the service in the foreground{_cause(seen.words)}"
        )
    return f"exited with code {seen.exit_code}{_cause(seen.words)}"


def _looping(seen: SeenService, milliseconds: int) -> str:
    cause = _cause(seen.words).removeprefix(": ")
    times = f"{seen.restarts} in {duration_text(max(milliseconds, 0) / 1000)}"
    return f"{cause or 'no output'}; processes keep exiting and restarting ({times})"


def _cause(words: str) -> str:
    """Return `: ` and the line of the output that gives the cause, '' without any output."""
    cause = cause_in(words).text
    return f": {cause}" if cause else ""


def _not_written(words: str) -> str:
    """Return which file couldn't be written, if the last output mentions a read-only one."""
    output = without_minor_lines(words) if cause_in(words).is_error else plain(words)
    found = list(_READ_ONLY.finditer(output))
    if not found:
        return ""
    place = next((name for name in found[-1].groups() if name), "")
    file = one_line(place, 120) or "a file"
    return f"could not write {file}: Read-only file system"


def _argument(expected: Expectation, emulated: bool) -> str:
    service = SERVICE.of(expected)
    if service is None:
        return ""
    numbers = [service.port, service.status, service.seconds(emulated=emulated)]
    numbers.append(_CALM_EMULATED if emulated else 0)
    return ",".join([*(f"{number:g}" for number in numbers), service.listen, service.path])


CHECK = Check(
    name="service",
    position=290,
    short="srv",
    question="Does the service start, respond as expected, and keep running?",
    hint="To reproduce: `docker run --rm --read-only --tmpfs /tmp IMAGE`. The service must stay in "
    "the foreground, listen on the expected address and port, write only to /tmp, and respond in "
    "time.",
    method=Method.SERVICE,
    keys=(SERVICE,),
    applies=SERVICE.is_set,
    probe=ProbeArgument(6, "service", _argument),
    judge=judge,
)
