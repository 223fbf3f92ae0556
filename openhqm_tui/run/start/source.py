"""What can be built from a folder, including the bundled images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from openhqm_tui.domain.plan.image_names import check_clean
from openhqm_tui.engine.source.find import bake_file_in, find_source
from openhqm_tui.store.checks_files import our_variants
from openhqm_tui.store.paths import bundled

if TYPE_CHECKING:
    from openhqm_tui.domain.plan.bake import Source


def source_for(folder: Path, *, context: str = "", dockerfile: str = "") -> Source:
    """Return what can be built in `folder`; raises UsageProblem."""
    check_clean(str(folder), "the folder")
    return find_source(
        folder,
        bundled=bundled("Dockerfile"),
        bundled_context=bundled("context"),
        variants=our_variants(),
        context=context,
        dockerfile=dockerfile,
    )


def needs_buildx(folder: Path, *, context: str = "", dockerfile: str = "") -> bool:
    """Tell whether Buildx has to read a bake file to list what can be built."""
    return not context and not dockerfile and bool(bake_file_in(folder))
