"""What can be built from a folder, including the bundled images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from openhqm_tui.domain.plan.image_names import check_clean, is_remote
from openhqm_tui.domain.plan.overrides import NO_OVERRIDES, Overrides
from openhqm_tui.engine.source.definition import definition_in
from openhqm_tui.engine.source.find import (
    find_source,
    overridden,
    read_project_requirements,
)
from openhqm_tui.store.checks_files import our_variants
from openhqm_tui.store.paths import bundled

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source


def source_for(
    folder: Path,
    *,
    context: str = "",
    dockerfile: str = "",
    files: Sequence[str] = (),
    wanted: Sequence[str] | None = None,
    overrides: Overrides = NO_OVERRIDES,
) -> Source:
    """Return what can be built in `folder`, see `find_source`; raises UsageProblem."""
    check_clean(str(folder), "the folder")
    source = find_source(
        folder,
        bundled=bundled("Dockerfile"),
        bundled_context=bundled("context"),
        variants=our_variants,
        context=context,
        dockerfile=dockerfile,
        files=files,
        wanted=wanted,
        overrides=overrides,
    )
    return _with_requirements(overridden(source, overrides, folder))


def _with_requirements(source: Source) -> Source:
    """Return a source with the requirements of its checkout, if it is one that can be read."""
    ours = str(bundled("context"))
    if source.bake_targets or is_remote(source.context) or source.context == ours:
        return source
    names = tuple(variant.name for variant in source.variants)
    requirements = read_project_requirements(Path(source.context), names)
    if requirements is None:
        return source
    from openhqm_tui.run.start.expectations import with_own_clients

    return with_own_clients(msgspec.structs.replace(source, requirements=requirements))


def needs_buildx(folder: Path, *, context: str = "", dockerfile: str = "") -> bool:
    """Return whether Buildx has to read a bake file to list what can be built."""
    home = folder / context if not is_remote(context) else None
    return not dockerfile and home is not None and definition_in(home) is not None
