"""From selected variants to what Buildx runs: the plan, stored as a bake file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.formatting import count_text
from openhqm_tui.domain.plan.attributes import attributes_of
from openhqm_tui.domain.plan.cache import Cache, CacheKind
from openhqm_tui.domain.plan.image_names import TAG, check_name
from openhqm_tui.domain.plan.outputs import (
    artifact_entries,
    artifacts_of,
    builds_image,
    destinations,
    image_options,
    output_entry,
)
from openhqm_tui.domain.plan.permissions import linked, names_in_outputs, without_remote_caches
from openhqm_tui.domain.plan.requirements import ProjectRequirements
from openhqm_tui.domain.platforms import LOCAL, Platform, own_platforms, parse_platform
from openhqm_tui.domain.text import Inert


class Client(msgspec.Struct, frozen=True):
    """A queue client library: its distribution on PyPI and the module whose import verifies it."""

    distribution: str
    module: str


class Variant(Inert, frozen=True):
    """A named build of the image. OpenHQM's own are data: assets/expectations/openhqm.toml."""

    name: str
    title: str
    clients: tuple[Client, ...] = ()


class TargetGroup(Inert, frozen=True):
    """A named set of a definition's targets."""

    name: str
    description: str
    targets: tuple[str, ...]


DEFAULT_NAME = "openhqm"
EXAMPLE = "nothing to build here: the bundled example (OpenHQM) is used instead"
_MOST_NAMED = 3
_NOT_IN_TARGET = re.compile(r"[^A-Za-z0-9_-]")


class SourceKind(StrEnum):
    """Where the images come from."""

    CHECKOUT = "checkout"
    BUNDLED = "bundled"
    BAKE = "bake"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What can be built: a Dockerfile with `ARG QUEUE_BACKEND` and its context, or a bake file.

    For a bake definition, `bake_targets` holds the resolved targets as `bake --print` gives them,
    `selected` the requested ones, or those built by default, `groups` the groups of `variants`;
    `bake_file` is the main one of `bake_files`, and `problems` has a line for each target that
    Buildx can't resolve. A Dockerfile without variants is a definition with one target, and
    `bases` are the images in its `FROM` lines. For a checkout, `requirements` holds what the
    variants install according to its own files, and `overridden` what flags change in them.
    `example`: the folder has nothing to build, so the bundled images are offered.
    """

    kind: SourceKind
    variants: tuple[Variant, ...]
    context: str = ""
    dockerfile: str = ""
    bake_file: str = ""
    bake_files: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()
    groups: tuple[TargetGroup, ...] = ()
    problems: tuple[str, ...] = ()
    bake_targets: dict[str, dict[str, Any]] = {}
    requirements: ProjectRequirements | None = None
    example: bool = False
    overridden: dict[str, dict[str, Any]] = {}
    bases: tuple[str, ...] = ()

    def given(self, name: str) -> dict[str, Any]:
        """Return what the definition, or a flag, sets in a target."""
        return self.bake_targets.get(name) or self.overridden.get(name) or {}


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """The user's choices.

    `base_for` maps `FROM` names of the Dockerfile to replacement images; `throwaway` is the image
    name of a run that leaves no tags; `created` (seconds since the epoch) and `revision` (commit of
    the context) become labels. `cache_from` and `cache_to` are caches outside of the engine. Every
    tag is set under `name` and each of `more_names`. With `by_digest`, images are pushed untagged
    to the registry of `name` instead of loaded into the engine's store. Without `push`, caches that
    a bake file writes to registries are dropped. `native` is the builder's own platform.
    """

    variants: tuple[Variant, ...]
    platforms: tuple[Platform, ...]
    name: str = DEFAULT_NAME
    more_names: tuple[str, ...] = ()
    tag: str = "latest"
    builder: str = ""
    base_for: dict[str, str] = {}
    python_version: str = "3.13"
    ca_bundle: str = ""
    throwaway: str = ""
    created: int | None = None
    revision: str = ""
    source_url: str = ""
    cache_from: tuple[Cache, ...] = ()
    cache_to: tuple[Cache, ...] = ()
    by_digest: bool = False
    push: bool = False
    native: Platform | None = None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One bake target: one variant on its platforms; `body` is the target's bake JSON.

    With `parts`, the bake JSON of one target per platform by name, it is a group of these: a
    builder with several nodes would otherwise push the merged index under a tag (`latest` by
    default) before it is verified. With `artifacts`, it builds no image: these are what it
    produces, which isn't checked.
    """

    name: str
    variant: str
    platforms: tuple[Platform, ...]
    tags: tuple[str, ...]
    body: dict[str, Any]
    artifacts: tuple[str, ...] = ()
    parts: dict[str, dict[str, Any]] = {}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The resolved targets of one run; `linked` has the bodies of the targets they build on."""

    targets: tuple[Target, ...]
    builder: str = ""
    linked: dict[str, dict[str, Any]] = {}

    def as_bake(self) -> dict[str, Any]:
        """Return the plan as a bake file for `docker buildx bake -f`."""
        bodies = dict(self.linked)
        groups = {"default": {"targets": [target.name for target in self.targets]}}
        for target in self.targets:
            if target.parts:
                groups[target.name] = {"targets": list(target.parts)}
            bodies |= target.parts or {target.name: target.body}
        return {"group": groups, "target": bodies}

    @property
    def lanes(self) -> list[tuple[str, Platform]]:
        """Every target on every one of its platforms."""
        return [(t.name, platform) for t in self.targets for platform in t.platforms]


def part_name(target: str, platform: Platform | str) -> str:
    """Return the name of the bake target for one platform of a target."""
    # Two underscores, to avoid clashes with the user's targets.
    return f"{target}__{str(platform).replace('/', '-')}"


def check_tag(tag: str, variants: tuple[Variant, ...] = ()) -> str:
    """Return `tag` if it is valid with each variant's suffix, else raise UsageProblem."""
    if not tag:
        raise UsageProblem("the tag is empty", fix="use a tag such as latest")
    if not TAG.fullmatch(tag):
        near = re.sub(r"[^A-Za-z0-9_.-]+", "-", tag).strip("-.")[:128]
        raise UsageProblem(
            f"'{tag}' isn't a valid tag",
            fix="use at most 128 letters, digits and _ . -, and don't start with . or -"
            + (f", such as {near}" if TAG.fullmatch(near) else ""),
        )
    longest = max((len(variant.name) + 1 for variant in variants), default=0)
    if len(tag) + longest > 128:
        raise UsageProblem(
            f"the tag is {len(tag)} characters long",
            fix=f"use at most {128 - longest}, because the target's name is appended (limit: 128)",
        )
    return tag


