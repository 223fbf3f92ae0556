"""A bake definition as Buildx resolves it: its files, its targets and groups, what it prints.

Buildx alone interprets the files. It resolves them without changing any.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.source import read_only
from openhqm_tui.files.confined import read_inside

_PATIENCE = 60.0
_MOST_BYTES = 4_000_000
_NO_OUTPUTS = ("--set", "*.output=type=cacheonly")
_NOT_OPENED = re.compile(r"failed to open open (.+): permission denied")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_READER = "_openhqm-outputs"
FILES_VARIABLE = "BUILDX_BAKE_FILE"
_SEPARATOR_VARIABLE = "BUILDX_BAKE_PATH_SEPARATOR"
# The files that Buildx reads without -f, in this order; a later one overrides an earlier one.
COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_BAKE_FILES = ("docker-bake.json", "docker-bake.hcl")
_OVERRIDES = ("docker-bake.override.json", "docker-bake.override.hcl")
_READ_BY_COMPOSE = ".env"


class Definition(msgspec.Struct, frozen=True):
    """The files of a bake definition, relative to `folder`; not `named`: Buildx finds them."""

    folder: Path
    files: tuple[str, ...]
    named: bool = False

    @property
    def main(self) -> str:
        """The path of the file that the definition is called by."""
        found = next((name for name in _BAKE_FILES if name in self.files), self.files[0])
        return str(self.folder / found)

    @property
    def is_compose(self) -> bool:
        """Whether it consists of Compose files only, which may build nothing."""
        return not self.named and set(self.files) <= {*COMPOSE_FILES}


class Listed(msgspec.Struct, frozen=True):
    """A target or group as `bake --list` names it."""

    name: str
    description: str = ""
    group: bool = False


class Printed(msgspec.Struct, frozen=True):
    """The output of `bake --print`: bodies of targets, members of groups."""

    targets: dict[str, dict[str, Any]] = {}
    groups: dict[str, tuple[str, ...]] = {}

    def expanded(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the targets that targets and groups stand for, each once, in order."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        left = list(names)
        while left:
            name = left.pop(0)
            # A group may have the name of a target in it.
            if name in self.groups and name not in seen:
                seen.add(name)
                left = [*self.groups[name], *left]
            elif name in self.targets:
                found[name] = None
        return tuple(found)


def definition_in(
    folder: Path, files: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> Definition | None:
    """Return the definition that `files`, else the environment, else `folder` has.

    Raises UsageProblem for a named file that doesn't exist.
    """
    if not files and (text := environment.get(FILES_VARIABLE)):
        files = text.split(environment.get(_SEPARATOR_VARIABLE) or os.pathsep)
    if named := tuple(filter(None, files)):
        for file in named:
            _check_named(folder, file)
        return Definition(folder, named, named=True)
    usual = (*COMPOSE_FILES, *_BAKE_FILES, *_OVERRIDES)
    # Buildx would also read those that aren't regular files, so they can't be skipped.
    found = tuple(name for name in usual if (folder / name).exists())
    regular = any((folder / name).is_file() for name in found)
    return Definition(folder, found) if regular else None


def _check_named(folder: Path, file: str) -> None:
    if file == "-":
        raise UsageProblem(
            "a bake definition can't be read from standard input", fix="use --file FILE"
        )
    path = folder / file
    if not path.is_file():
        kind = "is not a regular file" if path.exists() else "doesn't exist"
        raise UsageProblem(f"the bake file {file} {kind}", fix="specify an existing file")


def mentions(definition: Definition) -> dict[str, int]:
    """Return where each word first occurs in the files: Buildx lists targets sorted by name."""
    found: dict[str, int] = {}
    for file in definition.files:
        path = definition.folder / file
        try:
            text = read_inside(path.parent, path.name, _MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        for word in _WORD.findall(text):
            found.setdefault(word, len(found))
    return found


def list_targets(definition: Definition) -> tuple[Listed, ...] | None:
    """Return targets and groups, sorted by name; None if this Buildx can't list them.

    Buildx omits targets whose names start with `_`. Raises UsageProblem with its error.
    """
    if not definition.named:
        # Buildx reads any file to its end, and follows any link.
        for name in (*definition.files, *_environment_file(definition)):
            try:
                read_inside(definition.folder, name, _MOST_BYTES)
            except OSError as error:
                place = definition.folder / name
                raise UsageProblem(f"{place} can't be read ({error.strerror})") from error
    listed = _run(
        definition,
        ["docker", "buildx", "bake", *_flags(definition), "--list=type=targets,format=json"],
    )
    if listed.returncode and "unknown flag: --list" in _words(listed):
        return None
    try:
        return msgspec.json.decode(_checked(listed, definition).stdout, type=tuple[Listed, ...])
    except msgspec.DecodeError as error:
        raise UsageProblem(f"Buildx's list of targets can't be parsed: {error}") from error


def print_targets(definition: Definition, names: Sequence[str]) -> Printed:
    """Return the resolved targets, variables, inheritance and matrices included.

    Buildx 0.29 truncates the files that outputs name even if it only prints. So it runs without
    write access. If the kernel doesn't support that, outputs aren't read.
    Raises UsageProblem with the error of Buildx.
    """
    whole = _bake(definition, *names)
    if whole.returncode == 0:
        return _printed(whole)
    bare = _bake(definition, *_NO_OUTPUTS, *names)
    if bare.returncode == read_only.UNAVAILABLE:
        bare = _run(definition, _command(definition, *_NO_OUTPUTS, *names))
        return _without_outputs(_printed(_checked(bare, definition)))
    printed = _without_outputs(_printed(_checked(bare, definition)))
    if not _NOT_OPENED.search(_words(whole)):
        _checked(whole, definition)
    for target, body in printed.targets.items():
        if outputs := _outputs(definition, target):
            body["output"] = outputs
    return printed


def print_default(definition: Definition) -> Printed:
    """Return what the group `default` resolves to, in its own order: Buildx prints it sorted."""
    if definition.is_compose:
        return print_targets(definition, ["default"])
    reader = {"args": {"order": "${jsonencode(group.default.targets)}"}}
    both, text = _with_reader(definition, reader)
    read = _bake(both, _READER, "default", stdin=text)
    if read.returncode == 0:
        printed = _printed(read)
    else:
        # An output may not be opened, or the group isn't written in the files.
        printed = print_targets(definition, ["default"])
        read = _bake(both, _READER, stdin=text)
    found = _printed(read).targets.get(_READER) if read.returncode == 0 else None
    if found is None:
        return printed
    order = tuple(json.loads(found["args"]["order"]))
    targets = {name: body for name, body in printed.targets.items() if name != _READER}
    return Printed(targets, {**printed.groups, "default": order})


def _outputs(definition: Definition, target: str) -> list[Any]:
    """Return the outputs of one target, some of which may be files."""
    printed = _bake(definition, target)
    if printed.returncode == 0:
        return list(_printed(printed).targets.get(target, {}).get("output") or ())
    # A second definition can refer to attributes of the first, but not to inherited ones.
    reader = {"args": {"outputs": f"${{jsonencode(target.{target}.output)}}"}}
    both, text = _with_reader(definition, reader)
    read = _bake(both, _READER, stdin=text)
    if read.returncode == 0:
        outputs = json.loads(_printed(read).targets[_READER]["args"]["outputs"])
        return list(outputs) if isinstance(outputs, list) else [outputs]
    # Any type that writes to one file.
    file = _NOT_OPENED.search(_words(printed))
    return [{"type": "tar", "dest": file[1]}] if file else []


def _with_reader(definition: Definition, reader: dict[str, Any]) -> tuple[Definition, bytes]:
    """Return the definition with a target of ours, and the text of its last file, its input."""
    both = msgspec.structs.replace(definition, files=(*definition.files, "-"), named=True)
    return both, json.dumps({"target": {_READER: reader}}).encode()


def _bake(
    definition: Definition, *words: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Print the definition with a Buildx that can't write files."""
    program = [sys.executable, "-I", "-S", read_only.__file__]
    return _run(definition, [*program, *_command(definition, *words)], stdin)


