"""Checks before the start: everything known in advance that would make a run fail."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from openhqm_tui.domain.errors import EngineProblem, UsageProblem
from openhqm_tui.domain.findings import Finding
from openhqm_tui.domain.plan.bake import Target
from openhqm_tui.domain.plan.builders import nodes_of
from openhqm_tui.domain.plan.cache import Cache, CacheKind, parse_cache, unsupported
from openhqm_tui.domain.plan.options import BuildOptions
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.remedies import Reach
from openhqm_tui.engine.docker.facts import (
    OLD_API,
    UNVERIFIED,
    VERIFYING_ENGINE,
    EngineFacts,
    dotted,
)
from openhqm_tui.engine.source.base_image import (
    WILL_BE_PULLED,
    BaseChoice,
    check_pullable,
    local_platforms,
)
from openhqm_tui.files.confined import read_inside
from openhqm_tui.store.paths import STATE_VARIABLE, at_home

_DOCTOR = "run `openhqm-tui doctor --fix`"


class Obstacle(NamedTuple):
    """Why the engine can't do what is requested; the fix on the command line and in the console."""

    what: str
    fix: str
    in_console: str


def obstacles(options: BuildOptions, facts: EngineFacts) -> Iterator[Obstacle]:
    """Yield what an engine that responds can't do of the request."""
    if options.multi_platform and not facts.can_load_many_platforms:
        yield Obstacle(
            "the engine's image store is single-platform",
            f"switch to the containerd image store ({_DOCTOR}), or build for one platform",
            "switch the store in Doctor (5)",
        )
    if options.check and (missing := _not_runnable(options, facts)):
        yield Obstacle(
            f"no emulator for {', '.join(missing)} on this machine, so "
            f"{'its' if len(missing) == 1 else 'their'} images can't be checked",
            f"{_DOCTOR} to install an emulator, or use --no-check",
            "install an emulator in Doctor (5)",
        )
    # Pushed images are pulled back from the registry; others are loaded where they are checked.
    several_nodes = facts.driver not in {"", "docker"} and len(facts.nodes) > 1
    if several_nodes and options.multi_platform and not options.push:
        yield Obstacle(
            f"builder {facts.builder} has {len(facts.nodes)} nodes, and Buildx can't load "
            "multi-platform images from several nodes into this engine's store",
            "push the images (--push --name REGISTRY/NAME; for a local registry: "
            "localhost:5000/openhqm), build for one platform, or choose another --builder",
            "push the images, or choose another builder",
        )
    # An engine with an old API leaves checks unknown, which only `allow_unknown` accepts.
    if options.push and options.check and not facts.verifies and not options.allow_unknown:
        yield Obstacle(
            "only verified images are pushed, and images can't be verified with Docker Engine "
            f"{facts.server_version}: {OLD_API}",
            f"use Docker Engine {dotted(VERIFYING_ENGINE)} or later, omit --push, or use "
            "--allow-unknown to push images with inconclusive checks",
            "enable “allow unknown” (U), or disable push",
        )
    # The classic store identifies an image by its config's digest, a registry by its manifest's.
    if options.push and not facts.containerd_store:
        yield Obstacle(
            "the engine's image store doesn't keep registry digests, so pushed images can't be "
            "compared with the verified ones",
            f"switch to the containerd image store ({_DOCTOR}), or omit --push",
            "switch the store in Doctor (5), or disable push",
        )


def check_engine(options: BuildOptions, facts: EngineFacts) -> list[str]:
    """Return warnings about the engine; raises EngineProblem if the run can't work with it."""
    if (
        facts.error
        or facts.builder_error
        or facts.engine_too_old
        or facts.buildx_too_old
        or not facts.buildx_version
    ):
        raise _engine_problem(facts, options.platforms)
    for obstacle in obstacles(options, facts):
        raise EngineProblem(obstacle.what, fix=obstacle.fix)
    warnings = [
        f"no emulator for {name} on this machine: RUN steps for this platform will fail"
        for name in _not_runnable(options, facts)
    ]
    if options.check and not facts.verifies:
        warnings.append(f"Docker Engine {facts.server_version}: {UNVERIFIED}")
    return warnings


def _not_runnable(options: BuildOptions, facts: EngineFacts) -> list[str]:
    return [str(platform) for platform in options.platforms if facts.how(platform) == "none"]


def check_base(
    base: BaseChoice, platforms: tuple[Platform, ...], facts: EngineFacts, *, asked: bool
) -> list[str]:
    """Look for the base image first: without it, every target would fail, and late.

    `asked`: the user named it. Returns warnings; raises EngineProblem.
    """
    if facts.driver not in {"", "docker"}:
        return _check_far_base(base, platforms, facts.builder, asked=asked)
    _check_upstream(base, platforms)
    return []


