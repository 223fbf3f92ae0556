"""Records of a run folder: `run.json`, and the runner's events, one JSON object per line."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec

from openhqm_tui.domain.checks.layer_manifest import Bytes, ImageLayer
from openhqm_tui.domain.checks.verdict import Verdict
from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.plan.builders import NodeInfo
from openhqm_tui.domain.run.published import PublishedImage
from openhqm_tui.domain.text import Inert

# 2: `expectations.json` has the keys of the checks files. Earlier versions read only the keys that
# they know, each in a separate field, so they would check less: they must refuse the folder.
SCHEMA = 2
# Maximum images of one run: readers keep all in memory. Real runs have less than a hundredth.
MOST_LANES = 10_000

# A line with a number beyond these isn't from a runner: it is skipped like any corrupt line.
Moment = Annotated[float, msgspec.Meta(ge=0, le=1e11)]


class Outcome(StrEnum):
    """How a target or a run ended."""

    PASSED = "passed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TargetInfo(Inert, frozen=True, kw_only=True):
    """One target in `run.json`; `platforms` in OCI spelling.

    With `artifacts`, it produces these instead of an image, and isn't checked.
    """

    # Used in file names: an invalid one is rejected, not changed.
    _AS_IT_IS: ClassVar = frozenset({"name"})

    name: str
    variant: str
    platforms: tuple[str, ...]
    tags: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()


class RunInfo(Inert, frozen=True, kw_only=True):
    """The facts known before a run starts; `created` in seconds since the epoch.

    `host` is the platform of the engine, where the checks run; `nodes` are the builder's, which
    determine whether a step is native or emulated, and `driver` is the builder's driver (`docker`:
    the engine itself); `buildx_path` is the plugin's program ('': run through `docker`); `source`
    is the SourceKind, `cwd` the base of the plan's relative paths; `quiet_after` is the number of
    seconds without output before a warning, 0: never; `revision` is the commit of the context, ''
    without a Git checkout. With `by_digest`, images are pushed untagged and pulled to be checked;
    with `allow_unknown`, inconclusive checks don't prevent the push. `emulators` run foreign
    platforms, by platform; `allow` are the permissions granted beyond `cwd`, as `--allow` spells
    them (None in runs of versions that didn't record it).
    """

    id: str
    created: Moment
    targets: tuple[TargetInfo, ...]
    version: str = ""
    schema: int = SCHEMA
    host: str = ""
    engine: str = ""
    buildx: str = ""
    buildx_path: str = ""
    builder: str = ""
    driver: str = ""
    nodes: tuple[NodeInfo, ...] = ()
    jobs: int = 0
    check: bool = True
    test_only: bool = False
    push: bool = False
    by_digest: bool = False
    allow_unknown: bool = False
    base: str = ""
    base_reason: str = ""
    context: str = ""
    dockerfile: str = ""
    source: str = ""
    cwd: str = ""
    quiet_after: float = 0.0
    revision: str = ""
    emulators: dict[str, Emulator] = {}  # noqa: RUF012 - a struct copies its defaults
    allow: tuple[str, ...] | None = None


class Event(Inert, frozen=True, kw_only=True, tag_field="event"):
    """An action or observation of the runner, `at` in seconds since the epoch."""

    at: Moment


class RunStarted(Event, frozen=True, kw_only=True, tag="run-started"):
    """A runner holds the run folder's lock; `pid` is its process.

    There is one for every start or continuation of the run.
    """

    pid: int


class TargetQueued(Event, frozen=True, kw_only=True, tag="target-queued"):
    """A target is queued for a rebuild."""

    target: str
    attempt: int


class TargetStarted(Event, frozen=True, kw_only=True, tag="target-started"):
    """Buildx was started for a target; its progress goes to the file `stream`."""

    target: str
    attempt: int
    stream: str
    pid: int = 0


class OutputStalled(Event, frozen=True, kw_only=True, tag="fell-silent"):
    """A target's Buildx has printed nothing since `since`, for `RunInfo.quiet_after` seconds.

    Recorded once per silence; nothing is done about it. `step` is running, '' unknown.
    """

    target: str
    since: Moment
    step: str = ""


class OutputResumed(Event, frozen=True, kw_only=True, tag="spoke-again"):
    """A target's Buildx printed output again after a recorded silence."""

    target: str


class TargetEnded(Event, frozen=True, kw_only=True, tag="target-ended"):
    """Buildx ended; `digest` is that of the index, or of the manifest of a single platform."""

    target: str
    attempt: int
    outcome: Outcome
    exit_code: int = 0
    digest: str = ""
    reason: str = ""


class ImageSeen(Event, frozen=True, kw_only=True, tag="image-seen"):
    """A lane's image was found in the store; sizes in bytes."""

    target: str
    platform: str
    digest: str
    content_size: Bytes = 0
    unpacked_size: Bytes = 0


class LayersSeen(Event, frozen=True, kw_only=True, tag="layers-seen"):
    """The layers of a lane's image, lowest first."""

    target: str
    platform: str
    layers: tuple[ImageLayer, ...]


class CheckStarted(Event, frozen=True, kw_only=True, tag="check-started"):
    """The checks of a lane's image have started; `emulated` says how it runs.

    `check` '': all of them; else the only one to be repeated.
    """

    target: str
    platform: str
    emulated: bool = False
    check: str = ""


class LaneChecked(Event, frozen=True, kw_only=True, tag="lane-checked"):
    """All verdicts for one lane."""

    target: str
    platform: str
    verdicts: tuple[Verdict, ...]
    emulated: bool = False


class CheckCancelled(Event, frozen=True, kw_only=True, tag="check-cancelled"):
    """The checks of a lane were interrupted: earlier verdicts remain."""

    target: str
    platform: str


class PushStarted(Event, frozen=True, kw_only=True, tag="push-started"):
    """One of a target's tags is being pushed; `pid` is the process that does it."""

    target: str
    pid: int = 0


class ImagePulled(Event, frozen=True, kw_only=True, tag="image-pulled"):
    """A lane's image was pulled by its digest to be checked.

    `kept`: `reference` was in the engine's store before, so it isn't removed.
    """

    target: str
    platform: str
    reference: str
    kept: bool = False


class ReadBack(Event, frozen=True, kw_only=True, tag="read-back"):
    """What the registry has under a pushed tag; `attestations` is their number.

    `is_index` False: the manifest of a single platform's image, with the digest `digest`.
    """

    target: str
    name: str
    digest: str
    is_index: bool = True
    images: tuple[PublishedImage, ...] = ()
    attestations: int = 0


class PushEnded(Event, frozen=True, kw_only=True, tag="push-ended"):
    """A target's tags are in their registries under `digest`, or not because of `reason`."""

    target: str
    outcome: Outcome
    reason: str = ""
    digest: str = ""


class RequestReceived(Event, frozen=True, kw_only=True, tag="heard"):
    """The requests in `control.jsonl` before byte `upto` were handled or refused."""

    upto: Bytes


class CancelRequested(Event, frozen=True, kw_only=True, tag="cancel-asked"):
    """A request to cancel one target, or without a target the whole run."""

    target: str = ""


class Note(Event, frozen=True, kw_only=True, tag="noted"):
    """A message from the runner to people."""

    text: str
    target: str = ""


class RunEnded(Event, frozen=True, kw_only=True, tag="run-ended"):
    """The last event of a run, unless it is continued."""

    outcome: Outcome


AnyEvent = (
    RunStarted
    | TargetQueued
    | TargetStarted
    | OutputStalled
    | OutputResumed
    | TargetEnded
    | ImageSeen
    | LayersSeen
    | CheckStarted
    | LaneChecked
    | CheckCancelled
    | PushStarted
    | ImagePulled
    | ReadBack
    | PushEnded
    | RequestReceived
    | CancelRequested
    | Note
    | RunEnded
)

event_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