def _command(definition: Definition, *words: str) -> list[str]:
    return ["docker", "buildx", "bake", "--print", *_flags(definition), *words]


def _flags(definition: Definition) -> list[str]:
    return [word for file in definition.files if definition.named for word in ("-f", file)]


def _environment_file(definition: Definition) -> list[str]:
    reads = any(name in COMPOSE_FILES for name in definition.files)
    return [_READ_BY_COMPOSE] if reads and (definition.folder / _READ_BY_COMPOSE).exists() else []


def _run(
    definition: Definition, command: list[str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command,
            cwd=definition.folder,
            input=stdin,
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = (
            f"can't run `docker` ({error.strerror})"
            if isinstance(error, OSError)
            else f"Buildx did not respond within {_PATIENCE:g} s"
        )
        raise UsageProblem(
            f"the bake definition in {definition.folder} can't be read: {why}"
        ) from error


def _checked(
    ended: subprocess.CompletedProcess[bytes], definition: Definition
) -> subprocess.CompletedProcess[bytes]:
    if ended.returncode == 0:
        return ended
    words = _words(ended).strip().splitlines()
    reason = words[-1].removeprefix("ERROR: ") if words else "no reason given"
    raise UsageProblem(f"Buildx can't evaluate {definition.main}: {one_line(reason, 500)}")


def _words(ended: subprocess.CompletedProcess[bytes]) -> str:
    return ended.stderr.decode("utf-8", "replace")


def _printed(ended: subprocess.CompletedProcess[bytes]) -> Printed:
    found = json.loads(ended.stdout)
    groups = {
        name: tuple(group.get("targets") or ())
        for name, group in (found.get("group") or {}).items()
    }
    return Printed(found.get("target") or {}, groups)


def _without_outputs(printed: Printed) -> Printed:
    bodies = {
        name: {key: value for key, value in body.items() if key != "output"}
        for name, body in printed.targets.items()
    }
    return Printed(bodies, printed.groups)
