"""All data of a report on one run; its JSON is documented by `report.schema.json`.

All figures are measured; what the run didn't record is null, never estimated. Text is sanitized
and secrets are masked. Changing the meaning of a field or removing one raises SCHEMA; fields may
be added without.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

# 2: `result` is "verified", "not verified" or "not started" (1: "proved", "not proved", "not
# begun"), and the outcome of a run in progress "running" (1: "going on").
SCHEMA = 2

Moment = Annotated[float, msgspec.Meta(description="seconds since 1970, UTC")]
Seconds = Annotated[float, msgspec.Meta(description="seconds", ge=0)]
Bytes = Annotated[int, msgspec.Meta(description="bytes", ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Fraction = Annotated[float, msgspec.Meta(description="a fraction; 1 means 100 %")]
How = Annotated[str, msgspec.Meta(description="native, cross, emulated, or '' if unknown")]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base class of all parts of a report."""


class Node(Part, frozen=True, kw_only=True):
    """One node of the builder: its native platform, and all platforms that it builds for."""

    name: str
    native: str = ""
    platforms: tuple[str, ...] = ()


class Environment(Part, frozen=True, kw_only=True):
    """The build environment and sources; '' where the run didn't record a value.

    `driver` is the builder's driver, and `nodes` its nodes unless the only one is the engine
    itself; `base_reason` is why that base image was chosen; `python` is the requested version,
    `pythons` are the versions reported by the images; `arguments` are the build arguments that
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


class Case(Part, frozen=True, kw_only=True):
    """The result of one check of one image.

    `answer` is pass, fail, warn, waived (accepted until a date) or unknown (the check could not be
    completed: never a pass); `seen` is the observed value; `asks` is the check's question and `way`
    its method; `how` is how the image was run, '' if it wasn't; `command` is the command that ran
    its container, '' if none.
    """

    check: str
    answer: str
    seen: str = ""
    expected: str = ""
    how: How = ""
    asks: str = ""
    way: str = ""
    command: str = ""


class Layer(Part, frozen=True, kw_only=True):
    """One layer of an image, compressed; `lanes` is the number of the run's images that have it."""

    digest: str
    bytes: Bytes
    created_by: str = ""
    lanes: Count = 1


class Architecture(Part, frozen=True, kw_only=True):
    """The architecture of an image as reported by itself; '' where it wasn't checked.

    `config` is the platform in the image's config, `machine` the result of Python's
    platform.machine(), `python_platform` that of sysconfig, `binaries` the result of the check of
    its ELF files.
    """

    config: str = ""
    machine: str = ""
    python: str = ""
    python_platform: str = ""
    binaries: str = ""


class Lane(Part, frozen=True, kw_only=True):
    """One target on one platform: one image.

    `status` is waiting, running, checking, done, passed, unknown, failed or cancelled; `result`
    is the status as displayed. `built` is how its steps ran, `ran` how its image ran when it was
    checked, `node` where it was built; `check_started` is in seconds after the run's start.
    `build_seconds` is the time in which its own steps ran; `against_all` is its size relative to
    that of the target `all`; `own_bytes` is the size of layers that no other image has,
    `common_bytes` that of layers that all images of its platform have.
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


class Target(Part, frozen=True, kw_only=True):
    """One target: the figures of its build, and whether its tags were pushed.

    `started` is in seconds after the run's start. `busy_seconds` is the sum of all steps,
    `path_seconds` the length of the critical path. `pushed` is passed, failed, cancelled, or ''
    if no push was attempted.
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


class Step(Part, frozen=True, kw_only=True):
    """One step that took time; `start` is in seconds after the run's start.

    `platform` is '' for work that doesn't belong to a platform; `on_path` is true for steps on the
    critical path; `targets` are all targets that share the step, which ran once.
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


class Cache(Part, frozen=True, kw_only=True):
    """Cache hits among the steps that can be cached.

    A step that several targets share counts for each. Lanes and targets count the same steps.
    """

    steps: Count
    cached: Count
    rate: Fraction | None = None


class Comparison(Part, frozen=True, kw_only=True):
    """One target on two platforms: compressed bytes, and the ratio of second to first."""

    target: str
    first: str
    second: str
    first_bytes: Bytes
    second_bytes: Bytes
    ratio: Fraction


class Sizes(Part, frozen=True, kw_only=True):
    """The compressed size of all images together.

    `total_bytes` is the sum of all images. `unique_bytes` counts each layer once, plus manifests
    and configs: what pushing everything to an empty registry transfers; null if the layers of an
    image aren't known. `layers` is the number of distinct layers.
    """

    total_bytes: Bytes | None = None
    unique_bytes: Bytes | None = None
    layers: Count | None = None
    platforms: tuple[Comparison, ...] = ()


class Failure(Part, frozen=True, kw_only=True):
    """Why a target failed, or why its images aren't verified."""

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


class Limit(Part, frozen=True, kw_only=True):
    """A known limit of this run, or a note; `lanes` are the images it applies to."""

    kind: str
    text: str
    lanes: tuple[str, ...] = ()


class Run(Part, frozen=True, kw_only=True):
    """The run as a whole; `outcome` is passed, failed, cancelled, interrupted or running.

    `command` is the Buildx command that repeats the build.
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


class Report(Part, frozen=True, kw_only=True):
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
