"""What a planted fault is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

BOTH = ("linux/amd64", "linux/arm64")

Json = dict[str, Any]


class Entry(msgspec.Struct):
    """One image of an index: the platform that the index gives it, its config and annotations.

    The annotations are those of its manifest, and of the index about it.
    """

    platform: Json
    config: Json
    annotations: dict[str, str] = {}


# Changes what a good image's index holds.
Twist = Callable[[list[Entry]], None]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which an image is wrong, how it is made, and the check that is meant for it.

    `recipe` is what a Dockerfile has after `FROM` the good image (or begins with its own FROM);
    `twist` changes the good image's index and configs instead. `also` are other checks that
    may rightly fail with it; `evidence` is a part of what the check meant for it must tell.
    `runs`: it shows only when the image runs; the others are asked without starting their service,
    which no answer depends on. `slow`: nothing comes of it until time is up.
    `native` and `emulated` are the answers that are right where the image runs natively or
    emulated, if not `fail` alone.
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
    """Return the line that puts in place what the workshop made for a fault."""
    return f"COPY --from=workshop /shelf/{name}/ /\n"


def of_other_machine(name: str) -> str:
    """Return the lines that put in place what the workshop made of programs for other machines."""
    return f"ARG TARGETARCH\nCOPY --from=workshop /shelf/{name}-on-${{TARGETARCH}}/ /\n"
