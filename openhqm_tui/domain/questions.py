"""The checks in people's words: what each asks of an image, and how it finds the answer."""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """What a check asks, and where the answer is looked for."""

    asks: str
    way: str


_STORE = "read in the engine's store; the image isn't run"
_INSIDE = "asked of Python in a container of the image, without network and rights"
_SERVICE = "its own command is started in that container and asked over loopback"

QUESTIONS: dict[str, Question] = {
    "index": Question("Does its index hold just the platforms that were asked for?", _STORE),
    "architecture": Question("Does its config name the platform that it was built for?", _STORE),
    "labels": Question("Do its labels and variables name the variant that it is to be?", _STORE),
    "machine": Question("On what machine does its Python find itself?", _INSIDE),
    "python": Question("Is its Python the one asked for, and made for its machine?", _INSIDE),
    "library": Question("Does Python's own library work: TLS, SQLite, C calls, zones?", _INSIDE),
    "extensions": Question("Do the compiled modules load that its core needs?", _INSIDE),
    "byte-code": Question("Is all byte-code there, so that it need not compile to start?", _INSIDE),
    "clients": Question("Can it import its variant's client libraries?", _INSIDE),
    "absent": Question("Are the client libraries of other variants left out?", _INSIDE),
    "user": Question("Does it run as a user without root's rights?", _INSIDE),
    "service": Question("Does its service start, and answer as healthy?", _SERVICE),
}

# Of an image that isn't one of ours only the store can be asked.
STORE_ONLY = ("index", "architecture")


def question_of(check: str) -> Question:
    """Return what a check asks; a newer one than this program knows has no words."""
    return QUESTIONS.get(check, Question("", ""))
