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
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.domain.errors import UsageProblem
from openhqm_tui.domain.plan.bake import literal
from openhqm_tui.domain.plan.overrides import NO_OVERRIDES, Overrides, matches_pattern
from openhqm_tui.domain.text import one_line
from openhqm_tui.engine.source import read_only
from openhqm_tui.files.confined import read_inside

_PATIENCE = 60.0
_MOST_BYTES = 4_000_000
_NO_OUTPUTS = ("--set", "*.output=type=cacheonly")
_NOT_OPENED = re.compile(r"failed to open open (.+): permission denied")
_NOT_FOUND = re.compile(r"failed to find target|could not find any target matching")
_WORD = re.compile(r"[A-Za-z0-9_.-]+")
_PATTERN = re.compile(r"[*?[]")
# A target of ours, and its argument, that reads what `--print` doesn't give.
_READER = "_openhqm-reader"
_ORDER = '${try(jsonencode(group.default.targets), "")}'
# A pattern for all targets and groups, of Buildx 0.26 and later.
EVERY = "*"
FILES_VARIABLE = "BUILDX_BAKE_FILE"
_SEPARATOR_VARIABLE = "BUILDX_BAKE_PATH_SEPARATOR"
# The files that Buildx reads without -f, in this order; a later one overrides an earlier one.
COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_BAKE_FILES = ("docker-bake.json", "docker-bake.hcl")
_OVERRIDES = ("docker-bake.override.json", "docker-bake.override.hcl")
_READ_BY_COMPOSE = ".env"


class Definition(msgspec.Struct, frozen=True):
    """The files of a bake definition, relative to `folder`; not `named`: Buildx finds them.

    What it prints has the changes that the flags of `overrides` request.
    """

    folder: Path
    files: tuple[str, ...]
    named: bool = False
    overrides: Overrides = NO_OVERRIDES

    @property
    def main(self) -> str:
        """The path of the file that the definition is called by."""
        found = next((name for name in _BAKE_FILES if name in self.files), self.files[0])
        return str(self.folder / found)

    @property
    def is_compose(self) -> bool:
        """Whether it consists of the folder's Compose files only, which may build nothing."""
        return not self.named and self.is_only_compose

    @property
    def is_only_compose(self) -> bool:
        """Whether Buildx reads all of its files as Compose files."""
        return all(file.lower().endswith((".yml", ".yaml")) for file in self.files)


class TargetMissing(UsageProblem):
    """The definition has no target or group of some name."""


class Listed(msgspec.Struct, frozen=True):
    """A target or group as `bake --list` gives it."""

    name: str


class Group(msgspec.Struct, frozen=True):
    """A group as `bake --print` gives it, with its members in the order of the file."""

    targets: tuple[str, ...] = ()
    description: str = ""


