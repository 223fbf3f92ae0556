"""The requirements files of a checkout, as pip reads them: what its core and each variant install.

The files may be written by strangers: names and versions are parsed by `packaging`, everything is
bounded, and a line that can't be parsed is reported with its place, never raised as an error.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.text import one_line

if TYPE_CHECKING:
    from packaging.requirements import Requirement

CORE_FILE = "requirements.txt"
EVERYTHING = "all"
_MOST_FILES = 50
_MOST_LINES = 500
_MOST_PROBLEMS = 5
_LONGEST_NAME = 100
_COMMENT = re.compile(r"(^|\s+)#.*$")
# What pip accepts after a requirement, such as `--hash=sha256:…`.
_LINE_OPTIONS = re.compile(r"\s--?[A-Za-z].*$")
_INCLUDE = re.compile(
    r"(?:(?P<install>-r\s*|--requirement[\s=]\s*)|(?:-c\s*|--constraint[\s=]\s*))(?P<file>.+)"
)
_EDITABLE = re.compile(r"(?:-e\s*|--editable[\s=]\s*)")
_EGG = re.compile(r"#egg=(?P<name>[A-Za-z0-9._-]+(?:\[[A-Za-z0-9,._ -]*\])?)")


class RequirementLines(msgspec.Struct, frozen=True):
    """The contents of a file and of those that it includes: requirements, and constraints."""

    packages: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()


class ProjectRequirements(msgspec.Struct, frozen=True, kw_only=True):
    """The requirements of a checkout's core and, by name, of the variants that have a file.

    `problems` has a line for each part that couldn't be read or understood.
    """

    core: RequirementLines = RequirementLines()
    variants: dict[str, RequirementLines] = {}
    problems: tuple[str, ...] = ()


class Installed(NamedTuple):
    """A distribution to install: its normalized name, its line without the marker."""

    name: str
    line: str


def file_of(variant: str) -> str:
    """Return the name of a variant's requirements file."""
    return f"requirements-queue-{variant}.txt"


def read_requirements(
    variants: Iterable[str], read: Callable[[str], str]
) -> ProjectRequirements | None:
    """Return the requirements of a checkout; None if no variant has a file.

    `read` returns the text of a file by its path below the checkout, and raises OSError. The
    variant `all` without a file of its own requires what all others do.
    """
    reading = _Reading(read)
    found = {}
    for variant in variants:
        lines = reading.lines_of(file_of(variant))
        if lines is not None:
            found[variant] = lines
    if not found and not reading.problems:
        return None
    if found and EVERYTHING not in found:
        found[EVERYTHING] = RequirementLines(
            tuple(dict.fromkeys(one for lines in found.values() for one in lines.packages)),
            tuple(dict.fromkeys(one for lines in found.values() for one in lines.constraints)),
        )
    core = reading.lines_of(CORE_FILE)
    return ProjectRequirements(
        core=core or RequirementLines(),
        variants=found,
        problems=tuple(reading.problems),
    )


