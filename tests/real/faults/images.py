"""Building all planted faults in one bake, from good images in the store."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from tests.real.faults.fault import BOTH, NATIVE, Fault
from tests.real.faults.layout import load_twisted

NAME = "openhqm-tui-tests/faults"
_HEAD = """\
ARG GOOD
ARG OTHER

FROM ${GOOD} AS good
FROM ${OTHER} AS other

# A stage for the platform that is not requested.
FROM --platform=linux/arm64 ${GOOD} AS foreign-to-amd64
FROM --platform=linux/amd64 ${GOOD} AS foreign-to-arm64
FROM foreign-to-${TARGETARCH} AS foreign

FROM --platform=$BUILDPLATFORM ${GOOD} AS workshop
USER 0:0
COPY workshop.py /
RUN --network=none mkdir /state && python /workshop.py /shelf
"""


class Good(msgspec.Struct, frozen=True):
    """The names of good images in the store: of `redis`, and of another variant."""

    redis: str
    other: str


def image_of(fault: Fault) -> str:
    """Return the name of a fault's image."""
    return f"{NAME}:{fault.name}"


def dockerfile(faults: Iterable[Fault]) -> str:
    """Return one Dockerfile with a stage for every fault that is built."""
    stages = [_HEAD]
    for fault in faults:
        if not fault.recipe:
            continue
        if fault.recipe.startswith("FROM "):
            first, _, rest = fault.recipe.partition("\n")
        else:
            first, rest = "FROM good", fault.recipe
        stages.append(f"{first} AS planted-{fault.name}\n{rest}")
    return "\n".join(stages)


def bake_file(faults: Iterable[Fault], good: Good, emulated: Collection[str] | None) -> str:
    """Return the bake file of all faults that are built, one target each."""
    targets = {
        fault.name: {
            "context": ".",
            "target": f"planted-{fault.name}",
            "args": {"GOOD": good.redis, "OTHER": good.other},
            "platforms": [*(BOTH if emulated is None or fault.name in emulated else (NATIVE,))],
            "tags": [image_of(fault)],
            "attest": ["type=provenance,disabled=true"],
            "output": ["type=docker"],
        }
        for fault in faults
        if fault.recipe
    }
    return json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets})


def build(
    faults: Iterable[Fault], good: Good, folder: Path, emulated: Collection[str] | None = None
) -> None:
    """Put the image of every fault into the engine's store, using `folder` for the files.

    Only the faults in `emulated` are built for the emulated platform too; without it, all are.
    """
    faults = tuple(faults)
    shutil.copy(Path(__file__).parent / "workshop.py", folder)
    (folder / "Dockerfile").write_text(dockerfile(faults))
    (folder / "docker-bake.json").write_text(bake_file(faults, good, emulated))
    command = ["docker", "buildx", "bake", "--file", "docker-bake.json", "--progress", "plain"]
    baked = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    assert baked.returncode == 0, baked.stderr[-4000:]
    twists = {image_of(fault): fault.twist for fault in faults if fault.twist is not None}
    if twists:
        load_twisted(good.redis, twists, folder)


def remove(faults: Iterable[Fault]) -> None:
    """Remove the images."""
    names = [image_of(fault) for fault in faults]
    command = ["docker", "image", "rm", "--force", *names]
    subprocess.run(command, capture_output=True, timeout=300, check=False)
