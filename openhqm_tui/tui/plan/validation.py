"""Everything that speaks against a build of what is chosen, in one line that names the way out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.plan.bake import Source, SourceKind, check_tag
from openhqm_tui.domain.plan.image_names import check_names, check_reference, full_name

if TYPE_CHECKING:
    from openhqm_tui.domain.platforms import Platform
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.engine.source.base_image import Pullable
    from openhqm_tui.tui.core.backend import BuildOrder

NOTHING_CHOSEN = "nothing selected"


def wrong_fields(order: BuildOrder, source: Source | None) -> dict[str, str]:
    """Return what is wrong with each field of `order`, by the field's name."""
    return dict(_wrong_fields(order, source))


def obstacle_in(order: BuildOrder, facts: EngineFacts, *, checks: bool) -> str:
    """Return why the engine could not build or check `order`; '' if it can."""
    if not order.rows:
        return NOTHING_CHOSEN
    from openhqm_tui.run.start.preflight import why_not_loaded

    many = any(len(platforms) > 1 for platforms in order.rows.values())
    if many and not facts.can_load_many_platforms:
        return "the classic image store is single-platform; switch it in Doctor (5)"
    if why := why_not_loaded(facts, many=many, push=order.push):
        return f"{why}: push, or choose another builder"
    if checks and (lacking := without_emulator(order, facts)):
        return f"no emulator for {lacking}: 5 Doctor"
    if order.push and checks and not facts.verifies and not order.allow_unknown:
        return (
            f"Docker Engine {facts.server_version} can't verify images, and only verified images "
            "are pushed: switch on allow unknown (U), or push off"
        )
    if order.push and not facts.containerd_store:
        return "the classic image store keeps no registry digests; switch it in Doctor (5)"
    if order.push and not checks:
        return "only verified images are pushed, and the settings turn checks off"
    return ""


def without_emulator(order: BuildOrder, facts: EngineFacts) -> str:
    """Return the chosen platforms that nothing here runs, in words."""
    return ", ".join(str(p) for p in platforms_of(order) if facts.how(p) == "none")


def platforms_of(order: BuildOrder) -> tuple[Platform, ...]:
    """Return every platform of `order`, once."""
    return tuple(dict.fromkeys(p for platforms in order.rows.values() for p in platforms))


def base_trouble(found: Pullable, order: BuildOrder) -> tuple[str, bool]:
    """Return what is wrong with the base image, and whether that is certain."""
    from openhqm_tui.engine.source.base_image import Reach

    if lacking := found.missing(platforms_of(order)):
        names = ", ".join(str(platform) for platform in lacking)
        return f"{order.base_image} is not available for {names}: choose another base image", True
    if found.reach is Reach.OK:
        return "", False
    # What the engine may know better than we do: it has mirrors and logins of its own.
    unsure = {Reach.NETWORK, Reach.TLS, Reach.AUTH, Reach.RATE_LIMIT, Reach.OTHER}
    return found.detail, found.reach not in unsure


def destination(names: tuple[str, ...], source: Source | None = None) -> str:
    """Return where a push of images of these names goes, the registry that Docker implies told."""
    if source is not None and _names_itself(source):
        return "the bake file's own tags"
    return " and ".join(full_name(name) for name in names)


def _wrong_fields(order: BuildOrder, source: Source | None) -> Iterator[tuple[str, str]]:
    if not order.names:
        yield "name", "the image name is empty: enter openhqm or REGISTRY/openhqm"
    elif any(":" in name.rsplit("/", 1)[-1] for name in order.names):
        yield "name", "the name contains a tag: enter it in the tag field"
    elif problem := _problem_of(lambda: check_names(order.names)):
        yield "name", problem
    elif len(order.names) > 1 and source is not None and _names_itself(source):
        yield "name", "the bake file sets the tags: enter only one name"
    if not order.tag:
        yield "tag", "the tag is empty: enter latest"
    elif problem := _problem_of(lambda: check_tag(order.tag, source.variants if source else ())):
        yield "tag", problem
    if order.base_image:
        if source is not None and source.kind is SourceKind.BAKE:
            yield "base", "the bake file sets its base images: leave the field empty"
        elif problem := _problem_of(lambda: check_reference(order.base_image)):
            yield "base", problem
    if order.push and order.test_only:
        yield "push", "test only keeps no images to push: choose push or test only"


def _names_itself(source: Source) -> bool:
    return any(body.get("tags") for body in source.bake_targets.values())


def _problem_of(check: Callable[[], object]) -> str:
    try:
        check()
    except Problem as problem:
        return str(problem)
    return ""
