"""All data of a report on one run; its JSON is documented by `report.schema.json`.

Every figure is the run's own: what it doesn't hold is null, never guessed. Texts are safe to show
and their secrets are masked. What changes the meaning of a field, or takes one away, raises
SCHEMA; fields may be added.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

# 2: `result` is "verified" or "not verified" (1: "proved", "not proved"), and the outcome of a run
# in progress "running" (1: "going on").
SCHEMA = 2

Moment = Annotated[float, msgspec.Meta(description="seconds since 1970, UTC")]
Seconds = Annotated[float, msgspec.Meta(description="seconds", ge=0)]
Bytes = Annotated[int, msgspec.Meta(description="bytes", ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Fraction = Annotated[float, msgspec.Meta(description="1 is all of it")]
How = Annotated[
    str, msgspec.Meta(description="native, cross, emulated, or '' where nobody can say")
]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a report."""


class Node(Told, frozen=True, kw_only=True):
    """One machine of the builder: what it runs natively, and all that it builds for."""

    name: str
    native: str = ""
    platforms: tuple[str, ...] = ()


class Environment(Told, frozen=True, kw_only=True):
    """Where and of what it was built; '' where the run doesn't tell.

    `driver` is how the builder's `nodes` are reached, which are told where they aren't the engine
    itself; `base_reason` is why that base image was taken; `python` the version asked for,
    `pythons` the versions that the images said they have; `arguments` the build arguments that
    all targets share.
    """

    engine: str = ""
    buildx: str = ""
    builder: str = ""
    driver: str = ""
    nodes: tuple[Node, ...] = ()
    host: str = ""
    base: str = ""
    base_reason: str = ""
    python: str = ""
    pythons: tuple[str, ...] = ()
    revision: str = ""
    source: str = ""
    context: str = ""
    dockerfile: str = ""
    jobs: Count = 0
    arguments: dict[str, str] = {}


class Case(Told, frozen=True, kw_only=True):
    """One check of one lane: what was asked, how, and the answer.

    `answer` is pass, fail, warn, waived (somebody accepts it until a day) or unknown (it could not
    be asked: never a pass); `how` tells how the image ran for it, '' where it didn't run; `command`
    is what asked, '' where it was looked up as `way` says.
    """

    check: str
    answer: str
    seen: str = ""
    expected: str = ""
    how: How = ""
    asks: str = ""
    way: str = ""
    command: str = ""


class Layer(Told, frozen=True, kw_only=True):
    """One layer of a lane's image, compressed; `lanes` is how many lanes of the run hold it."""

    digest: str
    bytes: Bytes
    created_by: str = ""
    lanes: Count = 1


class Architecture(Told, frozen=True, kw_only=True):
    """What a lane's image is made for, by what it said itself; '' where it wasn't asked.

    `config` is the platform of its config, `machine` what Python's platform.machine() says in it,
    `python_platform` what sysconfig says, `binaries` the answer about its ELF files.
    """

    config: str = ""
    machine: str = ""
    python: str = ""
    python_platform: str = ""
    binaries: str = ""


class Lane(Told, frozen=True, kw_only=True):
    """One target on one platform.

    `status` is waiting, running, checking, done, passed, unknown, failed or cancelled; `result`
    the same in a person's words. `built` tells how its steps ran and `ran` how its image was
    asked, `node` is where it was built; `check_started` is seconds after the run's start.
    `build_seconds` is the time in which steps of its own ran, `against_all` its size as part of
    that of the target `all`, `own_bytes` are in layers that no other
    lane has, `common_bytes` in those that every lane on its platform has.
    """

    target: str
    variant: str
    platform: str
    status: str
    result: str
    built: How = ""
    ran: How = ""
    node: str = ""
    digest: str = ""
    build_seconds: Seconds | None = None
    check_started: Seconds | None = None
    check_seconds: Seconds | None = None
    steps: Count = 0
    cached_steps: Count = 0
    bytes: Bytes | None = None
    unpacked_bytes: Bytes | None = None
    against_all: Fraction | None = None
    own_bytes: Bytes | None = None
    common_bytes: Bytes | None = None
    layers: tuple[Layer, ...] | None = None
    architecture: Architecture = Architecture()
    cases: tuple[Case, ...] = ()
    clients: tuple[str, ...] = ()
    stderr: str = ""


