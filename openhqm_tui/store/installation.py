"""How this package was installed, to advise how to upgrade it."""

from __future__ import annotations

import sys
from pathlib import Path

_NAME = "openhqm-tui"


def upgrade_command() -> str:
    """Return the command that upgrades this installation: pipx's, uv's or pip's."""
    environment = Path(sys.prefix)
    # pipx and `uv tool` each write a file into the environments they create.
    if (environment / "pipx_metadata.json").exists():
        return f"pipx upgrade {_NAME}"
    if (environment / "uv-receipt.toml").exists():
        return f"uv tool upgrade {_NAME}"
    pip = "uv pip" if _installer() == "uv" else "pip"
    return f"{pip} install --upgrade {_NAME}"


def _installer() -> str:
    """Return the contents of the distribution's INSTALLER file; '' if there is none."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return (distribution(_NAME).read_text("INSTALLER") or "").strip()
    except PackageNotFoundError:
        return ""
