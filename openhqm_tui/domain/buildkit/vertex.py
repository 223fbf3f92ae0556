"""A BuildKit vertex, parsed from its name.

BuildKit names the vertices of a Dockerfile `[TARGET OS/ARCH->OS/ARCH STAGE N/M] INSTRUCTION`;
each part of the bracket is optional (frontend/dockerfile/dockerfile2llb, prefixCommand).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from openhqm_tui.domain.buildkit.short_title import short_title
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.text import one_line

# Longest title in characters: an instruction may be a whole script.
_LONGEST_TITLE = 2000
_LONGEST_LABEL = 200


class StepKind(StrEnum):
    """The kind of a step: `build` belongs to a lane, the others to the target."""

    BUILD = "build"
    INTERNAL = "internal"
    EXPORT = "export"


class ExecutionMode(StrEnum):
    """How a step ran on the machine that executed it."""

    NATIVE = "native"
    CROSS = "cross"
    EMULATED = "emulated"


class StepName(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a vertex name; empty if missing.

    `ran_on` is the platform that the step executes on, `made_for` its target platform: they
    differ in `linux/amd64->arm64`.
    """

    kind: StepKind
    title: str
    stage: str = ""
    index: int = 0
    of: int = 0
    ran_on: Platform | None = None
    made_for: Platform | None = None

    @property
    def label(self) -> str:
        """The key of the step in the history: `core 2/3 RUN --mount=… uv pip install …`."""
        return one_line(f"{self.place} {self.title}", _LONGEST_LABEL)

    @property
    def short_label(self) -> str:
        """The step as it is shown: `core 2/3 RUN uv pip install …`."""
        return one_line(f"{self.place} {short_title(self.title)}", _LONGEST_LABEL)

    @property
    def full_label(self) -> str:
        """Its place and its whole instruction."""
        return one_line(f"{self.place} {self.title}", _LONGEST_TITLE)

    @property
    def place(self) -> str:
        """Its stage and number: `core 2/3`; '' if it has neither."""
        return f"{self.stage} {self.index}/{self.of}".strip() if self.of else self.stage


_BRACKET = re.compile(r"^\[(?P<inside>[^\]]*)\]\s*(?P<title>.*)$", re.DOTALL)
_COUNT = re.compile(r"^(?P<index>[0-9]{1,9})/(?P<of>[0-9]{1,9})$")
# The name of the bake target for one platform in our own plan (bake.part_name).
_PART = re.compile(r"^\S+__[a-z]+-[a-z0-9]+(?:-[a-z0-9]+)?$")
_EXPORTS = frozenset({"exporting", "unpacking", "pushing", "sending", "writing", "naming"})
_MOVES = frozenset({"FROM", "COPY", "ADD", "WORKDIR", "LINK"})
_PLATFORM = re.compile(r"^(?P<on>[a-z]+/[a-z0-9]+(?:/[a-z0-9]+)?)(?:->(?P<to>[a-z0-9/]+))?$")


def parse_step_name(name: str) -> StepName:
    """Parse a vertex name; never fails."""
    match = _BRACKET.match(name)
    if match is None:
        return _without_stage(name)
    words = match["inside"].split()
    if words and _PART.match(words[0]):
        words = words[1:]
        if not words:
            return _without_stage(match["title"])
    title = one_line(match["title"], _LONGEST_TITLE)
    if "internal" in words:
        return StepName(kind=StepKind.INTERNAL, title=title)
    ran_on = made_for = None
    index = of = 0
    stage: list[str] = []
    for word in words:
        if platform := _PLATFORM.match(word):
            ran_on, made_for = _platforms(platform["on"], platform["to"])
            if ran_on is not None:
                stage.clear()  # the target's name precedes the platform
                continue
        if count := _COUNT.match(word):
            index, of = int(count["index"]), int(count["of"])
        else:
            stage.append(word)
    kind = StepKind.BUILD if of or stage[:1] != ["auth"] else StepKind.INTERNAL
    return StepName(
        kind=kind,
        title=title,
        stage=" ".join(stage),
        index=index,
        of=of,
        ran_on=ran_on,
        made_for=made_for,
    )


def _without_stage(name: str) -> StepName:
    exports = name.split(" ", 1)[0] in _EXPORTS
    kind = StepKind.EXPORT if exports else StepKind.INTERNAL
    return StepName(kind=kind, title=one_line(name, _LONGEST_TITLE))


def how_built(
    steps: Iterable[ExecutionMode | None], platform: Platform, host: Platform | None
) -> ExecutionMode | None:
    """Return how a lane is built, from how its steps ran; None if unknown.

    One emulated step makes the whole lane emulated.
    """
    hows = set(steps)
    if host is None or ExecutionMode.EMULATED in hows:
        return ExecutionMode.EMULATED if ExecutionMode.EMULATED in hows else None
    if platform.runs_natively_on(host):
        return ExecutionMode.NATIVE
    return ExecutionMode.CROSS if ExecutionMode.CROSS in hows else None


def how_it_ran(
    step: StepName, host: Platform | None, lane: Platform | None
) -> ExecutionMode | None:
    """Return how a step ran on a node whose own platform is `host`; None if unknown."""
    ran_on = step.ran_on or lane
    if ran_on is None or host is None:
        return None
    if not ran_on.runs_natively_on(host):
        # BuildKit itself copies files: no foreign program is executed.
        moves = step.title.split(" ", 1)[0] in _MOVES
        return ExecutionMode.CROSS if moves else ExecutionMode.EMULATED
    made_for = step.made_for or lane
    return (
        ExecutionMode.CROSS if made_for is not None and made_for != ran_on else ExecutionMode.NATIVE
    )


def _platforms(on: str, to: str | None) -> tuple[Platform | None, Platform | None]:
    try:
        ran_on = parse_platform(on)
    except UsageProblem:
        return None, None
    if not to:
        return ran_on, ran_on
    try:
        # BuildKit omits what both have in common: `linux/amd64->arm64`.
        return ran_on, parse_platform(
            to if to.count("/") and to.startswith("linux/") else f"linux/{to}"
        )
    except UsageProblem:
        return ran_on, ran_on
