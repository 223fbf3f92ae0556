"""`openhqm-tui check IMAGE…`: question images that are in the store already."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys

import msgspec

from openhqm_tui.cli.output import automatic_format
from openhqm_tui.cli.summary import aligned
from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.plain_text import plain
from openhqm_tui.domain.platforms import Platform, parse_platform, parse_platforms
from openhqm_tui.domain.problems import EngineProblem, UsageProblem
from openhqm_tui.domain.proof import SeenImage
from openhqm_tui.domain.variants import VARIANT_NAMES, Variant, find_variant
from openhqm_tui.domain.verdicts import Answer, Verdict, proved
from openhqm_tui.engine.facts import EngineFacts, read_facts
from openhqm_tui.engine.images import ImageUnknown, read_config
from openhqm_tui.run.checks import check_lane, index_of
from openhqm_tui.run.prepare import expectation_of

_MARKS = {Answer.PASS: "✓", Answer.WARN: "!", Answer.FAIL: "✗", Answer.UNKNOWN: "?"}


class Lane(msgspec.Struct, frozen=True):
    """One image on one platform and its verdicts."""

    image: str
    platform: str
    emulated: bool
    verdicts: tuple[Verdict, ...]


def run(parsed: argparse.Namespace) -> int:
    """Check every lane of every image; 0 where all are proved, else 1."""
    variant = find_variant(parsed.variant) if parsed.variant else None
    platforms = parse_platforms(parsed.platforms) if parsed.platforms else ()
    facts = read_facts()
    if facts.error:
        raise EngineProblem(facts.error, fix="see `openhqm-tui doctor`")
    lanes = asyncio.run(_check_all(parsed.images, variant, platforms, facts))
    form = automatic_format() if parsed.format == "auto" else parsed.format
    if form == "json":
        for lane in lanes:
            sys.stdout.write(msgspec.json.encode(lane).decode() + "\n")
    else:
        _print(lanes)
    return 0 if all(proved(lane.verdicts) for lane in lanes) else 1


async def _check_all(
    images: list[str], variant: Variant | None, platforms: tuple[Platform, ...], facts: EngineFacts
) -> list[Lane]:
    at_once = asyncio.Semaphore(max(1, os.cpu_count() or 1))
    run_id = f"check-{secrets.token_hex(3)}"
    found: list[tuple[str, str, list[SeenImage]]] = []
    for image in images:
        digest, index = await index_of(image)
        if isinstance(index, ImageUnknown):
            raise UsageProblem(
                f"{plain(image)} can't be checked: {index}", fix="build or pull it first"
            )
        found.append((image, digest, index))
    tasks = []
    for number, (image, digest, index) in enumerate(found):
        asked = platforms or tuple(parse_platform(seen.platform) for seen in index)
        # By digest: a tag that moves while we ask must not change what is proved.
        reference = f"{image.rpartition('@')[0] or _without_tag(image)}@{digest}"
        wanted = variant or _variant_of(reference, index)
        if wanted is None:
            sys.stderr.write(
                f"openhqm-tui: {plain(image)} has no known `queue.backend` label: only its index "
                "and architecture are checked; give --variant to ask more\n"
            )
        for platform in asked:
            expected = (
                Expectation(platform=platform, platforms=asked, asks_python=False)
                if wanted is None
                else expectation_of(wanted, platform, asked)
            )
            # Naming some platforms asks about these; the others may be there too.
            expected = msgspec.structs.replace(expected, exact_index=not platforms)
            tasks.append(
                _check(at_once, image, reference, expected, index, facts, f"{run_id}-{number}")
            )
    return list(await asyncio.gather(*tasks))


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


def _without_tag(image: str) -> str:
    head, colon, tail = image.rpartition(":")
    return head if colon and "/" not in tail else image


def _variant_of(reference: str, index: list[SeenImage]) -> Variant | None:
    for seen in index:
        try:
            told = read_config(reference, seen.platform).labels.get("queue.backend", "")
        except ImageUnknown:
            continue
        if told in VARIANT_NAMES:
            return find_variant(told)
    return None


def _print(lanes: list[Lane]) -> None:
    rows: list[tuple[str, ...]] = [("image", "platform", "check", "answer", "seen")]
    for lane in lanes:
        how = "emulated" if lane.emulated else "native"
        for verdict in lane.verdicts:
            seen = verdict.evidence
            if verdict.answer is not Answer.PASS and verdict.expected:
                seen += f" (expected {verdict.expected})"
            answer = f"{_MARKS[verdict.answer]} {verdict.answer.value}"
            rows.append((lane.image, f"{lane.platform} {how}", verdict.check, answer, seen))
    for line in aligned(rows):
        sys.stdout.write(plain(line) + "\n")
    good = sum(proved(lane.verdicts) for lane in lanes)
    sys.stdout.write(f"\n{len(lanes)} images: {good} proved, {len(lanes) - good} not\n")
