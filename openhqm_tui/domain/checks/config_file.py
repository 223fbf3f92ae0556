"""The file that says what images must be: TOML in, tables of things asked out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem, nearest

DEFAULTS = "defaults"
TARGETS = "targets"
PLATFORMS = "platforms"
EVERY = "*"
# What stands for the clients that the file's other tables name.
ALL_CLIENTS = "all"
OTHER_CLIENTS = "others"
ANY_PYTHON = "any"
# The checks that look at files, so that some files may be right there.
ALLOWING = ("binaries", "setuid", "compilers", "caches", "secrets")

# These go into a program's arguments, joined by commas and equal signs.
_MODULE = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_PYTHON = r"^(any|\{python\}|3\.\d{1,2}(\.\d{1,3})?)$"

_Module = Annotated[str, msgspec.Meta(pattern=_MODULE)]
_Clients = dict[str, _Module]
_Path = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class ServiceKeys(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """The keys of a `service` table; what is left out is as `Service` has it."""

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    path: Annotated[str, msgspec.Meta(pattern=r"^/[!-~]*$", max_length=1024)] | None = None
    status: Annotated[int, msgspec.Meta(ge=100, le=599)] | None = None
    within: Annotated[float, msgspec.Meta(gt=0, le=3600)] | None = None
    within_emulated: Annotated[float, msgspec.Meta(gt=0, le=3600)] | None = None


class Keys(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """The keys of a table and what each takes; besides, `false` un-asks what was asked before."""

    title: str | None = None
    python: Annotated[str, msgspec.Meta(pattern=_PYTHON)] | None = None
    user: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 2)] | None = None
    labels: dict[str, str | bool] | None = None
    env: dict[str, str | bool] | None = None
    command: list[str] | None = None
    health_check: bool | None = None
    library: list[_Module] | None = None
    extensions: list[_Module] | None = None
    byte_code: bool | None = None
    clients: _Clients | str | None = None
    absent: _Clients | str | None = None
    service: dict[str, Any] | bool | None = None
    max_mb: Annotated[float, msgspec.Meta(gt=0, le=1e6)] | None = None
    allow: dict[str, list[_Path]] | None = None
    strict: bool | None = None


def _fields(struct: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(struct)}


KEYS = _fields(Keys)
SERVICE_KEYS = _fields(ServiceKeys)
_SWITCHES = {"health-check", "byte-code", "strict"}
_WORDS = {"clients": ALL_CLIENTS, "absent": OTHER_CLIENTS}


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """What one table asks of the targets and platforms that its globs match, key by key."""

    target: str = EVERY
    platform: str = EVERY
    asks: dict[str, Any] = {}


class ChecksFile(msgspec.Struct, frozen=True, kw_only=True):
    """All tables of one file, in the order in which they hold: a later one has the last word."""

    file: str
    tables: tuple[Table, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """The globs of targets that the file names."""
        return tuple(dict.fromkeys(t.target for t in self.tables if t.target != EVERY))


def parse_checks(told: Mapping[str, Any], file: str) -> ChecksFile:
    """Return what a decoded TOML file asks; raises UsageProblem that names file, table and key."""
    for key in told:
        if key not in (DEFAULTS, TARGETS):
            raise _unknown(file, "table", f"[{key}]", key, (DEFAULTS, TARGETS))
    defaults = _table(told.get(DEFAULTS, {}), f"{file}: [{DEFAULTS}]")
    tables = list(_tables(defaults, f"{file}: [{DEFAULTS}]", EVERY))
    for target, asks in _table(told.get(TARGETS, {}), f"{file}: [{TARGETS}]").items():
        place = f"{file}: [{TARGETS}.{_quoted(target)}]"
        tables += _tables(_table(asks, place), place, target)
    return ChecksFile(file=file, tables=tuple(tables))


def _tables(asks: dict[str, Any], place: str, target: str) -> Iterator[Table]:
    own = {key: value for key, value in asks.items() if key != PLATFORMS}
    yield Table(target=target, asks=_asked(own, place))
    for platform, more in _table(asks.get(PLATFORMS, {}), f"{place} {PLATFORMS}").items():
        there = f"{place[:-1]}.{PLATFORMS}.{_quoted(platform)}]"
        asked = _asked(_table(more, there), there)
        yield Table(target=target, platform=platform, asks=asked)


def _asked(asks: dict[str, Any], place: str) -> dict[str, Any]:
    return {key: _typed(place, key, value) for key, value in asks.items()}


def _typed(place: str, key: str, value: Any) -> Any:
    field = KEYS.get(key)
    if field is None:
        raise _unknown(place, "key", f"'{key}'", key, (*KEYS, PLATFORMS))
    if value is False and key not in _SWITCHES:
        return False
    if isinstance(value, str) and key in _WORDS and value != _WORDS[key]:
        wish = f'write "{_WORDS[key]}", or a table {{distribution = "module"}}'
        raise _wrong(place, key, value, wish)
    typed = _converted(place, key, value, field)
    match key:
        case "clients" | "absent" if isinstance(typed, dict):
            for name in typed:
                if not _DISTRIBUTION.fullmatch(name):
                    raise _wrong(place, key, name, "a distribution's name is letters, digits, -._")
        case "labels" | "env" if any(each is True for each in typed.values()):
            raise _wrong(place, key, value, 'write "*" for any value that isn\'t empty')
        case "allow":
            for name in typed:
                if name not in ALLOWING:
                    raise _unknown(place, "check", f"'{name}' in allow", name, ALLOWING)
        case "service":
            return {} if typed is True else _service(place, typed)
    return typed


def _service(place: str, told: dict[str, Any]) -> dict[str, Any]:
    for key in told:
        if key not in SERVICE_KEYS:
            raise _unknown(place, "key", f"'{key}' in service", key, tuple(SERVICE_KEYS))
    return {
        key: _converted(place, f"service.{key}", value, SERVICE_KEYS[key])
        for key, value in told.items()
    }


def _converted(place: str, key: str, value: Any, field: msgspec.structs.FieldInfo) -> Any:
    if value is None:
        raise _wrong(place, key, value, "it has no value")
    try:
        return msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        raise _wrong(place, key, value, str(error).replace(" | null", "")) from error


def _table(told: Any, place: str) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise UsageProblem(f"{place} must be a table, not {told!r:.60}")
    return told


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _unknown(place: str, what: str, shown: str, word: str, valid: tuple[str, ...]) -> UsageProblem:
    guess = nearest(word.replace("_", "-"), valid)
    return UsageProblem(
        f"{place}: unknown {what} {shown}"
        if what != "table"
        else f"{place}: unknown table {shown}",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join(valid),
    )


def _wrong(place: str, key: str, value: Any, why: str) -> UsageProblem:
    return UsageProblem(f"{place}: {key} = {value!r:.80} won't do ({why})")