def _check_far_base(
    base: BaseChoice, platforms: tuple[Platform, ...], builder: str, *, asked: bool
) -> list[str]:
    """Look for the base image in a registry, for a builder that can't use the engine's store."""
    answer = check_pullable(base.ref)
    missing = ", ".join(str(platform) for platform in answer.missing(platforms))
    why = f"{base.ref} has no image for {missing}" if missing else answer.detail
    if not why:
        return []
    here = any(local_platforms((base.ref,), platforms).values())
    if here or missing or not asked:
        raise EngineProblem(
            f"builder {builder} can't use this engine's images, so the base image must come "
            f"from a registry: {why}",
            fix="push a base image for all platforms to a registry that the builder can reach "
            "(`docker tag BASE localhost:5000/base`, `docker push localhost:5000/base`), "
            "and use --base-image localhost:5000/base",
        )
    # The builder may reach a registry that this machine can't.
    return [
        f"the base image can't be reached from this machine, but builder {builder} may reach it: "
        f"{why}"
    ]


def _check_upstream(base: BaseChoice, platforms: tuple[Platform, ...]) -> None:
    if base.reason != WILL_BE_PULLED:
        return
    answer = check_pullable(base.ref)
    fix = "use --base-image REF, or build a base image with `openhqm-tui doctor --fix`"
    if answer.reach is not Reach.OK:
        names = ", ".join(str(platform) for platform in platforms)
        raise EngineProblem(f"the base image can't be pulled for {names}: {answer.detail}", fix=fix)
    if missing := answer.missing(platforms):
        names = ", ".join(str(platform) for platform in missing)
        raise EngineProblem(f"the base image {base.ref} has no image for {names}", fix=fix)


def _engine_problem(facts: EngineFacts, platforms: tuple[Platform, ...]) -> EngineProblem:
    # Only for an engine that can't be used: these modules take longer to import than all others.
    from openhqm_tui.engine.doctor.diagnose import diagnose
    from openhqm_tui.engine.doctor.machine import read_machine

    findings = diagnose(facts, read_machine(), platforms, deep=False)
    blocking = [finding for finding in findings if finding.blocks]
    if not blocking:
        return EngineProblem(facts.error or facts.builder_error or "the engine can't be used")
    fixes = [_fix_for(finding) for finding in blocking]
    if not facts.answers:
        fixes.append("to see a recorded run without an engine, run `openhqm-tui replay`")
    return EngineProblem(
        "; ".join(dict.fromkeys(finding.detail for finding in blocking)),
        fix="; ".join(dict.fromkeys(fixes)),
    )


def _fix_for(finding: Finding) -> str:
    if finding.fixes:
        return _DOCTOR
    return finding.advice or "run `openhqm-tui doctor` for details"


_OWN_BUILDER = (
    "create a builder (`openhqm-tui builders create NAME`) and select it with --builder NAME"
)
# Set by GitHub for the steps of a job, and read by Buildx.
_IN_GITHUB = "ACTIONS_RUNTIME_TOKEN"


def caches_of(words: Sequence[str] | None, way: CacheKind, folder: Path) -> tuple[Cache, ...]:
    """Parse cache options; folders are relative to `folder`.

    Raises UsageProblem for the first invalid one.
    """
    caches = dict.fromkeys(parse_cache(word, way) for word in words or ())
    return tuple(_from(folder, cache) for cache in caches)


def check_caches(
    facts: EngineFacts,
    cache_from: tuple[Cache, ...],
    cache_to: tuple[Cache, ...],
    platforms: Iterable[Sequence[Platform]],
) -> list[str]:
    """Return warnings about caches; raises for unsupported ones and those that can't be written.

    `platforms` are those of each target. Raises EngineProblem and UsageProblem.
    """
    for way, caches in ((CacheKind.FROM, cache_from), (CacheKind.TO, cache_to)):
        kinds = unsupported(
            caches, way, driver=facts.driver or "docker", containerd_store=facts.containerd_store
        )
        if kinds:
            raise _unsupported(kinds, way, facts)
    for folder in {cache.folder_of("") for cache in cache_to} - {""}:
        _check_writable(Path(folder))
    warnings = []
    of_github = any(cache.kind == "gha" for cache in (*cache_from, *cache_to))
    if of_github and not os.environ.get(_IN_GITHUB):
        warnings.append(
            f"{_IN_GITHUB} isn't set, so Buildx ignores the GitHub Actions cache (type=gha)"
        )
    kept = [cache for cache in cache_to if cache.kind != "inline"]
    if kept and any(_on_several_nodes(facts, chosen) for chosen in platforms):
        warnings.append(
            "all nodes of the builder export to the same cache, which keeps only the last export"
        )
    return warnings


