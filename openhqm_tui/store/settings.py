"""Settings: flag over environment over project over user; every key is known and typed.

The table of keys says where each may be set; the guide on settings is generated from it. A
project's file isn't trusted: it may refer to what is in its folder, and to nothing else.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.plan.image_names import check_builder, check_clean, is_remote
from openhqm_tui.domain.text import one_line
from openhqm_tui.files.confined import read_inside, resolved_inside
from openhqm_tui.store.paths import CACHE_VARIABLE, STATE_VARIABLE, user_settings_file

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
        # Buildx reads the first of several lines.
        return "a cache entry can't contain line breaks or other control characters"
    cache = parse_cache(word, CacheKind(way))
    if cache.kind not in kinds:
        return f"a project may not use a cache of type {cache.kind} in {way.removeprefix('--')}"
    if unknown := sorted(cache.fields.keys() - _OF_EVERY_CACHE - _CACHE_WORDS[cache.kind]):
        return f"a project may not set the cache attribute {unknown[0]}"
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
                    return f"{path} is a symbolic link"
    return ""


_IN_FOLDER = "inside its folder"
_DELETES = "a project could delete the runs of other projects"
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
            rule=_never("only a user may grant permissions"),
        ),
        Key(name="keep-runs", flag="runs prune --keep", project="no", rule=_never(_DELETES)),
        Key(name="keep-mb", flag="runs prune --max-size", project="no", rule=_never(_DELETES)),
        Key(name="theme"),
        Key(
            name="keymap",
            in_environment=False,
            project="no",
            rule=_never("a project could bind any key to a push"),
        ),
    )
}


PROJECT_FILE = "openhqm-tui.toml"
# Of `serve`. It isn't a setting: a project's files are shared, a token isn't.
TOKEN_VARIABLE = "OPENHQM_TUI_SERVE_TOKEN"  # noqa: S105 - its name
MOST_SECONDS = 1e9


class Refused(msgspec.Struct, frozen=True):
    """Why a key of the project is ignored, and the complete message."""

    why: str
    line: str


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """All settings; None: not set, so the built-in default applies.

    In a TOML file the keys are written as on the command line (`base-image`), in the
    environment as `OPENHQM_TUI_BASE_IMAGE`; lists there are separated by commas. `refused` has the
    keys that the project may not set, or not to that value.
    """

    backends: list[str] | None = None
    platforms: list[str] | None = None
    name: str | list[str] | None = None
    tag: str | None = None
    jobs: Annotated[int, msgspec.Meta(ge=1)] | None = None
    quiet_after: Annotated[float, msgspec.Meta(ge=0, le=MOST_SECONDS)] | None = None
    builder: str | None = None
    base_image: str | None = None
    context: str | None = None
    dockerfile: str | None = None
    ca_bundle: str | None = None
    python_version: str | None = None
    cache_from: list[str] | None = None
    cache_to: list[str] | None = None
    check: bool | None = None
    checks: str | None = None
    allow: dict[str, list[str]] | None = None
    keep_runs: Annotated[int, msgspec.Meta(ge=1)] | None = None
    keep_mb: Annotated[int, msgspec.Meta(ge=1)] | None = None
    theme: str | None = None
    keymap: dict[str, str] | None = None
    refused: dict[str, Refused] = {}


_FIELDS = {
    field.encode_name: field
    for field in msgspec.structs.fields(Settings)
    if field.encode_name in KEYS
}
_MOST_BYTES = 1_000_000
_MOST_WORDS = 1000
# Other variables of ours: for folders, access control and tests.
_NOT_SETTINGS = {CACHE_VARIABLE, STATE_VARIABLE, TOKEN_VARIABLE}
# What the project's tests require of a machine.
_DEMANDS = PREFIX + "REQUIRE_"
_LISTS = {"backends", "platforms", "name", "cache-from", "cache-to"}
_CACHES = {"cache-from", "cache-to"}


def read_settings(
    folder: Path, environment: Mapping[str, str] | None = None, user_file: Path | None = None
) -> Settings:
    """Return the effective settings in `folder`; raises UsageProblem that names file and key."""
    environment = os.environ if environment is None else environment
    user_file = user_file or user_settings_file()
    merged = _from_file(user_file, user_file.read_bytes)
    file = folder / PROJECT_FILE
    project = _from_file(file, lambda: read_inside(folder, PROJECT_FILE, _MOST_BYTES))
    refused = {}
    for key, value in project.items():
        if why := refusal(key, value, folder) or _unclean(key, value):
            line = f"{file}: {key} is ignored: {why}; {_elsewhere(key, user_file)}"
            refused[key] = Refused(one_line(why), one_line(line, _MOST_WORDS))
        else:
            merged[key] = value
    merged |= _from_environment(environment)
    for key, value in merged.items():
        if why := _unclean(key, value):
            raise UsageProblem(f"invalid setting {key}: {why}")
    return msgspec.convert(merged | {"refused": refused}, Settings)


def _elsewhere(key: str, user_file: Path) -> str:
    ways = ", ".join(filter(None, (KEYS[key].flag, KEYS[key].variable)))
    return f"set it {f'with {ways} or ' if ways else ''}in {user_file}"


def _from_file(file: Path, read: Callable[[], bytes]) -> dict[str, Any]:
    try:
        data = read()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageProblem(f"the settings file {file} can't be read ({error.strerror})") from error
    import tomllib

    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageProblem(f"the settings file {file} is not valid TOML: {error}") from error
    return {key: _typed(str(file), key, value) for key, value in table.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    variables = {key.variable: key.name for key in KEYS.values() if key.variable}
    for variable in sorted(environment):
        if not variable.startswith(PREFIX) or variable.startswith(_DEMANDS):
            continue
        if variable in _NOT_SETTINGS:
            continue
        if variable not in variables:
            guess = nearest(variable.lower(), [known.lower() for known in variables])
            raise UsageProblem(
                f"unknown setting '{variable}' in the environment",
                fix=f"did you mean {guess.upper()}?" if guess else "",
                valid=" ".join(variables),
            )
        name, text = variables[variable], environment[variable]
        field = _FIELDS[name]
        value: Any = text
        if name in _LISTS:
            from openhqm_tui.domain.plan.cache import split_caches

            # BuildKit's notation for a cache contains commas itself.
            words = split_caches(text) if name in _CACHES else text.split(",")
            value = [word.strip() for word in words if word.strip()]
        values[field.encode_name] = _typed(variable, name, value, loose=True)
    return values


def _typed(place: str, key: str, value: Any, *, loose: bool = False) -> Any:
    field = _FIELDS.get(key)
    if field is None:
        guess = nearest(key.replace("_", "-"), _FIELDS)
        raise UsageProblem(
            f"{place}: unknown setting '{key}'",
            fix=f"did you mean {guess}?" if guess else "",
            valid=" ".join(_FIELDS),
        )
    try:
        return msgspec.convert(value, field.type, strict=not loose)
    except msgspec.ValidationError as error:
        raise UsageProblem(f"{place}: invalid {key} = {value!r} ({error})") from error


def _unclean(key: str, value: Any) -> str:
    """Return why a value isn't valid for its key, although its type is; '' if it is valid."""
    try:
        for text in _texts(value):
            check_clean(text, "the value")
        if key == "builder" and value:
            check_builder(value)
    except UsageProblem as problem:
        return str(problem)
    return ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        yield from (*value, *value.values())
