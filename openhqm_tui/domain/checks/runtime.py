"""Verdicts on a running image, from what the probe inside reports.

Everything the probe said is a stranger's word: typed, bounded, and made plain before it is shown.
"""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

import msgspec

from openhqm_tui.domain.checks.expectation import Expectation, Service
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.text import one_line, plain

# What a container is allowed: megabytes, no swap beside them; processes and threads.
MEMORY_MB = 512
PROCESSES = 128
# SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: what an emulator's own faults look like.
CRASHES = frozenset({4, 5, 6, 7, 8, 11})
EMULATOR_HINT = "a newer QEMU or a native node can tell"
# No count that a probe tells has more digits than a screen has room for.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
# Below this share of the time on a processor, a command that doesn't answer waits for something.
_BUSY = 0.1
_READ_ONLY = re.compile(
    r"Read-only file system: '(?P<python>[^']+)'"
    r"|(?:[Cc]annot|[Cc]an't|[Uu]nable to|[Ff]ailed to) \w+ (?P<shell>[^:]+): Read-only file system"
    r"|(?P<go>/[^\s:'\"]+)['\"]?: [Rr]ead-only file system"
    r"|Read-only file system"
)


class Told(NamedTuple):
    """An answer, what was seen and what was wanted."""

    answer: Answer
    seen: str
    wanted: str

    @classmethod
    def of(cls, right: bool, seen: str, wanted: str) -> Told:
        """Pass where it is right, else fail."""
        return cls(Answer.PASS if right else Answer.FAIL, seen, wanted)


class SeenService(msgspec.Struct, frozen=True, kw_only=True):
    """What the image's own command did; see openhqm_tui/run/checks/probe_service.py.

    `status` 0: no answer; `reply` is the beginning of one that isn't HTTP. `ended` with `signal`
    or `exit_code`: by itself. `out_of_memory` and `refused_forks` are the kernel's counts.
    """

    milliseconds: Count = 0
    listens: bool = False
    status: Count = 0
    reply: str = ""
    ended: bool = False
    signal: Count = 0
    exit_code: Count = 0
    cpu_milliseconds: Count = 0
    out_of_memory: Count = 0
    refused_forks: Count = 0
    words: str = ""

    @property
    def crashed(self) -> bool:
        """Whether it ended in the way that an emulator's crash looks."""
        return "uncaught target signal" in self.words or (
            self.ended and (self.signal in CRASHES or self.exit_code - 128 in CRASHES)
        )

    @property
    def hit_a_limit(self) -> bool:
        """Whether it wanted more memory or processes than the container has."""
        return bool(self.out_of_memory or self.refused_forks)


def what_became_of(wanted: Service, seen: SeenService, *, emulated: bool) -> Told:
    """Say whether the image's own command answers as it must, or what it did instead.

    Under emulation a crash is `unknown`, and so is silence of a command that was busy all its
    time; one that waited for something has had nine times the time that it may take natively.
    """
    place = f":{wanted.port}{wanted.path}"
    wish = f"{wanted.status} on {place}"
    words = _last_words(seen.words)
    if seen.out_of_memory:
        return Told(Answer.FAIL, f"killed: out of memory (limit {MEMORY_MB} MB)", wish)
    if seen.refused_forks:
        return Told(Answer.FAIL, f"process limit of {PROCESSES} reached", wish)
    if seen.status == wanted.status:
        return Told(Answer.PASS, f"{wish} after {_seconds(seen.milliseconds)} s", wish)
    if emulated and seen.crashed:
        how = f"signal {seen.signal}" if seen.signal else f"exit code {seen.exit_code}"
        text = f"the emulator crashed ({how}){words}; {EMULATOR_HINT}"
        return Told(Answer.UNKNOWN, text, wish)
    if refused := _not_written(seen.words):
        return Told(Answer.FAIL, refused, wish)
    if seen.ended:
        how = f"killed by signal {seen.signal}" if seen.signal else ""
        return Told(Answer.FAIL, f"{how or f'ended with exit code {seen.exit_code}'}{words}", wish)
    if seen.status:
        return Told(Answer.FAIL, f"answers {seen.status} on {place}{words}", wish)
    if seen.reply:
        return Told(Answer.FAIL, f"answers on {place}, but not HTTP: {seen.reply}", wish)
    waited = f"in {_seconds(seen.milliseconds)} s"
    listens = f"listens on :{wanted.port}, but gives no answer {waited}"
    text = f"{listens if seen.listens else f'no answer {waited}'}{words}"
    if emulated and seen.cpu_milliseconds > _BUSY * seen.milliseconds:
        return Told(Answer.UNKNOWN, f"{text}; busy all the time: emulation may be too slow", wish)
    return Told(Answer.FAIL, text, wish)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f}" if milliseconds < 10_000 else f"{milliseconds / 1000:.0f}"


