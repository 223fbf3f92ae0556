"""What a look at a machine found, and what would mend it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from openhqm_tui.domain.text import Inert


class Health(StrEnum):
    """The state of one thing that a build needs."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """Commands that mend a finding: shown in full to the user, then run as they stand.

    `script` is POSIX shell, run by `sh -eu`; `as_root` says that it needs root (or sudo).
    """

    title: str
    script: str
    as_root: bool = False


class Finding(Inert, frozen=True, kw_only=True):
    """One thing looked at: its state, why it matters, and the way out.

    `fixes` run in order; where it is empty and `health` isn't `ok`, `advice` tells a person
    what to do. `needed` marks what no build can start without (exit code 3).
    """

    key: str
    title: str
    health: Health
    detail: str
    why: str = ""
    advice: str = ""
    fixes: tuple[Fix, ...] = ()
    needed: bool = False

    @property
    def blocks(self) -> bool:
        """Tell whether no build can start before this is mended."""
        return self.needed and self.health is Health.FAIL
