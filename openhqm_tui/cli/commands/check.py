"""`openhqm-tui check IMAGE…`: check images in the store."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.cli.output.check import Lane, show
from openhqm_tui.cli.output.choose import automatic_format
from openhqm_tui.domain.checks.config_file import ChecksFile
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.image_config import SeenImage
from openhqm_tui.domain.checks.verdict import is_verified
from openhqm_tui.domain.errors import EngineProblem, UsageProblem
from openhqm_tui.domain.platforms import Platform, parse_platform, parse_platforms
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.engine.docker.facts import EngineFacts, read_facts
from openhqm_tui.engine.docker.images import ImageUnknown, read_config
from openhqm_tui.run.checks.container import sweep
from openhqm_tui.run.checks.lane import check_lane, index_of
from openhqm_tui.run.process import gather_all
from openhqm_tui.run.start.expectations import ExpectationResolver
from openhqm_tui.store.checks_files import (
    PROJECT_CHECKS,
    our_variant,
    our_variants,
    project_checks,
    shipped_checks,
)


def run(parsed: argparse.Namespace) -> int:
    """Check every lane of every image; 0 where all are verified, else 1."""
    own = project_checks(Path.cwd(), parsed.checks or "")
    target = _target(parsed.variant, own) if parsed.variant else ""
    platforms = parse_platforms(parsed.platforms) if parsed.platforms else ()
    facts = read_facts()
    if facts.error:
        raise EngineProblem(facts.error, fix="see `openhqm-tui doctor`")
    _end_in_order()
    lanes = asyncio.run(_check_all(parsed.images, target, own, platforms, facts))
    form = automatic_format() if parsed.format == "auto" else parsed.format
    show(lanes, form, sys.stdout, verbose=parsed.verbose)
    return 0 if all(is_verified(lane.verdicts) for lane in lanes) else 1


def _end_in_order() -> None:
    """Have every signal that ends it be as SIGINT is: its containers are taken away."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell has what it starts with `&` ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for means in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(means, lambda *_: signal.raise_signal(signal.SIGINT))


def _target(word: str, own: ChecksFile | None) -> str:
    """Return the target that `--variant` names: one of the project's file, or a variant of ours."""
    if own is not None and word in own.targets:
        return word
    return our_variant(word).name


async def _check_all(
    images: list[str],
    target: str,
    own: ChecksFile | None,
    platforms: tuple[Platform, ...],
    facts: EngineFacts,
) -> list[Lane]:
    at_once = asyncio.Semaphore(max(1, os.cpu_count() or 1))
    run_id = f"check-{secrets.token_hex(3)}"
    await sweep()
    found: list[tuple[str, str, list[SeenImage], tuple[Platform, ...]]] = []
    for image in images:
        digest, index = await index_of(image)
        if isinstance(index, ImageUnknown):
            raise UsageProblem(
                f"{plain(image)} can't be checked: {index}", fix="build or pull it first"
            )
        found.append((image, digest, index, platforms or _platforms_in(image, index)))
    tasks: list[tuple[bool, int, Coroutine[Any, Any, Lane]]] = []
    for number, (image, digest, index, asked) in enumerate(found):
        # By digest: a tag that moves while we ask must not change what is verified.
        reference = _by_digest(image, digest)
        name, measure = _measure(image, target or _label_of(reference, index), own)
        for platform in asked:
            # Naming some platforms asks about these; the others may be there too.
            expected = msgspec.structs.replace(
                measure.of(name, platform, asked), exact_index=not platforms
            )
            lane = _check(at_once, image, reference, expected, index, facts, f"{run_id}-{number}")
            native = facts.host is None or platform.runs_natively_on(facts.host)
            tasks.append((native, len(tasks), lane))
    # The longest first, so that none is left over at the end; told in the order asked.
    tasks.sort(key=lambda task: task[:2])
    lanes = await gather_all(*(lane for _, _, lane in tasks))
    return [lane for _, lane in sorted(zip([at for _, at, _ in tasks], lanes, strict=True))]


def _platforms_in(image: str, index: list[SeenImage]) -> tuple[Platform, ...]:
    """Return the platforms that an image holds; raises UsageProblem for what can't be asked."""
    if not index:
        raise UsageProblem(f"{plain(image)} holds no image", fix="rebuild it or pull it again")
    found = []
    for seen in index:
        try:
            found.append(parse_platform(seen.platform))
        except UsageProblem as problem:
            others = [one.platform for one in index if one.platform.startswith("linux/")]
            raise UsageProblem(
                f"{plain(image)} holds an image for '{one_line(seen.platform)}', "
                "which can't be checked",
                fix="name those that can with --platforms",
                valid=one_line(" ".join(others)),
            ) from problem
    return tuple(found)


def _measure(image: str, target: str, own: ChecksFile | None) -> tuple[str, ExpectationResolver]:
    """Return as which target an image is measured, and by what."""
    named = () if own is None else (own,)
    if any(variant.name == target for variant in our_variants()):
        return target, ExpectationResolver((shipped_checks(), *named))
    if own is None:
        sys.stderr.write(
            f"openhqm-tui: {plain(image)} has no known `queue.backend` label, so it is asked only "
            f"what is right for every image; give --variant, or --checks FILE (or {PROJECT_CHECKS} "
            "in this folder), to ask more\n"
        )
    return target or _without_tag(image.partition("@")[0]).rpartition("/")[2], ExpectationResolver(
        named
    )


async def _check(
    at_once: asyncio.Semaphore,
    image: str,
    reference: str,
    expected: Expectation,
    index: list[SeenImage],
    facts: EngineFacts,
    run_id: str,
) -> Lane:
    emulated = facts.host is not None and not expected.platform.runs_natively_on(facts.host)
    lane = str(expected.platform).replace("/", "-")
    async with at_once:
        checked = await check_lane(
            reference, expected, index, emulated=emulated, run_id=run_id, lane=lane
        )
    return Lane(image, str(expected.platform), emulated, checked.verdicts)


def _by_digest(image: str, digest: str) -> str:
    """Return what names an image for good; the beginning of its id is no name to put before it."""
    if digest.removeprefix("sha256:").startswith(image.removeprefix("sha256:").lower()):
        return digest
    return f"{image.rpartition('@')[0] or _without_tag(image)}@{digest}"


def _without_tag(image: str) -> str:
    head, colon, tail = image.rpartition(":")
    return head if colon and "/" not in tail else image


def _label_of(reference: str, index: list[SeenImage]) -> str:
    """Return the variant of ours that an image says it is; '' where it says none."""
    ours = {variant.name for variant in our_variants()}
    for seen in index:
        try:
            told = read_config(reference, seen.platform).labels.get("queue.backend", "")
        except ImageUnknown:
            continue
        if told in ours:
            return told
    return ""
