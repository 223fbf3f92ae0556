"""Errors for people: one line with the input, the fix and the valid words."""

from __future__ import annotations

from collections.abc import Iterable


class Problem(Exception):  # noqa: N818 - a message for users, not an internal error
    """An error that the user can act on; `str()` returns one line.

    `exit_code` is that of the command: 2 invalid usage, 3 no usable engine.
    """

    exit_code = 1

    def __init__(self, what: str, *, fix: str = "", valid: str = "") -> None:
        self.what = what
        self.fix = fix
        self.valid = valid
        line = what
        if fix:
            line += f": {fix}" if fix.startswith("did you mean") else f"; {fix}"
        if valid:
            line += f" (valid: {valid})"
        from openhqm_tui.domain.text import plain

        # The text may be untrusted: a key in a cloned project's settings, an engine's response.
        super().__init__(" ".join(plain(line).split()))


class UsageProblem(Problem):
    """Invalid input or configuration: nothing was started."""

    exit_code = 2


class EngineProblem(Problem):
    """No usable engine: nothing was started."""

    exit_code = 3


def reason_of(error: Exception) -> str:
    """Return an exception as text; of an OSError, without its number: `docker: No such file …`."""
    from openhqm_tui.domain.text import one_line

    if isinstance(error, OSError) and error.strerror:
        file = f"{one_line(str(error.filename))}: " if error.filename else ""
        return f"{file}{error.strerror}"
    return str(error) or type(error).__name__


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """Return the valid word that is most similar to `word`, if any is close."""
    import difflib  # slow to import, and needed only for errors

    matches = difflib.get_close_matches(word.lower(), list(valid), n=1, cutoff=0.6)
    return matches[0] if matches else None
