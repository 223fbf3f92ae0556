"""Companions: containers that a service needs to work, such as its queue."""

from __future__ import annotations

from typing import Annotated

import msgspec

# More would be a whole system, and each of them gets as many resources as the service.
MOST_COMPANIONS = 8
_MOST_WORDS = 100
_Word = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*\Z", max_length=4096)]
_EnvName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*\Z", max_length=200)]
_Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
_Words = Annotated[tuple[_Word, ...], msgspec.Meta(max_length=_MOST_WORDS)]


class Companion(msgspec.Struct, frozen=True, kw_only=True):
    """A container in the network namespace of the service's container.

    `command` replaces the image's own arguments. `ready` is the condition to wait for: a TCP port
    on loopback, or a command that succeeds inside the container (an empty one: don't wait); None
    means a port that the image exposes.
    """

    image: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    env: Annotated[dict[_EnvName, _Word], msgspec.Meta(max_length=_MOST_WORDS)] = {}
    ready: _Port | _Words | None = None
    command: _Words = ()
