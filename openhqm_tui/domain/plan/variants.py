"""The named builds of an image. OpenHQM's own are data: assets/expectations/openhqm.toml."""

from __future__ import annotations

import msgspec

from openhqm_tui.domain.text import Inert


class Client(msgspec.Struct, frozen=True):
    """A queue client library: its distribution on PyPI and the module whose import verifies it."""

    distribution: str
    module: str


class Variant(Inert, frozen=True):
    """A named build of the image: its word on the command line and the clients it carries."""

    name: str
    title: str
    clients: tuple[Client, ...] = ()