class _Reading:
    """Reads requirements files with what they include, and collects problems."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read
        self._texts: dict[str, str] = {}
        self._reads = 0
        self.problems: list[str] = []

    def lines_of(self, name: str) -> RequirementLines | None:
        """Return the lines of a file and its includes; None if there is no such file to read."""
        try:
            self._text(name)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._problem(name, f"can't be read ({error.strerror or error})")
            return None
        packages: dict[str, None] = {}
        constraints: dict[str, None] = {}
        seen: set[tuple[str, bool]] = set()
        todo = [(name, False)]
        while todo:
            file, constrains = todo.pop()
            if (file, constrains) in seen:
                continue
            seen.add((file, constrains))
            try:
                text = self._text(file)
            except OSError as error:
                self._problem(file, f"can't be read ({error.strerror or error})")
                continue
            included: list[tuple[str, bool]] = []
            for line in _logical_lines(text):
                if include := _INCLUDE.fullmatch(line):
                    place = _included(file, include["file"])
                    included.append((place, constrains or not include["install"]))
                elif requirement := self._requirement(file, line):
                    (constraints if constrains else packages)[str(requirement)] = None
            todo += reversed(included)
            if len(packages) + len(constraints) > _MOST_LINES:
                self._problem(name, f"more than {_MOST_LINES} requirements; the rest are ignored")
                break
        return RequirementLines(tuple(packages)[:_MOST_LINES], tuple(constraints)[:_MOST_LINES])

    def _text(self, file: str) -> str:
        if file not in self._texts:
            self._reads += 1
            if self._reads > _MOST_FILES:
                raise OSError(f"it includes more than {_MOST_FILES} files")
            if "://" in file or file.startswith(("/", "../")) or file == "..":
                raise OSError("outside the checkout")
            self._texts[file] = self._read(file)
        return self._texts[file]

    def _requirement(self, file: str, line: str) -> Requirement | None:
        line = _LINE_OPTIONS.sub("", line)
        editable = _EDITABLE.match(line)
        if line.startswith("-") and not editable:
            return None  # an option, such as --index-url
        if editable or line.startswith((".", "/")) or "/" in line.partition("@")[0]:
            # A URL or path names its distribution in its fragment or file name, if at all.
            egg = _EGG.search(line)
            line = egg["name"] if egg else _wheel_name(line)
            if not line:
                self._problem(
                    file, "can't tell which package a path or URL refers to, so no check covers it"
                )
                return None
        requirement = parsed(line)
        if requirement is None or len(requirement.name) > _LONGEST_NAME:
            # A URL may contain a password.
            what = "a URL" if "://" in line else f"'{one_line(line, 60)}'"
            self._problem(file, f"{what} is not a valid requirement, so no check covers it")
            return None
        requirement.url = None
        return requirement

    def _problem(self, file: str, what: str) -> None:
        # A URL may contain a password.
        problem = f"{'a URL' if '://' in file else one_line(file, 100)}: {what}"
        if len(self.problems) < _MOST_PROBLEMS and problem not in self.problems:
            self.problems.append(problem)


def _logical_lines(text: str) -> Iterator[str]:
    """Yield the lines of a requirements file: continued lines joined, without comments."""
    kept = ""
    for line in [*text.removeprefix("\ufeff").splitlines(), ""]:
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            kept += line[:-1]
            continue
        # A comment ends a continued line, as in pip.
        whole = _COMMENT.sub("", kept + ("" if is_comment else line)).strip()
        kept = ""
        if whole:
            yield whole


def _wheel_name(path: str) -> str:
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        return parse_wheel_filename(posixpath.basename(path.partition(";")[0].strip()))[0]
    except InvalidWheelFilename:
        return ""


def _included(file: str, path: str) -> str:
    """Return the path of a file that another one includes, relative to the checkout."""
    path = path.strip().strip("\"'")
    if "://" in path:
        return path
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path))


def machine_on(platform: Platform) -> str:
    """Return the machine that Python reports in an image built for a platform."""
    special = {"386": "i686", "arm": f"arm{platform.variant or 'v7'}l"}
    return special.get(platform.arch, platform.machines[0])


def environment(machine: str, python: str) -> dict[str, str]:
    """Return the marker variables of CPython on Linux; `python` is `3.13` or `3.13.2`."""
    full = python if python.count(".") > 1 else f"{python}.0"
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": full,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": full,
        "python_version": ".".join(full.split(".")[:2]),
        "sys_platform": "linux",
    }


def installed_by(lines: RequirementLines, variables: Mapping[str, str]) -> tuple[Installed, ...]:
    """Return what lines install for these values of the markers, with the constraints added."""
    limits = [one for one in map(parsed, lines.constraints) if one and applies(one, variables)]
    found = []
    for one in filter(None, map(parsed, lines.packages)):
        if not applies(one, variables):
            continue
        name = normalized(one.name)
        for limit in limits:
            if normalized(limit.name) == name:
                one.specifier &= limit.specifier
        extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
        found.append(Installed(name, f"{name}{extras}{one.specifier}"))
    return tuple(dict.fromkeys(found))


def applies(requirement: Requirement, variables: Mapping[str, str]) -> bool:
    """Whether a requirement's marker is true; one that can't be evaluated counts as true."""
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

    if requirement.marker is None:
        return True
    try:
        return requirement.marker.evaluate(dict(variables))
    except (UndefinedComparison, UndefinedEnvironmentName, ValueError):
        return True


def normalized(name: str) -> str:
    """Return the normalized name of a distribution."""
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def parsed(line: str) -> Requirement | None:
    """Return a line as a requirement; None if it isn't one."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(line)
    except InvalidRequirement:
        return None
