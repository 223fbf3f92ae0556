"""The short title of a step: what it does, without how BuildKit is to execute it."""

from __future__ import annotations

import re

_VALUE = r"[a-z](?:\"[^\"]*\"|'[^']*'|[^\s\"'])*+(?= |$)"
_HEAD = re.compile(rf"(?:^|(?<= ))(?P<word>RUN|COPY|ADD|FROM)(?P<flags>(?: --{_VALUE})+)")
# Flags that say what is copied or built; all others say how.
_FLAG = re.compile(rf" --(?!from=|platform=){_VALUE}")
_OPTIONS = r"set(?: [-+][A-Za-z]+| pipefail)+ ?"
_SHELL_OPTIONS = re.compile(rf"(?P<run>(?:^|(?<= ))RUN )(?:{_OPTIONS}(?:;|&&) *)++(?=\S)")
_ONLY_OPTIONS = re.compile(rf"{_OPTIONS};?")
_HEREDOC = re.compile(r"<<-?(?P<quote>['\"]?)(?P<end>[A-Za-z_]\w*)(?P=quote) ")
_INTERPRETER = re.compile(r"#!\s*(?:\S*/env (?:-S )?)?(?:\S*/)?(?P<name>[^\s/]+)")


def short_title(text: str) -> str:
    """Return an instruction without mounts, flags, shell options and the body of a heredoc.

    `text` may start with the place of a step (`core 2/3 RUN …`) and may be truncated.
    """
    text = _HEAD.sub(lambda found: found["word"] + _FLAG.sub("", found["flags"]), text, count=1)
    if found := _HEREDOC.search(text):
        body = text[found.end() :]
        # After a RUN that is a heredoc, BuildKit adds the first line: `RUN <<EOF (line...)`.
        if body.startswith("(") and body.endswith(")") and text[: found.start()].endswith("RUN "):
            return text[: found.start()] + _summarized(body[1:-1])
        if body.endswith(f" {found['end']}"):
            return text[: found.end() - 1]
    return _SHELL_OPTIONS.sub(lambda found: found["run"], text, count=1)


def _summarized(line: str) -> str:
    """Return what a script is, from its first line."""
    if interpreter := _INTERPRETER.match(line):
        return f"{interpreter['name'].removesuffix('...')} script"
    first = line.removesuffix("...").strip()
    if _ONLY_OPTIONS.fullmatch(first):
        return "script"
    return first if first == line else f"{first}…"
