"""The record of a planted fault."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import msgspec

from openhqm_tui.domain.platforms import parse_platform

BOTH = ("linux/amd64", "linux/arm64")
NATIVE, FOREIGN = BOTH if str(parse_platform(platform.machine())) == BOTH[0] else BOTH[::-1]

Json = dict[str, Any]


class Entry(msgspec.Struct):
    """One image of an index: its platform in the index, its config and annotations.

    The annotations are put into its manifest and its entry in the index.
    """

    platform: Json
    config: Json
    annotations: dict[str, str] = {}


# Changes the entries of a good image's index.
Twist = Callable[[list[Entry]], None]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of an image, how it is made, and the check that must find it.

    `recipe` is the part of a Dockerfile after `FROM` the good image (or starts with its own FROM);
    `twist` changes the good image's index and configs instead. `also` are other checks that
    may rightly fail too; `evidence` is text that the evidence of its check must contain.
    `runs`: the fault shows only when the image runs; the others are checked without starting the
    service. `slow`: it shows only after a timeout. `native` and `emulated` are the right answers
    where the image runs natively or emulated, if not only `fail`.
    """

    name: str
    what: str
    check: str
    recipe: str = ""
    twist: Twist | None = None
    platforms: tuple[str, ...] = BOTH
    also: tuple[str, ...] = ()
    evidence: str = ""
    runs: bool = False
    slow: bool = False
    native: tuple[str, ...] = ("fail",)
    emulated: tuple[str, ...] = ("fail",)


def own(name: str) -> str:
    """Return the line that copies the files that the workshop made for a fault."""
    return f"COPY --from=workshop /shelf/{name}/ /\n"


def of_other_machine(name: str) -> str:
    """Return the lines that copy the programs for other machines that the workshop made."""
    return f"ARG TARGETARCH\nCOPY --from=workshop /shelf/{name}-on-${{TARGETARCH}}/ /\n"
