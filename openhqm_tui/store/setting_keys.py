"""Where each key may be set: flag, environment, user settings, project settings.

`settings.py` uses this table, and the guide on settings is generated from it. A project's file
isn't trusted: it may refer to what is in its folder, and to nothing else.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.domain.plan.image_names import is_remote
from openhqm_tui.files.confined import resolved_inside

PREFIX = "OPENHQM_TUI_"
BUNDLED = "bundled"
# The keys of a cache that a project may set; others name paths, hosts or credentials.
_CACHE_WORDS = {
    "registry": {"ref"},
    "local": {"src", "dest", "tag", "digest"},
    "gha": {"scope", "timeout"},
    "inline": set[str](),
}
_OF_EVERY_CACHE = {
    *("type", "mode", "ignore-error", "compression", "compression-level", "force-compression"),
    *("oci-mediatypes", "image-manifest"),
}

# Returns why a project's value is refused; '' if it is accepted.
Rule = Callable[[Any, Path], str]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One key: its flag ('' if none), and what a project may set it to (None: anything valid).

    `project` describes that rule in the guide. Every key may be set in the user's settings.
    """

    name: str
    flag: str = ""
    in_environment: bool = True
    project: str = "yes"
    rule: Rule | None = None

    @property
    def variable(self) -> str:
        """The environment variable that sets it; '' if there is none."""
        return PREFIX + self.name.replace("-", "_").upper() if self.in_environment else ""


def refusal(key: str, value: Any, folder: Path) -> str:
    """Return why the project in `folder` may not set a key to that value; '' if it may."""
    rule = KEYS[key].rule
    return rule(value, folder) if rule else ""


def _never(why: str) -> Rule:
    return lambda _value, _folder: why


def _inside(value: str, folder: Path) -> str:
    # `~` is the home folder of the reader.
    if value.startswith("~") or resolved_inside(folder, value) is None:
        return f"{value} is not inside the project's folder"
    return ""


def _context(value: str, folder: Path) -> str:
    if is_remote(value):
        return f"{value} is not inside the project's folder"
    return _inside(value, folder)


def _dockerfile(value: str, folder: Path) -> str:
    return "" if value == BUNDLED else _inside(value, folder)


def _caches(way: str, kinds: Collection[str]) -> Rule:
    def rule(words: list[str], folder: Path) -> str:
        return next(filter(None, (_cache(word, way, kinds, folder) for word in words)), "")

    return rule


def _cache(word: str, way: str, kinds: Collection[str], folder: Path) -> str:
    from openhqm_tui.domain.plan.cache import CacheKind, parse_cache

    if not word.isprintable():
        return "a cache is one line"  # Buildx reads the first of several.
    cache = parse_cache(word, CacheKind(way))
    if cache.kind not in kinds:
        return f"a project may not use a cache of type {cache.kind} here"
    if unknown := sorted(cache.fields.keys() - _OF_EVERY_CACHE - _CACHE_WORDS[cache.kind]):
        return f"a project may not set {unknown[0]} of a cache"
    return next(filter(None, (_cache_folder(place, folder) for place in cache.places)), "")


def _cache_folder(place: str, folder: Path) -> str:
    """Return why BuildKit may not use this folder: it follows every link in a cache."""
    from openhqm_tui.domain.plan.cache import PLACEHOLDER

    if why := _inside(place.replace(PLACEHOLDER, "x"), folder):
        return why
    pattern = "*".join(glob.escape(part) for part in place.split(PLACEHOLDER))
    for there in glob.glob(os.path.join(glob.escape(str(folder)), pattern)):  # noqa: PTH118, PTH207
        if resolved_inside(folder, there) is None:
            return f"{there} is not inside the project's folder"
        for above, folders, files in os.walk(there):
            for name in (*folders, *files):
                if (path := Path(above, name)).is_symlink():
                    return f"{path} is a link"
    return ""


_IN_FOLDER = "inside its folder"
_DELETES = "it would delete runs of other projects"
KEYS = {
    key.name: key
    for key in (
        Key(name="backends", flag="--backend"),
        Key(name="platforms", flag="--platforms"),
        Key(name="name", flag="--name"),
        Key(name="tag", flag="--tag"),
        Key(name="jobs", flag="--jobs"),
        Key(name="quiet-after", flag="--quiet-after"),
        Key(name="builder", flag="--builder"),
        Key(name="base-image", flag="--base-image"),
        Key(name="context", flag="--context", project=_IN_FOLDER, rule=_context),
        Key(
            name="dockerfile",
            flag="--dockerfile",
            project=f"{_IN_FOLDER}, or `{BUNDLED}`",
            rule=_dockerfile,
        ),
        Key(name="ca-bundle", flag="--ca-bundle", project=_IN_FOLDER, rule=_inside),
        Key(name="python-version", flag="--python-version"),
        Key(
            name="cache-from",
            flag="--cache-from",
            project=f"registries, `gha`, and folders {_IN_FOLDER}",
            rule=_caches("--cache-from", ("registry", "gha", "local")),
        ),
        Key(
            name="cache-to",
            flag="--cache-to",
            project=f"`gha`, `inline`, and folders {_IN_FOLDER}",
            rule=_caches("--cache-to", ("gha", "inline", "local")),
        ),
        Key(name="check", flag="--no-check"),
        Key(name="checks", flag="--checks", project=_IN_FOLDER, rule=_inside),
        Key(
            name="allow",
            flag="--allow",
            in_environment=False,
            project="no",
            rule=_never("only a person may allow what a build asks for"),
        ),
        Key(name="keep-runs", flag="runs prune --keep", project="no", rule=_never(_DELETES)),
        Key(name="keep-mb", flag="runs prune --max-size", project="no", rule=_never(_DELETES)),
        Key(name="theme"),
        Key(
            name="keymap",
            in_environment=False,
            project="no",
            rule=_never("keys are the user's own: another's could make any key push"),
        ),
    )
}
