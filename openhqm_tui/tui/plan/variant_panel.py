"""Details of one variant, next to the matrix, and the selection as shell commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.formatting import duration_text, local_time_text, size_text
from openhqm_tui.domain.plan.bake import (
    DEFAULT_NAME,
    Choices,
    Source,
    SourceKind,
    bake_command,
    tags_for,
    tags_of,
    untagged,
)
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.plan.outputs import (
    artifact_text,
    artifacts_of,
    builds_image,
    destinations,
)
from openhqm_tui.domain.plan.permissions import linked
from openhqm_tui.domain.plan.requirements import CORE_FILE, file_of
from openhqm_tui.domain.platforms import DEFAULT_PLATFORMS, own_platforms
from openhqm_tui.domain.text import one_line
from openhqm_tui.run.follow.eta import estimate_text
from openhqm_tui.tui.core.labels import past_mark, short
from openhqm_tui.tui.plan.engine_status import PlatformSupport

if TYPE_CHECKING:
    from openhqm_tui.domain.history.estimate import Estimate
    from openhqm_tui.domain.plan.bake import TargetGroup, Variant
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.tui.history.past_runs import Key, PastLane

_BUILT_IN = BuildOptions({})


class CommandLines(NamedTuple):
    """The equivalent commands, ours and Buildx's, one line per set of platforms."""

    build: tuple[str, ...]
    bake: tuple[str, ...]


def command_lines(
    order: BuildOptions,
    everything: int,
    defaults: BuildOptions = _BUILT_IN,
    allow: tuple[str, ...] = (),
    *,
    own: Mapping[str, tuple[Platform, ...]] | None = None,
    groups: Iterable[TargetGroup] = (),
    source: Iterable[str] = (),
) -> CommandLines:
    """Return the commands that build `order`.

    `everything` is the number of variants: all of them become `--build-all`. Options equal to the
    settings (`defaults`) or our own defaults are omitted. `allow` are the permissions that the plan
    needs. `own` are the platforms that a definition's targets have, which need no flag; all targets
    of one of its `groups` become its name. `source` are the flags that name the source.
    """
    own = own or {}
    rows: dict[tuple[Platform, ...], list[str]] = {}
    for variant, platforms in order.selection.items():
        rows.setdefault(() if own.get(variant) == platforms else platforms, []).append(variant)
    build, bake = [], []
    for platforms, variants in rows.items():
        chosen = list(_chosen(variants, platforms, everything, groups))
        choices = [*chosen, *source, *_fields(order, defaults)]
        build.append(shlex.join(["openhqm-tui", "build", *choices, *_manner(order, defaults)]))
        planned = shlex.join(["openhqm-tui", "plan", *choices])
        baked = shlex.join(bake_command("bake.json", (), order.builder, allow))
        bake.append(f"{planned} > bake.json && {baked}")
    return CommandLines(tuple(build), tuple(bake))


def _chosen(
    variants: list[str],
    platforms: tuple[Platform, ...],
    everything: int,
    groups: Iterable[TargetGroup],
) -> Iterator[str]:
    same = (group.name for group in groups if {*group.targets} == {*variants})
    if group := next(same, ""):
        # Without a name, the group `default` is built.
        yield from () if group == "default" else (group,)
    elif len(variants) == everything:
        yield "--build-all"
    else:
        yield from variants
    if platforms:
        yield from ("--platforms", ",".join(str(platform) for platform in platforms))


def _fields(order: BuildOptions, defaults: BuildOptions) -> Iterator[str]:
    if order.names != _BUILT_IN.names or order.names != defaults.names:
        for name in order.names:
            yield from ("--name", name)
    for flag, field in (
        ("--tag", "tag"),
        ("--builder", "builder"),
        ("--base-image", "base_image"),
    ):
        value = getattr(order, field)
        if value != getattr(_BUILT_IN, field) or value != getattr(defaults, field):
            yield from (flag, value)


def _manner(order: BuildOptions, defaults: BuildOptions) -> Iterator[str]:
    if order.jobs != defaults.jobs:
        yield from ("--jobs", str(order.jobs or len(order.selection)))
    if order.test_only:
        yield "--test-only"
    if order.push:
        yield "--push"
        if order.allow_unknown:
            yield "--allow-unknown"


_LABEL = 7
_LEAST = 20
_WAYS = {
    PlatformSupport.NATIVE: "native",
    PlatformSupport.CROSS: "built natively, checked under emulation",
    PlatformSupport.EMULATED: "built and checked under emulation",
    PlatformSupport.SLOW: "slow emulation; see Doctor (5) for a faster emulator",
    PlatformSupport.NONE: "can't run here: see Doctor (5)",
}


