"""What is chosen on the Plan screen, as commands for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from openhqm_tui.domain.plan.bake import bake_command
from openhqm_tui.domain.plan.options import BuildOptions

if TYPE_CHECKING:
    from openhqm_tui.domain.platforms import Platform

_BUILT_IN = BuildOptions({})


class CommandLines(NamedTuple):
    """The same build in two ways, a line for each set of platforms: ours, and Buildx's own."""

    build: tuple[str, ...]
    bake: tuple[str, ...]


def command_lines(
    order: BuildOptions,
    everything: int,
    defaults: BuildOptions = _BUILT_IN,
    allow: tuple[str, ...] = (),
) -> CommandLines:
    """Return the commands that build `order`.

    `everything` is how many variants there are: all of them are `--build-all`. What the settings
    (`defaults`) or we ourselves would choose is left out. `allow` is what the plan needs outside
    the folder.
    """
    groups: dict[tuple[Platform, ...], list[str]] = {}
    for variant, platforms in order.selection.items():
        groups.setdefault(platforms, []).append(variant)
    build, bake = [], []
    for platforms, variants in groups.items():
        chosen = list(_chosen(variants, platforms, everything))
        choices = [*chosen, *_fields(order, defaults)]
        build.append(shlex.join(["openhqm-tui", "build", *choices, *_manner(order, defaults)]))
        planned = shlex.join(["openhqm-tui", "plan", *choices])
        baked = shlex.join(bake_command("bake.json", (), order.builder, allow))
        bake.append(f"{planned} > bake.json && {baked}")
    return CommandLines(tuple(build), tuple(bake))


def _chosen(variants: list[str], platforms: tuple[Platform, ...], everything: int) -> Iterator[str]:
    if len(variants) == everything:
        yield "--build-all"
    else:
        for variant in variants:
            yield from ("--backend", variant)
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
