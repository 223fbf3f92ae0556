"""The expectation for one image: the keys of the checks files that apply to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, cast

import msgspec

from openhqm_tui.domain.checks.verdict import Answer
from openhqm_tui.domain.platforms import Platform

# In `labels` and `env`: any value that isn't empty. In `clients`: any module of the distribution.
ANY_VALUE = "*"
# The valid names of modules and paths. Modules become arguments of a program, joined by commas and
# equal signs.
Module = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")
]
ClientModule = Annotated[
    str, msgspec.Meta(pattern=r"^(\*|[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*)$")
]
Distribution = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
Path = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
T = TypeVar("T")


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """The expectation for the image of one target on one platform.

    `keys` are those of the checks files that apply to it, as `expectation_for` resolves them; read
    them with `Key.of`. `has_python` False: the image has no Python to run; `may_lack_python`: no
    expectation requires Python, which is only used to verify some; `exact_index` False: the index
    may have other platforms too.
    """

    platform: Platform
    platforms: tuple[Platform, ...]
    keys: dict[str, Any] = {}
    has_python: bool = True
    may_lack_python: bool = False
    exact_index: bool = True

    @property
    def untidy(self) -> Answer:
        """The answer for findings that are only untidy: a warning unless `strict` is set."""
        return Answer.FAIL if STRICT.of(self) else Answer.WARN


class Tables(NamedTuple):
    """The merged tables of all targets, and that of the image, for keys that depend on others."""

    all: Sequence[Mapping[str, Any]]
    own: Mapping[str, Any]


def _as_it_is(value: Any, _: Tables) -> Any:
    return value


def _no_error(_: Any) -> str:
    return ""


class Key(msgspec.Struct, Generic[T], frozen=True):
    """A key of the checks files.

    `form` is the msgspec type of its value, `default` what `of` returns if it isn't set. `merges`:
    tables and lists are merged under this key, otherwise the later value replaces the earlier one.
    `word`: a string that may be given instead of a table; `resolve` replaces it. `error` returns
    what is wrong with a value of the right type. `needs_python`: only an image with Python can meet
    it. `asks_by_python`: any image can meet it, but only Python in the image can verify it.
    """

    name: str
    form: Any
    default: T
    merges: bool = False
    word: str = ""
    resolve: Callable[[Any, Tables], Any] = _as_it_is
    error: Callable[[Any], str] = _no_error
    needs_python: bool = False
    asks_by_python: bool = False

    def of(self, expected: Expectation) -> T:
        """Return its value in an expectation."""
        value = expected.keys.get(self.name)
        if value is None or value is False:
            return self.default
        return cast("T", msgspec.convert(value, self.form))

    def without(self, expected: Expectation) -> Expectation:
        """Return an expectation without this key."""
        keys = {name: value for name, value in expected.keys.items() if name != self.name}
        return msgspec.structs.replace(expected, keys=keys)

    def is_set(self, expected: Expectation) -> bool:
        """Whether an expectation asks for anything under this key."""
        return bool(self.of(expected))


STRICT: Key[bool] = Key("strict", bool, default=False)
ALLOW: Key[dict[str, tuple[str, ...]]] = Key("allow", dict[str, tuple[Path, ...]], {}, merges=True)
TITLE: Key[str] = Key("title", str, "")

# The keys that had other names in run folders of earlier versions: a field for each key.
_RENAMED = {"user": "uid", "extensions": "modules", "max-mb": "most_bytes"}
_EARLIER_KEYS = (
    *("clients", "absent", "python", "user", "labels", "env", "command", "health-check"),
    *("library", "extensions", "byte-code", "service", "max-mb", "allow", "strict"),
)


def expectation_from(kept: dict[str, Any]) -> Expectation:
    """Return an expectation from a run folder, including one written by an earlier version.

    Raises msgspec.ValidationError.
    """
    if "keys" in kept or "asks_python" not in kept:
        return msgspec.convert(kept, Expectation)
    keys = {key: kept.get(_RENAMED.get(key, key.replace("-", "_"))) for key in _EARLIER_KEYS}
    for key in ("clients", "absent"):
        if isinstance(listed := keys[key], list):
            keys[key] = {client["distribution"]: client["module"] for client in listed}
    if isinstance(service := keys["service"], dict):
        keys["service"] = {name.replace("_", "-"): value for name, value in service.items()}
    if isinstance(budget := keys["max-mb"], int):
        keys["max-mb"] = budget / 1e6
    return Expectation(
        platform=msgspec.convert(kept["platform"], Platform),
        platforms=msgspec.convert(kept["platforms"], tuple[Platform, ...]),
        keys={key: value for key, value in keys.items() if value not in (None, "")},
        has_python=kept["asks_python"],
        exact_index=kept.get("exact_index", True),
    )
