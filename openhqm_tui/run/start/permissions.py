"""The permissions of a run: what its plan needs, compared with what the user granted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from openhqm_tui.domain.plan.bake import Plan, Source, SourceKind, literal, part_name, read_literal
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
    from openhqm_tui.domain.plan.options import BuildOptions
    from openhqm_tui.domain.run.events import RunInfo
    from openhqm_tui.store.run_folder import Request

_MOST_BYTES = 4_000_000


def needs_of(bodies: Iterable[Mapping[str, Any]], folder: str) -> frozenset[Need]:
    """Return what targets of a plan need beyond the folder in which bake runs."""
    bodies = [read_literal(body) for body in bodies]
    needs = resolve_needs((one for body in bodies for one in needed(body)), folder)
    needs |= links_in_caches((one for body in bodies for one in local_caches(body)), folder)
    own = own_folder(folder)
    return frozenset(one for one in needs if not any(map(one.is_covered_by, own)))


def check_permissions(
    options: BuildOptions, source: Source, plan: Plan, folder: str, bundle: str
) -> tuple[str, ...]:
    """Return the permissions of the run, as `--allow` spells them: no more than its plan needs.

    Raises PermissionsNeeded if the user hasn't granted all of them.
    """
    bodies = list(plan.as_bake()["target"].values())
    if source.kind is SourceKind.BAKE:
        # As Buildx does: what the file requests, even if the plan writes elsewhere.
        bodies += [literal(body, printed=True) for _, body in _requested(options, source)]
    needs = needs_of(bodies, folder)
    granted = (*resolve_grants(options.allow, folder), *_chosen(options, source, bundle, folder))
    if missing(needs, granted):
        granted = (*granted, *_granted_before(source, folder))
    if ungranted := missing(needs, granted):
        raise PermissionsNeeded(ungranted, folder)
    return exactly(needs)


def exactly(needs: Iterable[Need]) -> tuple[str, ...]:
    """Return the needed permissions as `--allow` spells them, without redundant ones."""
    wanted = {need.exact for need in needs}
    within = {one for one in wanted if any(o != one and o.covers(one) for o in wanted)}
    return tuple(sorted(map(str, wanted - within)))


def check_pushes(options: BuildOptions, source: Source) -> None:
    """Raise PushNeeded if the file itself pushes, and the user hasn't decided whether it may."""
    if source.kind is not SourceKind.BAKE or options.push or options.no_push or options.test_only:
        return
    if found := tuple(p for name, body in _requested(options, source) for p in pushes(name, body)):
        raise PushNeeded(found)


def _requested(options: BuildOptions, source: Source) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the definition's targets that bake would build; it drops the outputs of linked ones."""
    for name in linked(source.bake_targets, options.selection):
        body = source.bake_targets[name]
        yield name, body if name in options.selection else {**body, "output": []}


def granted_to(info: RunInfo, requests: Iterable[Request]) -> frozenset[Permission]:
    """Return what a run was granted at its start and by later requests."""
    texts = [*(info.allow or ()), *(text for request in requests for text in request.allow)]
    granted = [one for text in texts for one in parse_permission(text)]
    return resolve_grants(granted, info.cwd or "/")


def chosen_beyond(options: BuildOptions, source: Source, folder: str) -> tuple[str, ...]:
    """Return what a plan needs beyond `folder` because of the options, for `bake --allow`.

    What a bake file itself needs is left out: Buildx asks for that.
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
    """Store what the user allowed for this folder and the current content of its definition."""
    answer = Remembered(
        folder=os.path.realpath(folder),
        digest=definition_digest(source),
        allow=tuple(sorted(map(str, allowed))),
        at=now,
    )
    remember(state_folder(), answer)


def definition_digest(source: Source) -> str:
    """Return the digest of the build definition: the bake files or the Dockerfile."""
    digest = hashlib.sha256()
    readable = True
    for name in source.bake_files or (source.bake_file or source.dockerfile,):
        file = Path(os.path.realpath(name))
        digest.update(str(file).encode("utf-8", "surrogateescape"))
        try:
            digest.update(read_inside(file.parent, file.name, _MOST_BYTES))
        except OSError:
            readable = False
    # Compose files include others, which only Buildx knows.
    if not readable or any(name.lower().endswith((".yml", ".yaml")) for name in source.bake_files):
        digest.update(msgspec.json.encode(source.bake_targets, order="deterministic"))
    return digest.hexdigest()


def _chosen(
    options: BuildOptions, source: Source, bundle: str, folder: str
) -> frozenset[Permission]:
    """Return what the user named: in flags, in settings, or by the current folder."""
    # The targets of a definition have their own secrets.
    reads = [bundle] if bundle and source.kind is not SourceKind.BAKE else []
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
    """Return what the environment and stored answers grant."""
    answers = remembered(state_folder(), os.path.realpath(folder), definition_digest(source))
    return (*from_environment(os.environ), *answers)
