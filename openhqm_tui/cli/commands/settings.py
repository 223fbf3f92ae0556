"""The settings that hold here, with a line for each that the project may not set."""

from __future__ import annotations

import sys
from pathlib import Path

from openhqm_tui.store.settings import Settings, read_settings


def settings_here(folder: Path | None = None) -> Settings:
    """Return the settings of a folder (the current one); what is refused is told on stderr."""
    settings = read_settings(folder or Path.cwd())
    for refused in settings.refused.values():
        sys.stderr.write(f"openhqm-tui: {refused.line}\n")
    return settings
