"""A check: one question about an image, and how it is answered.

Each check is a module in `static/` or `running/` with one `CHECK`; `catalog` finds them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from openhqm_tui.domain.checks.evidence import Evidence
from openhqm_tui.domain.checks.expectation import Expectation, Key
from openhqm_tui.domain.checks.verdict import Result


class Group(StrEnum):
    """Whether a check runs the image."""

    STATIC = "static"
    RUNNING = "running"


class Method(StrEnum):
    """Where a check's evidence comes from; the value is shown on screen."""

    STORE = "read from the engine's store, without running the image"
    LAYERS = "read file by file from the image's layers, without running the image"
    WHOLE_IMAGE = "read from the image's config, annotations and layers, without running the image"
    CONTAINER = "run by the image's Python in a container without network access or privileges"
    SERVICE = "the image's own command, run in a container and queried over loopback"
    USER = "read from the config and /etc/passwd, else from a process in the container"
    HEALTH_CHECK = "read from the config, and run once if the service check passes"
    NOT_KNOWN = ""

    @property
    def group(self) -> Group:
        """Whether it needs the image to run."""
        running = {Method.CONTAINER, Method.SERVICE, Method.USER, Method.HEALTH_CHECK}
        return Group.RUNNING if self in running else Group.STATIC


class ProbeArgument(NamedTuple):
    """The probe's argument for a check: `name=value`; it is omitted if the value is ''.

    The probe runs the checks in order of `position` and reports each result immediately, so the
    first check without a report is the one that failed. `value` is called with the expectation, and
    with whether the container is emulated.
    """

    position: int
    name: str
    value: Callable[[Expectation, bool], str]


def _always(_: Expectation) -> bool:
    return True


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check.

    `position` is its place among all checks, on screen and in reports; `short` heads its column.
    `hint` is the usual fix, or a function that returns it for the evidence.
    `judge` returns None if the probe didn't report what it needs. `applies` returns whether an
    expectation asks for it. `exempts`: the key `allow` may exempt files from it; `usual` are the
    globs of files that are acceptable in every image. `needs_python` False: without Python in the
    image it is judged by the config.
    """

    name: str
    position: int
    short: str
    question: str
    hint: str | Callable[[str], str]
    method: Method
    judge: Callable[[Expectation, Evidence], Result | None]
    applies: Callable[[Expectation], bool] = _always
    keys: tuple[Key[Any], ...] = ()
    probe: ProbeArgument | None = None
    exempts: bool = False
    usual: tuple[str, ...] = ()
    needs_python: bool = True

    @property
    def group(self) -> Group:
        """Whether it runs the image."""
        return self.method.group

    def is_asked(self, expected: Expectation) -> bool:
        """Whether an expectation asks for this check."""
        if self.group is Group.RUNNING and self.needs_python and not expected.has_python:
            return False
        return self.applies(expected)
