"""The evidence about an image: its index, config and layers, and the report of the probe inside.

All of it is untrusted: it is typed and bounded here, and `answered` sanitizes it for display.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

from openhqm_tui.domain.checks.layers import FileKind, Placed
from openhqm_tui.domain.checks.verdict import Answer, Result
from openhqm_tui.domain.secrets.redact import Mask, config_secrets

# The limits of a container: megabytes of memory without swap; processes and threads. The memory of
# an emulator counts too: four workers with all clients of OpenHQM don't fit in 512 MB under QEMU.
MEMORY_MB = 512
EMULATED_MEMORY_MB = 1024
PROCESSES = 128
# SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV: the signals of a crashed emulator.
CRASHES = frozenset({4, 5, 6, 7, 8, 11})
EMULATOR_HINT = "retry with a newer QEMU or on a native node"
# Counts from the probe are limited, so that they fit on a screen.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


def memory_mb(*, emulated: bool) -> int:
    """Return the limit of a container's memory in megabytes."""
    return EMULATED_MEMORY_MB if emulated else MEMORY_MB


class SeenImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of an index, by its manifest and config; sizes in bytes.

    `os_version` tells images of one platform apart (Windows). `attestation`: the index lists it as
    an attestation, which engines hide, but it can be run. `annotations` are those with which the
    engine refers to the index.
    """

    platform: str
    digest: str = ""
    os_version: str = ""
    attestation: bool = False
    annotations: dict[str, str] = {}
    content_size: int = 0
    unpacked_size: int = 0


class SeenConfig(msgspec.Struct, frozen=True, kw_only=True):
    """An image's config.

    `health_check` is its test (`NONE` disables that of the base), `health_timeout` its timeout in
    seconds (0: the default), `shell` the shell for a test that is a shell command. `layers` are the
    digests of the unpacked layers, the lowest first; `history` are the instructions, the newest
    first. Both are None if the engine doesn't report them. `comments` are the comments in the
    history.
    """

    os: str = ""
    arch: str = ""
    variant: str = ""
    author: str = ""
    user: str = ""
    working_dir: str = ""
    stop_signal: str = ""
    labels: dict[str, str] = {}
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    health_check: tuple[str, ...] = ()
    health_timeout: float = 0.0
    shell: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    layers: tuple[str, ...] | None = None
    history: tuple[str, ...] | None = None
    comments: tuple[str, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        """The full command: entrypoint and arguments."""
        return self.entrypoint + self.cmd

    def masked(self, text: str) -> str:
        """Return a text of this config without its secrets."""
        return Mask(config_secrets(self.env, self.labels)).start(text)


class SeenService(msgspec.Struct, frozen=True, kw_only=True):
    """How the image's own command behaved; see openhqm_tui/run/checks/probe_service.py.

    `status` 0: no response; `reply` is the beginning of one that isn't HTTP. `milliseconds`: until
    the expected response, else until the end. `later` is the status of a second response a moment
    later, 0 for none; None: there was no second request. `ended`, with `signal` or `exit_code`: it
    ended by itself; `left` counts the processes that it left behind. `restarts` counts the
    processes that ended and were started again, after the expected response if there was one;
    `looping`: the check gave up because of that. `addresses` are those with a listener on the
    service's port; `before` are the ports that had a listener before the command started,
    `own_ports` the other ports that it listens on. `complaints` are lines of its output about
    peers. `out_of_memory` and `refused_forks` are counted by the kernel. `companion_trouble`: which
    companion was missing, and why.
    """

    milliseconds: Count = 0
    watched_milliseconds: Count = 0
    listens: bool = False
    status: Count = 0
    later: Count | None = None
    reply: str = ""
    ended: bool = False
    left: Count = 0
    restarts: Count = 0
    looping: bool = False
    addresses: list[str] = []
    before: list[Count] = []
    own_ports: list[Count] = []
    complaints: list[str] = []
    signal: Count = 0
    exit_code: Count = 0
    cpu_milliseconds: Count = 0
    out_of_memory: Count = 0
    refused_forks: Count = 0
    words: str = ""
    companion_trouble: str = ""

    @property
    def crashed(self) -> bool:
        """Whether it ended as it would if the emulator had crashed."""
        return "uncaught target signal" in self.words or (
            self.ended and (self.signal in CRASHES or self.exit_code - 128 in CRASHES)
        )

    @property
    def hit_a_limit(self) -> bool:
        """Whether it needed more memory or processes than the container has."""
        return bool(self.out_of_memory or self.refused_forks)


class SeenHealthCheck(msgspec.Struct, frozen=True, kw_only=True):
    """How the image's health check ended, executed once after the service had responded."""

    milliseconds: Count = 0
    timed_out: bool = False
    signal: Count = 0
    exit_code: Count = 0
    words: str = ""


class SeenModule(msgspec.Struct, frozen=True):
    """One module: its version if it has one, and the error from importing or using it."""

    distribution: str
    version: str = ""
    found: bool = False
    error: str = ""


class SeenByteCode(msgspec.Struct, frozen=True, kw_only=True):
    """How many modules were examined, how many have no current bytecode, and some names."""

    asked: Count
    missing: Count
    names: list[str] = []


class ProbeTrouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why the probe reported nothing; `emulator`: the emulator is the cause, not the image.

    `no_python`: the image doesn't have the interpreter.
    """

    reason: str
    emulator: bool = False
    could_not_ask: bool = False
    no_python: bool = False

    @property
    def answer(self) -> Answer:
        """The answer of the check that was running."""
        return Answer.UNKNOWN if self.emulator or self.could_not_ask else Answer.FAIL


class ProbeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The probe's report from inside the container; see openhqm_tui/run/checks/probe.py.

    A field that is None was not reported, and `trouble` says why. `requires` has, by distribution,
    the requirements that lead to an installed client of `absent`. `unready` are the indices of
    companions that didn't listen in time.
    """

    machine: str
    implementation: str
    python: str
    python_platform: str
    uid: Count
    executable: str = ""
    ext_suffix: str = ""
    absent: list[SeenModule] | None = None
    requires: dict[str, list[str]] = {}
    library: list[SeenModule] | None = None
    extensions: list[SeenModule] | None = None
    byte_code: SeenByteCode | None = None
    clients: list[SeenModule] | None = None
    service: SeenService | None = None
    unready: list[Count] = []
    health: SeenHealthCheck | None = None
    trouble: ProbeTrouble | None = None


class Contents(msgspec.Struct, frozen=True):
    """Everything found in an image's layers, and the number of layers."""

    placed: tuple[Placed, ...]
    layers: int

    def of(self, kind: FileKind) -> list[Placed]:
        """Return the findings of one kind, including those in files that a later layer deletes."""
        return [one for one in self.placed if one.found.kind is kind]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence for the checks of one image; None for what couldn't be read.

    `annotations` are those of the index and the image's manifest. `why_index` says why the index is
    unknown, `why` why the rest is. `emulated`: the probe's container ran under an emulator. `today`
    is the day on which waivers must be valid.
    """

    index: list[SeenImage] | None = None
    why_index: str = ""
    config: SeenConfig | None = None
    contents: Contents | None = None
    annotations: dict[str, str] | None = {}
    why: str = ""
    probe: ProbeAnswer | None = None
    emulated: bool = False
    today: date = date.min

    def no_config(self, expected: str) -> Result:
        """Return the result if the config couldn't be read."""
        return Result(Answer.UNKNOWN, self.why or "the engine didn't report the config", expected)