class Target(Told, frozen=True, kw_only=True):
    """One target: its build's figures, and what became of its tags.

    `started` is seconds after the run's start. `busy_seconds` adds up all steps, `path_seconds`
    is the time of the steps that decided when it was over. `pushed` is passed, failed, cancelled,
    or '' where no push was tried.
    """

    name: str
    variant: str
    status: str
    attempt: Count = 0
    tags: tuple[str, ...] = ()
    digest: str = ""
    started: Seconds | None = None
    build_seconds: Seconds | None = None
    busy_seconds: Seconds | None = None
    path_seconds: Seconds | None = None
    steps: Count = 0
    cached_steps: Count = 0
    arguments: dict[str, str] = {}
    pushed: str = ""
    push_reason: str = ""


class Step(Told, frozen=True, kw_only=True):
    """One step of a target that took time; `start` is seconds after the run's start.

    `platform` '' is the target's own work; `on_path` tells whether its target waited for it;
    `targets` are all that share the same work, which was done once.
    """

    label: str
    targets: tuple[str, ...]
    platform: str = ""
    how: How = ""
    status: str = ""
    start: Seconds = 0.0
    seconds: Seconds = 0.0
    cached: bool = False
    on_path: bool = False


class Cache(Told, frozen=True, kw_only=True):
    """How much of the work was done already: of the steps that a cache could have held.

    A step that several targets share counts for each. Lanes and targets count the same steps.
    """

    steps: Count
    cached: Count
    rate: Fraction | None = None


class Comparison(Told, frozen=True, kw_only=True):
    """One target on two platforms: compressed bytes, and the second as a part of the first."""

    target: str
    first: str
    second: str
    first_bytes: Bytes
    second_bytes: Bytes
    ratio: Fraction


class Sizes(Told, frozen=True, kw_only=True):
    """What the images weigh together, compressed.

    `total_bytes` adds up every lane, `unique_bytes` counts each layer once, and manifests and
    configs: that is what a push of everything to an empty registry transfers, null where some
    lane's layers aren't known. `layers` are different ones.
    """

    total_bytes: Bytes | None = None
    unique_bytes: Bytes | None = None
    layers: Count | None = None
    platforms: tuple[Comparison, ...] = ()


class Failure(Told, frozen=True, kw_only=True):
    """Why a target failed, or what keeps its images from being verified."""

    target: str
    platform: str = ""
    stage: str = ""
    step: str = ""
    where: str = ""
    source: tuple[str, ...] = ()
    reason: str = ""
    log: tuple[str, ...] = ()
    log_file: str = ""
    hint: str = ""
    checks: tuple[str, ...] = ()


class Limit(Told, frozen=True, kw_only=True):
    """Something that this run doesn't verify, or that was remarked; `lanes` are those concerned."""

    kind: str
    text: str
    lanes: tuple[str, ...] = ()


class Run(Told, frozen=True, kw_only=True):
    """The run as a whole; `outcome` is passed, failed, cancelled, interrupted or running.

    `command` builds the same once more, with Buildx alone.
    """

    id: str
    outcome: str
    sentence: str
    created: Moment
    seconds: Seconds
    version: str = ""
    checked: bool = True
    test_only: bool = False
    push: bool = False
    command: str = ""


class Report(Told, frozen=True, kw_only=True):
    """The report of one run of openhqm-tui."""

    schema: Count = SCHEMA
    run: Run
    environment: Environment
    lanes: tuple[Lane, ...]
    targets: tuple[Target, ...]
    steps: tuple[Step, ...] = ()
    critical_path: tuple[Step, ...] = ()
    cache: Cache = Cache(steps=0, cached=0)
    sizes: Sizes = Sizes()
    failures: tuple[Failure, ...] = ()
    limits: tuple[Limit, ...] = ()
