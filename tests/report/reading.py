"""Reports parsed as a browser, a code host and a CI system parse them."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token


class Page(HTMLParser):
    """The tags, attributes and text that a browser finds in a page."""

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
        raise AssertionError(f"unexpected comment: {data}")


def tokens(document: str) -> list[Token]:
    """Return the tokens of a document in GitHub's Markdown, including the inline ones."""
    found: list[Token] = []
    for token in MarkdownIt("gfm-like", {"html": True}).parse(document):
        found += [token, *(token.children or ())]
    return found


def prose(document: str) -> str:
    """Return the text outside of code, where a code host finds mentions and issue numbers."""
    texts: list[str] = []
    coded = 0
    for token in tokens(document):
        if token.type == "html_inline":
            coded += {"<code>": 1, "</code>": -1}.get(token.content, 0)
        elif token.type == "html_block":
            texts.append(re.sub(r"<code>.*?</code>", "", token.content))
        elif token.type == "text" and not coded:
            texts.append(token.content)
    return "\n".join(texts)
