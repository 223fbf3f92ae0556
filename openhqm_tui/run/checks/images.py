"""Checking existing images, on each platform they hold."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from openhqm_tui.domain.checks.config_file import ChecksFile
from openhqm_tui.domain.checks.evidence import SeenImage
from openhqm_tui.domain.checks.expectation import Expectation
from openhqm_tui.domain.checks.verdict import Verdict
from openhqm_tui.domain.checks.waiver import idle_waivers
from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import Source
from openhqm_tui.domain.platforms import Platform, parse_platform
from openhqm_tui.domain.text import one_line, plain
from openhqm_tui.engine.docker.facts import EngineFacts
from openhqm_tui.engine.docker.images import ImageUnknown, read_config
from openhqm_tui.run.checks.companions import Companions
from openhqm_tui.run.checks.container import sweep
from openhqm_tui.run.checks.lane import Documents, index_of
from openhqm_tui.run.checks.workload import Workload
from openhqm_tui.run.process import gather_all
from openhqm_tui.run.start.expectations import ExpectationResolver, project_files
from openhqm_tui.store.checks_files import PROJECT_CHECKS, our_variants, shipped_checks


class CheckedImage(msgspec.Struct, frozen=True):
    """One image on one platform and its verdicts."""

    image: str
    platform: str
    emulated: bool
    verdicts: tuple[Verdict, ...]


async def check_images(
    images: Sequence[str],
    target: str,
    own: ChecksFile | None,
    platforms: tuple[Platform, ...],
    facts: EngineFacts,
    *,
    source: Source | None = None,
    companions: bool = True,
    notify: Callable[[str], object],
) -> list[CheckedImage]:
    """Check images on the given platforms, or on all they hold; raises UsageProblem.

    `target` names the expectations, '' to take them from each image's label; `own` is the
    project's file, `source` its checkout if this is one. With `companions` False, services run
    without them. `notify` receives a line about each image without known expectations, each
    companion, each service that is started again, and each waiver without an effect.
    """
    workload = Workload()
    run_id = f"check-{secrets.token_hex(3)}"
    peers = Companions(facts.host, notify)
    await sweep()
    found: list[tuple[str, str, list[SeenImage], tuple[Platform, ...]]] = []
    for image in images:
        digest, index = await index_of(image)
        if isinstance(index, ImageUnknown):
            missing = "no such image" in str(index).lower()
            raise UsageProblem(
                f"{plain(image)} can't be checked: {index}",
                fix="build or pull the image first" if missing else "",
            )
        found.append((image, digest, index, platforms or platforms_in(image, index)))
    expectations: list[Expectation] = []
    tasks: list[tuple[bool, int, Coroutine[Any, Any, CheckedImage]]] = []
    for number, (image, digest, index, wanted) in enumerate(found):
        # By digest: a tag that is moved meanwhile must not change what is checked.
        reference = by_digest(image, digest)
        documents = Documents(reference, digest, index)
        named = target or _label_of(reference, index)
        name, resolver = _resolver(image, named, own, source, wanted, notify)
        for platform in wanted:
            # Given platforms needn't be all that the image holds.
            expected = msgspec.structs.replace(
                resolver.of(name, platform, wanted, companions=companions),
                exact_index=not platforms,
            )
            native = facts.host is None or platform.runs_natively_on(facts.host)
            check = _check(
                workload,
                image,
                expected,
                emulated=not native,
                reference=reference,
                index=index,
                documents=documents,
                companions=peers,
                notify=notify,
                run_id=f"{run_id}-{number}",
            )
            expectations.append(expected)
            tasks.append((native, len(tasks), check))
    # Start the slowest (emulated) first; return the results in the order of the arguments.
    tasks.sort(key=lambda task: task[:2])
    checked = await gather_all(*(check for _, _, check in tasks))
    results = sorted(zip([at for _, at, _ in tasks], checked, strict=True))
    for line in idle_waivers((expectations[at], one.verdicts) for at, one in results):
        notify(line)
    return [one for _, one in results]


def platforms_in(image: str, index: list[SeenImage]) -> tuple[Platform, ...]:
    """Return the platforms that an image holds; raises UsageProblem if one can't be checked."""
    images = [seen for seen in index if not seen.attestation]
    if not images:
        raise UsageProblem(
            f"the index of {plain(image)} lists no images", fix="rebuild or pull the image"
        )
    found = {}
    for seen in images:
        try:
            # The check `index` reports a platform with several images.
            found[seen.platform] = parse_platform(seen.platform)
        except UsageProblem as problem:
            others = [one.platform for one in images if one.platform.startswith("linux/")]
            raise UsageProblem(
                f"{plain(image)} contains an image for '{one_line(seen.platform)}', "
                "which can't be checked",
                fix="select the platforms to check with --platforms",
                valid=one_line(" ".join(others)),
            ) from problem
    return tuple(found.values())


def by_digest(image: str, digest: str) -> str:
    """Return a reference with the digest; a (shortened) image ID isn't a repository name."""
    if digest.removeprefix("sha256:").startswith(image.removeprefix("sha256:").lower()):
        return digest
    return f"{image.rpartition('@')[0] or _without_tag(image)}@{digest}"


def _resolver(
    image: str,
    target: str,
    own: ChecksFile | None,
    source: Source | None,
    platforms: tuple[Platform, ...],
    notify: Callable[[str], object],
) -> tuple[str, ExpectationResolver]:
    """Return the target whose expectations apply to an image, and what resolves them."""
    named = () if own is None else (own,)
    if any(variant.name == target for variant in our_variants()):
        files = project_files(source, platforms) if source else ()
        return target, ExpectationResolver((shipped_checks(), *files, *named))
    if own is None:
        notify(
            f"{plain(image)} has no `queue.backend` label that names a known variant, so only "
            "general checks run; for all checks, use --variant NAME or --checks FILE, or add "
            f"{PROJECT_CHECKS} to this folder"
        )
    name = target or _without_tag(image.partition("@")[0]).rpartition("/")[2]
    return name, ExpectationResolver(named)


async def _check(
    workload: Workload, image: str, expected: Expectation, *, emulated: bool, **ask: Any
) -> CheckedImage:
    platform = str(expected.platform)
    checked = await workload.check(
        f"{plain(image)} {platform}",
        expected=expected,
        emulated=emulated,
        lane=platform.replace("/", "-"),
        **ask,
    )
    return CheckedImage(image, platform, emulated, checked.verdicts)


def _without_tag(image: str) -> str:
    head, colon, tail = image.rpartition(":")
    return head if colon and "/" not in tail else image


def _label_of(reference: str, index: list[SeenImage]) -> str:
    """Return the shipped variant that an image's label names; '' for none."""
    ours = {variant.name for variant in our_variants()}
    for seen in index:
        try:
            label = read_config(reference, seen.platform).labels.get("queue.backend", "")
        except ImageUnknown:
            continue
        if label in ours:
            return label
    return ""
