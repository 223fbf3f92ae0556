"""Hostile names, output and responses are inert text in every report format."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as Xml
from pathlib import Path
from typing import Any

import junitparser
import msgspec
import pytest
from jsonschema import Draft202012Validator

from openhqm_tui.domain.text import plain
from openhqm_tui.report.catalog import rendered
from openhqm_tui.report.formats.json import shipped_schema
from openhqm_tui.report.formats.markdown import block, code
from openhqm_tui.report.gather import read_report
from openhqm_tui.report.model import Report
from tests.recordings import copied
from tests.report.folders import changed, with_layers
from tests.report.reading import Page, prose, tokens

HOSTILE = [
    "<script>alert(1)</script>",
    "</code></td></table></details><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "a | b \\| c \\\\| d",
    "``` ` `` ````",
    "before\n```\n# a heading\n````\nafter",
    "@everyone #1 GH-2 acme/x#3 https://evil.example www.evil.example a@evil.example",
    "[click](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "**bold** _it_ ~~no~~ $x$ :smile: &lt; &amp;#64;",
    "line one\nline two\r\n# Heading\n\n- list\n<!-- comment",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202eright\u202c \u0000 \ufffe",
    "]]><![CDATA[ <!DOCTYPE x [<!ENTITY y 'z'>]> &y;",
    "</style><style>*{display:none}</style>",
]
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ufffe\uffff]")
_SCHEMA = Draft202012Validator(json.loads(shipped_schema()))
# Fields with untrusted text, which our own code neither validates nor generates.
UNTRUSTED = {"evidence", "expected", "reason", "text", "machine", "python", "python_platform"} | {
    "base", "base_reason", "context", "dockerfile", "builder", "engine", "buildx", "version",
    "stderr", "command", "created_by", "distribution", "error", "tags", "variant", "short", "url",
}  # fmt: skip
OUR_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2"),
    *("h3", "p", "strong", "span", "a", "code", "pre", "table", "caption", "thead", "tbody", "tr"),
    *("th", "td", "div", "details", "summary", "ul", "li", "dl", "dt", "dd"),
    *("svg", "defs", "pattern", "rect", "path", "circle", "line", "text", "desc"),
}


def hostile(word: str) -> Any:
    """Return a change that appends a text to every untrusted field."""

    def change(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            named = {"args", "labels"} & {name}
            return {
                (f"{key}{word}" if named else key): change(one, "tags" if named else key)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [change(one, name) for one in value]
        if isinstance(value, str) and name in UNTRUSTED:
            return f"{value[:20]}{word}"
        if isinstance(value, str) and name == "name" and value.startswith("["):
            # A step: its instruction is untrusted.
            return f"{value}{word}"
        return value

    return change


@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: word[:12].encode().hex())
@pytest.mark.parametrize("name", ["checked", "bake_fails", "warning"])
def test_hostile_text_is_inert_in_every_format(name: str, word: str, tmp_path: Path) -> None:
    place = tmp_path / "run"
    folder = with_layers(place) if name == "checked" else copied(name, place)
    report = read_report(changed(folder, hostile(word)))
    formats = {form: rendered(report, form) for form in ("md", "html", "junit", "json", "github")}
    for form, text in formats.items():
        assert not CONTROL.search(text), form
    assert_html_is_ours(formats["html"])
    assert_markdown_is_ours(formats["md"])
    assert_markdown_is_ours(formats["github"])
    assert_junit_is_ours(formats["junit"], report, tmp_path / "junit.xml")
    _SCHEMA.validate(json.loads(formats["json"]))


def assert_html_is_ours(text: str) -> None:
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= OUR_TAGS
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert not {"src", "style", "srcdoc", "action"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    metas = [attributes for tag, attributes in page.tags if tag == "meta"]
    assert [m.get("http-equiv") for m in metas].count("Content-Security-Policy") == 1
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [tag for tag, _ in page.tags].count("style") == 1


@pytest.mark.parametrize("name", ["checked", "bake_fails", "warning"])
def test_every_field_of_a_report_is_escaped(name: str, tmp_path: Path) -> None:
    place = tmp_path / "run"
    folder = with_layers(place) if name == "checked" else copied(name, place)
    report = msgspec.to_builtins(read_report(folder))
    for word in HOSTILE:
        every = msgspec.convert(_every_text(report, plain(word)), Report)
        for form in ("md", "github"):
            assert_markdown_is_ours(rendered(every, form))


# Fields with fixed values or our own text; the text of a note is planted in the folder above.
_OURS = {"answer", "status", "outcome", "kind", "result", "built", "ran", "asks", "way"} | {
    "sentence", "pushed", "text",
}  # fmt: skip


def _every_text(value: Any, word: str, name: str = "", *, ours: bool = False) -> Any:
    if isinstance(value, dict):
        named = name == "arguments"
        # `how` has fixed values for a step, but comes from the journal for a verdict.
        kept = _OURS if "answer" in value else _OURS | {"how"}
        return {
            f"{key}{word}" if named else key: _every_text(
                one, word, "" if named else key, ours=key in kept
            )
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_every_text(one, word, name, ours=ours) for one in value]
    return f"{value}{word}" if isinstance(value, str) and not ours else value


def assert_markdown_is_ours(document: str) -> None:
    found = tokens(document)
    assert not [t for t in found if t.type in {"link_open", "image", "em_open", "s_open"}]
    raw = [t.content for t in found if t.type in {"html_inline", "html_block"}]
    kept = {re.sub(r"&#\d+;", "", tag) for text in raw for tag in re.findall(r"<[^>]*>", text)}
    assert kept <= {"<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}
    assert "@" not in prose(document)
    assert "#" not in prose(document)
    assert "evil" not in prose(document)
    widths: list[int] = []
    for token in found:
        if token.type == "tr_open":
            widths.append(0)
        elif token.type in {"th_open", "td_open"}:
            widths[-1] += 1
    assert document.count("\n| ") - document.count("\n| ---") == len(widths), (
        "a table row is broken"
    )
    assert len([t for t in found if t.type == "heading_open"]) == len(
        re.findall(r"^#+ ", re.sub(r"(?ms)^(`{3,})\w+$.*?^\1$", "", document), re.MULTILINE)
    )


def assert_junit_is_ours(text: str, report: Report, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    suites = junitparser.JUnitXml.fromfile(str(file))
    assert [suite.name for suite in suites] == [f"{x.target} {x.platform}" for x in report.lanes]
    assert not [element for element in Xml.fromstring(text).iter() if element.tag == "script"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_span_has_the_whole_text(text: str) -> None:
    document = f"| a | b |\n| --- | --- |\n| {code(text)} | x |\n"
    cells = [token for token in tokens(document) if token.type in {"th_open", "td_open"}]
    assert len(cells) == 4
    assert prose(document).split() == ["a", "b", "x"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_code_block_has_the_whole_text(text: str) -> None:
    [fence] = tokens("\n".join(block(text.split("\n"))))
    assert fence.type == "fence"
    assert fence.content == text.replace("\r", "\n").replace("\n\n", "\n").rstrip("\n") + "\n" or (
        "\r" in text or "\x00" in text
    )


def test_text_is_masked_before_it_is_cut(tmp_path: Path) -> None:
    folder = copied("checked", tmp_path / "run")
    info = json.loads(folder.info_file.read_bytes())
    info["base_reason"] = "x" * 3990 + " ghp_" + "a1B2" * 9
    folder.info_file.write_text(json.dumps(info))
    reason = read_report(folder).environment.base_reason
    assert reason == "x" * 3990 + " ***"


def test_an_empty_code_span_is_a_dash() -> None:
    assert code("") == code(" \n\x1b[0m") == "–"
