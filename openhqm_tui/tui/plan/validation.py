"""Everything that speaks against a build of what is chosen, in one line that names the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openhqm_tui.domain.plan.bake import Source
from openhqm_tui.domain.plan.image_names import full_name
from openhqm_tui.domain.plan.options import BuildOptions, has_own_tags, problems_in

if TYPE_CHECKING:
    from openhqm_tui.engine.docker.facts import EngineFacts
    from openhqm_tui.engine.source.base_image import Pullable

NOTHING_CHOSEN = "nothing selected"


def wrong_fields(order: BuildOptions, source: Source | None) -> dict[str, str]:
    """Return what is wrong with each field of `order`, by the field's name."""
    return {field: str(problem) for field, problem in problems_in(order, source)}


def obstacle_in(order: BuildOptions, facts: EngineFacts) -> str:
    """Return why the engine could not build or check `order`; '' if it can."""
    if not order.selection:
        return NOTHING_CHOSEN
    from openhqm_tui.run.start.preflight import why_not_loaded

    many = order.multi_platform
    if many and not facts.can_load_many_platforms:
        return "the classic image store is single-platform; switch it in Doctor (5)"
    if why := why_not_loaded(facts, many=many, push=order.push):
        return f"{why}: push, or choose another builder"
    if order.check and (lacking := without_emulator(order, facts)):
        return f"no emulator for {lacking}: 5 Doctor"
    if order.push and order.check and not facts.verifies and not order.allow_unknown:
        return (
            f"Docker Engine {facts.server_version} can't verify images, and only verified images "
            "are pushed: switch on allow unknown (U), or push off"
        )
    if order.push and not facts.containerd_store:
        return "the classic image store keeps no registry digests; switch it in Doctor (5)"
    return ""


def without_emulator(order: BuildOptions, facts: EngineFacts) -> str:
    """Return the chosen platforms that nothing here runs, in words."""
    return ", ".join(str(p) for p in order.platforms if facts.how(p) == "none")


def base_trouble(found: Pullable, order: BuildOptions) -> tuple[str, bool]:
    """Return what is wrong with the base image, and whether that is certain."""
    from openhqm_tui.domain.remedies import Reach

    if lacking := found.missing(order.platforms):
        names = ", ".join(str(platform) for platform in lacking)
        return f"{order.base_image} is not available for {names}: choose another base image", True
    if found.reach is Reach.OK:
        return "", False
    # What the engine may know better than we do: it has mirrors and logins of its own.
    unsure = {Reach.NETWORK, Reach.TLS, Reach.AUTH, Reach.RATE_LIMIT, Reach.OTHER}
    return found.detail, found.reach not in unsure


def destination(names: tuple[str, ...], source: Source | None = None) -> str:
    """Return where a push of images of these names goes, the registry that Docker implies told."""
    if source is not None and has_own_tags(source):
        return "the bake file's own tags"
    return " and ".join(full_name(name) for name in names)
