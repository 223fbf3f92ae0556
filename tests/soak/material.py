"""What the rounds build: real images that are reproducible byte for byte.

Each round has its own mark in a step that leaves nothing in the image: no step after it is cached,
and every round must produce the digests of an undisturbed build.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from openhqm_tui.domain.platforms import parse_platforms
from openhqm_tui.engine.source.base_image import choose_base
from openhqm_tui.store.paths import bundled

NAME = "openhqm-tui-soak"
BOTH = "linux/amd64,linux/arm64"
TALKERS = ("web", "worker", "mail")
# Everything a log may have: stderr, and partial, overwritten and unterminated lines.
_TALKING = """\
FROM {base} AS work
ARG WHO
COPY mark /mark
RUN --network=none i=0; while [ $i -lt 12 ]; do i=$((i+1)); echo "$WHO says $i"; \\
  printf 'half of %s\\r' $i; printf 'begun '; sleep 0.2; echo "and ended $i"; \\
  echo "to stderr $i" >&2; done; \\
  printf 'no end'; mkdir /out && echo "$WHO" >/out/who && touch -d @0 /out/who /out
FROM {base}
ARG WHO
COPY --from=work /out /out
LABEL who=$WHO
"""


class Material(NamedTuple):
    """A folder to build in, the arguments of `build`, and the keys that select the same."""

    kind: str
    folder: Path
    words: tuple[str, ...]
    keys: tuple[str, ...]


def talking(
    folder: Path, mark: str, *, platforms: str = BOTH, name: str = f"{NAME}/talking"
) -> Material:
    """Three targets of a bake file with much output; their images get only the static checks."""
    folder.mkdir(parents=True)
    base = choose_base(parse_platforms(BOTH), explicit=None).ref
    (folder / "Dockerfile").write_text(_TALKING.format(base=base))
    (folder / "mark").write_text(mark)
    bake = {
        "group": {"default": {"targets": TALKERS}},
        "target": {
            target: {
                "args": {"WHO": target},
                "platforms": platforms.split(","),
                "tags": [f"{name}:{target}"],
                # A provenance has the time in it, so no two are equal.
                "attest": ["type=provenance,disabled=true"],
            }
            for target in TALKERS
        },
    }
    (folder / "docker-bake.json").write_text(json.dumps(bake))
    return Material("talking", folder, (), ("a",))


def own(folder: Path, mark: str) -> Material:
    """Two of the bundled variants, installed again; their images get all checks."""
    shutil.copytree(bundled("context"), folder)
    dockerfile = bundled("Dockerfile").read_text()
    begins = "#!/bin/sh\nset -eu\nsite="
    assert begins in dockerfile
    marked = dockerfile.replace(begins, begins.replace("site=", f": {mark}\nsite="))
    (folder / "Dockerfile").write_text(marked)
    words = ("--backend", "redis,mqtt", "--platforms", BOTH, "--name", f"{NAME}/own")
    settings = f'name = "{NAME}/own"\nplatforms = {json.dumps(BOTH.split(","))}\n'
    (folder / "openhqm-tui.toml").write_text(settings)
    # The second row and the last but one.
    return Material("own", folder, words, ("j", "r", "G", "k", "r"))


KINDS = {"talking": talking, "own": own}
