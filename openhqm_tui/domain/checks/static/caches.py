"""The check `caches`: package caches left in the image."""

from __future__ import annotations

from openhqm_tui.domain.checks.check import Check, Method
from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.files import exempt, no_layers, remaining
from openhqm_tui.domain.checks.layers import FileKind, Found
from openhqm_tui.domain.checks.verdict import Answer, Result
from openhqm_tui.domain.formatting import count_text, size_text


def judge(expected: Expectation, seen: Evidence) -> Result:
    """Look for files in the caches of package managers; their number and size by manager."""
    if seen.contents is None:
        return no_layers(seen)
    by_owner: dict[str, list[Found]] = {}
    for one in remaining(seen.contents, FileKind.CACHE):
        if not exempt(CHECK, one.path, expected):
            by_owner.setdefault(one.what, []).append(one)
    if not by_owner:
        return Result(Answer.PASS, "none", "none")
    left = "; ".join(
        f"{owner}: {count_text(len(files), 'file')}, {size_text(sum(one.size for one in files))}, "
        f"such as {files[0].path}"
        for owner, files in by_owner.items()
    )
    paths = tuple(one.path for files in by_owner.values() for one in files)
    return Result(expected.untidy, left, "none", paths)


def _hint(seen: str) -> str:
    ways = ["RUN --mount=type=cache"]
    if "pip: " in seen:
        ways.append("pip --no-cache-dir")
    if "apt" in seen:
        ways.append("rm -rf /var/lib/apt/lists/* in the same RUN")
    return f"Keep caches out of layers: {', '.join(ways)}."


CHECK = Check(
    name="caches",
    position=100,
    short="cac",
    question="Is the image free of package caches?",
    hint=_hint,
    method=Method.LAYERS,
    exempts=True,
    judge=judge,
)
