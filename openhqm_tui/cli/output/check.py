"""Output of `check`: one line per image with details of failures, or everything as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TextIO

import msgspec

from openhqm_tui.cli.output.github import annotation, escaped_commands, quiet
from openhqm_tui.cli.output.summary import answer_lines, not_passed, standing, tally, ways_of
from openhqm_tui.domain.checks.catalog import hint_of
from openhqm_tui.domain.checks.verdict import Answer, Verdict
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.run.checks.images import CheckedImage


def show(lanes: Sequence[CheckedImage], form: str, out: TextIO, *, verbose: bool = False) -> None:
    """Print the results in a format: `json`, `github`, or text (`plain`, `tty`)."""

    def say(line: str) -> None:
        out.write(f"{line}\n")

    if form == "json":
        for lane in lanes:
            say(msgspec.json.encode(lane).decode())
        return
    lines = _lines(lanes, verbose=verbose)
    if form == "github":
        actions = quiet(out)
        for lane in lanes:
            for line in check_annotations(f"{lane.image} {lane.platform}", lane.verdicts):
                actions.command(line)
        with escaped_commands(actions.command):
            actions.writelines(f"{line}\n" for line in lines)
        return
    for line in lines:
        say(line)


def check_annotations(name: str, verdicts: Sequence[Verdict]) -> list[str]:
    """Return an annotation for GitHub Actions for each verdict other than pass."""
    lines = []
    for verdict in not_passed(verdicts):
        kind = {Answer.WARN: "warning", Answer.WAIVED: "notice"}.get(verdict.answer, "error")
        text = f"{verdict.check}: {verdict.answer.value}: {one_line(verdict.evidence)}"
        if verdict.expected:
            text += f"; expected {one_line(verdict.expected)}"
        if hint := hint_of(verdict):
            text += f"\n{hint}"
        lines.append(annotation(kind, text, title=plain(f"{verdict.check} · {name}")))
    return lines


def _lines(lanes: Sequence[CheckedImage], *, verbose: bool) -> list[str]:
    heads = [(lane.image, f"{lane.platform} {_way(lane)}".rstrip()) for lane in lanes]
    widths = [max(len(head[column]) for head in heads) for column in (0, 1)]
    lines = []
    for lane, (image, platform) in zip(lanes, heads, strict=True):
        mark, word = standing(lane.verdicts)
        head = f"{image:{widths[0]}}  {platform:{widths[1]}}"
        text = plain(f"{head}  {mark} {word:<12}  {tally(lane.verdicts)}")
        lines.append(f"{text}  {found}" if (found := _clients(lane)) else text)
        lines += answer_lines(lane.verdicts, verbose=verbose)
    counts = Counter(standing(lane.verdicts)[1] for lane in lanes)
    results = ", ".join(f"{count} {word}" for word, count in counts.items())
    return [*lines, "", f"{count_text(len(lanes), 'image')}: {results}"]


def _clients(lane: CheckedImage) -> str:
    """Return the client libraries that were imported in an image: `redis 7.4.1 on aarch64`."""
    for verdict in lane.verdicts:
        if verdict.check == "clients" and verdict.answer is Answer.PASS:
            return one_line(verdict.evidence)
    return ""


def _way(lane: CheckedImage) -> str:
    return ways_of(lane.verdicts, emulated=lane.emulated)
