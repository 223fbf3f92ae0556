"""Reports read as their readers read them: a browser, a code host, a CI system."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token


class Page(HTMLParser):
    """What a browser finds in a page: tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"no comment of ours: {data}")


def tokens(document: str) -> list[Token]:
    """Return what Markdown as GitHub has it makes of a document, inline parts in their turn."""
    found: list[Token] = []
    for token in MarkdownIt("gfm-like", {"html": True}).parse(document):
        found += [token, *(token.children or ())]
    return found


def prose(document: str) -> str:
    """Return the text that stands in no code: where a code host finds mentions and numbers."""
    told: list[str] = []
    coded = 0
    for token in tokens(document):
        if token.type == "html_inline":
            coded += {"<code>": 1, "</code>": -1}.get(token.content, 0)
        elif token.type == "html_block":
            told.append(re.sub(r"<code>.*?</code>", "", token.content))
        elif token.type == "text" and not coded:
            told.append(token.content)
    return "\n".join(told)
