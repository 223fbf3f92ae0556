"""The checks in people's words: what each asks of an image, and how it finds the answer."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from openhqm_tui.domain.expectation import Expectation


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
