"""Findings of the doctor about a machine, and their fixes."""

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
    """Commands that fix a finding: shown in full to the user, then run unchanged.

    `script` is POSIX shell, run by `sh -eu`; `as_root`: it needs root or sudo.
    """

    title: str
    script: str
    as_root: bool = False


class Finding(Inert, frozen=True, kw_only=True):
    """The state of one thing that was checked, why it matters, and how to fix it.

    `fixes` run in order; if there is none and `health` isn't `ok`, `advice` is what a person can
    do. `needed`: no build can start without it (exit code 3).
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
        """Whether no build can start before this is fixed."""
        return self.needed and self.health is Health.FAIL
