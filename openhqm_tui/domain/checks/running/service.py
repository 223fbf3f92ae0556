"""The check `service`: the image's own command responds to HTTP requests."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from openhqm_tui.domain.checks.check import Check, Method, ProbeArgument
from openhqm_tui.domain.checks.companion import MOST_COMPANIONS, Companion
from openhqm_tui.domain.checks.evidence import (
    EMULATOR_HINT,
    MEMORY_MB,
    PROCESSES,
    Evidence,
    SeenService,
)
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.verdict import Answer, Result
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.formatting import duration_text
from openhqm_tui.domain.plan.image_names import check_reference
from openhqm_tui.domain.text import one_line, plain

# Below this share of processor time, a command that doesn't respond is waiting for something.
_BUSY = 0.1
_WITH = "with"
_READ_ONLY = re.compile(
    r"Read-only file system: '(?P<python>[^']+)'"
    r"|(?:[Cc]annot|[Cc]an't|[Uu]nable to|[Ff]ailed to) \w+ (?P<shell>[^:]+): Read-only file system"
    r"|(?P<go>/[^\s:'\"]+)['\"]?: [Rr]ead-only file system"
    r"|Read-only file system"
)


class Service(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """What must respond on loopback once the image's own command runs: an HTTP GET.

    `within` and `within_emulated` are seconds from the container's start to the response with
    `status`. `companions` run next to it.
    """

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8000
    path: Annotated[str, msgspec.Meta(pattern=r"^/[!-~]*$", max_length=1024)] = "/health"
    status: Annotated[int, msgspec.Meta(ge=100, le=599)] = 200
    within: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0
    within_emulated: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 240.0
    companions: Annotated[tuple[Companion, ...], msgspec.Meta(max_length=MOST_COMPANIONS)] = (
        msgspec.field(name=_WITH, default=())
    )

    def seconds(self, *, emulated: bool) -> float:
        """Return how long the response may take."""
        return self.within_emulated if emulated else self.within


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
    """Return an expectation whose service runs alone."""
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
    the time. One that waited for something had several times as long as natively, and fails.
    """
    place = f":{wanted.port}{wanted.path}"
    wish = f"{wanted.status} on {place}"
    words = _last_output(seen.words)
    if seen.out_of_memory:
        return Result(Answer.FAIL, f"killed: out of memory (limit {MEMORY_MB} MB)", wish)
    if seen.refused_forks:
        return Result(Answer.FAIL, f"process limit of {PROCESSES} reached", wish)
    if seen.status == wanted.status:
        return Result(Answer.PASS, f"{wish} after {duration_text(seen.milliseconds / 1000)}", wish)
    if emulated and seen.crashed:
        how = f"signal {seen.signal}" if seen.signal else f"exit code {seen.exit_code}"
        text = f"the emulator crashed ({how}){words}; {EMULATOR_HINT}"
        return Result(Answer.UNKNOWN, text, wish)
    if refused := _not_written(seen.words):
        return Result(Answer.FAIL, refused, wish)
    if seen.ended:
        how = f"killed by signal {seen.signal}" if seen.signal else ""
        return Result(
            Answer.FAIL, f"{how or f'ended with exit code {seen.exit_code}'}{words}", wish
        )
    if seen.status:
        return Result(Answer.FAIL, f"answers {seen.status} on {place}{words}", wish)
    if seen.reply:
        return Result(Answer.FAIL, f"answers on {place}, but not HTTP: {seen.reply}", wish)
    waited = f"in {duration_text(seen.milliseconds / 1000)}"
    listens = f"listens on :{wanted.port}, but gives no answer {waited}"
    text = f"{listens if seen.listens else f'no answer {waited}'}{words}"
    if emulated and seen.cpu_milliseconds > _BUSY * seen.milliseconds:
        return Result(Answer.UNKNOWN, f"{text}; busy all the time: emulation may be too slow", wish)
    return Result(Answer.FAIL, text, wish)


def _last_output(words: str) -> str:
    lines = [line for line in plain(words).splitlines() if line.strip()]
    return f": {one_line(lines[-1], 160)}" if lines else ""


def _not_written(words: str) -> str:
    """Return which file couldn't be written, if the last output mentions a read-only one."""
    found = list(_READ_ONLY.finditer(plain(words)))
    if not found:
        return ""
    place = next((name for name in found[-1].groups() if name), "")
    file = one_line(place, 120) or "its files"
    return f"could not write {file}: Read-only file system"


def _argument(expected: Expectation, emulated: bool) -> str:
    service = SERVICE.of(expected)
    if service is None:
        return ""
    within = service.seconds(emulated=emulated)
    return f"{service.port},{service.status},{within:g},{service.path}"


CHECK = Check(
    name="service",
    position=290,
    short="srv",
    question="Does the service start, and respond as expected?",
    hint="Run it to see: docker run --rm --read-only --tmpfs /tmp IMAGE. It must listen on the "
    "expected port, write only to /tmp, and respond in time.",
    method=Method.SERVICE,
    keys=(SERVICE,),
    applies=SERVICE.is_set,
    probe=ProbeArgument(6, "service", _argument),
    judge=judge,
)
