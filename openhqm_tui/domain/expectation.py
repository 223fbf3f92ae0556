"""What one lane's image must be: the measure that every check's answer is taken by."""

from __future__ import annotations

import msgspec

from openhqm_tui.domain.platforms import Platform
from openhqm_tui.domain.variants import Client

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
