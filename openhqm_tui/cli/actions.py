"""The words that GitHub Actions obeys, and how to print others without its obeying them."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator

Say = Callable[[str], object]


def annotation(kind: str, text: str, *, file: str = "", line: str = "", title: str = "") -> str:
    """Return the line that puts a text beside a file or a job; `kind`: error, warning, notice."""
    properties = [("file", file), ("line", line if file else ""), ("title", title)]
    told = ",".join(f"{name}={_property(value)}" for name, value in properties if value)
    return f"::{kind}{' ' if told else ''}{told}::{_escape(text)}"


@contextlib.contextmanager
def unheard(say: Say) -> Iterator[None]:
    """Keep Actions from obeying what is printed: a log may hold `::add-mask::` or `##[…]`.

    Commands are found after blanks and, in their old form, anywhere in a line, so nothing
    put before a line would do; a word that no build can guess ends the silence.
    """
    word = secrets.token_hex(16)
    say(f"::stop-commands::{word}")
    yield
    say(f"::{word}::")


def _property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
