"""Warn about a state folder in a build context, where journals change what the next run builds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from openhqm_tui.domain.plan.bake import Target
from openhqm_tui.domain.plan.dockerignore import is_ignored
from openhqm_tui.files.confined import read_inside
from openhqm_tui.store.paths import STATE_VARIABLE

_MOST_BYTES = 1 << 20


def exposed_state(targets: Iterable[Target], state: Path, cwd: Path) -> list[str]:
    """Return a warning for each context that has the state folder in it and doesn't ignore it."""
    bodies = [body for target in targets for body in (target.parts.values() or (target.body,))]
    places = {
        (str(body.get("context") or "."), str(body.get("dockerfile") or "Dockerfile"))
        for body in bodies
    }
    inside = state.resolve()
    warned = {}
    for context, dockerfile in sorted(places):
        folder = (cwd / context).resolve()
        if "://" in context or folder == inside or folder not in inside.parents:
            continue
        name = inside.relative_to(folder).as_posix()
        # A pattern may leave out the folder or just all that is in it.
        if not is_ignored(_ignore_file(folder, dockerfile), f"{name}/runs"):
            warned[folder] = (
                f"the state folder {inside} is inside the build context {folder}: journals of runs "
                f"become part of images and nothing stays cached; add `{name}` to .dockerignore, "
                f"or set {STATE_VARIABLE} to a folder elsewhere"
            )
    return list(warned.values())


def _ignore_file(folder: Path, dockerfile: str) -> str:
    """Return the text that BuildKit takes: the Dockerfile's own, else the context's."""
    for file in (folder / f"{dockerfile}.dockerignore", folder / ".dockerignore"):
        try:
            return read_inside(file.parent, file.name, _MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
    return ""
