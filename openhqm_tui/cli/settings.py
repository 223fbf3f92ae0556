"""The settings that apply to a command, with a warning for each one a project may not set."""

from __future__ import annotations

import sys
from pathlib import Path

from openhqm_tui.store.settings import Settings, read_settings


def settings_here(folder: Path | None = None) -> Settings:
    """Return the settings of a folder (the current one); print refused ones on stderr."""
    settings = read_settings(folder or Path.cwd())
    for refused in settings.refused.values():
        sys.stderr.write(f"openhqm-tui: {refused.line}\n")
    return settings
