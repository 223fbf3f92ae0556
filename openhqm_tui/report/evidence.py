"""What a run folder holds beside its journal: what images answered, with which arguments built.

Files of other versions, damaged ones and strangers' are read as far as they can be.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from openhqm_tui.domain.secrets.redact import secret_values
from openhqm_tui.report.model import Architecture
from openhqm_tui.store.run_folder import RunFolder

# More than any evidence of ours has; a stranger's folder may hold anything.
_MOST_BYTES = 8 << 20


class LaneEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What one lane's image told of itself; `command` is what asked it in a container."""

    architecture: Architecture = Architecture()
    command: str = ""
    stderr: str = ""
    clients: tuple[str, ...] = ()
    env: dict[str, str] = {}


def read_evidence(folder: RunFolder, target: str, platform: str) -> LaneEvidence:
    """Return what a lane's evidence file holds; nothing where there is none."""
    told = _read(folder, folder.evidence_file(target, platform))
    config, probe = _dict(told.get("config")), _dict(told.get("probe"))
    python = " ".join(_word(probe, name) for name in ("implementation", "python")).strip()
    return LaneEvidence(
        architecture=Architecture(
            config="/".join(filter(None, (_word(config, n) for n in ("os", "arch", "variant")))),
            machine=_word(probe, "machine"),
            python=python,
            python_platform=_word(probe, "python_platform"),
        ),
        command=_word(told, "command"),
        stderr=_word(told, "stderr"),
        clients=tuple(
            f"{_word(one, 'distribution')} {_word(one, 'version')}".strip()
            for one in _list(probe.get("clients"))
            if isinstance(one, dict) and one.get("found") is True
        ),
        env=_pairs(config.get("env")),
    )


def build_arguments(folder: RunFolder) -> dict[str, dict[str, str]]:
    """Return the build arguments of every target, from the plan."""
    return {
        name: {str(key): str(value) for key, value in _dict(body.get("args")).items()}
        for name, body in _targets(folder)
    }


def revision_of(folder: RunFolder) -> str:
    """Return the commit of what was built, as the plan has it in a label."""
    for _, body in _targets(folder):
        if revision := _word(_dict(body.get("labels")), "org.opencontainers.image.revision"):
            return revision
    return ""


def secrets_of(evidence: Mapping[Any, LaneEvidence]) -> set[str]:
    """Return the values under secrets' names among the variables of a run's images."""
    return {value for lane in evidence.values() for value in secret_values(lane.env)}


def _targets(folder: RunFolder) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, body in _dict(_read(folder, folder.bake_file).get("target")).items():
        yield name, _dict(body)


def _read(folder: RunFolder, file: Path) -> dict[str, Any]:
    try:
        return _dict(json.loads(folder.read(file, _MOST_BYTES)))
    except (OSError, ValueError, RecursionError):
        return {}


def _pairs(env: object) -> dict[str, str]:
    lines = (line.partition("=") for line in _list(env) if isinstance(line, str))
    return {name: value for name, _, value in lines}


def _word(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) else ""


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
