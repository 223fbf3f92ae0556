"""What a `.dockerignore` file excludes from a build context (github.com/moby/patternmatcher)."""

from __future__ import annotations

import posixpath
import re


def is_ignored(text: str, path: str) -> bool:
    """Return whether the file's `text` excludes `path`, relative to the context with slashes.

    The last pattern that matches it or a parent folder decides.
    """
    parts = path.split("/")
    names = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    ignored = False
    for line in text.removeprefix("\ufeff").splitlines():
        pattern = "" if line.startswith("#") else line.strip()
        wanted = pattern.startswith("!")
        pattern = _clean(pattern.removeprefix("!").strip())
        if not pattern or wanted != ignored:
            continue
        try:
            found = re.compile(_expression(pattern), re.DOTALL)
        except re.error:
            continue  # BuildKit rejects such a file
        if any(found.fullmatch(name) for name in names):
            ignored = not wanted
    return ignored


def _clean(pattern: str) -> str:
    cleaned = posixpath.normpath(pattern).lstrip("/") if pattern else ""
    return cleaned if cleaned != "." else ""


def _expression(pattern: str) -> str:
    """Return the regular expression of a pattern: `*`, `?`, `[a-z]`, `\\x` and `**`."""
    told, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at):
            at += 2
            if at == len(pattern):
                return f"{told}.*"
            at += pattern.startswith("/", at)
            told += "(?:.*/)?"
            continue
        if char == "*":
            told += "[^/]*"
        elif char == "?":
            told += "[^/]"
        elif char == "[" and (end := pattern.find("]", at + 2)) > 0:
            told += pattern[at : end + 1]
            at = end
        elif char == "\\" and at + 1 < len(pattern):
            at += 1
            told += re.escape(pattern[at])
        else:
            told += re.escape(char)
        at += 1
    return told