def _last_words(words: str) -> str:
    lines = [line for line in plain(words).splitlines() if line.strip()]
    return f": {one_line(lines[-1], 160)}" if lines else ""


def _not_written(words: str) -> str:
    """Return which file couldn't be written, where the last words tell of a read-only one."""
    found = list(_READ_ONLY.finditer(plain(words)))
    if not found:
        return ""
    place = next((name for name in found[-1].groups() if name), "")
    file = one_line(place, 120) or "its files"
    return f"could not write {file}: Read-only file system"


class SeenModule(msgspec.Struct, frozen=True):
    """What became of one module: its version if there is one, the error of import or use."""

    distribution: str
    version: str = ""
    found: bool = False
    error: str = ""


class SeenByteCode(msgspec.Struct, frozen=True, kw_only=True):
    """How many modules were looked at, how many have no byte-code to go by, some of their names."""

    asked: Count
    missing: Count
    names: list[str] = []


class ProbeTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why the probe said nothing: `emulator` where the emulator is to blame, not the image."""

    reason: str
    emulator: bool = False
    could_not_ask: bool = False

    @property
    def answer(self) -> Answer:
        """What the question that met it is answered with."""
        return Answer.UNKNOWN if self.emulator or self.could_not_ask else Answer.FAIL


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the probe said from inside the container; see openhqm_tui/run/checks/probe.py.

    What is None was not told, and `trouble` says why.
    """

    machine: str
    implementation: str
    python: str
    python_platform: str
    uid: Count
    ext_suffix: str = ""
    absent: list[SeenModule] | None = None
    library: list[SeenModule] | None = None
    extensions: list[SeenModule] | None = None
    byte_code: SeenByteCode | None = None
    clients: list[SeenModule] | None = None
    service: SeenService | None = None
    trouble: ProbeTrouble | None = None


RUNNING_CHECKS = (
    "machine", "python", "library", "extensions", "byte-code", "clients", "absent", "user",
    "service",
)  # fmt: skip
# In the order in which the probe asks: the first that wasn't told is the one that met trouble.
_AS_ASKED = ("absent", "library", "extensions", "byte-code", "clients")


def asked_running(expected: Expectation) -> tuple[str, ...]:
    """Return the checks that an expectation asks of a running image, in their order."""
    wanted = {
        "library": bool(expected.library),
        "extensions": bool(expected.modules),
        "byte-code": expected.byte_code,
        "clients": expected.clients is not None,
        "absent": expected.clients is not None,
        "service": expected.service is not None,
    }
    return tuple(check for check in RUNNING_CHECKS if wanted.get(check, True))


def judge_running(
    expected: Expectation, said: ProbeAnswer | ProbeTrouble, *, how: str = ""
) -> list[Verdict]:
    """Say whether what runs inside the container is what it must be."""
    asked = asked_running(expected)
    if isinstance(said, ProbeTrouble):
        return [_verdict(check, said.answer, said.reason, "", how) for check in asked]
    judged = {
        "machine": _judge_machine(expected, said),
        "python": _judge_python(expected, said),
        "user": _judge_user(expected, said),
        "library": _judge_modules(said.library, expected.library),
        "extensions": _judge_extensions(expected, said),
        "byte-code": _judge_byte_code(expected, said.byte_code),
        "clients": _judge_clients(expected, said),
        "absent": _judge_absent(said.absent),
        "service": _judge_service(expected.service, said.service, how),
    }
    trouble = said.trouble or ProbeTrouble(reason="the container didn't tell")
    untold = [check for check in (*_AS_ASKED, "service") if judged[check] is None]
    verdicts = []
    for check in asked:
        told = judged[check]
        if told is None and check == next((one for one in untold if one in asked), ""):
            told = Told(trouble.answer, trouble.reason, "")
        elif told is None:
            told = Told(Answer.UNKNOWN, f"not asked: {trouble.reason}", "")
        verdicts.append(_verdict(check, told.answer, told.seen, told.wanted, how))
    return verdicts


