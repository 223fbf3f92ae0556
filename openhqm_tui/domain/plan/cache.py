"""Build caches outside of the engine: from the user's notation to BuildKit's.

`registry=REF`, `local=DIR`, `gha` and `inline` are presets; `type=…,…` is BuildKit's notation
(https://docs.docker.com/build/cache/backends). In a preset every variant has its own place, or
only the last export would be kept.
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
# Buildx passes on the credentials for `gha` and `s3` only.
_LOGIN_FROM = {"azblob": "BuildKit uses the Azure credentials of its own environment"}
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.-]")


class CacheKind(StrEnum):
    """Whether a build imports from a cache or exports to it."""

    FROM = "--cache-from"
    TO = "--cache-to"


class Cache(msgspec.Struct, frozen=True):
    """One build cache: BuildKit's `kind`, and its location.

    `place` is a reference, a folder or a scope, `own` the text if given in BuildKit's notation.
    """

    kind: str
    place: str = ""
    own: str = ""

    def entry(self, variant: str, way: CacheKind) -> str:
        """Return BuildKit's notation for the cache of one variant."""
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
                # An unreachable registry must cost only the cache, not the image; a folder that
                # can't be written is a mistake to report.
                fields["ignore-error"] = "true"
        return ",".join(_quoted(f"{key}={value}") for key, value in fields.items())

    @property
    def fields(self) -> dict[str, str]:
        """The fields of BuildKit's notation, by key; empty for a preset."""
        return _fields(self.own)

    @property
    def places(self) -> tuple[str, ...]:
        """The folders of a local cache, as given."""
        if self.kind != "local":
            return ()
        told = tuple(self.fields[key] for key in ("src", "dest") if key in self.fields)
        return told or (self.place,)

    def folder_of(self, variant: str) -> str:
        """Return the folder of a variant's local cache; '' for other caches."""
        name = _NOT_IN_NAME.sub("-", variant)
        if self.own:
            fields = _fields(self.own)
            told = fields.get("dest") or fields.get("src") or ""
            return told.replace(PLACEHOLDER, name) if self.kind == "local" else ""
        return _placed(self.place, name, "/") if self.kind == "local" else ""


def parse_cache(text: str, way: CacheKind) -> Cache:
    """Parse a value of --cache-from or --cache-to; raises UsageProblem with the valid ones."""
    word = text.strip()
    start, equals, rest = word.partition("=")
    rest = rest.strip()
    if start == "type" and equals:
        return _own_words(word, way)
    if start in {"registry", "local"}:
        if not rest:
            example = "registry=ghcr.io/acme/cache" if start == "registry" else "local=.cache"
            raise UsageProblem(f"{way} {word}: no location given", fix=f"for example: {example}")
        if start == "registry":
            _check_registry(word, rest, way)
        return Cache(start, rest)
    if start == "gha":
        if equals and (not rest or "," in rest):
            raise UsageProblem(f"{way} {word}: invalid scope", fix="write gha or gha=SCOPE")
        return Cache("gha", rest)
    if word == "inline":
        if way is CacheKind.FROM:
            raise UsageProblem(
                f"{way} inline: an inline cache is imported from the image that contains it",
                fix="write registry=IMAGE:TAG",
            )
        return Cache("inline")
    if not equals and "/" in word:
        # What Buildx takes for a registry cache: the same for all variants.
        check_reference(word)
        return _own_words(f"type=registry,ref={word}", way)
    guess = nearest(start, ("registry", "local", "gha", "inline", "type"))
    raise UsageProblem(
        f"{way} {word}: unknown cache type '{start}'",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join(_PRESETS),
    )


def split_caches(text: str) -> list[str]:
    """Split a list at its commas, except those in BuildKit's notation."""
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
    """Return the kinds of caches that a driver can't import from, or export to.

    The engine's own BuildKit supports fewer than one in a container, and even fewer with the
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
            f"{way} {word}: no type given", fix="write type=registry,ref=REF, or registry=REF"
        )
    for key in fields:
        if is_secret_name(key):
            # The plan is stored and shown, so it must not contain secrets.
            instead = _LOGIN_FROM.get(kind, "Buildx reads credentials from the environment")
            raise UsageProblem(
                f"{way} type={kind}: {key} would be stored in the plan in plain text",
                fix=f"omit {key}; {instead}",
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
            f"{way} {word}: '{reference}' isn't a valid image reference",
            fix="write registry=HOST/NAME, optionally with a tag or {variant}",
        ) from problem
    if "@" in reference and way is CacheKind.TO:
        raise UsageProblem(
            f"{way} {word}: can't export to a digest", fix="use a name, optionally with a tag"
        )


def _reference_of(reference: str, variant: str) -> str:
    """Return the reference of a variant's cache: its own tag, unless the reference has one."""
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
