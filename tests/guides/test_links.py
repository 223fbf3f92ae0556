"""Links in the documentation: files and sections exist, and addresses are well formed."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from openhqm_tui.domain.guides import Leads, link_to, links, sections
from tests.guides.commands import parsed
from tests.guides.places import GUIDES, TOP, pages

PAGES = [*pages(), TOP / "assets" / "screens" / "README.md"]


class Found(NamedTuple):
    page: Path
    href: str


def targets(page: Path) -> Iterator[str]:
    """Yield the targets of links and pictures of a page, found by an independent parser."""
    for token in parsed(page):
        for child in token.children or ():
            if child.type == "link_open":
                yield str(child.attrs["href"])
            elif child.type == "image":
                yield str(child.attrs["src"])
        if token.type == "html_block":
            yield from re.findall(r'(?:src|href)="([^"]+)"', token.content)


EVERY = [Found(page, href) for page in PAGES for href in dict.fromkeys(targets(page))]


def test_the_pages_have_links():
    assert len(EVERY) > 80
    assert any(urlsplit(found.href).fragment for found in EVERY)


def test_no_link_is_broken():
    broken = [
        f"{found.page.relative_to(TOP)}: {found.href}: {reason}"
        for found in EVERY
        if (reason := why_broken(found))
    ]
    assert broken == []


def why_broken(found: Found) -> str:
    """Return why a link is broken, '' if it isn't."""
    parts = urlsplit(found.href)
    if parts.scheme or parts.netloc:
        if parts.scheme != "https":
            return "only https"
        whole = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", parts.netloc)
        return "" if whole and not re.search(r"\s", found.href) else "not well formed"
    target = (found.page.parent / unquote(parts.path)).resolve() if parts.path else found.page
    if not target.exists():
        return "no such file"
    if not target.is_relative_to(TOP):
        return "leads out of the project"
    if parts.fragment and parts.fragment not in (known := addresses(target)):
        return f"no such section; valid: {' '.join(known)}"
    return ""


@functools.cache
def addresses(page: Path) -> list[str]:
    return [section.address for section in sections(page.read_text(encoding="utf-8"))]


def test_broken_links_are_found():
    page = GUIDES / "README.md"
    for href, reason in (
        ("http://a.example", "only https"),
        ("https://nowhere", "not well formed"),
        ("gone.md", "no such file"),
        ("../../../", "leads out of the project"),
        ("#gone", "no such section"),
    ):
        assert why_broken(Found(page, href)).startswith(reason), href


@pytest.mark.parametrize("page", sorted(GUIDES.glob("*.md")), ids=lambda page: page.stem)
def test_the_console_finds_the_same_links(page: Path):
    text = page.read_text(encoding="utf-8")
    linked = [
        str(child.attrs["href"])
        for token in parsed(page)
        for child in token.children or ()
        if child.type == "link_open" and child.markup != "linkify"
    ]
    assert [link.href for link in links(text)] == list(dict.fromkeys(linked))
    assert all(link_to(link.href).leads is not Leads.NOWHERE for link in links(text))


def test_the_index_links_to_every_guide():
    index = (GUIDES / "README.md").read_text(encoding="utf-8")
    named = {link_to(link.href).guide for link in links(index)}
    assert named == {page.stem for page in GUIDES.glob("*.md")} - {"README"}