def tags_of(variant: Variant, name: str, tag: str) -> tuple[str, ...]:
    """Return the tags of a variant: `NAME:TAG-VARIANT`; for `all`, `NAME:TAG` too."""
    suffixed = f"{name}:{tag}-{variant.name}"
    return (f"{name}:{tag}", suffixed) if variant.name == "all" else (suffixed,)


def repository_of(tag: str) -> str:
    """Return a reference without its tag: `localhost:5000/x` for `localhost:5000/x:1.0`."""
    name, colon, last = tag.rpartition(":")
    return name if colon and "/" not in last else tag


def make_plan(source: Source, choices: Choices) -> Plan:
    """Resolve choices into targets; raises UsageProblem if they are invalid."""
    if not choices.variants:
        raise UsageProblem("nothing selected to build", fix="name a target or use --build-all")
    if not choices.platforms:
        raise UsageProblem("no platform selected", fix="use --platforms linux/amd64,linux/arm64")
    for name in (choices.name, *choices.more_names):
        check_name(name)
    check_tag(choices.tag, choices.variants)
    make = _bake_target if source.kind is SourceKind.BAKE else _own_target
    targets = tuple(make(source, choices, variant) for variant in choices.variants)
    return Plan(targets=targets, builder=choices.builder)


def linked_targets(
    source: Source, selection: Mapping[str, Sequence[Platform]], *, push: bool
) -> dict[str, dict[str, Any]]:
    """Return the unselected targets of a bake file that selected targets build on.

    They have no output, and of several platforms only those that are selected.
    """
    wanted: dict[str, dict[Platform, None]] = {}
    for chosen, platforms in selection.items():
        for name in linked(source.bake_targets, [chosen]):
            if name not in selection:
                wanted.setdefault(name, {}).update(dict.fromkeys(platforms))
    found = {}
    for name, theirs in wanted.items():
        body = {k: v for k, v in source.bake_targets[name].items() if k != "tags"}
        if len(texts := body.get("platforms") or ()) > 1:
            kept = [text for text in texts if _is_one_of(text, theirs)]
            body["platforms"] = kept or [str(platform) for platform in theirs]
        body["output"] = ["type=cacheonly"]
        if not push and "cache-to" in body:
            body["cache-to"] = without_remote_caches(body["cache-to"])
        found[name] = literal(body, printed=True)
    return found