def _from(folder: Path, cache: Cache) -> Cache:
    if cache.kind != "local" or cache.own:
        return cache
    place = folder / at_home(cache.place)
    return msgspec.structs.replace(cache, place=str(place.resolve()))


def _unsupported(kinds: tuple[str, ...], way: CacheKind, facts: EngineFacts) -> EngineProblem:
    names = ", ".join(kinds)
    builder = facts.builder or "default"
    # An inline cache is imported from the registry that has the image.
    inline = "" if way is CacheKind.FROM else ", inline"
    if facts.containerd_store:
        return EngineProblem(
            f"builder {builder} (docker) doesn't support {way} of type {names}",
            fix=f"{_OWN_BUILDER}, or use another type: registry, local, gha{inline}",
        )
    only = "registry or local" if way is CacheKind.FROM else "inline"
    return EngineProblem(
        f"builder {builder} (docker, classic image store) doesn't support {way} of type {names}",
        fix=f"switch to the containerd image store ({_DOCTOR}), {_OWN_BUILDER}, or use type {only}",
    )


def _check_writable(folder: Path) -> None:
    """Raise UsageProblem if a local cache can't be written; Buildx creates the folder."""
    there = next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    why = "can't be written" if there.is_dir() else "is not a folder"
    raise UsageProblem(f"{CacheKind.TO} local={folder}: {there} {why}", fix="choose another folder")


def _on_several_nodes(facts: EngineFacts, platforms: Sequence[Platform]) -> bool:
    return len({node.name for node in nodes_of(facts.nodes, platforms).values()}) > 1


_MOST_IGNORE_BYTES = 1 << 20


def exposed_state(targets: Iterable[Target], state: Path, cwd: Path) -> list[str]:
    """Return a warning for each context that contains the state folder and doesn't ignore it.

    The journals in it would change what the next run builds.
    """
    bodies = [body for target in targets for body in (target.parts.values() or (target.body,))]
    places = {
        (str(body.get("context") or "."), str(body.get("dockerfile") or "Dockerfile"))
        for body in bodies
    }
    inside = state.resolve()
    warned = {}
    for context, dockerfile in sorted(places):
        folder = (cwd / context).resolve()
        if "://" in context or folder == inside or folder not in inside.parents:
            continue
        name = inside.relative_to(folder).as_posix()
        # A pattern may exclude the folder or only its contents.
        if not is_ignored(_ignore_file(folder, dockerfile), f"{name}/runs"):
            warned[folder] = (
                f"the state folder {inside} is inside the build context {folder}: run journals "
                f"could end up in images and invalidate the build cache; add `{name}` to "
                f".dockerignore, or set {STATE_VARIABLE} to a folder outside the context"
            )
    return list(warned.values())


def _ignore_file(folder: Path, dockerfile: str) -> str:
    """Return the file that BuildKit uses: the Dockerfile's own, else the context's."""
    for file in (folder / f"{dockerfile}.dockerignore", folder / ".dockerignore"):
        try:
            return read_inside(file.parent, file.name, _MOST_IGNORE_BYTES).decode(
                "utf-8", "replace"
            )
        except OSError:
            continue
    return ""


def is_ignored(text: str, path: str) -> bool:
    """Return whether the file's `text` excludes `path`, relative to the context with slashes.

    The last pattern that matches it or a parent folder decides.
    """
    parts = path.split("/")
    names = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    ignored = False
    for line in text.removeprefix("\ufeff").splitlines():
        pattern = "" if line.startswith("#") else line.strip()
        wanted = pattern.startswith("!")
        pattern = _clean(pattern.removeprefix("!").strip())
        if not pattern or wanted != ignored:
            continue
        try:
            found = re.compile(_expression(pattern), re.DOTALL)
        except re.error:
            continue  # BuildKit rejects such a file
        if any(found.fullmatch(name) for name in names):
            ignored = not wanted
    return ignored


def _clean(pattern: str) -> str:
    cleaned = posixpath.normpath(pattern).lstrip("/") if pattern else ""
    return cleaned if cleaned != "." else ""


def _expression(pattern: str) -> str:
    """Return the regular expression of a pattern: `*`, `?`, `[a-z]`, `\\x` and `**`."""
    told, at = "", 0
    while at < len(pattern):
        char = pattern[at]
        if pattern.startswith("**", at):
            at += 2
            if at == len(pattern):
                return f"{told}.*"
            at += pattern.startswith("/", at)
            told += "(?:.*/)?"
            continue
        if char == "*":
            told += "[^/]*"
        elif char == "?":
            told += "[^/]"
        elif char == "[" and (end := pattern.find("]", at + 2)) > 0:
            told += pattern[at : end + 1]
            at = end
        elif char == "\\" and at + 1 < len(pattern):
            at += 1
            told += re.escape(pattern[at])
        else:
            told += re.escape(char)
        at += 1
    return told
