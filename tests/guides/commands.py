"""The commands in the documentation: in code blocks, in CI snippets, and in sentences."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from ruamel.yaml import YAML

from tests.guides.places import TOP

SHELLS = {"sh", "bash", "console", "shell"}
_MARKER = re.compile(r"<!--\s*(not run|tested):\s*(.*?)\s*-->", re.S)
_GROOVY = re.compile(r"""\bsh\s+(['"])(.*?)\1""")
_OURS_INLINE = re.compile(r"^(?:openhqm-tui|docker|make|python -m (?:tests|openhqm_tui))(?: |$)")
_COMMAND = re.compile(r"(?:\$ )?(?:openhqm-tui|docker|make|pipx?|uvx?) ")
_ENDS = {"|", "||", "&&", ";", "&"}
_OUTPUT = {">", ">>", "<", "2>"}
_LOOSE = ("…", "...")


class Command(NamedTuple):
    """A command: its words, its position, and the marker above its block.

    An `inline` one is in a sentence and may be only the start of a command.
    """

    words: tuple[str, ...]
    page: Path
    line: int
    inline: bool = False
    reason: str = ""
    tested: bool = False

    @property
    def program(self) -> str:
        """The program, without its folder."""
        return self.words[0].rpartition("/")[2]

    @property
    def where(self) -> str:
        """Its position and text, for the message of a failed test."""
        return f"{self.page.relative_to(TOP)}:{self.line}: {shlex.join(self.words)}"


def commands(page: Path) -> Iterator[Command]:
    """Yield the commands of a page in order."""
    marker: tuple[str, str] = ("", "")
    before = ""
    for token in parsed(page):
        line = (token.map or [0])[0] + 1
        if token.type == "html_block":
            found = _MARKER.search(token.content)
            marker = (found[1], found[2]) if found else ("", "")
            continue
        if token.type == "fence":
            kind = token.info.split()[0] if token.info.strip() else ""
            for script in scripts(kind, token.content):
                for words in split(script):
                    reason = marker[1] if marker[0] == "not run" else ""
                    yield Command(words, page, line, False, reason, marker[0] == "tested")
        # Code in headings quotes messages, not commands.
        elif token.type == "inline" and before != "heading_open":
            for code in codes(token):
                if _OURS_INLINE.match(code):
                    for words in split(_whole(code)):
                        yield Command(words, page, line, True)
        if token.type in {"fence", "inline", "table_open"}:
            marker = ("", "")
        before = token.type


def parsed(page: Path) -> list[Token]:
    """Return the tokens of a page."""
    return MarkdownIt("gfm-like").parse(page.read_text(encoding="utf-8"))


def codes(token: Token) -> Iterator[str]:
    """Yield the inline code of a sentence or a table cell."""
    for child in token.children or ():
        if child.type == "code_inline":
            yield child.content


def scripts(kind: str, text: str) -> Iterator[str]:
    """Yield the shell scripts of a code block."""
    if kind in SHELLS or (not kind and _COMMAND.match(text)):
        prompts = [
            line.removeprefix("$ ")
            for line in text.splitlines()
            if kind != "console" or line.startswith("$ ")
        ]
        yield "\n".join(prompts)
    elif kind in {"yaml", "yml"}:
        yield from _of_ci(YAML(typ="safe").load(text))
    elif kind == "groovy":
        for _, script in _GROOVY.findall(text):
            yield script


def _of_ci(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "run" and isinstance(value, str):
                yield value
            elif key in {"script", "before_script", "after_script"} and isinstance(value, list):
                yield from value
            else:
                yield from _of_ci(value)
    elif isinstance(node, list):
        for each in node:
            yield from _of_ci(each)


def split(script: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command of a script; pipes and lists are split.

    `$(…)` counts as one word.
    """
    joined = re.sub(r"\\\n\s*", " ", script)
    for line in joined.splitlines():
        lexer = shlex.shlex(
            re.sub(r"\$\(([^()]*)\)", "SUBSTITUTED", line), posix=True, punctuation_chars="|&;<>"
        )
        lexer.whitespace_split = True
        lexer.commenters = "#"
        words: list[str] = []
        skip = False
        for word in lexer:
            if word in _ENDS:
                yield from _one(words)
                words = []
            elif word in _OUTPUT:
                skip = True
            elif skip:
                skip = False
            else:
                words.append(word)
        yield from _one(words)


def _one(words: list[str]) -> Iterator[tuple[str, ...]]:
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if words and words[0] == "sudo":
        words = words[1:]
    if words:
        yield tuple(words)


def _whole(code: str) -> str:
    """Remove optional parts and ellipses from a command in a sentence."""
    code = re.sub(r"\[[^\]]*\]…?", "", code)
    return " ".join(word for word in code.split(" ") if not word.endswith(_LOOSE))
