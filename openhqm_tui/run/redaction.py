"""The secrets of a run: those in its plan, and the build secrets set on this machine."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.domain.checks.running.service import companions_of
from openhqm_tui.domain.checks.verdict import Verdict
from openhqm_tui.domain.errors import Problem
from openhqm_tui.domain.run import events
from openhqm_tui.domain.secrets.redact import Mask, bake_secrets
from openhqm_tui.files.confined import read_inside
from openhqm_tui.store.run_folder import RunFolder

_MOST_PLAN = 8 << 20
_MOST_SECRET = 64 * 1024
# Values that are looked for in each line of a log.
_MOST_LINES = 50


def mask_of(folder: RunFolder) -> Mask:
    """Return the mask for the secrets of a run in all of its output.

    For an imported run, files and variables of this machine aren't read.
    """
    mask = _mask(_plan(folder), folder.info, from_here=not folder.is_imported)
    return mask.knowing(_companion_values(folder))


def shown_plan(plan: dict[str, Any], info: events.RunInfo) -> dict[str, Any]:
    """Return a bake file for display: secrets are masked, so Buildx can't use it."""
    masked: dict[str, Any] = _mask(plan, info, from_here=True).whole(plan)
    return masked


def _mask(plan: dict[str, Any], info: events.RunInfo, *, from_here: bool) -> Mask:
    values = bake_secrets(plan)
    public = {target.name for target in info.targets} | {target.variant for target in info.targets}
    public |= {platform for target in info.targets for platform in target.platforms}
    tags = {tag for target in info.targets for tag in target.tags}
    public |= tags | {tag.rpartition(":")[2] for tag in tags}
    if from_here:
        values |= set(_build_secrets(plan, Path(info.cwd or "/")))
    return Mask(values, public)


def without_secrets(event: events.AnyEvent, mask: Mask) -> events.AnyEvent:
    """Return an event with its free texts masked; names and digests are kept."""
    match event:
        case events.Note():
            return msgspec.structs.replace(event, text=mask.text(event.text))
        case events.TargetEnded() | events.PushEnded() if event.reason:
            return msgspec.structs.replace(event, reason=mask.text(event.reason))
        case events.OutputStalled() if event.step:
            return msgspec.structs.replace(event, step=mask.text(event.step))
        case events.LaneChecked():
            verdicts = tuple(_verdict(verdict, mask) for verdict in event.verdicts)
            return msgspec.structs.replace(event, verdicts=verdicts)
        case events.LayersSeen():
            layers = tuple(
                msgspec.structs.replace(layer, created_by=mask.text(layer.created_by))
                for layer in event.layers
            )
            return msgspec.structs.replace(event, layers=layers)
    return event


def info_without_secrets(info: events.RunInfo, mask: Mask) -> events.RunInfo:
    """Return a run's information with the addresses in it masked."""
    return msgspec.structs.replace(
        info,
        context=mask.text(info.context),
        dockerfile=mask.text(info.dockerfile),
        base_reason=mask.text(info.base_reason),
    )


def _verdict(verdict: Verdict, mask: Mask) -> Verdict:
    return msgspec.structs.replace(
        verdict, evidence=mask.text(verdict.evidence), expected=mask.text(verdict.expected)
    )


def _companion_values(folder: RunFolder) -> set[str]:
    """Return the values of all variables of companions."""
    try:
        expected = folder.expectations().values()
        return {
            value
            for each in expected
            for companion in companions_of(each)
            for value in companion.env.values()
        }
    except (OSError, msgspec.MsgspecError, Problem):
        return set()


def _plan(folder: RunFolder) -> dict[str, Any]:
    try:
        value = json.loads(read_inside(folder.path, folder.bake_file.name, _MOST_PLAN))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _build_secrets(plan: dict[str, Any], cwd: Path) -> Iterator[str]:
    targets = plan.get("target")
    for body in targets.values() if isinstance(targets, dict) else ():
        value = body.get("secret") if isinstance(body, dict) else None
        for one in value if isinstance(value, list) else ():
            yield from _values(_attributes(one), cwd)


def _attributes(value: object) -> dict[str, str]:
    """Return a build secret's attributes, of either spelling: `id=x,src=y` or an object."""
    if isinstance(value, dict):
        return {str(name): str(value) for name, value in value.items()}
    pairs = (part.partition("=") for part in value.split(",")) if isinstance(value, str) else ()
    return {name.strip(): value.strip() for name, _, value in pairs}


def _values(attributes: dict[str, str], cwd: Path) -> Iterator[str]:
    id, file = attributes.get("id", ""), attributes.get("src") or attributes.get("source", "")
    text = os.environ.get(attributes.get("env") or id, "")
    if file:
        try:
            text = _regular(cwd / file, _MOST_SECRET).decode("utf-8", "replace")
        except (OSError, ValueError):
            return
    if "BEGIN CERTIFICATE" in text and "PRIVATE KEY" not in text:
        return  # certificates are public
    for line in text.splitlines()[:_MOST_LINES]:
        yield line.strip()
        # `//registry/:_authToken=…`, `password: …`
        yield re.split(r"[=:\s]+", line.strip(), maxsplit=1)[-1].strip("\"' ")
        yield line.rpartition("=")[2].strip("\"' ")


def _regular(file: Path, most: int) -> bytes:
    """Return the beginning of a regular file; raises OSError for any other, without waiting."""
    opened = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(opened, "rb") as source:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError("not a regular file")
        return source.read(most)
