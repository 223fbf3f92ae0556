"""What one image must be, and how the checks files say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from openhqm_tui.domain.checks.config_file import (
    ALL_CLIENTS,
    ANY_PYTHON,
    EVERY,
    OTHER_CLIENTS,
    ChecksFile,
)
from openhqm_tui.domain.errors import nearest
from openhqm_tui.domain.plan.variants import Client, Variant
from openhqm_tui.domain.platforms import Platform

# What a label or variable may be told to hold: something, whatever it is.
ANY_VALUE = "*"


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What must answer on loopback once the image's own command runs: an HTTP GET.

    `within` and `within_emulated` are seconds from the container's start to the answer `status`.
    """

    port: int = 8000
    path: str = "/health"
    status: int = 200
    within: float = 60.0
    within_emulated: float = 240.0


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What one lane's image must be; a field that is left out is not asked about.

    `clients` None: nothing is known of its clients; `python` '': any version; `uid` None: any.
    `asks_python` False: the image holds no Python that could be asked; `exact_index` False:
    the index may hold other platforms too. `library` and `modules` are modules that must import:
    of Python's own library, and compiled ones of the image's core. In `labels` and `env` the
    value `*` (ANY_VALUE) stands for any that isn't empty. `most_bytes` is the budget of its
    compressed size. `allow` has, for each check that looks at files, the paths (globs) that are
    right there. `strict` False: what is only untidy (compilers, caches) is a `warn`.
    """

    platform: Platform
    platforms: tuple[Platform, ...]
    clients: tuple[Client, ...] | None = None
    absent: tuple[Client, ...] = ()
    python: str = ""
    uid: int | None = None
    labels: dict[str, str] = {}
    env: dict[str, str] = {}
    command: tuple[str, ...] | None = None
    health_check: bool = False
    library: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    byte_code: bool = False
    service: Service | None = None
    most_bytes: int | None = None
    allow: dict[str, tuple[str, ...]] = {}
    strict: bool = False
    asks_python: bool = True
    exact_index: bool = True


# Tables under these keys are laid over each other; any other value takes the earlier one's place.
_LAID_OVER = {"labels", "env", "allow", "service"}
# What only Python can answer: to ask it is to ask Python.
_NEED_PYTHON = ("library", "extensions", "byte-code", "clients", "absent", "service")
_GLOB = frozenset("*?[")


def expectation_for(
    files: Sequence[ChecksFile],
    target: str,
    platform: Platform,
    platforms: tuple[Platform, ...],
    *,
    python: str = "",
) -> Expectation:
    """Return what a target's image on one platform must be; later files have the last word.

    `python` is the version that was asked for, '' where none was: `{python}` stands for it.
    """
    asks = _asks(files, target, str(platform))
    clients = _clients_of(files, asks.get("clients"))
    told = {key: _filled(value, target, python) for key, value in asks.items()}
    version, user = told.get("python") or "", told.get("user", False)
    budget = told.get("max-mb")
    return Expectation(
        platform=platform,
        platforms=platforms,
        clients=clients,
        absent=_absent(files, asks.get("absent"), clients or ()),
        python="" if version == ANY_PYTHON else version,
        uid=None if user is False else user,
        labels=_kept(told.get("labels")),
        env=_kept(told.get("env")),
        command=tuple(told["command"]) if told.get("command") else None,
        health_check=bool(told.get("health-check")),
        library=tuple(told.get("library") or ()),
        modules=tuple(told.get("extensions") or ()),
        byte_code=bool(told.get("byte-code")),
        service=_service(told.get("service")),
        most_bytes=round(budget * 1e6) if budget else None,
        allow={check: tuple(paths) for check, paths in (told.get("allow") or {}).items()},
        strict=bool(told.get("strict")),
        asks_python=_asks_python(asks),
    )


def variants_in(file: ChecksFile) -> tuple[Variant, ...]:
    """Return the targets that a file names in full as variants, with titles and clients."""
    return tuple(
        Variant(
            name,
            str(asks.get("title") or ""),
            _clients_of([file], asks.get("clients")) or (),
        )
        for name in file.targets
        if _GLOB.isdisjoint(name) and (asks := _asks([file], name, ""))
    )


def unmatched(file: ChecksFile, targets: Sequence[str]) -> list[str]:
    """Return a line for every table of a file that no target matches: mostly a misspelling."""
    lines = []
    for glob in file.targets:
        if any(fnmatchcase(target, glob) for target in targets):
            continue
        guess = nearest(glob, targets)
        meant = f"; did you mean {guess}?" if guess else ""
        lines.append(f"{file.file}: no target is called '{glob}', so nothing is asked by it{meant}")
    return lines


def _asks(files: Iterable[ChecksFile], target: str, platform: str) -> dict[str, Any]:
    """Lay the tables that match over each other; with no platform, those for every one alone."""
    merged: dict[str, Any] = {}
    for file in files:
        for table in file.tables:
            if not fnmatchcase(target, table.target):
                continue
            if table.platform != EVERY and not fnmatchcase(platform, table.platform):
                continue
            for key, value in table.asks.items():
                before = merged.get(key)
                if key in _LAID_OVER and isinstance(value, dict) and isinstance(before, dict):
                    merged[key] = before | value
                else:
                    merged[key] = value
    return merged


def _asks_python(asks: dict[str, Any]) -> bool:
    if "python" in asks:
        return asks["python"] is not False
    return any(asks.get(key) not in (None, False) for key in _NEED_PYTHON)


def _clients_of(files: Sequence[ChecksFile], told: Any) -> tuple[Client, ...] | None:
    if told is None or told is False:
        return None
    return _every_client(files) if told == ALL_CLIENTS else _clients(told)


def _absent(
    files: Sequence[ChecksFile], told: Any, clients: tuple[Client, ...]
) -> tuple[Client, ...]:
    if not told:
        return ()
    named = _every_client(files) if told == OTHER_CLIENTS else _clients(told)
    return tuple(client for client in named if client not in clients)


def _every_client(files: Sequence[ChecksFile]) -> tuple[Client, ...]:
    """Return all clients that any table names, each once."""
    named = [
        client
        for file in files
        for table in file.tables
        if isinstance(told := table.asks.get("clients"), dict)
        for client in _clients(told)
    ]
    return tuple(dict.fromkeys(named))


def _clients(told: dict[str, str]) -> tuple[Client, ...]:
    return tuple(Client(distribution, module) for distribution, module in told.items())


def _service(told: dict[str, Any] | bool | None) -> Service | None:
    if told is None or told is False:
        return None
    named = told if isinstance(told, dict) else {}
    return Service(**{key.replace("-", "_"): value for key, value in named.items()})


def _kept(told: dict[str, Any] | bool | None) -> dict[str, str]:
    named = told if isinstance(told, dict) else {}
    return {name: value for name, value in named.items() if value is not False}


def _filled(value: Any, target: str, python: str) -> Any:
    """Put the target's name and the Python asked for in their places, wherever text stands."""
    if isinstance(value, str):
        return value.replace("{target}", target).replace("{python}", python)
    if isinstance(value, list):
        return [_filled(each, target, python) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, target, python) for key, each in value.items()}
    return value
