"""The checks: what each asks of an image, how it is answered, and how to fix a failed one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.emulators import Emulator, crash_hint


class Group(StrEnum):
    """How checks find their answers: in what the image is made of, or by running it."""

    STATIC = "static"
    RUNNING = "running"


class Question(NamedTuple):
    """What a check asks and where the answer is looked for; `head` names it in three letters."""

    asks: str
    way: str
    group: Group = Group.STATIC
    head: str = ""


_STORE = "read in the engine's store; the image isn't run"
_LAYERS = "read file by file in the image's layers; the image isn't run"
_INSIDE = "asked of Python in a container of the image, without network and rights"
_SERVICE = "its own command is started in that container and asked over loopback"

# In the order in which they are asked and shown.
QUESTIONS: dict[str, Question] = {
    "index": Question(
        "Does its index hold just the platforms that were asked for?", _STORE, head="idx"
    ),
    "architecture": Question(
        "Does its config name the platform that it was built for?", _STORE, head="arc"
    ),
    "labels": Question("Does it bear the labels that it is to bear?", _STORE, head="lab"),
    "env": Question("Are its variables set as they are to be?", _STORE, head="env"),
    "health-check": Question("Has it a health check?", _STORE, head="hea"),
    "command": Question("Does it start what it is to start?", _STORE, head="cmd"),
    "binaries": Question(
        "Is every program and library in it made for its platform's machine?", _LAYERS, head="bin"
    ),
    "setuid": Question("Does no file in it lend another user's rights?", _LAYERS, head="set"),
    "compilers": Question("Was no compiler left inside?", _LAYERS, head="cmp"),
    "caches": Question("Was no package cache left inside?", _LAYERS, head="cac"),
    "secrets": Question(
        "Is there no secret in its variables, history and files, the deleted ones too?",
        _LAYERS,
        head="sec",
    ),
    "size": Question("Does it keep to its budget of compressed bytes?", _STORE, head="siz"),
    "machine": Question(
        "On what machine does its Python find itself?", _INSIDE, Group.RUNNING, "mac"
    ),
    "python": Question(
        "Is its Python the one asked for, and made for its machine?", _INSIDE, Group.RUNNING, "py"
    ),
    "library": Question(
        "Does Python's own library work: TLS, SQLite, C calls, zones?",
        _INSIDE,
        Group.RUNNING,
        "lib",
    ),
    "extensions": Question(
        "Do the compiled modules load that its core needs?", _INSIDE, Group.RUNNING, "ext"
    ),
    "byte-code": Question(
        "Is all byte-code there, so that it need not compile to start?",
        _INSIDE,
        Group.RUNNING,
        "pyc",
    ),
    "clients": Question(
        "Can it import its variant's client libraries?", _INSIDE, Group.RUNNING, "cli"
    ),
    "absent": Question(
        "Are the client libraries of other variants left out?", _INSIDE, Group.RUNNING, "abs"
    ),
    "user": Question("Does it run as a user without root's rights?", _INSIDE, Group.RUNNING, "uid"),
    "service": Question(
        "Does its service start, and answer as it is to?", _SERVICE, Group.RUNNING, "srv"
    ),
}


def question_of(check: str) -> Question:
    """Return what a check asks; a newer one than this program knows has no words."""
    return QUESTIONS.get(check, Question("", "", head=check[:3]))


def in_order(checks: Iterable[str]) -> tuple[str, ...]:
    """Return checks as they are asked and shown, each once; those without words come last."""
    told = dict.fromkeys(checks)
    known = [check for check in QUESTIONS if check in told]
    return (*known, *(check for check in told if check not in QUESTIONS))


def asked_by(expected: Expectation) -> tuple[str, ...]:
    """Return the checks that an expectation asks, in order.

    Without any expectation of its own an image is still asked what is right for every image.
    """
    inside = expected.asks_python
    left_out = {
        "labels": not expected.labels,
        "env": not expected.env,
        "health-check": not expected.health_check,
        "command": expected.command is None,
        "size": expected.most_bytes is None,
        "machine": not inside,
        "python": not inside,
        "library": not (inside and expected.library),
        "extensions": not (inside and expected.modules),
        "byte-code": not (inside and expected.byte_code),
        "clients": not inside or expected.clients is None,
        "absent": not inside or expected.clients is None,
        "service": not inside or expected.service is None,
    }
    return tuple(check for check in QUESTIONS if not left_out.get(check))


_HINTS: dict[str, str] = {
    "index": "Build just the platforms that are asked for (--platforms), each of them.",
    "architecture": "The config names another platform than was built: a final stage must not be "
    "pinned with FROM --platform, nor its base be another platform's.",
    "labels": "Set it with LABEL in the final stage, from a build argument where it varies.",
    "env": "Set it with ENV in the final stage: those of other stages stay behind.",
    "health-check": "Give the final stage a HEALTHCHECK, and see that no base has NONE.",
    "command": 'Set it with CMD in the final stage, as a list: ["python", "-m", …].',
    "binaries": "A file of another machine, as a wheel resolved for the build platform: install "
    "with --python-platform and --only-binary :all:, and pin no $BUILDPLATFORM on the final stage.",
    "setuid": "Take the bit off (chmod u-s,g-s) in the layer that brings the file, or say that it "
    'is right there: allow = {setuid = ["/path"]} in openhqm-checks.toml.',
    "compilers": "Compile in a stage of its own and copy the result: COPY --from=build.",
    "caches": "Keep caches out of layers: RUN --mount=type=cache, pip --no-cache-dir, "
    "rm -rf /var/lib/apt/lists/* in the same RUN.",
    "secrets": "A layer keeps what a later one deletes, so it counts as given away: change the "
    "secret, and pass the new one with RUN --mount=type=secret.",
    "size": "See which layer grew (docker history), and leave out what no run reads; or raise "
    "max-mb in openhqm-checks.toml.",
    "machine": "It runs on another machine than its platform's: its userland is of the wrong one.",
    "python": "Another Python than asked for: see the FROM of the final stage, and PATH.",
    "library": "The base lacks what this module needs: take another base, or add its package.",
    "extensions": "Compiled for another machine or Python: install in a stage of the same Python, "
    "with --python-platform for the target's machine.",
    "byte-code": "Compile when you build (python -m compileall, uv --compile-bytecode): a start "
    "that may not write compiles everything each time.",
    "clients": "Install the variant's own requirements file in its final stage.",
    "absent": "Another variant's client came along: see what requires it, and split requirements.",
    "user": "Set USER in the final stage, by number: USER 1000:1000.",
    "service": "Run it to see: docker run --rm --read-only --tmpfs /tmp IMAGE. It must listen on "
    "the port that is asked, write nowhere but /tmp, and answer in time.",
}
# Told by the words of an answer, whichever check gave it.
_SIGNS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("exec format error", "no emulator for this platform"),
        "This platform has no emulator here: `openhqm-tui doctor --fix` enables it.",
    ),
    (("no space left on device",), "The disk is full: `docker buildx prune` frees the cache."),
)
_CRASH_SIGNS = ("uncaught target signal", "the emulator crashed", "exit code 139")
_EMULATED = (
    "It was asked under an emulator, which may be to blame: a newer QEMU or a native node can tell."
)


def hint_of(verdict: Verdict, emulator: Emulator | None = None) -> str:
    """Return what usually helps against an answer; '' against a pass.

    `emulator` is what ran the image, where one did and it is known.
    What is unknown was not asked, so nothing is wrong with the image that could be mended.
    """
    if verdict.answer is Answer.PASS:
        return ""
    seen = verdict.evidence.lower()
    for words, hint in _SIGNS:
        if any(word in seen for word in words):
            return hint
    if any(sign in seen for sign in _CRASH_SIGNS):
        return crash_hint(emulator)
    if verdict.answer is Answer.UNKNOWN:
        return _EMULATED if verdict.how == "emulated" else ""
    return _HINTS.get(verdict.check, "")