def _is_one_of(text: str, platforms: Iterable[Platform]) -> bool:
    try:
        return text == LOCAL or parse_platform(text) in platforms
    except UsageProblem:
        return False


def bake_command(
    bake_file: str,
    targets: tuple[str, ...],
    builder: str = "",
    allow: tuple[str, ...] = (),
) -> list[str]:
    """Return the command that builds targets of a plan, to be copied by the user.

    `allow` are the granted permissions that the plan needs outside of its folder.
    """
    words = ["docker", "buildx"]
    if builder:
        words += ["--builder", builder]
    flags = [f"--allow={permission}" for permission in allow]
    return [*words, "bake", *flags, "-f", bake_file, *targets]


def _target(
    name: str,
    variant: Variant,
    tags: tuple[str, ...],
    body: dict[str, Any],
    choices: Choices,
    *,
    printed: bool = False,
    artifacts: tuple[str, ...] = (),
) -> Target:
    """Return a target with its caches; in parts if several platforms are pushed by digest."""
    body = literal(body, printed=printed)
    parts: dict[str, dict[str, Any]] = {}
    if choices.by_digest and len(choices.platforms) > 1 and not artifacts:
        # Otherwise the names of a part's steps have no platform.
        args = {**(body.get("args") or {}), "BUILDKIT_MULTI_PLATFORM": "1"}
        for platform in choices.platforms:
            part = {**body, "args": args, "platforms": [str(platform)]}
            # In a shared cache, the last export would replace the other.
            _add_caches(part, choices, part_name(variant.name, platform))
            parts[part_name(name, platform)] = part
    _add_caches(body, choices, variant.name)
    return Target(
        name=name,
        variant=variant.name,
        platforms=choices.platforms,
        tags=tags,
        body=body,
        artifacts=artifacts,
        parts=parts,
    )


def _add_caches(body: dict[str, Any], choices: Choices, variant: str) -> None:
    """Add the chosen caches to those of a target."""
    for key, caches, way in (
        ("cache-from", choices.cache_from, CacheKind.FROM),
        ("cache-to", choices.cache_to, CacheKind.TO),
    ):
        if caches:
            entries = {key: [cache.entry(variant, way) for cache in caches]}
            body[key] = [*(body.get(key) or ()), *literal(entries, printed=False)[key]]


