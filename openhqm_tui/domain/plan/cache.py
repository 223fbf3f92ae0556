"""Build caches outside of the engine: from the words of a person to those of BuildKit.

`registry=REF`, `local=DIR`, `gha` and `inline` are presets; `type=…,…` are BuildKit's own words
(https://docs.docker.com/build/cache/backends). Every variant has a place of its own in a preset,
or the last to be exported would be the only one that is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.plan.image_names import check_reference
from openhqm_tui.domain.secrets.patterns import is_secret_name

PLACEHOLDER = "{variant}"
_PRESETS = ("registry=REF", "local=DIR", "gha", "inline", "type=…")
_STARTS = ("registry=", "local=", "type=", "gha", "inline")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.-]")


class CacheKind(StrEnum):
    """Whether a build takes from a cache, or gives to it."""

    FROM = "--cache-from"
    TO = "--cache-to"


class Cache(msgspec.Struct, frozen=True):
    """One place of a build cache: BuildKit's `kind` of it, and where.

    `place` is a reference, a folder or a scope, `own` what a person wrote in BuildKit's words.
    """

    kind: str
    place: str = ""
    own: str = ""

    def entry(self, variant: str, way: CacheKind) -> str:
        """Return BuildKit's words for the cache of one variant."""
        name = _NOT_IN_NAME.sub("-", variant)
        if self.own:
            return self.own.replace(PLACEHOLDER, name)
        fields = {"type": self.kind}
        match self.kind:
            case "registry":
                fields["ref"] = _reference_of(self.place, name)
            case "local":
                fields["src" if way is CacheKind.FROM else "dest"] = self.folder_of(name)
            case "gha":
                fields["scope"] = _placed(self.place, name, "-")
        if way is CacheKind.TO and self.kind != "inline":
            fields["mode"] = "max"
            if self.kind != "local":
                # A registry that is away must cost the cache, not the image; a folder that can't
                # be written is a mistake that wants to be known.
                fields["ignore-error"] = "true"
        return ",".join(_quoted(f"{key}={value}") for key, value in fields.items())

    @property
    def fields(self) -> dict[str, str]:
        """What BuildKit's own words say, by key; nothing of a preset."""
        return _fields(self.own)

    @property
    def places(self) -> tuple[str, ...]:
        """The folders that a local cache names, as they were written."""
        if self.kind != "local":
            return ()
        told = tuple(self.fields[key] for key in ("src", "dest") if key in self.fields)
        return told or (self.place,)

    def folder_of(self, variant: str) -> str:
        """Return the folder of a variant's local cache; '' for caches that are elsewhere."""
        name = _NOT_IN_NAME.sub("-", variant)
        if self.own:
            fields = _fields(self.own)
            told = fields.get("dest") or fields.get("src") or ""
            return told.replace(PLACEHOLDER, name) if self.kind == "local" else ""
        return _placed(self.place, name, "/") if self.kind == "local" else ""


def parse_cache(text: str, way: CacheKind) -> Cache:
    """Read one word of --cache-from or --cache-to; raises UsageProblem with the valid ones."""
    word = text.strip()
    start, equals, rest = word.partition("=")
    rest = rest.strip()
    if start == "type" and equals:
        return _own_words(word, way)
    if start in {"registry", "local"}:
        if not rest:
            example = "registry=ghcr.io/acme/cache" if start == "registry" else "local=.cache"
            raise UsageProblem(f"{way} {word}: it says no place", fix=f"write {example}")
        if start == "registry":
            _check_registry(word, rest, way)
        return Cache(start, rest)
    if start == "gha":
        if equals and (not rest or "," in rest):
            raise UsageProblem(f"{way} {word}: that is no scope", fix="write gha or gha=SCOPE")
        return Cache("gha", rest)
    if word == "inline":
        if way is CacheKind.FROM:
            raise UsageProblem(
                f"{way} inline: such a cache is taken from the image that it is in",
                fix="write registry=IMAGE:TAG",
            )
        return Cache("inline")
    guess = nearest(start, ("registry", "local", "gha", "inline", "type"))
    raise UsageProblem(
        f"{way} {word}: unknown cache '{start}'",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join(_PRESETS),
    )


def split_caches(text: str) -> list[str]:
    """Cut a list at its commas, but for those inside of BuildKit's own words."""
    words: list[str] = []
    for piece in text.split(","):
        begins = piece.strip().startswith(_STARTS)
        if words and words[-1].startswith("type=") and not begins:
            words[-1] += f",{piece}"
        elif piece.strip():
            words.append(piece.strip())
    return words


def unsupported(
    caches: Iterable[Cache], way: CacheKind, *, driver: str, containerd_store: bool
) -> tuple[str, ...]:
    """Return the kinds of caches that a driver can't take from, or give to.

    The engine's own BuildKit has fewer than the one in a container, and fewer still with the
    classic image store (moby, builder/builder-next/controller.go).
    """
    if driver != "docker":
        return ()
    if containerd_store:
        known = {"registry", "local", "gha", "inline"}
    else:
        known = {"registry", "local"} if way is CacheKind.FROM else {"inline"}
    return tuple(dict.fromkeys(cache.kind for cache in caches if cache.kind not in known))


def _own_words(word: str, way: CacheKind) -> Cache:
    fields = _fields(word)
    kind = fields.get("type", "")
    if not kind:
        raise UsageProblem(
            f"{way} {word}: it says no type", fix="write type=registry,ref=REF, or registry=REF"
        )
    for key in fields:
        if is_secret_name(key):
            # The plan is a file, and it is shown: nothing secret may stand in it.
            raise UsageProblem(
                f"{way} type={kind}: {key} would be written into the plan for all to read",
                fix="leave it out; Buildx takes credentials from the environment",
            )
    return Cache(kind, own=word)


def _fields(word: str) -> dict[str, str]:
    found = {}
    for piece in re.findall(r'(?:"(?:[^"]|"")*"|[^,"])+', word):
        plain = piece[1:-1].replace('""', '"') if piece[:1] == piece[-1:] == '"' else piece
        key, _, value = plain.partition("=")
        found[key.strip().lower()] = value
    return found


def _check_registry(word: str, reference: str, way: CacheKind) -> None:
    try:
        check_reference(reference.replace(PLACEHOLDER, "x"))
    except UsageProblem as problem:
        raise UsageProblem(
            f"{way} {word}: '{reference}' can't be an image",
            fix="write registry=HOST/NAME, with a tag or {variant} if you like",
        ) from problem
    if "@" in reference and way is CacheKind.TO:
        raise UsageProblem(
            f"{way} {word}: a digest can't be written to", fix="give a name, with a tag or without"
        )


def _reference_of(reference: str, variant: str) -> str:
    """Return where a variant's cache is: a tag of its own, unless the reference says which."""
    if PLACEHOLDER in reference or "@" in reference:
        return reference.replace(PLACEHOLDER, variant)
    has_tag = ":" in reference.rsplit("/", 1)[-1]
    return f"{reference}-{variant}" if has_tag else f"{reference}:cache-{variant}"


def _placed(place: str, variant: str, join: str) -> str:
    if PLACEHOLDER in place:
        return place.replace(PLACEHOLDER, variant)
    return f"{place.rstrip(join)}{join}{variant}" if place else variant


def _quoted(field: str) -> str:
    if "," not in field and '"' not in field:
        return field
    escaped = field.replace('"', '""')
    return f'"{escaped}"'
