"""Checks files on disk: the bundled ones and the project's own."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from openhqm_tui.domain.errors import UsageProblem, nearest
from openhqm_tui.domain.plan.bake import Variant
from openhqm_tui.files.confined import read_inside, resolved_inside
from openhqm_tui.store.paths import at_home, bundled

if TYPE_CHECKING:
    from openhqm_tui.domain.checks.config_file import ChecksFile

PROJECT_CHECKS = "openhqm-checks.toml"
# The file of a cloned project isn't trusted, and no real file is near a megabyte.
_MOST_BYTES = 1_000_000


def read_checks(file: Path) -> ChecksFile:
    """Return the checks in a file; raises UsageProblem that names file, table and key."""
    return _parsed(file, lambda: _read_anywhere(file))


def _parsed(file: Path, read: Callable[[], bytes]) -> ChecksFile:
    # Only if there is a file: all checks are imported.
    import tomllib

    from openhqm_tui.domain.checks.config_file import parse_checks

    try:
        data = read()
    except OSError as error:
        raise UsageProblem(
            f"the checks file {file} can't be read ({error.strerror})", fix=_near(file)
        ) from error
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageProblem(f"the checks file {file} is not valid TOML: {error}") from error
    return parse_checks(table, str(file))


def project_checks(folder: Path, named: str = "") -> ChecksFile | None:
    """Return the checks of the project in `folder`: from the file `named`, else from its own."""
    file = folder / (at_home(named) if named else PROJECT_CHECKS)
    if not named and not file.exists():
        return None
    # A person may name a file anywhere; a project's settings can't (`store.settings`).
    inside = not named or resolved_inside(folder, file) is not None
    if not inside:
        return read_checks(file)
    name = os.path.relpath(file, folder)
    return _parsed(file, lambda: read_inside(folder, name, _MOST_BYTES))


def _read_anywhere(file: Path) -> bytes:
    with file.open("rb") as opened:
        data = opened.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise OSError(errno.EFBIG, "larger than 1 MB")
    return data


@functools.cache
def shipped_checks(name: str = "openhqm") -> ChecksFile:
    """Return a bundled file: `openhqm` for its variants, `own-dockerfile` for other Dockerfiles."""
    return read_checks(bundled("expectations") / f"{name}.toml")


@functools.cache
def our_variants() -> tuple[Variant, ...]:
    """Return OpenHQM's variants, in display order."""
    from openhqm_tui.domain.checks.config_file import variants_in

    return variants_in(shipped_checks())


def our_variant(name: str) -> Variant:
    """Return OpenHQM's variant of that name; raises UsageProblem that suggests the nearest."""
    variants = {variant.name: variant for variant in our_variants()}
    found = variants.get(name.strip().lower())
    if found is None:
        guess = nearest(name, variants)
        raise UsageProblem(
            f"unknown variant '{name}'",
            fix=f"did you mean {guess}?" if guess else "",
            valid=" ".join(variants),
        )
    return found


def _near(file: Path) -> str:
    try:
        names = [path.name for path in file.parent.glob("*.toml")]
    except OSError:
        return ""
    guess = nearest(file.name, names)
    return f"did you mean {file.parent / guess}?" if guess else ""
