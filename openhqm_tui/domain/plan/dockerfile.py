"""What a Dockerfile starts from."""

from __future__ import annotations

import re

_CONTINUED = re.compile(r"[\\`][ \t]*\n")
_FROM = re.compile(
    r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(?P<image>\S+)(?:[ \t]+AS[ \t]+(?P<stage>\S+))?",
    re.IGNORECASE | re.MULTILINE,
)


def base_images(dockerfile: str) -> tuple[str, ...]:
    """Return the images in the `FROM` lines as they are written, each once, without stages."""
    stages = {"scratch"}
    found: dict[str, None] = {}
    for line in _FROM.finditer(_CONTINUED.sub(" ", dockerfile)):
        if line["image"].lower() not in stages:
            found[line["image"]] = None
        if line["stage"]:
            stages.add(line["stage"].lower())
    return tuple(found)
