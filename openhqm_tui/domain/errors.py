"""What goes wrong, said for people: one line that names the input, the fix, the valid words."""

from __future__ import annotations

from collections.abc import Iterable


class Problem(Exception):  # noqa: N818 - said to people, who have problems, not errors
    """A trouble that a person can act on; `str()` of it is one clear line.

    `exit_code` is what the command line ends with: 2 bad usage, 3 no usable engine.
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

        # The words may be a stranger's: a key of a cloned project's settings, an engine's answer.
        super().__init__(" ".join(plain(line).split()))


class UsageProblem(Problem):
    """Bad input or configuration: nothing was started."""

    exit_code = 2


class EngineProblem(Problem):
    """No engine that could do the work: nothing was started."""

    exit_code = 3


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """Return the valid word that `word` was most likely meant to be, if any is near."""
    import difflib  # takes a while, and only who is wrong needs it

    matches = difflib.get_close_matches(word.lower(), list(valid), n=1, cutoff=0.6)
    return matches[0] if matches else None
