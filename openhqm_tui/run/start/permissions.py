"""The permissions of a run: what its plan needs, compared with what the user granted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from openhqm_tui.domain.plan.bake import Plan, Source, SourceKind, part_name
from openhqm_tui.domain.plan.bake_text import literal, read_literal
from openhqm_tui.domain.plan.image_names import is_remote
from openhqm_tui.domain.plan.permissions import (
    READ,
    WRITE,
    Need,
    Permission,
    PermissionsNeeded,
    PushNeeded,
    linked,
    local_caches,
    missing,
    needed,
    parse_permission,
    pushes,
)
from openhqm_tui.engine.source.certificates import ca_bundle
from openhqm_tui.engine.source.permissions import (
    from_environment,
    links_in_caches,
    own_folder,
    resolve_grants,
    resolve_needs,
)
from openhqm_tui.files.confined import read_inside
from openhqm_tui.store.paths import at_home, state_folder
from openhqm_tui.store.permissions import Remembered, remember, remembered

if TYPE_CHECKING:
    from openhqm_tui.domain.run.events import RunInfo
    from openhqm_tui.run.start.prepare import Options
    from openhqm_tui.store.run_folder import Request

_MOST_BYTES = 4_000_000


def needs_of(bodies: Iterable[Mapping[str, Any]], folder: str) -> frozenset[Need]:
    """Return what targets of a plan need beyond the folder that bake runs in."""
    bodies = [read_literal(body) for body in bodies]
    needs = resolve_needs((one for body in bodies for one in needed(body)), folder)
    needs |= links_in_caches((one for body in bodies for one in local_caches(body)), folder)
    own = own_folder(folder)
    return frozenset(one for one in needs if not any(map(one.is_covered_by, own)))


def check_permissions(
    options: Options, source: Source, plan: Plan, folder: str, bundle: str
) -> tuple[str, ...]:
    """Return what the run may do, as `--allow` spells it: no more than its plan needs.

    Raises PermissionsNeeded where a person has not granted all of it.
    """
    bodies = list(plan.as_bake()["target"].values())
    if source.kind is SourceKind.BAKE:
        # What the file asks for, also where the plan writes elsewhere: as Buildx does.
        names = linked(source.bake_targets, options.selection)
        bodies += [literal(source.bake_targets[name], printed=True) for name in names]
    needs = needs_of(bodies, folder)
    granted = (*resolve_grants(options.allow, folder), *_chosen(options, source, bundle, folder))
    if missing(needs, granted):
        granted = (*granted, *_granted_before(source, folder))
    if lacking := missing(needs, granted):
        raise PermissionsNeeded(lacking, folder)
    return exactly(needs)


def exactly(needs: Iterable[Need]) -> tuple[str, ...]:
    """Return what is needed as `--allow` spells it, and no more."""
    wanted = {need.exact for need in needs}
    within = {one for one in wanted if any(o != one and o.covers(one) for o in wanted)}
    return tuple(sorted(map(str, wanted - within)))


def check_pushes(options: Options, source: Source) -> None:
    """Raise PushNeeded where the file itself pushes, and nobody has said whether it may."""
    if source.kind is not SourceKind.BAKE or options.push or options.no_push or options.test_only:
        return
    names = linked(source.bake_targets, options.selection)
    if told := tuple(one for name in names for one in pushes(name, source.bake_targets[name])):
        raise PushNeeded(told)


def granted_to(info: RunInfo, requests: Iterable[Request]) -> frozenset[Permission]:
    """Return what a run was granted at its start, and by who took it up again."""
    texts = [*(info.allow or ()), *(text for request in requests for text in request.allow)]
    granted = [one for text in texts for one in parse_permission(text)]
    return resolve_grants(granted, info.cwd or "/")


def chosen_beyond(options: Options, source: Source, folder: str) -> tuple[str, ...]:
    """Return what a plan of our own needs beyond `folder`, for `docker buildx bake --allow`.

    Of what a stranger's bake file needs nothing is among it: Buildx asks for that itself.
    """
    own = own_folder(folder)
    chosen = _chosen(options, source, ca_bundle(options.ca_bundle), folder)
    return tuple(sorted(map(str, missing((Need(one, one) for one in chosen), own))))


def of_settings(allow: Mapping[str, list[str]] | None, folder: Path) -> tuple[Permission, ...]:
    """Return what the user's own settings allow in a folder; raises UsageProblem."""
    granted: list[Permission] = []
    for place, texts in (allow or {}).items():
        if at_home(place).resolve() != folder.resolve():
            continue
        for permission in (one for text in texts for one in parse_permission(text)):
            value = permission.value
            if value.startswith("~"):
                permission = Permission(permission.key, str(at_home(value)))
            granted.append(permission)
    return tuple(resolve_grants(granted, str(folder.resolve())))


def remember_answer(source: Source, allowed: Iterable[Permission], folder: str, now: float) -> None:
    """Remember what a person has allowed for this folder and its definition as it is now."""
    answer = Remembered(
        folder=os.path.realpath(folder),
        digest=definition_digest(source),
        allow=tuple(sorted(map(str, allowed))),
        at=now,
    )
    remember(state_folder(), answer)


def definition_digest(source: Source) -> str:
    """Return the digest of what says how to build: the bake file, or the Dockerfile."""
    file = Path(os.path.realpath(source.bake_file or source.dockerfile))
    digest = hashlib.sha256(str(file).encode("utf-8", "surrogateescape"))
    try:
        digest.update(read_inside(file.parent, file.name, _MOST_BYTES))
    except OSError:
        digest.update(msgspec.json.encode(source.bake_targets, order="deterministic"))
    return digest.hexdigest()


def _chosen(options: Options, source: Source, bundle: str, folder: str) -> frozenset[Permission]:
    """Return what a person has named, in flags or settings, or by standing in a folder."""
    reads = [bundle] if bundle else []
    if source.kind is not SourceKind.BAKE and not is_remote(source.context):
        reads.append(source.context)
    if options.dockerfile or source.kind is SourceKind.BUNDLED:
        reads.append(source.dockerfile)
    granted = [Permission(READ, path) for path in reads]
    for variant, platforms in options.selection.items():
        for name in (variant, *(part_name(variant, platform) for platform in platforms)):
            for key, caches in ((READ, options.cache_from), (WRITE, options.cache_to)):
                places = filter(None, (cache.folder_of(name) for cache in caches))
                granted += [Permission(key, place) for place in places]
    return resolve_grants(granted, folder)


def _granted_before(source: Source, folder: str) -> tuple[Permission, ...]:
    """Return what environment and remembered answers grant here."""
    answers = remembered(state_folder(), os.path.realpath(folder), definition_digest(source))
    return (*from_environment(os.environ), *answers)
