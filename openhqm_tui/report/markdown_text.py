"""Text from strangers put into Markdown so that it stays text: on GitHub and elsewhere.

Code spans are the one place where a code host makes nothing of what it reads: no link, no
mention of a person, no number of an issue, no HTML. So every word that isn't ours stands in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from openhqm_tui.domain.plain_text import one_line

_LONGEST = 300
# A backtick ends a code span, a pipe a table's cell; with a backslash before it nobody agrees.
_UNSAFE = re.compile(r"[`|\\]")
_NOT_A_WORD = re.compile(r"[^A-Za-z0-9 \u00a0-\uffff]")
_TICKS = re.compile(r"`+")
_FENCE = 3


def code(text: str, longest: int = _LONGEST) -> str:
    """Return a text as code on one line, for a sentence or a table's cell; `–` for none."""
    line = one_line(text, longest)
    if not line:
        return "–"
    if not _UNSAFE.search(line):
        return f"`{line}`"
    # Written out letter by letter it is the same to a reader, and nothing to Markdown.
    return f"<code>{_NOT_A_WORD.sub(lambda found: f'&#{ord(found[0])};', line)}</code>"


def block(lines: Iterable[str], kind: str = "text") -> list[str]:
    """Return lines as a block of code; no run of backticks in them can end it."""
    told = list(lines)
    longest = max((len(run) for line in told for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(_FENCE, longest + 1)
    return [f"{fence}{kind}", *told, fence]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: int = 0) -> list[str]:
    """Return a table; its last `numbers` columns are aligned to the right.

    What isn't ours in a cell must have gone through `code`.
    """
    left = len(head) - numbers
    rule = [" --- " if index < left else " --: " for index in range(len(head))]
    return [
        _row(head),
        f"|{'|'.join(rule)}|",
        *(_row(row) for row in rows),
    ]


def folded(title: str, lines: Iterable[str]) -> list[str]:
    """Return lines that are shown when their title is clicked; the title is HTML of ours."""
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>", ""]


def html_code(text: str, longest: int = _LONGEST) -> str:
    """Return a text as code within HTML, as in the title of what is folded."""
    line = one_line(text, longest)
    return f"<code>{_NOT_A_WORD.sub(lambda found: f'&#{ord(found[0])};', line)}</code>"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