def _judge_machine(expected: Expectation, said: ProbeAnswer) -> Told:
    machines = expected.platform.machines
    return Told.of(said.machine in machines, said.machine, " or ".join(machines))


def _judge_user(expected: Expectation, said: ProbeAnswer) -> Told:
    seen = f"uid {said.uid}"
    if expected.uid is not None:
        return Told.of(said.uid == expected.uid, seen, f"uid {expected.uid}")
    root = Answer.FAIL if expected.strict else Answer.WARN
    return Told(root if said.uid == 0 else Answer.PASS, seen, "not root")


def _judge_python(expected: Expectation, said: ProbeAnswer) -> Told:
    wanted, platform = expected.python, expected.platform
    fits = _suffix_fits(expected, said.ext_suffix)
    right = (
        (not wanted or said.python == wanted or said.python.startswith(f"{wanted}."))
        and said.implementation == "CPython"
        and said.python_platform in platform.python_platforms
        and fits
    )
    seen = f"{said.implementation} {said.python} {said.python_platform}"
    wish = f"CPython {wanted} {platform.python_platforms[0]}".replace("  ", " ")
    if not fits:
        return Told(Answer.FAIL, f"{seen}, modules {said.ext_suffix}", f"{wish}, modules of it")
    return Told.of(right, seen, wish)


def _suffix_fits(expected: Expectation, suffix: str) -> bool:
    """Tell whether a suffix of compiled modules is of the platform; one that names none is."""
    return "-linux-" not in suffix or any(
        f"-{name}-linux-" in suffix for name in expected.platform.suffix_machines
    )


def _judge_modules(modules: list[SeenModule] | None, wanted: tuple[str, ...]) -> Told | None:
    if modules is None:
        return None
    by_name = {module.distribution: module for module in modules}
    seen, right = [], True
    for name in wanted:
        module = by_name.get(name, SeenModule(name))
        good = module.found and not module.error
        right = right and good
        words = f"{name} {module.version}".strip()
        seen.append(words if good else f"{name}: {module.error or 'missing'}")
    return Told.of(right, ", ".join(seen) or "none", ", ".join(wanted) or "none")


def _judge_extensions(expected: Expectation, said: ProbeAnswer) -> Told | None:
    told = _judge_modules(said.extensions, expected.modules)
    wrong = [
        module
        for module in said.extensions or ()
        if module.found and not _suffix_fits(expected, module.version)
    ]
    if told is None or not wrong:
        return told
    return told._replace(answer=Answer.FAIL)


def _judge_byte_code(expected: Expectation, seen: SeenByteCode | None) -> Told | None:
    if seen is None:
        return None
    if not seen.missing:
        return Told(Answer.PASS, f"of all {seen.asked} modules", "of all modules")
    names = ", ".join(seen.names) + (", …" if seen.missing > len(seen.names) else "")
    text = f"none that is up to date of {seen.missing} of {seen.asked} modules: {names}"
    return Told(Answer.FAIL if expected.strict else Answer.WARN, text, "of all modules")


def _judge_clients(expected: Expectation, said: ProbeAnswer) -> Told | None:
    names = tuple(client.distribution for client in expected.clients or ())
    told = _judge_modules(said.clients, names)
    return told and told._replace(seen=f"{told.seen} on {said.machine}")


def _judge_absent(absent: list[SeenModule] | None) -> Told | None:
    if absent is None:
        return None
    extra = [f"{m.distribution} {m.version}".strip() for m in absent if m.found or m.version]
    return Told.of(not extra, ", ".join(extra) or "no other client", "no other client")


def _judge_service(wanted: Service | None, seen: SeenService | None, how: str) -> Told | None:
    if wanted is None or seen is None:
        return None
    return what_became_of(wanted, seen, emulated=how == "emulated")


def _verdict(check: str, answer: Answer, evidence: str, expected: str, how: str) -> Verdict:
    # Evidence is a stranger's text: an image may answer anything.
    seen = one_line(evidence, 300)
    return Verdict(check=check, answer=answer, evidence=seen, expected=expected, how=how)
