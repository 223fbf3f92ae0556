"""The workflows of `.github/workflows`, read as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

TOP = Path(__file__).parents[2]
FILES = sorted((TOP / ".github/workflows").glob("*.yml"))


class Step(NamedTuple):
    """One step; `place` is `file/job/name`, `definition` its keys, `env` its environment."""

    place: str
    definition: dict[str, Any]
    env: dict[str, str]

    @property
    def script(self) -> str:
        return str(self.definition.get("run", ""))


def workflow(file: Path) -> dict[str, Any]:
    """Return a workflow, read as YAML 1.2, in which `on` is a string."""
    read: dict[str, Any] = YAML(typ="safe").load(file)
    return read


def jobs() -> list[tuple[str, dict[str, Any]]]:
    """Return every job of every file as `file/job`, job."""
    return [
        (f"{file.stem}/{name}", job)
        for file in FILES
        for name, job in workflow(file)["jobs"].items()
    ]


def steps() -> list[Step]:
    """Return every step of every job, in order."""
    found = []
    for file in FILES:
        whole = workflow(file)
        for job_name, job in whole["jobs"].items():
            for number, definition in enumerate(job["steps"], 1):
                name = definition.get("name") or definition.get("uses", "").split("@")[0] or number
                env = {**whole.get("env", {}), **job.get("env", {}), **definition.get("env", {})}
                found.append(Step(f"{file.stem}/{job_name}/{name}", definition, env))
    return found