class Printed(msgspec.Struct, frozen=True):
    """The output of `bake --print`: bodies of targets, and groups."""

    targets: dict[str, dict[str, Any]] = msgspec.field(name="target", default_factory=dict)
    groups: dict[str, Group] = msgspec.field(name="group", default_factory=dict)

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
                left = [*self.groups[name].targets, *left]
            elif name in self.targets:
                found[name] = None
        return tuple(found)

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Return the groups and targets that Buildx finds for a name or pattern of names."""
        # As Buildx 0.29.1 does: sanitizeTargetName of bake/bake.go.
        pattern = pattern.replace(".", "_")
        every = dict.fromkeys([*self.groups, *self.targets])
        if not _PATTERN.search(pattern):
            return (pattern,) if pattern in every else ()
        return tuple(name for name in every if matches_pattern(name, pattern))


def definition_in(
    folder: Path, files: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> Definition | None:
    """Return the definition that `files`, else the environment, else `folder` has.

    Raises UsageProblem for a named file that doesn't exist.
    """
    if not files and (text := environment.get(FILES_VARIABLE)):
        separator = environment.get(_SEPARATOR_VARIABLE) or os.pathsep
        files = [file.strip() for file in text.split(separator)]
    else:
        # How Buildx marks files of this folder next to those of a remote definition.
        files = [file.removeprefix("cwd://") for file in files]
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


def check_readable(definition: Definition) -> None:
    """Raise UsageProblem if Buildx would read something that isn't a file of the folder.

    Buildx reads any file to its end, and follows any link.
    """
    if definition.named:
        return
    for name in (*definition.files, *_environment_file(definition)):
        try:
            read_inside(definition.folder, name, _MOST_BYTES)
        except OSError as error:
            place = definition.folder / name
            raise UsageProblem(f"{place} can't be read ({error.strerror})") from error


def print_list(definition: Definition, what: str) -> str:
    """Return what Buildx lists: `targets` or `variables`, or `type=…,format=json`."""
    check_readable(definition)
    listed = _run(definition, ["docker", "buildx", "bake", *_flags(definition), f"--list={what}"])
    return _checked(listed, definition).stdout.decode("utf-8", "replace")


def list_names(definition: Definition) -> list[str]:
    """Return the names of targets and groups; [] if this Buildx can't list them.

    Buildx omits targets whose names start with `_`. Raises UsageProblem with its error.
    """
    try:
        listed = print_list(definition, "type=targets,format=json")
    except UsageProblem as problem:
        if "unknown flag: --list" in str(problem):
            return []
        raise
    try:
        found = msgspec.json.decode(listed, type=tuple[Listed, ...] | None)
        # Buildx prints null for Compose files without services.
        return [one.name for one in found or ()]
    except msgspec.DecodeError as error:
        raise UsageProblem(f"Buildx's list of targets can't be parsed: {error}") from error


def print_targets(definition: Definition, names: Sequence[str]) -> Printed:
    """Return the resolved targets, variables, inheritance and matrices included.

    A name may be a pattern, such as EVERY. The group `default` is among the groups if the
    definition has it and `names` stand for it. Raises UsageProblem with the error of Buildx,
    TargetMissing if a name isn't found.
    """
    if definition.is_only_compose:
        return _with_default(definition, _print(definition, names), names)
    both, text = _with_reader(definition, {_READER: _ORDER})
    read = _bake(both, _READER, *names, stdin=text)
    words = _words(read)
    opens_files = read.returncode == read_only.UNAVAILABLE or _NOT_OPENED.search(words)
    if read.returncode and (opens_files or _READER in words):
        return _with_default(definition, _print(definition, names), names)
    return _with_default(definition, _printed(_checked(read, definition)), names)


def _with_default(definition: Definition, printed: Printed, names: Sequence[str]) -> Printed:
    """Return what is printed with the group `default` of the files, if they have it.

    Buildx adds all that it prints to that group, and sorts it.
    """
    targets, groups = dict(printed.targets), dict(printed.groups)
    merged = groups.pop("default", Group())
    order = (targets.pop(_READER, {}).get("args") or {}).get(_READER)
    meant = {*names, *(member for group in groups.values() for member in group.targets)}
    if order:
        groups["default"] = Group(tuple(json.loads(order)), merged.description)
    elif set(names) == {"default"} or (definition.is_only_compose and EVERY in names):
        groups["default"] = Group(tuple(name for name in merged.targets if name in targets))
    elif {"default", EVERY} & meant and "default" not in targets:
        # Compose files or a matrix may have it.
        with suppress(TargetMissing):
            groups |= _print(definition, ["default"]).groups
    return Printed(targets, groups)


def _print(definition: Definition, names: Sequence[str]) -> Printed:
    """Print targets with a Buildx that can't write files.

    Buildx 0.29 truncates the files that outputs name even if it only prints. If the kernel can't
    take its write access away, outputs aren't read.
    """
    whole = _bake(definition, *names)
    if whole.returncode == 0:
        return _printed(whole)
    if whole.returncode == read_only.UNAVAILABLE:
        bare = _run(definition, _command(definition, *_NO_OUTPUTS, *names))
        return _without_outputs(_printed(_checked(bare, definition)))
    if not _NOT_OPENED.search(_words(whole)):
        _checked(whole, definition)
    bare = _bake(definition, *_NO_OUTPUTS, *names)
    printed = _without_outputs(_printed(_checked(bare, definition)))
    for target, outputs in _outputs(definition, list(printed.targets)).items():
        if outputs:
            printed.targets[target]["output"] = outputs
    return printed


def override(
    bodies: Mapping[str, dict[str, Any]], overrides: Overrides, folder: Path
) -> dict[str, dict[str, Any]]:
    """Return targets of ours as `bake --print` gives them with the changes that flags request.

    Relative paths are in `folder`. Raises UsageProblem with the error of Buildx.
    """
    if not overrides.words:
        return overrides.applied(bodies)
    ours = Definition(folder, ("-",), named=True, overrides=overrides)
    escaped = {name: literal(body, printed=False) for name, body in bodies.items()}
    text = json.dumps({"target": escaped}).encode()
    printed = _bake(ours, *bodies, stdin=text)
    if printed.returncode == read_only.UNAVAILABLE:
        printed = _run(ours, _command(ours, *bodies), text)
    if printed.returncode:
        flags = " ".join(overrides.words)
        raise UsageProblem(f"Buildx can't evaluate {flags}: {_reason(printed)}")
    return overrides.applied(_printed(printed).targets)


def _outputs(definition: Definition, targets: Sequence[str]) -> dict[str, list[Any]]:
    """Return the outputs of targets, some of which may be files."""
    printed = _bake(definition, *targets)
    if printed.returncode == 0:
        bodies = _printed(printed).targets
        return {name: list(bodies.get(name, {}).get("output") or ()) for name in targets}
    if len(targets) > 1:
        half = len(targets) // 2
        return _outputs(definition, targets[:half]) | _outputs(definition, targets[half:])
    (target,) = targets
    appended = definition.overrides.appended_outputs(target)
    # A second definition can refer to attributes of the first, but not to inherited ones.
    both, text = _with_reader(definition, {_READER: f"${{jsonencode(target.{target}.output)}}"})
    read = _bake(both, _READER, stdin=text)
    if read.returncode == 0:
        outputs = json.loads(_printed(read).targets[_READER]["args"][_READER])
        return {target: [*(outputs if isinstance(outputs, list) else [outputs]), *appended]}
    # Any type that writes to one file.
    file = _NOT_OPENED.search(_words(printed))
    return {target: [{"type": "tar", "dest": file[1]}, *appended] if file else []}


def _with_reader(definition: Definition, args: dict[str, str]) -> tuple[Definition, bytes]:
    """Return the definition with a target of ours, and the text of its last file, its input."""
    both = msgspec.structs.replace(definition, files=(*definition.files, "-"), named=True)
    return both, json.dumps({"target": {_READER: {"args": args}}}).encode()


def _bake(
    definition: Definition, *words: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Print the definition with a Buildx that can't write files."""
    program = [sys.executable, "-I", "-S", read_only.__file__]
    return _run(definition, [*program, *_command(definition, *words)], stdin)


