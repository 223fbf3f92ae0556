"""HTML and SVG elements; text is always escaped, so it can't become markup."""

from __future__ import annotations

import html
from collections.abc import Iterable

_EMPTY = frozenset({"meta", "br", "rect", "line", "path", "circle"})


class Html(str):
    """Our own markup; any other text is escaped when it is inserted."""

    __slots__ = ()


def safe(text: str) -> Html:
    """Return text as markup, escaped unless it is markup already."""
    return text if isinstance(text, Html) else Html(html.escape(text))


def element(name: str, /, *children: str, **attributes: str | float | None) -> Html:
    """Return an element; `class_` is class, `_` in a name is `-`; None omits the attribute.

    Children other than Html are escaped, and so are attribute values.
    """
    attrs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY and not children:
        return Html(f"<{name}{attrs}>" if name in {"meta", "br"} else f"<{name}{attrs}/>")
    return Html(f"<{name}{attrs}>{joined(children)}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Html:
    """Join parts; those that aren't Html are escaped."""
    return Html(safe(between).join(safe(part) for part in parts))


def table(
    head: Iterable[str], rows: Iterable[Iterable[str]], *, caption: str, numbers: int = 0
) -> Html:
    """Return a table whose first column names the rows; its last `numbers` columns are numbers.

    On a narrow page only the table scrolls.
    """
    names = list(head)
    first_number = len(names) - numbers
    kinds = ["number" if index >= first_number else None for index in range(len(names))]
    top = [
        element("th", name, scope="col", class_=kind)
        for name, kind in zip(names, kinds, strict=True)
    ]
    lines = []
    for row in rows:
        first, *rest = row
        cells = [element("th", first, scope="row")]
        cells += [
            element("td", cell, class_=kind) for cell, kind in zip(rest, kinds[1:], strict=True)
        ]
        lines.append(element("tr", *cells))
    whole = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *top)),
        element("tbody", *lines),
    )
    return scrolled(whole, caption)


def scrolled(inside: Html, label: str) -> Html:
    """Return wide content in a region that scrolls, also by keyboard."""
    return element("div", inside, class_="wide", role="region", aria_label=label, tabindex="0")


def code(text: str) -> Html:
    """Return a text as code; `–` for none."""
    return element("code", text) if text else Html("–")


def folded(title: str, *inside: str, **attributes: str | float | None) -> Html:
    """Return a collapsible section."""
    return element("details", element("summary", title), *inside, **attributes)


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
