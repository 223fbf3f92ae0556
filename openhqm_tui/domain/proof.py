"""What a lane's image must be, and the verdicts on what it turned out to be.

Evidence comes in as plain records from the store; the answers are made here, by pure functions.
What was asked of the running image is judged in `proof_running`.
"""

from __future__ import annotations

import msgspec

from openhqm_tui.domain.expectation import Expectation
from openhqm_tui.domain.verdicts import Answer, Verdict, answered, unanswered


class SeenImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image of an index, as its manifest and config tell; sizes in bytes."""

    platform: str
    digest: str = ""
    content_size: int = 0
    unpacked_size: int = 0


class SeenConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What an image's config says.

    `health_check` is its test (`NONE` switches one of the base off). `layers` are the digests of
    what each layer unpacks to, the lowest first; `history` the instructions, the newest first.
    Both are None where the engine doesn't tell.
    """

    os: str = ""
    arch: str = ""
    variant: str = ""
    user: str = ""
    labels: dict[str, str] = {}
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    health_check: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    layers: tuple[str, ...] | None = None
    history: tuple[str, ...] | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """What it runs: its entrypoint and arguments."""
        return self.entrypoint + self.cmd


def judge_index(expected: Expectation, seen: list[SeenImage] | None, reason: str = "") -> Verdict:
    """Say whether the index holds exactly the asked platforms (attestations aside)."""
    wanted = sorted(str(platform) for platform in expected.platforms)
    if seen is None:
        return unanswered("index", reason or "the store did not tell", ", ".join(wanted))
    got = sorted(image.platform for image in seen)
    right = got == wanted if expected.exact_index else set(wanted) <= set(got)
    answer = Answer.PASS if right else Answer.FAIL
    return answered("index", answer, ", ".join(got) or "no image", ", ".join(wanted))
