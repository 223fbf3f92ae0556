"""Replace a file in one step, so that nobody reads half of it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(file: Path, data: bytes) -> None:
    """Write a file that only its owner can read, in place of any other; raises OSError.

    The new file is written beside it first, and removed if that fails. A link is replaced.
    """
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
        new.replace(file)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
