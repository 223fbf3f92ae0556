"""What a run folder holds: `run.json` once, then the runner's events, one JSON object a line."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar

import msgspec

from openhqm_tui.domain.checks.layer_manifest import Bytes, ImageLayer
from openhqm_tui.domain.checks.verdict import Verdict
from openhqm_tui.domain.emulators import Emulator
from openhqm_tui.domain.plan.nodes import NodeInfo
from openhqm_tui.domain.run.published import PublishedImage
from openhqm_tui.domain.text import Inert

# 2: `expectations.json` has the keys of the checks files. Earlier versions read only the keys that
# they know, each in a field of its own, so they would check less: they must refuse the folder.
SCHEMA = 2
# Images of one run. Whoever looks at a run holds all of them; nobody builds a hundredth of it.
MOST_LANES = 10_000

# A line with a number beyond these can't be of a runner: it is passed over like any damaged one.
Moment = Annotated[float, msgspec.Meta(ge=0, le=1e11)]


class Outcome(StrEnum):
    """How a target or a run ended."""

    PASSED = "passed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TargetInfo(Inert, frozen=True, kw_only=True):
    """What `run.json` says of one target; `platforms` in their OCI spelling."""

    # It names files: a wrong one is refused, not changed.
    _AS_IT_IS: ClassVar = frozenset({"name"})

    name: str
    variant: str
    platforms: tuple[str, ...]
    tags: tuple[str, ...] = ()


class RunInfo(Inert, frozen=True, kw_only=True):
    """What is known before a run starts; `created` in seconds since the epoch.

    `host` is the platform of the engine, where the checks run; `nodes` are the builder's, each
    of which tells native from emulated for the steps that it runs, and `driver` is how they are
    reached (`docker`: the engine itself);
    `buildx_path` is the plugin's program ('': reached through `docker`); `source` is the kind of
    what is built (see SourceKind), `cwd` where the plan's relative paths begin; `quiet_after` is
    how many seconds a build may say nothing before that is told, 0: for ever; `revision` is the
    commit of the context, '' where it is no Git checkout. With `by_digest` its images are pushed
    without a tag and pulled to be asked; with `allow_unknown` one that could not be asked
    everything doesn't hold the tags back. `emulators` are what runs foreign platforms, by platform;
    `allow` is what a person has granted beyond the folder `cwd`, as `--allow` spells it (None in
    runs of before that was recorded).
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
    """Something the runner did or saw, `at` seconds since the epoch."""

    at: Moment


class RunStarted(Event, frozen=True, kw_only=True, tag="run-started"):
    """A runner holds the run folder's lock; `pid` is its process.

    There is one for every time that the run was begun or taken up again.
    """

    pid: int


class TargetQueued(Event, frozen=True, kw_only=True, tag="target-queued"):
    """A target will be built once more, as soon as it is its turn."""

    target: str
    attempt: int


class TargetStarted(Event, frozen=True, kw_only=True, tag="target-started"):
    """Buildx runs for a target; its progress goes to the file `stream` of the run folder."""

    target: str
    attempt: int
    stream: str
    pid: int = 0


class OutputStalled(Event, frozen=True, kw_only=True, tag="fell-silent"):
    """Nothing has come of a target's Buildx since `since`, which is `RunInfo.quiet_after` ago.

    It is said once a silence, and nothing is done about it. `step` is what runs, '' unknown.
    """

    target: str
    since: Moment
    step: str = ""


class OutputResumed(Event, frozen=True, kw_only=True, tag="spoke-again"):
    """Something came of a target's Buildx after a silence that was told."""

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
    """What a lane's image is made of, the lowest layer first."""

    target: str
    platform: str
    layers: tuple[ImageLayer, ...]


class CheckStarted(Event, frozen=True, kw_only=True, tag="check-started"):
    """The questions are being put to a lane's image; `emulated` tells how it runs.

    `check` '': all of them; else the one whose answer alone will be renewed.
    """

    target: str
    platform: str
    emulated: bool = False
    check: str = ""


class LaneChecked(Event, frozen=True, kw_only=True, tag="lane-checked"):
    """All answers for one lane."""

    target: str
    platform: str
    verdicts: tuple[Verdict, ...]
    emulated: bool = False


class CheckCancelled(Event, frozen=True, kw_only=True, tag="check-cancelled"):
    """The questions to a lane were cut off: what was known of it before is all that is known."""

    target: str
    platform: str


class PushStarted(Event, frozen=True, kw_only=True, tag="push-started"):
    """One of a target's tags is on its way to its registry; `pid` is the process that takes it."""

    target: str
    pid: int = 0


class ImagePulled(Event, frozen=True, kw_only=True, tag="image-pulled"):
    """A lane's image came from the registry by its digest, to be asked.

    `kept`: something of `reference` was in the engine's store before, so it stays there.
    """

    target: str
    platform: str
    reference: str
    kept: bool = False


class ReadBack(Event, frozen=True, kw_only=True, tag="read-back"):
    """What the registry holds under a tag that was pushed; `attestations` is their number.

    `is_index` False: the manifest of a single platform's image, whose digest is `digest`.
    """

    target: str
    name: str
    digest: str
    is_index: bool = True
    images: tuple[PublishedImage, ...] = ()
    attestations: int = 0


class PushEnded(Event, frozen=True, kw_only=True, tag="push-ended"):
    """A target's tags are in their registries under `digest`, or aren't for a `reason`."""

    target: str
    outcome: Outcome
    reason: str = ""
    digest: str = ""


class RequestReceived(Event, frozen=True, kw_only=True, tag="heard"):
    """What stands in `control.jsonl` before byte `upto` was done or refused."""

    upto: Bytes


class CancelRequested(Event, frozen=True, kw_only=True, tag="cancel-asked"):
    """Somebody wants one target, or with no target the whole run, to stop."""

    target: str = ""


class Note(Event, frozen=True, kw_only=True, tag="noted"):
    """A remark of the runner's own, for people."""

    text: str
    target: str = ""


class RunEnded(Event, frozen=True, kw_only=True, tag="run-ended"):
    """The last event of a run, until it is taken up again."""

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
