"""Destinations of links in guides, and the addresses of sections."""

from __future__ import annotations

import pytest

from openhqm_tui.domain.guides import Leads, link_to, links, sections, title_of

TEXT = """\
# The *first*, `coded`

```sh
# no heading
```

## Docker's [own](x.md) way: how?
## Again
## Again
"""


def test_sections_have_the_addresses_that_github_gives_them():
    assert [section.address for section in sections(TEXT)] == [
        "the-first-coded",
        "dockers-own-way-how",
        "again",
        "again-1",
    ]
    assert title_of(TEXT) == "The *first*, coded"
    assert title_of("nothing", "else") == "else"


@pytest.mark.parametrize(
    ("href", "leads", "guide", "address"),
    [
        ("multi-arch.md", Leads.GUIDE, "multi-arch", ""),
        ("multi-arch.md#in-ci", Leads.GUIDE, "multi-arch", "in-ci"),
        ("#here", Leads.GUIDE, "", "here"),
        ("https://example.org/a.md", Leads.WEB, "", ""),
        ("../../Makefile", Leads.FILE, "", ""),
        ("../other.md", Leads.FILE, "", ""),
        ("http://example.org", Leads.NOWHERE, "", ""),
        ("javascript:alert(1)", Leads.NOWHERE, "", ""),
        ("file:///etc/passwd", Leads.NOWHERE, "", ""),
        ("//example.org/a", Leads.NOWHERE, "", ""),
        ("https://[broken", Leads.NOWHERE, "", ""),
        ("https://example.org/\x1b[2J", Leads.NOWHERE, "", ""),
    ],
)
def test_a_link_leads_to_a_guide_a_file_or_the_web(href, leads, guide, address):
    link = link_to(href)
    assert (link.leads, link.guide, link.address) == (leads, guide, address)
    assert "\x1b" not in link.href


def test_links_outside_of_code_and_pictures_are_listed_once():
    text = "[a](b.md) ![p](q.png) `[c](d)` [`e`](f) [again](b.md)\n```\n[g](h)\n```\n"
    assert [tuple(link) for link in links(text)] == [("a", "b.md"), ("e", "f")]
