"""The HTML report: accessible charts, and no external resources."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from openhqm_tui.report.formats.html import as_html
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.model import Report
from tests.recordings import NAMES, recording
from tests.report.folders import with_layers
from tests.report.reading import Page


@pytest.fixture(params=[*NAMES, "with layers"])
def report(request: pytest.FixtureRequest, tmp_path: Path) -> Report:
    name: str = request.param
    return read_report(with_layers(tmp_path / "run") if name == "with layers" else recording(name))


def test_every_kind_of_bar_is_in_a_legend(report: Report) -> None:
    page = as_html(report)
    legends = "".join(re.findall(r'<ul class="legend">.*?</ul>', page))
    listed = set(re.findall(r'class="bar ([a-z]+)"', legends))
    rest = re.sub(r'<ul class="legend">.*?</ul>|<details.*?</details>', "", page)
    assert set(re.findall(r'class="bar ([a-z]+)"', rest)) <= listed


def test_every_chart_has_a_label_and_every_bar_a_title(report: Report) -> None:
    page = as_html(report)
    pictures = re.findall(r"<svg [^>]*viewBox[^>]*>", page)
    assert pictures
    assert all('role="img"' in one and "aria-label=" in one for one in pictures)
    bars = re.findall(r'<rect [^>]*class="bar [a-z]+"[^>]*?(/?)>', re.sub("<ul.*?</ul>", "", page))
    assert not [end for end in bars if end], "a bar without a title"


def test_every_verdict_links_to_its_evidence(report: Report) -> None:
    page = Page(as_html(report))
    ids = {attributes.get("id") for _, attributes in page.tags}
    links = [a["href"] for tag, a in page.tags if tag == "a" and a.get("href")]
    assert len(links) == sum(len(lane.cases) for lane in report.lanes)
    assert {str(link).removeprefix("#") for link in links} <= ids


def test_tables_name_their_rows_and_columns(report: Report) -> None:
    page = Page(as_html(report))
    headings = [attributes for tag, attributes in page.tags if tag == "th"]
    assert headings
    assert {attributes.get("scope") for attributes in headings} == {"col", "row"}
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table")


def test_the_content_policy_allows_only_its_own_style(report: Report) -> None:
    page = as_html(report)
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    [policy] = [
        attributes["content"]
        for tag, attributes in Page(page).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "@import" not in style
    assert set(re.findall(r"url\((.*?)\)", style)) <= {
        "#p-emulated",
        "#p-checked",
        "#p-failed",
        "#p-common",
    }
    assert page.count("prefers-color-scheme: dark") == 1