def _own_target(source: Source, choices: Choices, variant: Variant) -> Target:
    names = (choices.name, *choices.more_names)
    given = dict(source.overridden.get(variant.name) or {})
    own_tags = tuple(given.get("tags") or ())
    tags = (
        (f"{choices.throwaway}-{variant.name}",)
        if choices.throwaway
        else own_tags or tuple(tag for name in names for tag in tags_of(variant, name, choices.tag))
    )
    args: dict[str, str] = {
        "QUEUE_BACKEND": variant.name,
        "PYTHON_VERSION": choices.python_version,
    }
    # Not `queue.backend`: the Dockerfile must set it, or its check would test nothing.
    labels = {"org.opencontainers.image.version": choices.tag}
    base = next(iter(choices.base_for.values()), f"python:{choices.python_version}-slim")
    labels["org.opencontainers.image.base.name"] = base
    if choices.revision:
        labels["org.opencontainers.image.revision"] = choices.revision
    if choices.source_url:
        labels["org.opencontainers.image.source"] = choices.source_url
    if choices.created is not None:
        # BuildKit takes the image's and the layers' times from here, so equal input
        # gives an equal digest (docs.docker.com/build/ci/github-actions/reproducible-builds).
        args["SOURCE_DATE_EPOCH"] = str(choices.created)
        moment = datetime.fromtimestamp(choices.created, UTC)
        labels["org.opencontainers.image.created"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    body: dict[str, Any] = {
        "context": source.context,
        "dockerfile": source.dockerfile,
        "args": args,
        "labels": labels,
        "platforms": [str(platform) for platform in choices.platforms],
        "attest": ["type=provenance,disabled=true"],
    }
    if choices.base_for:
        body["contexts"] = {
            name: f"docker-image://{image}" for name, image in choices.base_for.items()
        }
    if choices.ca_bundle:
        body["secret"] = [f"id=ca-bundle,src={choices.ca_bundle}"]
    given.pop("platforms", None)
    body = _merged(body, given)
    name = _NOT_IN_TARGET.sub("-", variant.name)
    return _with_outputs(name, variant, tags, body, choices)


def _merged(body: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with what flags set: maps and lists of what has a name or type are merged."""
    merged = dict(body)
    for key, value in given.items():
        if isinstance(value, Mapping):
            merged[key] = {**(body.get(key) or {}), **value}
        elif key == "attest":
            kinds = {attributes_of(entry).get("type") for entry in value}
            kept = [e for e in body.get(key) or () if attributes_of(e).get("type") not in kinds]
            merged[key] = [*kept, *value]
        elif key == "secret":
            merged[key] = [*(body.get(key) or ()), *value]
        else:
            merged[key] = value
    return merged


def _goes_to(
    choices: Choices, tags: tuple[str, ...], options: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    """Return a bake target's tags and output: the engine's store, or a registry by digest.

    `options` say how the image is written.
    """
    if not choices.by_digest:
        return {"tags": list(tags), "output": [output_entry(("type=docker", *options))]}
    attributes = (
        *(
            f"name={repository_of(tags[0])}",
            "push-by-digest=true",
            "name-canonical=true",
            "push=true",
        ),
        # A node that is an engine would keep every image on its disk.
        *("store=false", "oci-mediatypes=true"),
        *(option for option in options if not option.startswith("oci-mediatypes=")),
    )
    # With a tag, Buildx would push by tag.
    return {"tags": [], "output": [output_entry(("type=image", *attributes))]}


def _bake_target(source: Source, choices: Choices, variant: Variant) -> Target:
    """Return a target of the user's definition, changing only platforms and output."""
    body = dict(source.bake_targets[variant.name])
    texts = body.pop("platforms", None) or []
    if platforms := _platform_texts(texts, choices, images=builds_image(body)):
        body["platforms"] = platforms
    if not choices.push and "cache-to" in body:
        body["cache-to"] = without_remote_caches(body["cache-to"])
    if choices.base_for:
        contexts = {n: f"docker-image://{image}" for n, image in choices.base_for.items()}
        body["contexts"] = {**(body.get("contexts") or {}), **contexts}
    tags = tags_for(source, variant.name, choices) if builds_image(body) else ()
    return _with_outputs(variant.name, variant, tags, body, choices, printed=True)


def _with_outputs(
    name: str,
    variant: Variant,
    tags: tuple[str, ...],
    body: dict[str, Any],
    choices: Choices,
    *,
    printed: bool = False,
) -> Target:
    """Return a target whose image is loaded or pushed by digest; other outputs stay as they are."""
    if not builds_image(body):
        made = artifacts_of(body)
        return _target(name, variant, (), body, choices, printed=printed, artifacts=made)
    goes_to = _goes_to(choices, tags, image_options(body))
    goes_to["output"] = [*goes_to["output"], *artifact_entries(body)]
    return _target(name, variant, tags, body | goes_to, choices, printed=printed)


def _platform_texts(texts: list[str], choices: Choices, *, images: bool) -> list[str]:
    """Return the platforms of a target as its definition spells them; [] for the builder's own."""
    native = choices.native or choices.platforms[0]
    own, _ = own_platforms(texts, native)
    if choices.native and not texts and choices.platforms == (native,):
        return []
    if not images and tuple(own) == choices.platforms:
        # An artifact is made for platforms that aren't Linux, too.
        return texts
    return [own.get(platform) or str(platform) for platform in choices.platforms]


def tags_for(source: Source, target: str, choices: Choices) -> tuple[str, ...]:
    """Return the tags of a definition's target: its own, else one of ours, so it can be checked."""
    tags = _names(source.bake_targets[target])
    if choices.throwaway:
        return (f"{choices.throwaway}-{target}",)
    if not tags and choices.name == DEFAULT_NAME and not choices.more_names:
        folder = _in_image_name(source.context.rpartition("/")[2])
        name = _in_image_name(target)
        both = "-".join(filter(None, (folder, name if name != folder else "")))
        return (f"{both or 'image'}:{choices.tag}",)
    if not tags:
        names = (choices.name, *choices.more_names)
        return tuple(f"{name}:{choices.tag}-{target}" for name in names)
    if choices.more_names:
        raise UsageProblem(
            f"the bake file sets the tags of {target}, so only one --name can be given",
            fix="list all tags in the bake file",
        )
    return tags


def untagged(source: Source) -> tuple[str, ...]:
    """Return the targets whose images are named by the options, not by the definition."""
    bodies = source.bake_targets
    names = [variant.name for variant in source.variants]
    if source.kind is not SourceKind.BAKE:
        return tuple(names)
    return tuple(
        name
        for name in names
        if name in bodies and builds_image(bodies[name]) and not _names(bodies[name])
    )


def _in_image_name(text: str) -> str:
    # Separators that Docker allows in a name are kept (distribution/reference, path-component).
    return re.sub(
        r"[^a-z0-9]+",
        lambda found: found[0] if found[0] in {".", "_", "__"} else "-",
        text.lower(),
    ).strip("._-")


def not_built(target: str, platforms: Sequence[str]) -> str:
    """Return that a target isn't built for some of its platforms."""
    return f"{target} is not built for {', '.join(platforms)}: such images can't be checked"


def changes(source: Source, plan: Plan, native: Platform, *, push: bool) -> list[str]:
    """Return a line for each kind of change that a plan makes to a definition's targets."""
    if source.kind is not SourceKind.BAKE:
        return []
    lines = []
    images = [target for target in plan.targets if not target.artifacts]
    bodies = {target.name: source.bake_targets.get(target.variant, {}) for target in images}
    for target in images:
        found, left = own_platforms(bodies[target.name].get("platforms") or (), native)
        if left and target.platforms == tuple(found):
            lines.append(not_built(target.name, left))
    if kinds := destinations(bodies.values()):
        how = "tagged in the registry after" if push else "loaded into Docker for"
        lines.append(
            f"output type={', type='.join(kinds)} is replaced: images are {how} their checks"
        )
    untagged = [one for one in images if one.body["tags"] and not _names(bodies[one.name])]
    if untagged and source.bake_file:
        named = ", ".join(f"{one.name} ({one.tags[0]})" for one in untagged[:_MOST_NAMED])
        more = f" and {len(untagged) - _MOST_NAMED} more" if len(untagged) > _MOST_NAMED else ""
        lines.append(f"untagged targets get a tag, so that they can be checked: {named}{more}")
    caches = [entry for body in bodies.values() for entry in body.get("cache-to") or ()]
    if not push and (count := len(caches) - len(without_remote_caches(caches))):
        lines.append(
            f"without --push, {count_text(count, 'remote cache export')} "
            f"{'is' if count == 1 else 'are'} skipped"
        )
    return lines


def added_output(source: Source, plan: Plan) -> str:
    """Return which output a plan gives to targets of a definition without any; '' if none."""
    for target in plan.targets:
        own = source.bake_targets.get(target.variant, {}).get("output")
        is_loaded = target.body.get("output") == ["type=docker"]
        if source.kind is SourceKind.BAKE and not (target.artifacts or own) and is_loaded:
            return "targets without an output get type=docker: their images are loaded into Docker"
    return ""


def _names(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(body.get("tags") or ()) or names_in_outputs(body)


# bake evaluates `${…}` and `%{…}` in JSON too, and `bake --print` escapes them in some attributes
# only. If its output were run unchanged, it would be evaluated again, and a path could change
# after it was checked.

# As in Buildx 0.29.1, bake/bake.go, Target.MarshalJSON; only the values of maps.
_ESCAPED_BY_PRINT = {"annotations", "args", "dockerfile-inline", "extra-hosts", "labels"}


def literal(body: dict[str, Any], *, printed: bool) -> dict[str, Any]:
    """Return a target escaped so that bake takes all of its text literally.

    `printed`: it is output of `bake --print`.
    """
    return {
        _escaped(key): _mapped(value, values=not (printed and key in _ESCAPED_BY_PRINT))
        for key, value in body.items()
    }


def plain_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a target of `bake --print` with all of its text as bake reads it."""
    return {
        key: read_literal(value) if key in _ESCAPED_BY_PRINT else value
        for key, value in body.items()
    }


def read_literal(value: Any) -> Any:
    """Return the text that bake reads from the result of `literal`, except what print escapes."""
    if isinstance(value, str):
        return value.replace("$${", "${").replace("%%{", "%{")
    if isinstance(value, list | tuple):
        return [read_literal(one) for one in value]
    if isinstance(value, dict):
        return {read_literal(key): read_literal(one) for key, one in value.items()}
    return value


def _mapped(value: Any, *, values: bool) -> Any:
    if isinstance(value, str):
        return _escaped(value) if values else value
    if isinstance(value, list | tuple):
        return [_mapped(one, values=values) for one in value]
    if isinstance(value, dict):
        return {_escaped(str(key)): _mapped(one, values=values) for key, one in value.items()}
    return value


def _escaped(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")