_WAYS_OF_ARTIFACTS = {
    PlatformSupport.CROSS: "built natively",
    PlatformSupport.EMULATED: "built under emulation",
}


class VariantScroll(VerticalScroll, can_focus=False):
    """Shows the details of a variant, wrapped to the width."""

    def __init__(self) -> None:
        super().__init__(Static(id="variant"), id="side")
        self._shown: tuple[VariantDetails, str, CommandLines] | None = None

    def show(self, side: VariantDetails, variant: str, lines: CommandLines) -> None:
        """Show a variant."""
        self._shown = (side, variant, lines)
        self._write()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        self._write()

    def _write(self) -> None:
        if self._shown is not None:
            side, variant, lines = self._shown
            width = self.scrollable_content_region.width
            self.query_one("#variant", Static).update(side.describe(variant, lines, width))


class VariantDetails:
    """Formats the details of variants."""

    def __init__(
        self,
        source: Source,
        order: BuildOptions,
        ways: Mapping[Platform, PlatformSupport | None],
        past: Mapping[Key, PastLane],
        built: Mapping[Key, PastLane],
        times: Mapping[Platform, Estimate],
    ) -> None:
        self._source, self._order, self._ways = source, order, ways
        self._past, self._built, self._times = past, built, times

    def describe(self, name: str, lines: CommandLines, width: int) -> Content:
        """Return title, clients, tags, sizes, last results, and the commands for the selection."""
        variant = next((v for v in self._source.variants if v.name == name), None)
        if variant is None:
            return Content("")
        platforms = list(self._ways)
        title = one_line(variant.title)
        head = Content.assemble((one_line(variant.name), "$primary bold"), f" — {title}")
        rows = [
            *head.wrap(max(_LEAST, width)),
            *_field("adds", [self._clients(variant, platforms)], width),
            *_field("checks", [self._expectations(variant)], width),
            *_field("output", self._outputs(variant), width),
            *_field("tags", [", ".join(self._tags(variant))], width),
            *_field("needs", [", ".join(self._linked(variant))], width),
            *_field("groups", [", ".join(self._groups(variant))], width),
            *_field("size", [" · ".join(self._sizes(variant, platforms))], width),
            *_field("time", [self._time(platforms)], width),
            *_field("last", self._last(variant, platforms), width),
            *_field("how", self._hows(variant, platforms), width),
            *self._not_checked(variant, width),
        ]
        if lines.build:
            rows += _commands("y copies the command for this selection", lines.build)
            rows += _commands("Y copies the Buildx command", lines.bake)
        return Content("\n").join(rows)

    def _lanes(
        self, found: Mapping[Key, PastLane], variant: Variant, platforms: Iterable[Platform]
    ) -> list[tuple[Platform, PastLane]]:
        keyed = ((platform, found.get((variant.name, str(platform)))) for platform in platforms)
        return [(platform, lane) for platform, lane in keyed if lane is not None]

    def _clients(self, variant: Variant, platforms: list[Platform]) -> str:
        if self._source.kind is SourceKind.BAKE:
            return ""
        for _, lane in self._lanes(self._built, variant, platforms):
            # From the check's evidence: `redis 7.4.1 on x86_64`.
            if variant.clients and lane.clients:
                return one_line(lane.clients.rpartition(" on ")[0] or lane.clients)
        return ", ".join(client.distribution for client in variant.clients) or "nothing"

    def _expectations(self, variant: Variant) -> str:
        """Return where the expectations come from, if not from the bundled file alone."""
        requirements = self._source.requirements
        if requirements is None:
            return ""
        own = variant.name in requirements.variants
        file = f"clients from {file_of(variant.name)}" if own else f"core from {CORE_FILE}"
        return f"{file}; otherwise bundled defaults"

    def _tags(self, variant: Variant) -> list[str]:
        if self._order.test_only:
            return ["none (test only)"]
        names, tag = self._order.names or (DEFAULT_NAME,), self._order.tag
        if (body := self._source.bake_targets.get(variant.name)) is None:
            return [one for name in names for one in tags_of(variant, name, tag)]
        if not builds_image(body):
            return []
        choices = Choices(variants=(), platforms=(), name=names[0], more_names=names[1:], tag=tag)
        added = ""
        if self._source.bake_file and variant.name in untagged(self._source):
            added = " (the file has no tags)"
        with suppress(UsageProblem):
            found = tags_for(self._source, variant.name, choices)
            return [", ".join(map(one_line, found)) + added]
        return [one_line(str(one)) for one in body["tags"]]

    def _outputs(self, variant: Variant) -> list[str]:
        """Return what a definition's target produces, and what a run changes in that."""
        if (body := self._source.bake_targets.get(variant.name)) is None:
            return []
        made = [f"artifact {artifact_text(one)}, not checked" for one in artifacts_of(body)]
        if not builds_image(body):
            return made
        way = "pushed after the checks" if self._order.push else "→ local Docker"
        kinds = destinations([body])
        changed = f" instead of type={', type='.join(kinds)}" if kinds else ""
        none = not body.get("output") and not self._order.push and self._source.bake_file
        added = " (the file has no output)" if none else ""
        return [f"image {way}{changed}{added}", *made]

    def _linked(self, variant: Variant) -> list[str]:
        """Return the targets that a target is built on."""
        bodies = self._source.bake_targets
        return [one_line(n) for n in linked(bodies, [variant.name]) if n != variant.name and bodies]

    def _groups(self, variant: Variant) -> list[str]:
        return [one_line(g.name) for g in self._source.groups if variant.name in g.targets]

    def _not_checked(self, variant: Variant, width: int) -> list[Content]:
        """Return the platforms that only artifacts can have: such images can't be checked."""
        body = self._source.bake_targets.get(variant.name, {})
        _, left = own_platforms(body.get("platforms") or (), DEFAULT_PLATFORMS[0])
        names = ", ".join(map(one_line, left))
        if not builds_image(body):
            return _field("also", [names], width)
        return _field("omits", [f"{names}: such images can't be checked" if left else ""], width)

    def _sizes(self, variant: Variant, platforms: list[Platform]) -> list[str]:
        return [
            f"{short(platform)} {size_text(lane.size)}{self._versus_all(variant, platform, lane)}"
            for platform, lane in self._lanes(self._built, variant, platforms)
            if lane.size
        ]

    def _versus_all(self, variant: Variant, platform: Platform, lane: PastLane) -> str:
        whole = self._built.get(("all", str(platform)))
        if variant.name == "all" or whole is None or not whole.size:
            return ""
        percent = round(100 * (lane.size - whole.size) / whole.size)
        return f" ({percent:+d} % vs. all)".replace("-", "−") if percent else " (same as all)"

    def _time(self, platforms: list[Platform]) -> str:
        known = [(p, self._times[p]) for p in platforms if p in self._times]
        return " · ".join(f"{short(platform)} {estimate_text(guess)}" for platform, guess in known)

    def _last(self, variant: Variant, platforms: list[Platform]) -> list[Content]:
        found = []
        for platform, lane in self._lanes(self._past, variant, platforms):
            mark = past_mark(lane).content
            took = f", {duration_text(lane.seconds)}" if lane.built else ""
            line = Content.assemble(
                f"{short(platform)} ", mark, f" {local_time_text(lane.at)}{took}"
            )
            good = self._built.get((variant.name, str(platform)))
            if good is not None and good.at != lane.at:
                line += f", last built {local_time_text(good.at)} in {duration_text(good.seconds)}"
            found.append(line)
        return found

    def _hows(self, variant: Variant, platforms: list[Platform]) -> list[str]:
        pairs = ((platform, self._ways[platform]) for platform in platforms)
        checked = builds_image(self._source.bake_targets.get(variant.name, {}))
        words = _WAYS if checked else _WAYS | _WAYS_OF_ARTIFACTS
        return [f"{short(platform)} {words[way]}" for platform, way in pairs if way is not None]


def _field(name: str, values: Iterable[str | Content], width: int) -> list[Content]:
    """Return a label with its values, one per line, with hanging indentation."""
    rows: list[Content] = []
    for value in values:
        content = Content(value) if isinstance(value, str) else value
        if content.plain:
            rows += content.wrap(max(_LEAST, width - _LABEL))
    labels = [f"{name:<{_LABEL}}", *[" " * _LABEL] * len(rows)]
    return [
        Content.assemble((label, "$foreground-muted"), row)
        for label, row in zip(labels, rows, strict=False)
    ]


def _commands(title: str, lines: Iterable[str]) -> list[Content]:
    # Each on one line, so that it can be copied with the mouse; the screen wraps it.
    head = [Content(""), Content.styled(title, "$foreground-muted")]
    return head + [Content(f"$ {line}") for line in lines]
