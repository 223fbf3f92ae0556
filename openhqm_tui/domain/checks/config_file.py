"""The checks files: from TOML to the expectations for one image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, get_args

import msgspec

from openhqm_tui.domain.checks.catalog import CHECKS, EXEMPTING, KEYS
from openhqm_tui.domain.checks.expectation import ALLOW, TITLE, Expectation, Key, Tables
from openhqm_tui.domain.checks.running.clients import CLIENTS
from openhqm_tui.domain.checks.waiver import WAIVE
from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.plan.bake import Client, Variant
from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.secrets.redact import MASK

DEFAULTS = "defaults"
TARGETS = "targets"
PLATFORMS = "platforms"
EVERY = "*"
_GLOB = frozenset("*?[")


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of one table, for the targets and platforms that its globs match."""

    target: str = EVERY
    platform: str = EVERY
    keys: dict[str, Any] = {}


class ChecksFile(msgspec.Struct, frozen=True, kw_only=True):
    """All tables of one file, in order: a later one overrides an earlier one."""

    file: str
    tables: tuple[Table, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """The globs of targets that have a table."""
        return tuple(dict.fromkeys(t.target for t in self.tables if t.target != EVERY))


def parse_checks(data: Mapping[str, Any], file: str) -> ChecksFile:
    """Return the tables of a decoded TOML file.

    Raises UsageProblem with the file, the table and the key.
    """
    for key in data:
        if key not in (DEFAULTS, TARGETS):
            raise _unknown(file, "table", f"[{key}]", key, (DEFAULTS, TARGETS))
    defaults = _table(data.get(DEFAULTS, {}), f"{file}: [{DEFAULTS}]")
    tables = list(_tables(defaults, f"{file}: [{DEFAULTS}]", EVERY))
    for target, asks in _table(data.get(TARGETS, {}), f"{file}: [{TARGETS}]").items():
        place = f"{file}: [{TARGETS}.{_quoted(target)}]"
        tables += _tables(_table(asks, place), place, target)
    return ChecksFile(file=file, tables=tuple(tables))


def _tables(asks: dict[str, Any], place: str, target: str) -> Iterator[Table]:
    own = {key: value for key, value in asks.items() if key != PLATFORMS}
    yield Table(target=target, keys=_valid(own, place))
    for platform, more in _table(asks.get(PLATFORMS, {}), f"{place} {PLATFORMS}").items():
        there = f"{place[:-1]}.{PLATFORMS}.{_quoted(platform)}]"
        valid = _valid(_table(more, there), there)
        yield Table(target=target, platform=platform, keys=valid)


def _valid(asks: dict[str, Any], place: str) -> dict[str, Any]:
    return {key: _validated(place, key, value) for key, value in asks.items()}


def _validated(place: str, name: str, value: Any) -> Any:
    key = KEYS.get(name)
    if key is None:
        raise _unknown(place, "key", f"'{name}'", name, (*KEYS, PLATFORMS))
    if value is False or (isinstance(value, str) and value and value == key.word):
        return value
    if isinstance(value, str) and key.word:
        wish = f'write "{key.word}", or a table {{distribution = "module"}}'
        raise _invalid(place, name, value, wish)
    fields = _fields(key.form)
    if fields and value is True:
        return {}
    for check, valid in _checks_named(key, value):
        if check not in valid:
            raise _unknown(place, "check", f"'{check}' in {name}", str(check), valid)
    if fields and isinstance(value, dict):
        _check_fields(place, name, value, fields)
    else:
        _convert(place, name, value, key.form)
    if error := key.error(value):
        raise _invalid(place, name, value, error)
    return value


def _checks_named(key: Key[Any], value: Any) -> list[tuple[Any, tuple[str, ...]]]:
    """Return the names of checks in a value, each with the valid names."""
    if key is ALLOW and isinstance(value, dict):
        return [(check, EXEMPTING) for check in value]
    if key is WAIVE and isinstance(value, list):
        return [(one["check"], tuple(CHECKS)) for one in value if "check" in one]
    return []


def _check_fields(place: str, name: str, value: dict[str, Any], fields: dict[str, Any]) -> None:
    """Raise UsageProblem for an unknown or invalid field, also in the tables of a list."""
    for field, told in value.items():
        if field not in fields:
            raise _unknown(place, "key", f"'{field}' in {name}", field, tuple(fields))
        inner = next((found for part in _parts(fields[field]) if (found := _fields(part))), {})
        for one in told if inner and isinstance(told, list) else ():
            if isinstance(one, dict):
                _check_fields(place, f"{name}.{field}", one, inner)
        _convert(place, f"{name}.{field}", told, fields[field])


def _parts(form: Any) -> Iterator[Any]:
    """Yield a type and the types that it is composed of."""
    yield form
    for part in get_args(form):
        yield from _parts(part)


def _fields(form: Any) -> dict[str, Any]:
    """Return the fields of a type that is itself a table, and their types."""
    if not isinstance(form, type) or not issubclass(form, msgspec.Struct):
        return {}
    return {field.encode_name: field.type for field in msgspec.structs.fields(form)}


def _convert(place: str, name: str, value: Any, form: Any) -> None:
    try:
        msgspec.convert(value, form)
    except msgspec.ValidationError as error:
        raise _invalid(place, name, value, str(error)) from error


def _table(data: Any, place: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise UsageProblem(f"{place} must be a table, not {data!r:.60}")
    return data


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else f'"{name}"'


def _unknown(place: str, what: str, shown: str, word: str, valid: tuple[str, ...]) -> UsageProblem:
    guess = nearest(word.replace("_", "-"), valid)
    return UsageProblem(
        f"{place}: unknown {what} {shown}",
        fix=f"did you mean {guess}?" if guess else "",
        valid=" ".join(valid),
    )


def _invalid(place: str, key: str, value: Any, why: str) -> UsageProblem:
    return UsageProblem(f"{place}: {key} = {_shown(key, value)!r:.80} is invalid ({why})")


def _shown(key: str, value: Any) -> Any:
    """Return a value without the variables of companions, which may be secrets."""
    if isinstance(value, list):
        return [_shown("", one) for one in value]
    if isinstance(value, dict) and not key.endswith(".env"):
        return {name: MASK if name == "env" else _shown("", one) for name, one in value.items()}
    return MASK if key.endswith(".env") else value


# What the files expect of one image.


def expectation_for(
    files: Sequence[ChecksFile],
    target: str,
    platform: Platform,
    platforms: tuple[Platform, ...],
    *,
    python: str = "",
) -> Expectation:
    """Return the expectation for a target's image on one platform.

    Later files override earlier ones. `python` is the requested version ('' if none is), which
    replaces `{python}`.
    """
    merged = _merged(files, target, str(platform))
    tables = Tables(_of_all_targets(files, str(platform)), merged)
    keys = {}
    for name, value in merged.items():
        resolved = KEYS[name].resolve(_filled(value, target, python), tables)
        if resolved is not False and resolved != "":
            keys[name] = resolved
    needs_python, asks_by_python = _uses_of_python(merged)
    return Expectation(
        platform=platform,
        platforms=platforms,
        keys=keys,
        has_python=needs_python or asks_by_python,
        may_lack_python=asks_by_python and not needs_python,
    )


def variants_in(file: ChecksFile) -> tuple[Variant, ...]:
    """Return the targets that a file names in full as variants, with titles and clients."""
    variants = []
    for name in file.targets:
        if not _GLOB.isdisjoint(name):
            continue
        merged = _merged([file], name, "")
        clients = merged.get(CLIENTS.name) or {}
        listed = CLIENTS.resolve(clients, Tables(_of_all_targets([file], ""), merged))
        client = tuple(Client(distribution, module) for distribution, module in listed.items())
        variants.append(Variant(name, str(merged.get(TITLE.name) or ""), client))
    return tuple(variants)


def unmatched(file: ChecksFile, targets: Sequence[str]) -> list[str]:
    """Return a line for every table of a file that no target matches: usually a misspelling."""
    lines = []
    for glob in file.targets:
        if any(fnmatchcase(target, glob) for target in targets):
            continue
        guess = nearest(glob, targets)
        meant = f"; did you mean {guess}?" if guess else ""
        lines.append(f"{file.file}: no target matches '{glob}', so its table has no effect{meant}")
    return lines


def _of_all_targets(files: Sequence[ChecksFile], platform: str) -> list[dict[str, Any]]:
    """Return the merged table of every target that the files name, and that of all others."""
    names = dict.fromkeys(table.target for file in files for table in file.tables)
    return [_merged(files, name, platform) for name in names]


def _merged(files: Iterable[ChecksFile], target: str, platform: str) -> dict[str, Any]:
    """Merge the tables that match; without a platform, those for every platform only."""
    merged: dict[str, Any] = {}
    for table in (table for file in files for table in file.tables):
        if not fnmatchcase(target, table.target):
            continue
        if table.platform != EVERY and not fnmatchcase(platform, table.platform):
            continue
        for key, value in table.keys.items():
            merged[key] = _both(merged.get(key), value) if KEYS[key].merges else value
    return merged


def _both(before: Any, value: Any) -> Any:
    if isinstance(before, dict) and isinstance(value, dict):
        return before | value
    if isinstance(before, list) and isinstance(value, list):
        return before + value
    return value


def _uses_of_python(merged: Mapping[str, Any]) -> tuple[bool, bool]:
    """Return whether the expectations require Python, and whether verifying them does."""
    if "python" in merged:
        return (merged["python"] is not False,) * 2
    asked = [key for name, key in KEYS.items() if merged.get(name) not in (None, False)]
    return any(key.needs_python for key in asked), any(key.asks_by_python for key in asked)


def _filled(value: Any, target: str, python: str) -> Any:
    """Replace `{target}` and `{python}` in all strings; drop entries that are `false`."""
    if isinstance(value, str):
        return value.replace("{target}", target).replace("{python}", python)
    if isinstance(value, list):
        return [_filled(each, target, python) for each in value]
    if isinstance(value, dict):
        return {
            key: _filled(each, target, python) for key, each in value.items() if each is not False
        }
    return value
