"""What `--help` and the man page add to the flags: examples, exit codes, settings, files."""

from __future__ import annotations

# Heading and text; indented lines are not joined.
Section = tuple[str, str]

EXIT_CODES: Section = (
    "exit codes",
    """\
  0    success
  1    a build or a check failed, or an image is not verified
  2    invalid usage or configuration; nothing was started
  3    no usable engine; nothing was started
  130  cancelled""",
)

EXAMPLES: Section = (
    "examples",
    """\
  openhqm-tui                        open the console in this folder
  openhqm-tui build --backend redis  build one variant for both platforms
  openhqm-tui build --build-all --push --name REGISTRY/NAME
  openhqm-tui doctor                 diagnose this machine
  openhqm-tui replay demo            try the console without Docker""",
)

SETTINGS: Section = (
    "settings",
    "In order of precedence: a flag, the environment (OPENHQM_TUI_BASE_IMAGE for base-image), "
    "openhqm-tui.toml in this folder, your settings.toml."
    """
  backends platforms name tag jobs quiet-after builder base-image context
  dockerfile ca-bundle python-version cache-from cache-to check checks
  allow keep-runs keep-mb theme keymap (allow and keymap: no variable)
  `openhqm-tui guides settings` lists the settings that a project may set.""",
)

ENVIRONMENT: Section = (
    "environment",
    """\
  OPENHQM_TUI_STATE_DIR    folder for runs and history
  OPENHQM_TUI_CACHE_DIR    folder for cached scans of image layers
  OPENHQM_TUI_SERVE_TOKEN  access token for serve
  NO_COLOR FORCE_COLOR     disable color; force color, even in a pipe
  SSL_CERT_FILE            same as --ca-bundle
  SOURCE_DATE_EPOCH        creation time of images, for reproducible digests
  DOCKER_HOST DOCKER_CONTEXT BUILDX_BUILDER PAGER    standard meaning""",
)

FILES: Section = (
    "files",
    """\
  ~/.config/openhqm-tui/settings.toml        your settings
  ~/.local/state/openhqm-tui                 runs and history
  ~/.cache/openhqm-tui                       cache; can be deleted at any time
"""
    "On macOS, settings, runs and history are in ~/Library/Application Support/openhqm-tui, and "
    "the cache is in ~/Library/Caches/openhqm-tui. Uninstalling openhqm-tui doesn't delete these "
    "files.",
)


def epilog(*sections: Section) -> str:
    """Return sections as the end of a help text."""
    return "\n\n".join(f"{heading}:\n{text}" for heading, text in sections)


def man_sections() -> tuple[Section, ...]:
    """Return the sections of the man page after the commands."""
    return (EXAMPLES, EXIT_CODES, SETTINGS, ENVIRONMENT, FILES)