def _command(definition: Definition, *words: str) -> list[str]:
    flags = [*_flags(definition), *definition.overrides.flags]
    return ["docker", "buildx", "bake", "--print", *flags, *words]


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
    flags = " ".join(definition.overrides.words)
    what = f"{definition.main} with {flags}" if flags else definition.main
    reason = _reason(ended)
    kind = TargetMissing if _NOT_FOUND.match(reason) else UsageProblem
    raise kind(f"Buildx can't evaluate {what}: {reason}")


def _reason(ended: subprocess.CompletedProcess[bytes]) -> str:
    words = _words(ended).strip().splitlines()
    reason = words[-1].removeprefix("ERROR: ") if words else "no reason given"
    return one_line(reason, 500)


def _words(ended: subprocess.CompletedProcess[bytes]) -> str:
    return ended.stderr.decode("utf-8", "replace")


def _printed(ended: subprocess.CompletedProcess[bytes]) -> Printed:
    # Buildx prints null for what is empty: the targets of Compose files that build nothing.
    found = {key: value for key, value in json.loads(ended.stdout).items() if value}
    groups = {
        name: {key: value for key, value in group.items() if value is not None}
        for name, group in found.get("group", {}).items()
    }
    return msgspec.convert(found | {"group": groups}, Printed)


def _without_outputs(printed: Printed) -> Printed:
    bodies = {
        name: {key: value for key, value in body.items() if key != "output"}
        for name, body in printed.targets.items()
    }
    return Printed(bodies, printed.groups)
